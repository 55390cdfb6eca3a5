"""Numbers that were told and are others now: from edition to edition, with why."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any

import polars as pl

from saasmetrics.definitions.scalars import Duration
from saasmetrics.frames.values import value_types
from saasmetrics.history.edition import KEY, SAID, Edition, Schema, is_said
from saasmetrics.history.moved import moved
from saasmetrics.history.standing import Standing
from saasmetrics.history.verdict import BY_WORD, DEFINITION, UNEXPLAINED, VERDICTS, cause
from saasmetrics.period import Calendar, Grain

SPLIT = KEY[:-1]
"""What is told together or not at all: a number undivided, or all parts of a split."""

_REASONS = ("metric", "full", "full_now", "version", "version_now", "sources", "beyond", "grain", "period")
"""What the reason of a change follows from."""

CLOSE = 1e-12
"""What floats of one value may differ by, relative to it."""

STEPS: Schema = {
    **{name: value_types()[name] for name in KEY},
    "edition": pl.Int64,
    "value": pl.Float64,
    "verdict": pl.String,
    "reason": pl.String,
    "settling": pl.Boolean,
}

RESTATED: Schema = {
    **{name: value_types()[name] for name in KEY},
    "said": pl.Float64,
    "says": pl.Float64,
    "between": pl.Float64,
    "difference": pl.Float64,
    "relative": pl.Float64,
    "said_edition": pl.Int64,
    "said_as_of": pl.Datetime("us", "UTC"),
    "said_version": pl.Int64,
    "says_edition": pl.Int64,
    "says_as_of": pl.Datetime("us", "UTC"),
    "says_version": pl.Int64,
    "verdict": pl.String,
    "verdicts": pl.String,
    "code": pl.String,
    "severity": pl.String,
    "reason": pl.String,
    "changed_in": pl.String,
}
"""Grain: a number that was told of a complete period. `said` is what was told first and `says` what is told last, null
where there was none; `verdict` is the heaviest of the steps from one to the other, `between` what the edition of that
step told; `verdicts` are those of all steps, `changed_in` their editions;
`severity` null where the change was to be expected: while a source settles, or within the tolerance."""


@dataclass(frozen=True)
class Rules:
    """When a change is a finding: how long each source settles, and how much a number may move."""

    calendar: Calendar
    settle: Mapping[str, Duration]
    usual: Duration
    tolerance: float
    reasons: Mapping[tuple[str, int], str] = field(default_factory=dict)
    """Why a version was accepted, by metric and number."""

    def settled(self, sources: Sequence[str], end: date) -> date:
        """The first day on which a period that ended at `end` is settled in all of some sources."""
        return max((self.settle.get(name, self.usual).after(end) for name in sources), default=end)

    def known(self, as_of: datetime) -> date:
        """The first day of which an edition knew nothing."""
        return self.calendar.local_day(as_of - timedelta(microseconds=1)) + timedelta(days=1)


@dataclass(frozen=True)
class _Walk:
    """What one walk over all editions finds."""

    metrics: tuple[str, ...]
    numbers: int
    counts: Mapping[int, int]
    steps: pl.DataFrame


class Past:
    """Editions in the order of what they knew; what stood with each is put together when it is asked for."""

    def __init__(self, everything: Sequence[Edition], chosen: Sequence[Edition], rules: Rules) -> None:
        self.editions, self.standing, self._rules = tuple(chosen), Standing(everything), rules

    def told(self, only: pl.Expr | pl.DataFrame) -> pl.DataFrame:
        """Values of all editions that a condition, or the splits of some numbers, choose; `turn` says of which.

        Editions are read one after the other, since all of them together may be more than memory holds.
        """
        parts = [pl.DataFrame(schema={**SAID, "turn": pl.Int64})]
        for turn, edition in enumerate(self.editions):
            values = self.standing.values(edition)
            if isinstance(only, pl.DataFrame):
                chosen = values.join(only.select(SPLIT).unique(), on=SPLIT, how="semi", nulls_equal=True)
            else:
                chosen = values.filter(only)
            parts.append(chosen.with_columns(turn=pl.lit(turn, dtype=pl.Int64)))
        return pl.concat(parts)

    @property
    def metrics(self) -> tuple[str, ...]:
        """Every metric that any edition tells."""
        return self._walk.metrics

    @property
    def numbers(self) -> int:
        """How many different numbers of complete periods they tell, undivided."""
        return self._walk.numbers

    @property
    def counts(self) -> Mapping[int, int]:
        """The same by edition."""
        return self._walk.counts

    @property
    def steps(self) -> pl.DataFrame:
        """Every change of a number from one edition to the next. Columns: `STEPS`."""
        return self._walk.steps

    @cached_property
    def _walk(self) -> _Walk:
        """One walk over all editions."""
        names: set[str] = set()
        known = pl.DataFrame(schema={name: SAID[name] for name in KEY})
        counts: dict[int, int] = {}
        steps = [pl.DataFrame(schema=STEPS)]
        for before, edition in zip((None, *self.editions), self.editions, strict=False):
            if before is not None:
                steps.append(self._step(before, edition))
            values = self.standing.values(edition)
            names.update(values["metric"].unique())
            said = values.filter(is_said() & pl.col("segment").is_null()).select(KEY)
            known = pl.concat([known, said]).unique()
            counts[edition.number] = said.height
        return _Walk(tuple(sorted(names)), known.height, counts, pl.concat(steps))

    @cached_property
    def restated(self) -> pl.DataFrame:
        """Numbers of which the first and the last edition that tell them differ. Columns: `RESTATED`."""
        rank = {each.word: place for place, each in enumerate(VERDICTS)}
        steps = (
            self.steps.with_columns(_rank=pl.col("verdict").replace_strict(rank, return_dtype=pl.Int64))
            .sort("_rank", "edition")
            .group_by(KEY, maintain_order=True)
            .agg(
                verdict=pl.col("verdict").first(),
                between=pl.col("value").first(),
                verdicts=pl.col("verdict").unique(maintain_order=True).str.join(","),
                reason=pl.col("reason")
                .filter((pl.col("_rank") > 0) | (pl.col("_rank") == pl.col("_rank").first()))
                .unique(maintain_order=True)
                .str.join("; "),
                settling=pl.col("settling").all(),
                changed_in=pl.col("edition").sort().cast(pl.String).str.join(","),
            )
        )
        told = self.told(steps)
        rows = self._valued(steps, told.filter(is_said()), "said", "min")
        rows = self._valued(rows, told.filter("complete"), "says", "max")
        rows = rows.filter(_differs("said", "says") | (pl.col("verdict") == UNEXPLAINED.word))
        return self._weighed(rows).sort(KEY, nulls_last=False)

    def _valued(self, rows: pl.DataFrame, told: pl.DataFrame, name: str, which: str) -> pl.DataFrame:
        """What the first or last edition that tells the split of a number has of it: of a part it lacks, nothing."""
        turn = getattr(pl.col("turn"), which)()
        by_turn = pl.DataFrame(
            [(n, each.number, each.as_of) for n, each in enumerate(self.editions)],
            schema={"turn": pl.Int64, f"{name}_edition": pl.Int64, f"{name}_as_of": pl.Datetime("us", "UTC")},
            orient="row",
        )
        turns = told.group_by(SPLIT).agg(turn.alias("turn"), pl.col("version").sort_by("turn").alias("versions"))
        version = pl.col("versions").list.first() if which == "min" else pl.col("versions").list.last()
        rows = rows.join(turns, on=SPLIT, nulls_equal=True).with_columns(version.alias(f"{name}_version"))
        found = told.select(*KEY, "turn", pl.col("value").alias(name), there=pl.lit(True))
        rows = rows.join(found, on=[*KEY, "turn"], how="left", nulls_equal=True).join(by_turn, on="turn", how="left")
        ratios = told.filter(pl.col("denominator").is_not_null())["metric"].unique().to_list()
        is_sum = ~pl.col("metric").is_in(ratios)
        return rows.with_columns(_or_nothing(name, is_sum, "there").alias(name)).drop("turn", "versions", "there")

    def _weighed(self, rows: pl.DataFrame) -> pl.DataFrame:
        difference = pl.col("says") - pl.col("said")
        rows = rows.with_columns(
            difference=difference,
            relative=pl.when(pl.col("said") != 0).then(difference / pl.col("said").abs()),
            code=pl.col("verdict").replace_strict({w: v.code for w, v in BY_WORD.items()}, return_dtype=pl.String),
        )
        small = pl.col("relative").abs() <= self._rules.tolerance
        usual = ~pl.col("verdict").is_in([UNEXPLAINED.word, DEFINITION.word])
        weight = pl.col("verdict").replace_strict(
            {word: each.severity.name.lower() for word, each in BY_WORD.items()}, return_dtype=pl.String
        )
        rows = rows.with_columns(
            severity=pl.when(~(usual & (pl.col("settling") | small.fill_null(False)))).then(weight)
        )
        return rows.select([pl.col(name).cast(dtype) for name, dtype in RESTATED.items()])

    def _step(self, first: Edition, second: Edition) -> pl.DataFrame:
        """The numbers that the first of two editions told, and the second tells otherwise or no more."""
        both = _held_together(*(self.standing.values(each) for each in (first, second)))
        if both.is_empty():
            return pl.DataFrame(schema=STEPS)
        rows = moved(*(self.standing.sources(each) for each in (first, second)))
        known = self._rules.known(first.as_of)
        causes: dict[Any, tuple[str, str, bool]] = {}
        told = []
        for metric, *rest in both.select(_REASONS).iter_rows():
            # Which metric it is matters where its definition has changed.
            key = (metric if rest[0] != rest[1] else "", *rest)
            if key not in causes:
                word, reason, settling = self._why(key, rows, known, self._rules.known(second.as_of))
                unsaid = word == UNEXPLAINED.word
                causes[key] = word, _unexplained(first, second) if unsaid else reason, settling
            told.append(causes[key])
        verdicts = pl.DataFrame(
            told, schema={"verdict": pl.String, "reason": pl.String, "settling": pl.Boolean}, orient="row"
        )
        number = pl.lit(second.number, dtype=pl.Int64)
        return both.select(*KEY, edition=number, value="value_now").hstack(verdicts)

    def _why(self, key: Any, rows: pl.DataFrame, known: date, then: date) -> tuple[str, str, bool]:
        metric, full, full_now, version, version_now, sources, beyond, grain, period = key
        end = self._rules.calendar.end(period, Grain(grain))
        names = tuple(filter(None, (sources or "").split(",")))
        if full != full_now:
            why = self._rules.reasons.get((metric, version_now))
            return DEFINITION.word, _defined(version, version_now) + (f": {why}" if why else ""), False
        found = cause(rows, names, end, known if beyond else None)
        settling = found.verdict is not UNEXPLAINED and self._rules.settled(found.sources, end) > then
        return found.verdict.word, found.text, settling


def _defined(before: int | None, now: int | None) -> str:
    """Which meaning took the place of which, as far as they are locked."""
    if now is not None and before is not None:
        return f"version {now} of the definition took the place of version {before}"
    return "another definition" if before is None else "another definition, which is not locked"


def _unexplained(first: Edition, second: Edition) -> str:
    """What there is to say where definition and rows are the same: who was at it."""
    if altered := [each.number for each in (first, second) if each.altered]:
        return " and ".join(f"edition {number} was altered" for number in altered)
    if first.tool != second.tool:
        return f"same rows, same definition; edition {second.number} is by {second.tool}, not {first.tool}"
    return "same rows, same definition"


def _differs(first: str, second: str) -> pl.Expr:
    one, other = pl.col(first), pl.col(second)
    far = (one - other).abs() > CLOSE * pl.max_horizontal(one.abs(), other.abs())
    return far.fill_null(one.is_null() != other.is_null())


def _held_together(before: pl.DataFrame, now: pl.DataFrame) -> pl.DataFrame:
    """Values that differ between two editions, of those told before and asked for still.

    Edges: a part of a split that is no longer there is nothing now; one that was not there before was nothing then. A
    metric or a period that the later edition does not hold at all is not compared.
    """
    said, complete = before.filter(is_said()), now.filter("complete")
    # Most rows are as they were, and need not be looked up.
    marks = [rows.select(*KEY, "value").hash_rows() for rows in (said, complete)]
    was, is_ = said.filter(~marks[0].is_in(marks[1].implode())), complete.filter(~marks[1].is_in(marks[0].implode()))
    old = was.join(complete, on=SPLIT, how="semi", nulls_equal=True)
    new = is_.join(said, on=SPLIT, how="semi", nulls_equal=True)
    both = old.select(*KEY, "value", "denominator", there=pl.lit(True)).join(
        new.select(*KEY, "denominator", value_now="value", there_now=pl.lit(True)),
        on=KEY,
        how="full",
        coalesce=True,
        nulls_equal=True,
        suffix="_now",
    )
    is_sum = pl.col("denominator").is_null() & pl.col("denominator_now").is_null()
    both = both.with_columns(
        value=_or_nothing("value", is_sum, "there"), value_now=_or_nothing("value_now", is_sum, "there_now")
    )
    differing = both.filter(_differs("value", "value_now"))
    series = ["metric", "segment"]
    fulls = said.select(*series, "full", "version")
    nows = complete.select(*series, "sources", "beyond", full_now="full", version_now="version")
    for about in (fulls, nows):
        alike = about.join(differing, on=series, how="semi", nulls_equal=True).unique(series)
        differing = differing.join(alike, on=series, nulls_equal=True)
    return differing


def _or_nothing(name: str, is_sum: pl.Expr, there: str) -> pl.Expr:
    """A value; of a part that a split of a sum does not have, 0."""
    return pl.when(is_sum & pl.col(there).is_null()).then(0.0).otherwise(name)
