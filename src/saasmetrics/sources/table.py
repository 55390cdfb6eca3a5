"""One role's rows from all its sources, stacked."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import polars as pl

from saasmetrics.finding import Finding
from saasmetrics.frames.canonical import ROLES
from saasmetrics.sources import checks

MONEY = ("subscriptions", "invoices", "opportunities", "spend", "costs")
"""Roles whose rows have a currency of their own."""


@dataclass(frozen=True)
class Table:
    """The canonical rows of a role.

    Columns: the canonical ones that can be filled, in their order; the files' others; `rate` on roles with a
    currency (units of the settings' currency for one of the row's); `source`; `_fault`, null where the row can be
    used; `_seen`, the cell at fault. `places` says where each source's rows stand, for messages.
    """

    role: str
    frame: pl.LazyFrame
    places: Mapping[str, str]

    def checks(self, rows: pl.DataFrame) -> tuple[Finding, ...]:
        """What the collected rows are worth telling."""
        return checks.faults(self.role, rows, self.places)


def stacked(role: str, parts: Sequence[tuple[str, pl.LazyFrame]]) -> pl.LazyFrame:
    """The rows of several files or sources under each other, in the columns' order."""
    frames = [rows.with_columns(source=pl.lit(name)) for name, rows in parts]
    rows = frames[0] if len(frames) == 1 else pl.concat(_alike(frames), how="diagonal")
    names = rows.collect_schema().names()
    canonical = [name for name in ROLES[role].columns if name in names]
    last = ["source", "_fault", "_seen"]
    return rows.select(*canonical, *(name for name in names if name not in (*canonical, *last)), *last)


def _alike(frames: Sequence[pl.LazyFrame]) -> list[pl.LazyFrame]:
    """A column that has several types becomes text."""
    types: dict[str, set[pl.DataType]] = {}
    for rows in frames:
        for name, dtype in rows.collect_schema().items():
            types.setdefault(name, set()).add(dtype)
    torn = {name for name, found in types.items() if len(found - {pl.Null()}) > 1}
    return [
        rows.with_columns(_as_text(name, rows) for name in rows.collect_schema() if name in torn) for rows in frames
    ]


def _as_text(name: str, rows: pl.LazyFrame) -> pl.Expr:
    dtype = rows.collect_schema()[name]
    if isinstance(dtype, pl.Struct):
        return pl.col(name).struct.json_encode()
    return pl.lit(None, dtype=pl.String).alias(name) if isinstance(dtype, pl.List) else pl.col(name).cast(pl.String)
