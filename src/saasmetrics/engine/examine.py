"""A file's rows, counted: what of it counts, what does not and why, how far it reaches."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

import polars as pl

from saasmetrics.frames.canonical import ROLES, Kind
from saasmetrics.sources.broken import broken_files_told
from saasmetrics.sources.checks import fault_finding
from saasmetrics.sources.look import Look
from saasmetrics.sources.repeats import once, superseded
from saasmetrics.sources.table import stacked

_VALUES = ("event", "currency", "status", "kind", "stage", "interval", "channel", "severity")
"""Columns whose values are worth counting, where there are not too many."""
_MOST = 10


@dataclass(frozen=True)
class Examined:
    """What the rows of a file came to.

    `faults` is how many rows broke each rule, `seen` cells that were at fault; `nulls` the share of the rows that count
    in which a column is empty, `examples` a value of each; `values` counts the values of some columns, the most
    frequent first, `different` how many there are of each; `first` and `last` are the span of the role's time.
    """

    look: Look
    rows: int = 0
    usable: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    seen: Mapping[str, str] = field(default_factory=dict)
    nulls: Mapping[str, float] = field(default_factory=dict)
    examples: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, tuple[tuple[str, int], ...]] = field(default_factory=dict)
    different: Mapping[str, int] = field(default_factory=dict)
    first: datetime | date | None = None
    last: datetime | date | None = None

    def told(self, fault: str) -> str:
        """One fault in words, without the number of rows."""
        message = fault_finding(self.role, fault, self.faults[fault], "").message
        return message.rpartition(" (")[0]

    @property
    def role(self) -> str:
        """The role that the file fills."""
        return self.look.source.role if self.look.source else ""


def canonical(look: Look) -> pl.LazyFrame | None:
    """All rows of a file, judged; None where it cannot be read. Columns: as a table's, without `rate`."""
    entry = look.entry
    if entry is None or entry.how is None or look.source is None:
        return None
    role = look.source.role
    rows = stacked(role, [(look.file.name, entry.how.conform(raw.rows)) for raw in entry.raw.values()]).drop("source")
    if entry.newest:
        rows = superseded(role, rows, entry.newest, entry.how.calendar)
    if not ROLES[role].log:
        return once(role, rows)
    if "id" not in rows.collect_schema():
        return rows
    sound = pl.col("_fault").is_null() & pl.col("id").is_not_null()
    again = sound & ~pl.struct("id", sound).is_first_distinct()
    return rows.with_columns(_fault=pl.when(again).then(pl.lit("repeat")).otherwise("_fault"))


def usable(look: Look) -> pl.DataFrame | None:
    """The rows that count, with the canonical columns that can be filled, in the order of ids."""
    rows = canonical(look)
    if rows is None:
        return None
    names = [name for name in ROLES[look.source.role if look.source else ""].columns if name in rows.collect_schema()]
    with broken_files_told([look.file]):
        return rows.filter(pl.col("_fault").is_null()).select(names).collect()


def examined(look: Look) -> Examined:
    """Read a file once and count. Raises: InputError (exit 3) where it breaks further in."""
    rows = canonical(look)
    if rows is None:
        return Examined(look)
    role = ROLES[look.source.role if look.source else ""]
    names = [name for name in role.columns if name in rows.collect_schema()]
    sound = rows.filter(pl.col("_fault").is_null())
    counted = [name for name in _VALUES if name in names]
    faults = (
        rows.group_by("_fault").agg(rows=pl.len(), seen=pl.col("_seen").drop_nulls().first()).sort("rows", "_fault")
    )
    totals = sound.select(
        pl.len().alias("_rows"),
        *(pl.col(name).null_count().alias(f"null {name}") for name in names),
        *(_such(name, role.columns[name].kind) for name in names),
        *([pl.col(role.at).min().alias("_first"), pl.col(role.at).max().alias("_last")] if role.at in names else []),
    )
    values = [sound.group_by(name).agg(rows=pl.len()).sort("rows", name, descending=[True, False]) for name in counted]
    with broken_files_told([look.file]):
        judged, told, *found = pl.collect_all([faults, totals, *values])
    row = told.row(0, named=True)
    broken = judged.filter(pl.col("_fault").is_not_null()).sort("rows", "_fault", descending=[True, False])
    return Examined(
        look,
        int(judged["rows"].sum()),
        row["_rows"],
        dict(broken.select("_fault", "rows").iter_rows()),
        {fault: seen for fault, seen in broken.select("_fault", "seen").iter_rows() if seen},
        {name: row[f"null {name}"] / row["_rows"] if row["_rows"] else 1.0 for name in names},
        {name: row[f"such {name}"] for name in names if row[f"such {name}"] is not None},
        {
            name: tuple(values.drop_nulls(name).head(_MOST).iter_rows())
            for name, values in zip(counted, found, strict=True)
        },
        {name: values.drop_nulls(name).height for name, values in zip(counted, found, strict=True)},
        row.get("_first"),
        row.get("_last"),
    )


def _such(name: str, kind: Kind) -> pl.Expr:
    """The first value of a column, as text."""
    value = pl.col(name).drop_nulls().first()
    text = value.dt.to_string("%Y-%m-%d %H:%M:%S") if kind == "time" else value.cast(pl.String)
    return (text.str.strip_suffix(".0") if kind in ("money", "number") else text).alias(f"such {name}")


def habits(looks: Sequence[Look]) -> pl.DataFrame:
    """What accounts do, over several logs of events.

    Grain: an event. Columns: `event`, `rows`, `share` of all accounts that ever did it, `days` from an account's first
    event to its first of these, at the median.
    """
    found = [rows for rows in map(canonical, looks) if rows is not None]
    sound = [rows.filter(pl.col("_fault").is_null()).select("event", "account", "at") for rows in found]
    firsts = [rows.group_by("account", "event").agg(at=pl.col("at").min(), rows=pl.len()) for rows in sound]
    with broken_files_told([each.file for each in looks]):
        parts = pl.collect_all(firsts)
    each = pl.concat(parts).group_by("account", "event").agg(pl.col("at").min(), pl.col("rows").sum())
    each = each.with_columns(start=pl.col("at").min().over("account"))
    accounts = max(each["account"].n_unique(), 1)
    days = (pl.col("at") - pl.col("start")).dt.total_seconds() / 86_400
    counted = each.group_by("event").agg(pl.col("rows").sum(), share=pl.len() / accounts, days=days.median())
    return counted.sort("rows", "event", descending=[True, False])
