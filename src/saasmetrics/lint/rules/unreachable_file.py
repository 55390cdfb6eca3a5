"""A file that cannot be reached.

Flags: an included file that is not there, a path outside the folder of the definitions, a URL.
Why: a definition must mean the same on every machine.
Example: `include: [../billing.yaml]`.
Fix: move the file inside, or name its folder with `--data-root` where it is data.
"""

from __future__ import annotations

from saasmetrics.finding import Severity
from saasmetrics.lint.rule import Rule

RULE = Rule("SM011", "unreachable-file", Severity.ERROR, __doc__, told_by=("SM011",))
