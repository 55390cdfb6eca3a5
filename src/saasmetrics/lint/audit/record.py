"""The record: what editions said of whole numbers, and the day on which somebody asks."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.metric import Metric
from saasmetrics.lint.reading import Reading

SAYS: dict[str, str] = {
    "edition": "Int64", "day": "Date", "metric": "String", "cut": "String", "stat": "String", "grain": "String",
    "period": "Date", "value": "Float64",
}  # fmt: skip


def nothing() -> pl.DataFrame:
    """A record without lines."""
    return pl.DataFrame(schema={name: getattr(pl, kind) for name, kind in SAYS.items()})


@dataclass(frozen=True)
class Record:
    """What was published until a day.

    Grain: `said` an edition, metric, cut, stat, grain and period: the value that the edition told of a complete period,
    of the whole company; `day` is the last one that the edition knew of. `editions` are the days of all editions.
    """

    today: date
    said: pl.DataFrame = field(default_factory=nothing)
    editions: tuple[date, ...] = ()


@dataclass(frozen=True)
class Audited:
    """Definitions with what was published of them."""

    reading: Reading
    record: Record

    def headlines(self) -> Iterator[tuple[Metric, pl.DataFrame]]:
        """Every published metric of which editions told a number, with the lines of its headline, oldest first."""
        for metric in self.reading.published:
            rows = self.said_of(metric)
            if not rows.is_empty():
                yield metric, rows

    def said_of(self, metric: Metric) -> pl.DataFrame:
        """What editions said of the headline of a metric at its grain. Columns: `SAYS`, sorted by edition, period."""
        stat = next(iter(self.reading.definitions.stats(metric.id)), None) if not metric.pointers else None
        rows = self.record.said.filter(
            pl.col("metric") == metric.id, pl.col("cut").is_null(), pl.col("grain") == metric.grain.value
        )
        if stat is not None:
            rows = rows.filter(pl.col("stat").is_null() | (pl.col("stat") == stat))
        return rows.sort("day", "edition", "period")

    def latest(self, metric: Metric) -> pl.DataFrame:
        """What the last edition that tells the metric said of it, by period."""
        rows = self.said_of(metric)
        return rows.filter(pl.col("edition") == rows["edition"][-1]) if rows.height else rows

    def used(self) -> frozenset[str]:
        """Metrics that a target, a view, a north star or another published metric names."""
        reading = self.reading
        definitions = reading.definitions
        named: set[str] = {star.partition(".")[0] for star in reading.stars.values()}
        named |= {target.metric.partition(".")[0] for target in definitions.targets}
        for view in definitions.views.values():
            for line in view.show:
                named |= {address.metric for address in self._shown(line.address)} if line.address else set()
        for metric in reading.published:
            named |= {driver.partition(".")[0] for driver in metric.drivers}
            named |= {name for kind, name in reading.under(metric) if kind == "metric" and name != metric.id}
        return frozenset(named)

    def _shown(self, pattern: str) -> tuple[Address, ...]:
        return self.reading.definitions.expand(pattern)
