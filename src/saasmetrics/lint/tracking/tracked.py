"""Tracked: the plan that definitions imply beside what was seen, and which metrics an event reaches."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from fnmatch import fnmatchcase
from functools import cached_property
from typing import Any

import polars as pl

from saasmetrics.definitions.dependencies import Node
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.tracked import Plan, tracking_plan
from saasmetrics.frames.sightings import Sightings
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rows import events
from saasmetrics.lint.sql import written
from saasmetrics.period import Grain

SHOWN = 4
"""So many metrics are named in a message, the weightiest first."""

_LEVELS = {"north_star": 0, "core": 1, "supporting": 2, "operational": 3}


@dataclass(frozen=True)
class Tracked:
    """A file, and what was seen of the events that it refers to."""

    reading: Reading
    seen: Sightings

    @cached_property
    def plan(self) -> Plan:
        """Events and columns that definitions refer to."""
        return tracking_plan(self.reading.definitions)

    @cached_property
    def today(self) -> date:
        """The last local day that is seen."""
        return self.reading.definitions.settings.calendar.local_day(self.seen.as_of - timedelta(microseconds=1))

    @cached_property
    def weekly(self) -> pl.DataFrame:
        """Grain: a week that is complete. Columns: `week`, and one per event with its rows, 0 where there are none."""
        return self._dense(Grain.WEEK)

    @cached_property
    def monthly(self) -> pl.DataFrame:
        """As `weekly`, of months; a week counts in the month in which it begins."""
        return self._dense(Grain.MONTH)

    def _dense(self, grain: Grain) -> pl.DataFrame:
        calendar, weeks = self.reading.definitions.settings.calendar, self.seen.weeks
        first = weeks["week"].min()
        if not isinstance(first, date):
            return pl.DataFrame(schema={"week": pl.Date})
        spans = calendar.span(first, self.today, grain)
        # The first month is cut by where the log begins, the last period is not over.
        last = calendar.floor(self.today, Grain.WEEK) if grain is Grain.MONTH else self.today
        whole = [day for day in spans if calendar.end(day, grain) <= last + timedelta(days=1)]
        kept = pl.DataFrame({"week": whole[1:] if grain is Grain.MONTH else whole}, schema={"week": pl.Date})
        periods = weeks.with_columns(week=calendar.floor_expr(pl.col("week"), grain))
        wide = periods.group_by("week", "event").agg(pl.col("rows").sum()).pivot("event", index="week", values="rows")
        return kept.join(wide, on="week", how="left").fill_null(0).sort("week")

    def rows(self, event: str, *, monthly: bool = False) -> pl.Series:
        """Rows of an event in every complete week, or month."""
        table = self.monthly if monthly else self.weekly
        return table[event] if event in table.columns else pl.Series(event, [0] * table.height, dtype=pl.Int64)

    @cached_property
    def mentioned(self) -> frozenset[str]:
        """Texts in the SQL of sources: names of events that another source is filtered by are known there."""
        nodes = (node for text in written(self.reading.definitions) if text.raw for node in text.expression.root.walk())
        return frozenset(str(node.value) for node in nodes if node.op == "text")

    def is_known(self, event: str) -> bool:
        """Whether an event is referred to, or wanted to be left alone."""
        patterns = [name for source in self.reading.definitions.sources.values() for name in source.ignore_events]
        return (
            event in self.plan.events or event in self.mentioned or any(fnmatchcase(event, name) for name in patterns)
        )

    @cached_property
    def silent(self) -> Mapping[str, date]:
        """Events that came often and stopped, with the first period in which there was none.

        Edges: often is ten rows a week over the last eight weeks up to the stop, else ten a month over the last three;
        silent is a complete period without a row.
        """
        found: dict[str, date] = {}
        for event in self.plan.events:
            for monthly, back in ((False, 8), (True, 3)):
                rows, table = self.rows(event, monthly=monthly), self.monthly if monthly else self.weekly
                last = _last_filled(rows)
                if last is None or last == len(rows) - 1:
                    continue
                before = rows[max(0, last - back + 1) : last + 1]
                if len(before) == back and int(before.sum()) >= 10 * back:
                    found.setdefault(event, table["week"][last + 1])
        return found

    def reached(self, event: str) -> tuple[Metric, ...]:
        """Published metrics that rest on an event, the weightiest first."""
        found = [
            metric for metric in self.reading.published if event in self._events[metric.id] and not metric.pointers
        ]
        return tuple(sorted(found, key=lambda metric: (self._level(metric), metric.id)))

    def reaches(self, event: str) -> str:
        """The end of a message: which metrics an event reaches, and of which level."""
        metrics = self.reached(event)
        if not metrics:
            return "; no published metric rests on it"
        names = [f"{metric.id} ({self._word(metric)})" for metric in metrics[:SHOWN]]
        more = f" and {len(metrics) - SHOWN} more" if len(metrics) > SHOWN else ""
        return f"; it reaches {', '.join(names)}{more}"

    def _word(self, metric: Metric) -> str:
        return next(word for word, level in _LEVELS.items() if level == self._level(metric)).replace("_", " ")

    def _level(self, metric: Metric) -> int:
        governed = [each.level for each in self.reading.answered if each.id.partition(".")[0] == metric.id]
        stars = {star.partition(".")[0] for star in self.reading.stars.values()}
        return 0 if metric.id in stars else min(_LEVELS[level] for level in (metric.level, *governed))

    @cached_property
    def _events(self) -> Mapping[str, frozenset[str]]:
        return {metric.id: frozenset(self._under(metric)) for metric in self.reading.published}

    def _under(self, metric: Metric) -> Iterator[str]:
        for node in self.reading.under(metric):
            yield from events(self.reading.definitions, self._block(node))

    def _block(self, node: Node) -> Any:
        """What a node stands for, as something that holds rows."""
        definitions, (kind, name) = self.reading.definitions, node
        first, _, rest = name.partition(".")
        if kind == "metric":
            return tuple(v.spec for v in definitions.metrics[name].variants) if name in definitions.metrics else ()
        if kind == "workflow" and name in definitions.workflows:
            block = definitions.workflows[name]
            return tuple(rows for rows in (block.attempt, block.success, block.failure) if rows is not None)
        if kind == "tiers" or (kind == "milestone" and first in definitions.workflows):
            tiers = definitions.workflows[first].tiers if first in definitions.workflows else {}
            return tiers if kind == "tiers" else tiers.get(rest)
        if kind == "milestone" and first == "activated":
            product = definitions.products.get(rest)
            return product.activation if product else definitions.activation
        blocks = {"active": definitions.active, "score": definitions.scores.get(name)}
        return blocks.get(kind) or (definitions.features.get(name) if kind == "feature" else None)


def _last_filled(rows: pl.Series) -> int | None:
    """The place of the last period with rows."""
    places = (rows > 0).arg_true()
    return int(places[-1]) if len(places) else None
