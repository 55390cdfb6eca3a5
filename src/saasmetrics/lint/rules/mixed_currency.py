"""Amounts of several currencies are added up.

Flags: a source whose rows have more than one currency, where `settings.currency` or a source of rates is missing.
Why: a hundred yen and a hundred euros are not two hundred of anything.
Example: subscriptions in EUR and USD, and no `fx`.
Fix: set `settings.currency` and add a source `fx`, or filter the source to one currency.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    definitions = reading.definitions
    rated = any(source.role == "fx" for source in definitions.sources.values())
    if definitions.settings.currency is not None and rated:
        return
    for name, currencies in sorted(evidence.currencies.items()):
        if len(currencies) > 1 and name in definitions.sources:
            message = f"the source `{name}` has amounts in {', '.join(sorted(currencies))}, and nothing converts them"
            hint = "set settings.currency and add a source fx, or filter it to one"
            yield Told(f"source.{name}", ("sources", name), message, hint)


RULE = Rule("SM505", "mixed-currency", Severity.ERROR, __doc__, check_values=_check)
