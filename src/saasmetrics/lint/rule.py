"""Rule: a code, a name, a weight, a manual page, and what looks for it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

from saasmetrics.document import Path
from saasmetrics.finding import Severity

if TYPE_CHECKING:
    from saasmetrics.frames.observed import Observed
    from saasmetrics.lint.audit.record import Audited
    from saasmetrics.lint.evidence import Evidence
    from saasmetrics.lint.reading import Reading
    from saasmetrics.lint.tracking.tracked import Tracked

PARTS = ("Flags", "Why", "Example", "Fix")
"""The paragraphs of a page, in this order."""

_PART = re.compile(rf"^({'|'.join(PARTS)}): ?", re.MULTILINE)


@dataclass(frozen=True)
class Told:
    """What a rule has to say about one thing.

    Edges: `path` leads to a node of the files as they are merged; where it is not written, the nearest node above it
    stands for it. `offset` is the character of a text, `value` asks for the place of the value and not of its key.
    `rows` is how many rows of data it is about, `keys` are names of them: ids, accounts or days.
    """

    object: str
    path: Path
    message: str
    hint: str
    offset: int | None = None
    value: bool = False
    rows: int | None = None
    keys: tuple[str, ...] = ()


Check = Callable[["Reading"], Iterator[Told]]
CheckValues = Callable[["Reading", "Evidence"], Iterator[Told]]
CheckTracking = Callable[["Tracked"], Iterator[Told]]
CheckAudit = Callable[["Audited"], Iterator[Told]]
CheckRows = Callable[["Reading", "Observed"], Iterator[Told]]


@dataclass(frozen=True)
class Rule:
    """One rule.

    Edges: `check` needs no data, `check_values` needs numbers, `check_tracking` what was seen of events,
    `check_rows` the rows that count, `check_audit` what was published. `told_by` are the codes under which the reader
    of definitions already refuses what the rule is about: such a rule only has a page.
    `fixable` says that `check --fix` follows it where it leaves no choice.
    """

    code: str
    name: str
    severity: Severity
    page: str
    check: Check | None = None
    check_values: CheckValues | None = None
    check_tracking: CheckTracking | None = None
    check_audit: CheckAudit | None = None
    check_rows: CheckRows | None = None
    told_by: tuple[str, ...] = ()
    fixable: bool = False

    @property
    def title(self) -> str:
        """The page's first line."""
        return self.page.partition("\n")[0]

    @property
    def needs(self) -> str:
        """What it needs beside the definition file; nothing for most."""
        if self.check is not None:
            return ""
        asked = {
            "numbers": self.check_values,
            "the logs of events": self.check_tracking,
            "the rows": self.check_rows,
            "editions": self.check_audit,
        }
        return next((needed for needed, check in asked.items() if check is not None), "")

    @property
    def family(self) -> str:
        """The code's first digit, which says what the rule is about."""
        return self.code[2]

    @property
    def parts(self) -> Mapping[str, str]:
        """The paragraphs of the page, each on one line."""
        _, *found = _PART.split(self.page)
        return {name: " ".join(said.split()) for name, said in zip(found[::2], found[1::2], strict=True)}
