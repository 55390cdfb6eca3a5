"""The ledger: what every metric type makes, and all that anything after it sees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cache, cached_property
from typing import Literal

import polars as pl

How = Literal["sum", "ratio", "quantile"]
Time = Literal["flow", "stock", "window", "cohort"]
SegmentAt = Literal["cell_end", "period_end", "window_start", "entry", "latest"]

COVERAGE = "coverage"
"""The reason of entries that are excluded because the data begins too late to tell."""

COUNTED, IMMATURE, OPEN, EXCLUDED = "counted", "immature", "open", "excluded"
STATUSES = (COUNTED, IMMATURE, OPEN, EXCLUDED)

MONEY, MILLISECONDS, FLOAT = 10_000, 1, 1_000_000
"""Units in one of what is counted: ten-thousandths of a currency, whole milliseconds, millionths of a score."""

UNATTRIBUTED, UNKNOWN, OVERLAP = "(unattributed)", "(unknown)", "(overlap)"

CORE = ("period", "account", "entity", "amount", "weight", "status", "reason", "segment_at")
"""The columns of every side."""

TAKEN = frozenset({*CORE, "at", "until", "cell", "cut"})
"""Columns of sides whose names no cut can have."""


@cache
def status_type() -> pl.Enum:
    """The type of statuses."""
    return pl.Enum(STATUSES)


@cache
def core_types() -> Mapping[str, pl.DataType | type[pl.DataType]]:
    """The columns of every side with their types; `account` may be an Enum inside the engine."""
    types = (pl.Date, pl.String, pl.String, pl.Int64, pl.Int64, status_type(), pl.String, pl.Date)
    return dict(zip(CORE, types, strict=True))


def own_column(sql: str) -> str:
    """The own column of a cut: what the SQL names, or `cut` where it names no column or one that sides have already."""
    return sql if sql.isidentifier() and sql not in TAKEN else "cut"


@dataclass(frozen=True)
class Part:
    """One part of a metric's cut path, an own column that is always grouped.

    `default` is what a shortened path means under this part: `all` values together, `none` (the part must be
    written), a set of values, or one value per prefix (the parts before it).
    """

    column: str
    default: Literal["all", "none"] | frozenset[str] | tuple[tuple[tuple[str, ...], str], ...] = "all"
    kind: Literal["disjoint", "nested", "overlapping", "separate"] = "disjoint"
    values: tuple[str, ...] = ()
    """Known values in reading order, for lists and completion; empty when only the data knows them."""


@dataclass(frozen=True)
class Shape:
    """What a ledger is, known before any data.

    Unit: an entry's `amount` times `scale` is the value's contribution; `scale` turns fixed-point units into the
    metric's unit (for money 1/10000, for MRR kept annualised 1/120000).
    """

    how: How
    time: Time
    parts: tuple[Part, ...] = ()
    denominator_parts: tuple[Part, ...] | None = None
    """Parts of the denominator where they differ in their defaults from the numerator's; None: the same."""
    stats: tuple[str, ...] = ()
    """Of a quantile: `median`, `p90`, `mean`; the first is the headline."""
    single_stat: bool = False
    """Whether the stat is the metric itself (`p95`) and no part of its address."""
    own: frozenset[str] = frozenset()
    """Further own columns that may be there beside the parts."""
    whole: frozenset[str] = frozenset()
    """Columns of the numerator under which the denominator stays undivided."""
    collapse: tuple[tuple[str, ...], tuple[str, ...]] = ((), ())
    """Per side, the columns whose combination is counted once in the group asked for; () counts every entry."""
    scale: float = 1.0
    sides: tuple[float, float] = (1.0, 1.0)
    """Of a ratio: what one fixed-point unit of each side is worth; the value is scale times N times sides[0] over D
    times sides[1]."""
    compounded: float | None = None
    """Of a ratio that is lost per window: how many windows it is told for, as 1 - (1 - value) to that power."""
    per: Literal["days", "working_days"] | None = None
    segment_at: SegmentAt = "period_end"
    entity: str = "account"
    accountless: Literal["keep", "leave_out"] = "leave_out"
    among: Literal["reached", "all"] = "reached"
    """Of a quantile: whether open entries count as longer than everything."""
    contrast: tuple[str, str, str] | None = None
    """Of a ratio: an own column and two of its values; the value is the ratio of the first over that of the second."""
    average: tuple[str, Literal["mean", "weighted"]] | None = None
    """Of a ratio: an own column, and how the ratios of its values become one: their mean, or by their squared sizes."""
    payload: frozenset[str] = frozenset()
    """Columns shown by `ledger --depth entry`, never reduced."""
    tells_coverage: bool = False
    """Whether entries say themselves where the data begins too late; else whole periods before it are left out."""


@dataclass(frozen=True)
class Side:
    """A bag of entries.

    Columns: those of `CORE` (missing ones are filled by `complete`), own columns, payload. `roles` names the roles
    whose rows the entries are, so that a segment declared on a role binds to the row itself.
    """

    entries: pl.LazyFrame
    roles: frozenset[str] = frozenset()
    names: frozenset[str] = frozenset()
    """Columns of `entries`, where somebody has looked already: asking a plan for them is not free."""
    alone: bool = False
    """Whether every entry has an account, and an account at most one counted entry for each period and parts."""
    settled: bool = False
    """Whether every entry is counted; known by a side whose type leaves the status out."""
    under: pl.DataFrame | None = None
    """Where every entry stands under every line of these parts, the lines; `entries` has each once, without them."""
    ones: frozenset[str] = frozenset()
    """Of `amount` and `weight`, those that are 1 in every entry; a type that leaves the weight out says so."""

    @cached_property
    def columns(self) -> frozenset[str]:
        """Columns of `entries`."""
        return self.names or frozenset(self.entries.collect_schema().names())

    @property
    def spread(self) -> Side:
        """The same with each entry once for every line that it stands under."""
        if self.under is None:
            return self
        entries = self.entries.join(self.under.lazy(), how="cross")
        return replace(self, entries=entries, names=self.columns | set(self.under.columns), under=None)


@dataclass(frozen=True)
class Ledger:
    """A shape, a numerator and, for ratios, a denominator."""

    shape: Shape
    numerator: Side
    denominator: Side | None = None
    notes: Mapping[str, str] = field(default_factory=dict)
    days: pl.LazyFrame | None = None
    """For `per`: the days of each period, where they are not those of the period itself. Columns: `period`, `days`."""

    @property
    def spread(self) -> Ledger:
        """The same with sides that have each entry under its own parts."""
        below = self.denominator
        return replace(self, numerator=self.numerator.spread, denominator=below and below.spread)


@cache
def _usual() -> dict[str, pl.Expr]:
    """The columns that a type may leave out, as they then are."""
    usual = {"weight": 1, "status": COUNTED}
    return {name: pl.lit(usual.get(name), dtype=dtype).alias(name) for name, dtype in core_types().items()}


def complete(entries: pl.LazyFrame, columns: frozenset[str] | set[str]) -> pl.LazyFrame:
    """Add the columns of a side that a type left out: weight 1, status counted, the rest null.

    `columns` are those the frame already has, so that no schema needs to be resolved.
    """
    return entries.with_columns(usual for name, usual in _usual().items() if name not in columns)
