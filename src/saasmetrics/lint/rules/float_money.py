"""Money is read from a floating-point column.

Flags: a column of money whose file holds it as a float.
Why: a float holds 0.1 only nearly. Amounts are rounded once when they are read; what the export rounded before is gone.
Example: a Parquet file of invoices with `amount: double`.
Fix: export decimals, or whole cents with `unit: minor`.
"""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.finding import Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.lint.evidence import Evidence
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


def _check(reading: Reading, evidence: Evidence) -> Iterator[Told]:
    for name, types in sorted(evidence.types.items()):
        source = reading.definitions.sources.get(name)
        for column, type_ in types.items() if source is not None else ():
            known = ROLES[source.role].columns.get(column) if source is not None else None
            if known is not None and known.kind == "money" and type_.startswith("Float"):
                message = f"`{column}` of the source `{name}` is money, held as a floating-point number"
                path = ("sources", name, "columns", column)
                yield Told(f"source.{name}", path, message, "export decimals, or whole cents with unit: minor")


RULE = Rule("SM808", "float-money", Severity.WARNING, __doc__, check_values=_check)
