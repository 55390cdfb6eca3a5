"""Past periods are split by what accounts are today.

Flags: a segment of accounts where the source of accounts keeps no history (`valid_from`) and `as_of` is not written.
Why: an account that grew out of the small ones takes all its past along, so that small accounts seem never to grow.
Example: `segments: {size: {expr: seats}}` over an export of accounts as they are.
Fix: export accounts with `valid_from` and `valid_to`; or write `as_of: latest`, which says that this is known.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading) -> Iterator[Told]:
    definitions = reading.definitions
    accounts = [source for source in definitions.sources.values() if source.role == "accounts"]
    if not accounts or any("valid_from" in source.columns for source in accounts):
        return
    if any("valid_from" in row for source in accounts for row in source.rows or ()):
        return
    names = {name for name, source in definitions.sources.items() if source.role == "accounts"} | {"accounts"}
    for name, segment in definitions.segments.items():
        if segment.as_of is None and set(segment.expr) & names and "subscriptions" not in segment.expr:
            message = f"the segment `{name}` splits past periods by what accounts are today"
            hint = "map valid_from in the source of accounts, or write as_of: latest"
            yield Told(f"segment.{name}", ("segments", name), message, hint)


RULE = Rule("SM406", "latest-on-history", Severity.NOTE, __doc__, _check)
