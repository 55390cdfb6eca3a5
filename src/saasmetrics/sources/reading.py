"""What only a column's values can tell: the order of days and months, the decimal mark, midnights that are days."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import replace

import polars as pl

from saasmetrics.expression import ExpressionError
from saasmetrics.finding import Finding, Location, Severity
from saasmetrics.sources.amounts import Mark, mark_of, unproved
from saasmetrics.sources.conform import Conform
from saasmetrics.sources.convert import Reading
from saasmetrics.sources.times import Clock, order_of

_ROUNDED = r"^\d[.,]\d+[eE]\+\d+$"
_MIDNIGHT = re.compile(r"^\d{4}-\d{2}-\d{2}[T ]00:00(?::00(?:\.0+)?)?$")


def readings(
    conform: Conform, samples: Sequence[pl.DataFrame], place: Location
) -> tuple[Mapping[str, Reading], tuple[Finding, ...]]:
    """How each column to be made is written, judged by samples of all files together; and what cannot be settled."""
    out: dict[str, Reading] = {}
    findings: list[Finding] = []
    clock = Clock(conform.zone, conform.calendar, conform.order, conform.source.date_format)
    for name, values in _values(conform, samples).items():
        kind = conform.origins[name].column.kind
        if kind in ("time", "day"):
            out[name] = Reading(_clock(name, clock, values, place, findings))
        elif kind in ("money", "number", "count"):
            out[name] = Reading(clock, _mark(name, values, place, findings))
        elif kind == "id":
            findings.extend(_rounded(name, values, place))
    return out, tuple(findings)


def _values(conform: Conform, samples: Sequence[pl.DataFrame]) -> Mapping[str, pl.Series]:
    """Values of each canonical column in all samples: texts, or times without a zone."""
    canonical = {name: origin for name, origin in conform.origins.items() if origin.canonical}
    found: dict[str, list[pl.Series]] = {name: [] for name in canonical}
    for sample in samples:
        made = {}
        for name, origin in canonical.items():
            with suppress(ExpressionError):  # told where the file is opened
                if set(origin.reads(sample.columns)) <= set(sample.columns):
                    made[name] = origin.value(sample.schema, conform.zone)
        for values in sample.select(**made) if not sample.is_empty() else ():
            found[values.name].append(values.drop_nulls() if values.null_count() else values)
    return {name: _joined(parts) for name, parts in found.items()}


def _joined(parts: Sequence[pl.Series]) -> pl.Series:
    filled = [values for values in parts if not values.is_empty()]
    if len({str(values.dtype) for values in filled}) > 1:
        filled = [values for values in filled if values.dtype == pl.String]
    return pl.concat(filled) if filled else pl.Series([], dtype=pl.String)


def _clock(name: str, clock: Clock, values: pl.Series, place: Location, findings: list[Finding]) -> Clock:
    if isinstance(values.dtype, pl.Datetime):
        whole = values.dtype.time_zone is None and not values.is_empty() and (values == values.dt.truncate("1d")).all()
        return replace(clock, midnights=_midnights(name, place, findings, whole=whole))
    if values.dtype != pl.String or values.is_empty():
        return clock
    values = values.str.strip_chars()
    order = order_of(values) if clock.form is None else None
    if order == "ambiguous" and clock.order:
        message = f"`{name}`: no value proves it, read with the {clock.order}, as the export is known to write"
        findings.append(Finding("SM916", Severity.NOTE, message, place, None, name))
        order = clock.order
    if order in ("mixed", "ambiguous"):
        example = values.filter(values.str.contains(r"^\d{1,2}[/-]\d{1,2}[/-]\d{4}"))[0]
        says = "no value says" if order == "ambiguous" else "the values contradict each other on"
        message = f"`{name}`: {says} whether `{example}` has the day or the month first"
        hint = 'say it with date_format: "%d/%m/%Y" or "%m/%d/%Y"'
        findings.append(Finding("SM916", Severity.ERROR, message, place, hint, name))
        order = None
    whole = bool(_MIDNIGHT.match(values[0])) and values.str.contains(_MIDNIGHT.pattern).all()
    midnights = _midnights(name, place, findings, whole=whole)
    return replace(clock, order=order, midnights=midnights)  # type: ignore[arg-type]  # settled just above


def _midnights(name: str, place: Location, findings: list[Finding], *, whole: bool) -> bool:
    if whole:
        message = f"`{name}` holds nothing but midnights: read as days, not shifted between zones"
        findings.append(Finding("SM922", Severity.NOTE, message, place, None, name))
    return whole


def _mark(name: str, values: pl.Series, place: Location, findings: list[Finding]) -> Mark | None:
    if values.dtype != pl.String or values.is_empty():
        return None
    mark = mark_of(values)
    message = None
    if mark == "mixed":
        message = f"`{name}` writes some numbers with a decimal point and some with a decimal comma"
    elif mark is None and (example := unproved(values)) is not None:
        message = f"`{name}`: nothing says whether the sign in `{example}` stands before thousands or decimals"
    if message:
        findings.append(Finding("SM917", Severity.ERROR, message, place, "export plain numbers like 1234.50", name))
    return mark


def _rounded(name: str, values: pl.Series, place: Location) -> list[Finding]:
    """Ids that a spreadsheet turned into rounded numbers."""
    if values.dtype != pl.String:
        return []
    powers = values.filter(values.str.contains_any(["E+", "e+"]))
    found = powers.filter(powers.str.contains(_ROUNDED))
    if found.is_empty():
        return []
    message = f"`{name}` holds `{found[0]}`: a spreadsheet has rounded ids to scientific notation"
    return [Finding("SM924", Severity.WARNING, message, place, "export again and do not open the file", name)]
