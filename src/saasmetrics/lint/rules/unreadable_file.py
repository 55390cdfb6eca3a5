"""The file cannot be read as the plain YAML of the language.

Flags: text that is no YAML, a second document, anchors, aliases, tags and merge keys, keys that are no plain text.
Why: what a reader of the file sees must be what is computed; a value that comes from an anchor elsewhere, or that YAML
guesses to be of another type, is not seen.
Example: `core: &core [invoicing]` and, further down, `workflows: *core`.
Fix: write the value out where it belongs.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM000", "unreadable-file", Severity.ERROR, __doc__, told_by=("SM000",))
