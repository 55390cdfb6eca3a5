"""Plans of values: what will be collected together, and how values come of it afterwards."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta

import polars as pl

from saasmetrics.books.segments import NotApplicableError, column, has_history
from saasmetrics.books.several import may_be_several
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.inputs import ResolvedInput
from saasmetrics.engine.combine import is_told
from saasmetrics.engine.finish import Piece, finished, reduced
from saasmetrics.engine.given import Live
from saasmetrics.engine.kept import Kept, UnforeseenError
from saasmetrics.engine.lot import Split
from saasmetrics.engine.values import Frame, absent, overlap
from saasmetrics.expression import compile_polars, gate_arithmetic
from saasmetrics.frames.ledger import Ledger
from saasmetrics.frames.values import NOT_APPLICABLE, OK, PARTIAL, UNDEFINED, VALUES, value_types
from saasmetrics.ledgers.derived import Derived
from saasmetrics.period import Grain, Periods

Where = Mapping[str, tuple[str, ...]]


@dataclass(frozen=True)
class Plan:
    """Reduced ledgers to collect, and the values they become.

    `finish` takes the values of the pieces in their order.
    """

    pieces: Sequence[Piece]
    finish: Callable[[Sequence[pl.DataFrame]], pl.DataFrame]


def gathered(plans: Sequence[Plan], kept: Kept | None = None) -> Iterator[pl.DataFrame]:
    """Values of many plans, everything collected together. What ledgers are reduced to is `kept`.

    Raises: UnforeseenError where rows were left out, since ledgers were known, and one is not.
    """
    pieces = [piece for plan in plans for piece in plan.pieces]
    if any(piece.told is None and piece.periods != piece.frame.periods for piece in pieces):
        raise UnforeseenError
    rows = reduced(pieces)
    if kept is not None:
        for piece, told in zip(pieces, rows, strict=True):
            kept.note(piece.key, told, piece.frame)
    values = iter(finished(pieces, rows))
    for plan in plans:
        yield plan.finish([next(values) for _ in plan.pieces])


def planned(live: Live, frame: Frame, where: Where, levels: Sequence[int]) -> Plan:
    """The values of a metric, at each of the asked depths of its cut path."""
    metric = frame.metric
    if metric.points_to is not None:
        return _pointer(live, frame, where)
    spec = metric.variants[0].spec
    if isinstance(spec, Derived):
        return _derived(live, frame, where, spec)
    try:
        return _of_ledger(live.of(metric), frame, None, where, levels)
    except NotApplicableError as error:
        return _absent(frame, str(error))


def _of_ledger(live: Live, frame: Frame, wanted: ResolvedInput | None, where: Where, levels: Sequence[int]) -> Plan:
    """The values of a metric of its own, or of a wanted input of another."""
    segments = tuple(dict.fromkeys([*frame.by, *where]))
    kept = live.shelf.kept
    fresh = frame.periods if kept is None else kept.fresh(frame)
    # Where every period is known already, what a ledger is can be seen without rows.
    drawing, periods = (live, fresh) if fresh.starts else (live.blank, frame.periods)
    apart = frozenset(
        _of_accounts_alone(live, drawing.drawn(frame.metric, wanted, periods, segments, told=False), segments)
    )
    carried = tuple(segment for segment in segments if segment not in apart)
    ledger = drawing.drawn(frame.metric, wanted, periods, carried, told=True)
    depths = [level for level in levels if level <= len(ledger.shape.parts)]
    splits = [frame]
    twice = any(ledger.shape.collapse) or any(may_be_several(live, segment) for segment in frame.by)
    if frame.by and twice and ledger.shape.how != "quantile":
        splits.append(replace(frame, by=()))
    pieces = []
    for split in splits:
        for level in depths:
            grain = frame.periods.grain.value
            key = repr((frame.asker, frame.metric.id, wanted, grain, level, split.by, sorted(where.items())))
            told = kept.find(key, frame, fresh) if kept is not None and fresh != frame.periods else None
            pieces.append(Piece(split, live, ledger, Split(level, split.by, where, apart), fresh, key, told))

    def finish(values: Sequence[pl.DataFrame]) -> pl.DataFrame:
        parts, whole = values[: len(depths)], values[len(depths) :]
        overlaps = [overlap(ledger.shape, of, total) for of, total in zip(parts, whole, strict=False)]
        return pl.concat([*parts, *overlaps]) if parts else pl.DataFrame(schema=value_types())

    return Plan(pieces, finish)


def _of_accounts_alone(live: Live, ledger: Ledger, segments: Sequence[str]) -> list[str]:
    """Segments that no row carries, and of which an account has one value for all time.

    Raises: NotApplicableError when a side has neither rows nor accounts that know one.
    """
    sides = [(ledger.numerator, False)] + ([(ledger.denominator, True)] if ledger.denominator is not None else [])
    apart = []
    for segment in segments:
        told = [is_told(live, side, ledger.shape, segment, below=below) for side, below in sides]
        rows = any(column(segment) in side.columns for side, _ in sides)
        if any(told) and not rows and not has_history(live, segment):
            apart.append(segment)
    return apart


def _pointer(live: Live, frame: Frame, where: Where) -> Plan:
    """The values of the number that a pointer names, under the pointer's own name."""
    definitions = live.scope.definitions
    address = definitions.number(frame.metric.points_to or "")
    inner = replace(frame, metric=definitions.metrics[address.metric])
    if isinstance(inner.metric.variants[0].spec, Derived):
        plan = planned(live, inner, where, (0,))
    else:
        try:
            plan = _of_ledger(live.of(inner.metric), inner, ResolvedInput(address, {}), where, (0,))
        except NotApplicableError as error:
            plan = _absent(inner, str(error))
    name = pl.lit(frame.metric.id).alias("metric")
    return Plan(plan.pieces, lambda values: plan.finish(values).with_columns(name))


