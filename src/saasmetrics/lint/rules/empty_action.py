"""An action says that somebody will look, not what they will do.

Flags: an `action` of fewer than four words, or one that begins with investigate, look into, monitor, review, analyse,
discuss or keep an eye on.
Why: everybody looks at a number that fell; an action is what was agreed before it did.
Example: `action: {down: "Investigate"}`.
Fix: say who does what, and by when: "Call the five accounts that fell most, the same day".
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from saasmetrics.document import Path
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

_WORDS = 4
_LOOKING = re.compile(
    r"(investigate|look into|monitor|review|analy[sz]e|discuss|keep an eye on|check)\b", re.IGNORECASE
)


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    for name in definitions.named:
        metric = definitions.governed.get(name) or definitions.metrics[name]
        for way, text in metric.action.items():
            path: Path = ("metrics", name, "action", way)
            if not definitions.written.knows(path):
                continue
            if len(text.split()) < _WORDS or _LOOKING.match(text):
                message = f"`{text}` is no action: somebody looks, and then?"
                yield Told(f"metric.{name}", path, message, "say who does what, and by when", value=True)


RULE = Rule("SM303", "empty-action", Severity.WARNING, __doc__, _check)
