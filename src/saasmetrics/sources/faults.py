"""What makes a row unusable, as named conditions; the first that holds is the row's fault.

Rules: `no record:REASON` (totals, footers, deleted rows), `ragged` (more cells than the header), `blank line`,
`missing:COLUMN`, `unreadable:COLUMN`, `unknown:COLUMN` (not one of the column's values), `end before start`; then, over
all sources of a role, `unknown currency`, `alias cycle` and `repeat`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from saasmetrics.sources.marks import DROPPED, EXTRA, VALUE
from saasmetrics.sources.origin import Origin

PAIRS: Mapping[str, tuple[str, str]] = {
    "subscriptions": ("start", "end"),
    "invoices": ("start", "end"),
    "incidents": ("at", "ended"),
    "accounts": ("valid_from", "valid_to"),
}
"""Columns of which the second may not lie before the first."""
EITHER: Mapping[str, tuple[str, str]] = {
    "subscriptions": ("mrr", "price"),
    "stages": ("lead", "opportunity"),
    "touches": ("account", "lead"),
}
"""Columns of which a row needs one."""


@dataclass(frozen=True)
class Rule:
    """One condition that makes a row unusable; `cell` is the value it is about."""

    name: str
    holds: pl.Expr
    cell: str | None = None


def rules(
    role: str, origins: Sequence[Origin], dtypes: Mapping[str, pl.DataType], *, needed_only: bool
) -> tuple[Rule, ...]:
    """The rules that rows with these columns can break, in order."""
    dropped = [name for name in dtypes if name.startswith(DROPPED)]
    out = [Rule(f"no record:{name.removeprefix(DROPPED)}", pl.col(name)) for name in dropped]
    if EXTRA in dtypes:
        out.append(Rule("ragged", pl.col(EXTRA).is_not_null()))
        judged = [origin for origin in origins if origin.reads_file and (origin.column.needed or not needed_only)]
        filled = [pl.col(VALUE + origin.name).is_not_null() for origin in judged]
        out.append(Rule("blank line", ~pl.any_horizontal(filled)))
    for origin in origins:
        if origin.canonical and (origin.column.needed or not needed_only):
            out.extend(_column_rules(origin, dtypes[VALUE + origin.name]))
    names = {origin.name for origin in origins}
    return tuple(out) if needed_only else (*out, *_row_rules(role, names))


def _column_rules(origin: Origin, dtype: pl.DataType) -> list[Rule]:
    name, column = origin.name, origin.column
    value, made = pl.col(VALUE + name), pl.col(name)
    out = []
    if column.kind in ("id", "text"):
        return [Rule(f"missing:{name}", made.is_null())] if column.needed else []
    if column.needed:
        out.append(Rule(f"missing:{name}", value.is_null() & made.is_null()))
    if not _total(dtype, column.kind):
        lost = made.is_null() & value.is_not_null()
        if column.kind in ("time", "day") and not column.needed and dtype == pl.String:
            lost &= value.str.strip_chars() != ""
        out.append(Rule(f"unreadable:{name}", lost, name))
    if column.choices:
        out.append(Rule(f"unknown:{name}", ~made.is_in(list(column.choices)), name))
    return out


def not_numbers(origins: Sequence[Origin], dtypes: Mapping[str, pl.DataType]) -> list[Rule]:
    """By column that is not needed, where it holds something and no number: the row counts, the cell is empty."""
    out = []
    for origin in origins:
        name, numeric = origin.name, origin.canonical and origin.column.kind in ("money", "number", "count")
        if numeric and not origin.column.needed and not _total(dtypes[VALUE + name], origin.column.kind):
            out.append(Rule(name, pl.col(name).is_null() & pl.col(VALUE + name).is_not_null(), name))
    return out


def _total(dtype: pl.DataType, kind: str) -> bool:
    """Whether every value of a type can be converted."""
    if kind in ("time", "day"):
        return isinstance(dtype, pl.Date | pl.Datetime)
    return dtype.is_integer() if kind in ("money", "number", "count") else kind == "choice"


def _row_rules(role: str, names: set[str]) -> list[Rule]:
    out = []
    if role in EITHER:
        present = [pl.col(name).is_not_null() for name in EITHER[role] if name in names]
        out.append(Rule(f"missing:{EITHER[role][0]}", ~pl.any_horizontal(present)))
    if role == "subscriptions" and "price" in names:
        out.append(_without_term(names))
    if role in PAIRS and names >= set(PAIRS[role]):
        first, last = (pl.col(name) for name in PAIRS[role])
        out.append(Rule("end before start", last < first))
    return out


def _without_term(names: set[str]) -> Rule:
    """A price is for an interval, or else for the whole term, which then must have an end."""
    bare = pl.col("price").is_not_null()
    for name in ("mrr", "interval", "end"):
        bare &= pl.col(name).is_null() if name in names else pl.lit(value=True)
    return Rule("missing:interval", bare)


def first_rule(rules: Sequence[Rule]) -> pl.Expr:
    """Name of the first rule that a row breaks; null when it breaks none."""
    if not rules:
        return pl.lit(None, dtype=pl.String)
    chain = pl.when(rules[0].holds).then(pl.lit(rules[0].name))
    for rule in rules[1:]:
        chain = chain.when(rule.holds).then(pl.lit(rule.name))  # type: ignore[assignment]  # a longer chain is a chain
    return chain


def seen(rules: Sequence[Rule]) -> pl.Expr:
    """The cell that the first broken rule is about."""
    if not rules:
        return pl.lit(None, dtype=pl.String)
    chain = pl
    for rule in rules:
        cell = pl.lit(None, dtype=pl.String) if rule.cell is None else pl.col(VALUE + rule.cell).cast(pl.String)
        chain = chain.when(rule.holds).then(cell)  # type: ignore[assignment]  # as above
    return chain  # type: ignore[return-value]  # at least one rule