def _absent(frame: Frame, reason: str) -> Plan:
    return Plan((), lambda _: absent(frame, None, None, NOT_APPLICABLE, reason))


def inputs(live: Live, frame: Frame, where: Where, spec: Derived) -> dict[str, Plan]:
    """A plan for the values of each input of a derived metric, under the periods that they stand for.

    Raises: NotApplicableError when an input cannot answer a segment.
    """
    scope, plans = live.of(frame.metric).scope, {}
    for name, written in spec.inputs().items():
        wanted = scope.input(written)
        target = scope.definitions.metrics[wanted.address.metric]
        by = () if wanted.total else frame.by
        inner = replace(frame, metric=replace(target, min_sample=frame.metric.min_sample), by=by)
        if isinstance(target.variants[0].spec, Derived):
            plan = planned(live, inner, where, (0,))
        else:
            plan = _of_ledger(live.of(target), inner, wanted, where if not wanted.total else {}, (0,))
        plans[name] = replace(plan, finish=_headlines(scope.definitions, plan))
    return plans


def _headlines(definitions: Definitions, plan: Plan) -> Callable[[Sequence[pl.DataFrame]], pl.DataFrame]:
    return lambda values: _headline(definitions, plan.finish(values))


def _derived(live: Live, frame: Frame, where: Where, spec: Derived) -> Plan:
    scope = live.of(frame.metric).scope
    if (why := spec.refusal(frame.periods.grain)) is not None:
        return _absent(frame, why)
    if (months := last_months(spec, frame.periods, frame.as_of)) is not None:
        return _by_last_month(live, frame, where, spec, months)
    try:
        children = inputs(live, frame, where, spec)
    except NotApplicableError as error:
        return _absent(frame, str(error))
    whole = {name for name, written in spec.inputs().items() if scope.input(written).total}

    def finish(values: Sequence[pl.DataFrame]) -> pl.DataFrame:
        rest = iter(values)
        found = {name: child.finish([next(rest) for _ in child.pieces]) for name, child in children.items()}
        return _evaluated(frame, spec, found, whole)

    formula = object()
    return Plan([replace(piece, formula=formula) for child in children.values() for piece in child.pieces], finish)


def last_months(spec: Derived, periods: Periods, as_of: datetime) -> dict[date, date] | None:
    """By quarter or year the last of its months that has begun, where a formula is told by that; None elsewhere."""
    if not spec.by_last_month or periods.grain.rank <= Grain.MONTH.rank:
        return None
    calendar = periods.calendar
    newest = calendar.floor(calendar.local_day(as_of - timedelta(microseconds=1)), Grain.MONTH)
    ends = {start: calendar.shift(calendar.end(start, periods.grain), Grain.MONTH, -1) for start in periods.starts}
    return {start: max(start, min(last, newest)) for start, last in ends.items()}


def _by_last_month(live: Live, frame: Frame, where: Where, spec: Derived, months: Mapping[date, date]) -> Plan:
    """The values of these months under the periods that they end."""
    calendar, grain = frame.periods.calendar, frame.periods.grain
    span = calendar.span(min(months.values()), max(months.values()), Grain.MONTH)
    plan = _derived(live, replace(frame, periods=Periods(calendar, Grain.MONTH, span)), where, spec)
    names = pl.DataFrame(
        {"_whole": list(months), "period": list(months.values())}, schema_overrides={"_whole": pl.Date}
    )
    running = [start for start in months if calendar.start_of(calendar.end(start, grain)) > frame.as_of]
    lasts = pl.col("_whole").is_in(running)

    def finish(values: Sequence[pl.DataFrame]) -> pl.DataFrame:
        told = plan.finish(values).join(names, on="period")
        told = told.with_columns(
            period="_whole",
            grain=pl.lit(grain.value),
            status=pl.when(lasts & pl.col("value").is_not_null()).then(pl.lit(PARTIAL)).otherwise("status"),
        )
        return told.select(list(VALUES))

    return Plan(plan.pieces, finish)


