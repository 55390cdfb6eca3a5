"""Whether a file has what its source asks of it: the columns, and columns that its SQL fits."""

from __future__ import annotations

import difflib
from collections.abc import Collection

from saasmetrics.definitions.sources import ColumnSource
from saasmetrics.expression import ExpressionError
from saasmetrics.finding import Finding, Location, Severity
from saasmetrics.sources.conform import Conform
from saasmetrics.sources.faults import EITHER
from saasmetrics.sources.marks import EXTRA
from saasmetrics.sources.naming import columns_of
from saasmetrics.sources.presets import Preset
from saasmetrics.sources.scan import Raw

_LONG = 40


def column_faults(how: Conform, rows: Raw, file: str, known: Preset | None) -> list[Finding]:
    """Columns that a file lacks, and SQL that does not fit those it has."""
    names = [name for name in rows.schema if name != EXTRA]
    optional = _optional(how, known) if known else frozenset()
    if not names:
        return [Finding("SM904", Severity.ERROR, "is empty: there are not even column names", Location(file))]
    if unlike := _unlike(how, names, file):
        return [unlike]
    findings: list[Finding] = []
    for name, origin in how.origins.items():
        read = origin.reads(names)
        lost = [column for column in read if column not in names]
        if name in optional and len(lost) < len(read):
            continue  # the preset knows several columns for it, and this export has one
        if lost and (origin.column.needed or (origin.declared and name not in optional)):
            findings.append(_lost(lost[0], name, names, file))
    if how.source.filter is not None:
        lost = [column for column in columns_of(how.source.filter, names) if column not in names]
        findings.extend(_lost(column, "the filter", names, file) for column in lost)
    findings.extend(_lost(name, name, names, file) for name in how.needed if name not in how.origins)
    either = EITHER.get(how.source.role)
    if either and not any(name in how.origins for name in either):
        findings.append(_lost(either[0], f"{either[0]} or {either[1]}", names, file))
    return findings or _sql_faults(how, rows, file)


def _optional(how: Conform, known: Preset) -> frozenset[str]:
    """Columns that the preset maps where an export has them, as long as the source does not map them itself."""
    mapped = {name: ColumnSource.model_validate(column) for name, column in known.source["columns"].items()}
    return frozenset(name for name, column in mapped.items() if how.source.columns.get(name) == column)


def _unlike(how: Conform, names: Collection[str], file: str) -> Finding | None:
    """A file that has nothing of what is asked is another file, or none of this kind: told once."""
    read = [column for origin in how.origins.values() if origin.declared for column in origin.reads(names)]
    asked = dict.fromkeys([*read, *(name for name in how.needed if name not in how.origins)])
    if len(asked) < 2 or {*asked} & {*names}:
        return None
    listed = ", ".join(f"`{column}`" for column in asked)
    text = all(name.isprintable() for name in names)
    hint = f"the file has {_few(names)}" if text else "it does not look like text; export it again, as UTF-8"
    return Finding("SM908", Severity.ERROR, f"there is none of the columns {listed}", Location(file), hint)


def _few(names: Collection[str]) -> str:
    return ", ".join(name if len(name) <= _LONG else f"{name[: _LONG - 1]}…" for name in list(names)[:12])


def _lost(column: str, wanted: str, names: Collection[str], file: str) -> Finding:
    message = f"there is no column `{column}`" + ("" if wanted == column else f" (for {wanted})")
    lower = {name.casefold(): name for name in names}
    near = [lower[name] for name in difflib.get_close_matches(column.casefold(), lower, 3, 0.6)]
    hint = f"did you mean {' or '.join(near)}?" if near else f"the file has {_few(names)}"
    return Finding("SM908", Severity.ERROR, message, Location(file), hint, column)


def _sql_faults(how: Conform, rows: Raw, file: str) -> list[Finding]:
    try:
        how.compiles(rows.schema)
    except ExpressionError as error:
        message = f"SQL of the source does not fit the file: {error.message}"
        return [Finding("SM909", Severity.ERROR, message, Location(file), error.hint)]
    return []