def _headline(definitions: Definitions, values: pl.DataFrame) -> pl.DataFrame:
    """The values of the first stat, where there are several."""
    stats = definitions.stats(values["metric"][0]) if values.height else ()
    return values.filter(pl.col("stat").is_null() | (pl.col("stat") == stats[0])) if stats else values


def _evaluated(frame: Frame, spec: Derived, inputs: Mapping[str, pl.DataFrame], whole: set[str]) -> pl.DataFrame:
    """The arithmetic over the inputs' values, period by period and segment value by segment value."""
    keys = ["period", "segment_value"]
    grid = pl.concat([values.select(keys) for name, values in inputs.items() if name not in whole or not frame.by])
    grid = grid.unique(maintain_order=True)
    for name, values in inputs.items():
        on = ["period"] if name in whole and frame.by else keys
        part = values.select(
            *on,
            pl.col("value").alias(name),
            *[pl.col(c).alias(f"{c}:{name}") for c in ("status", "reason", "entries", "accounts", "immature")],
        )
        grid = grid.join(part, on=on, how="left", nulls_equal=True)
    grid = solved(spec, inputs, grid)
    status = _worst(list(inputs), grid)
    if spec.running:
        lasts = status == PARTIAL
        over = pl.when(~lasts).then(pl.lit("the period is over"))
        grid = grid.with_columns(value=pl.when(lasts).then("value"), unmet=pl.coalesce(over, "unmet"))
    rows = grid.with_columns(
        metric=pl.lit(frame.metric.id),
        cut=pl.lit(None, dtype=pl.String),
        stat=pl.lit(None, dtype=pl.String),
        grain=pl.lit(frame.periods.grain.value),
        segment=pl.lit(frame.segment, dtype=pl.String),
        numerator=pl.lit(None, dtype=pl.Float64),
        denominator=pl.lit(None, dtype=pl.Float64),
        entries=pl.min_horizontal([f"entries:{name}" for name in inputs]),
        accounts=pl.min_horizontal([f"accounts:{name}" for name in inputs]),
        immature=pl.max_horizontal([f"immature:{name}" for name in inputs]),
        status=status,
        as_of=pl.lit(frame.as_of),
    )
    unsaid = (pl.col("status") == OK) & pl.col("value").is_null()
    # A period in progress says of itself that it is; what else it lacks is worth more.
    lacks = pl.when(pl.col("value").is_null() & (pl.col("status") == PARTIAL)).then("unmet")
    rows = rows.with_columns(
        status=pl.when(unsaid).then(pl.lit(UNDEFINED)).otherwise("status"),
        reason=pl.when(unsaid)
        .then(pl.coalesce("unmet", pl.lit("a division by zero")))
        .otherwise(pl.coalesce(lacks, _said(list(inputs)))),
    )
    return rows.select([pl.col(name).cast(dtype) for name, dtype in value_types().items()])


def solved(spec: Derived, names: Iterable[str], grid: pl.DataFrame) -> pl.DataFrame:
    """The arithmetic over columns of these names. Adds `value`, and `unmet`: what it needs and does not find."""
    columns = {name: pl.Float64() for name in names}
    floors = [pl.col(name).clip(lower_bound=floor) for name in columns if (floor := spec.floor(name)) is not None]
    value = compile_polars(gate_arithmetic(spec.expr), columns)
    unmet: pl.Expr = pl.lit(None, dtype=pl.String)
    for text, sentence in spec.positive.items():
        enough = compile_polars(gate_arithmetic(text), columns) > 0
        unmet = pl.when(~enough).then(pl.lit(sentence)).otherwise(unmet)
        value = pl.when(enough).then(value)
    found = grid.with_columns(floors).select(value.cast(pl.Float64).alias("value"), unmet.alias("unmet"))
    return grid.with_columns(found.get_columns())


def _worst(names: list[str], grid: pl.DataFrame) -> pl.Expr:
    """The first input status that is not ok; a period in progress comes before everything."""
    partial = pl.any_horizontal([pl.col(f"status:{name}") == PARTIAL for name in names])
    status: pl.Expr = pl.lit(OK)
    for name in reversed(names):
        own = pl.col(f"status:{name}").fill_null(UNDEFINED)
        status = pl.when(own != OK).then(own).otherwise(status)
    del grid
    return pl.when(partial).then(pl.lit(PARTIAL)).otherwise(status)


def _said(names: list[str]) -> pl.Expr:
    reason: pl.Expr = pl.lit(None, dtype=pl.String)
    for name in reversed(names):
        own = pl.concat_str([pl.lit(f"{name}: "), pl.col(f"reason:{name}")])
        reason = pl.when(pl.col(f"status:{name}") == pl.col("status")).then(own).otherwise(reason)
    return reason
