"""From an address and a period to the entries behind its value, checked against it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, timedelta
from typing import Any

import polars as pl

from saasmetrics.books.several import as_read
from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.inputs import ResolvedInput
from saasmetrics.engine.choices import knobs
from saasmetrics.engine.combine import moved_starts
from saasmetrics.engine.opened import Depth, Entries, by_account, change_by_account, entries_of, head, reduced_again
from saasmetrics.engine.plan import gathered, last_months, solved
from saasmetrics.engine.plan import inputs as inputs_of
from saasmetrics.engine.read import Progress
from saasmetrics.engine.run import Computed, Wish, compute, draw_up
from saasmetrics.engine.source_rows import source_rows
from saasmetrics.engine.values import Frame, judged_period, of_address
from saasmetrics.facts.cache import Caching
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.values import NO_INPUT, NOT_APPLICABLE
from saasmetrics.ledgers.derived import Derived
from saasmetrics.period import Calendar, Grain, Periods, add_months
from saasmetrics.sources.open import Sources


@dataclass(frozen=True)
class Question:
    """Which number to open, when, how deep."""

    address: str
    period: str | None = None
    against: str | None = None
    where: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    account: str | None = None
    depth: Depth = "account"


@dataclass(frozen=True)
class Opened:
    """The number opened. `period` is its code; `reduced` is null where only a part of the entries is shown."""

    address: Address
    period: str
    as_of: datetime
    header: Mapping[str, Any]
    entries: pl.DataFrame
    reduced: float | None
    findings: tuple[Finding, ...]


def open_number(
    definitions: Definitions,
    sources: Sources,
    question: Question,
    as_of: datetime | None,
    caching: Caching,
    progress: Progress | None,
    done: Computed | None = None,
) -> Opened:
    """The entries of one number, and the value they reduce to; `done` is a computation that has it already.

    Edges: entries of a computation that was done before are as fine as that needed them.
    Raises: InputError (exit 2) for names and periods that mean nothing, (exit 3) where the number has no input;
    AssertionError when the entries do not add up to the value.
    """
    address = _address(definitions, question.address)
    calendar = definitions.settings.calendar
    metric = definitions.metrics[address.metric]
    start, grain = _period(calendar, question.period, Grain(metric.grain))
    fine = question.depth == "entry" and done is None
    if done is None:
        wish = Wish(metric.id, (address,), grain, (), dict(question.where))
        until = _last(calendar, start, grain)
        done = compute(
            definitions,
            sources,
            [wish],
            as_of=as_of,
            since=start,
            until=until,
            fine=fine,
            caching=caching,
            progress=progress,
        )
    values = of_address(definitions, done.values, address)
    start = start or judged_period(values) or values["period"][-1]
    values = values.filter(pl.col("period") == start)
    findings = (*sources.findings, *done.read.findings)
    if values.height and values["status"][0] in (NO_INPUT, NOT_APPLICABLE):
        reason = f"{address.text} has no number: {values['reason'][0]}"
        raise InputError([Finding("SM971", Severity.ERROR, reason), *findings], 3)
    made = _Made(definitions, sources, done, address, Periods(calendar, grain, (start,)), values, question, fine)
    header, entries, reduced = made.derived() if isinstance(metric.variants[0].spec, Derived) else made.opened()
    return Opened(address, calendar.code(start, grain), done.as_of, header, entries, reduced, findings)


def _address(definitions: Definitions, text: str) -> Address:
    address = definitions.number(text)
    metric = definitions.metrics[address.metric]
    if metric.points_to is not None:
        return definitions.number(metric.points_to)
    if metric.missing:
        raise InputError([Finding("SM971", Severity.ERROR, f"{text} cannot be computed: {metric.missing}")], 3)
    return address


def _period(calendar: Calendar, text: str | None, grain: Grain) -> tuple[date | None, Grain]:
    if text is None:
        return None, grain
    try:
        return calendar.parse(text)
    except ValueError as error:
        hint = "write 2026-10-31, 2026-W42, 2026-10, 2026-Q4 or 2026"
        raise InputError([Finding("SM972", Severity.ERROR, str(error), None, hint)]) from None


def _last(calendar: Calendar, start: date | None, grain: Grain) -> date | None:
    return None if start is None else calendar.end(start, grain) - timedelta(days=1)


@dataclass(frozen=True)
class _Made:
    """One opening under way."""

    definitions: Definitions
    sources: Sources
    done: Computed
    address: Address
    periods: Periods
    values: pl.DataFrame
    question: Question
    fine: bool

    @property
    def _knobs(self) -> dict[str, Any]:
        metric = self.definitions.metrics[self.address.metric]
        return {**knobs(self.definitions, metric), "as_of": self.done.reaches[metric.id].isoformat()}

    def opened(self) -> tuple[dict[str, Any], pl.DataFrame, float | None]:
        """Of a metric with entries of its own."""
        live = self.done.live_of(self.address.metric)
        if self.fine:
            live = live.finely()
        entries = entries_of(live, self.address, self.periods, self.question.where)
        value = self.values["value"][0] if self.values.height else None
        reduced = reduced_again(entries, self.address.stat)
        if not _same(value, reduced):
            raise AssertionError(f"{self.address.text}: entries reduce to {reduced!r}, the value is {value!r}")
        header = head(self.values, entries, self._knobs)
        if self.question.against:
            return header, self._against(entries), reduced
        if self.question.depth == "row":
            return header, self._rows(), None
        shown = replace(entries, rows=self._of_account(entries.rows))
        whole = reduced if self.question.account is None else None
        if self.question.depth == "entry":
            return header, _shown(shown), whole
        return header, by_account(shown, value), whole

    def _of_account(self, rows: pl.DataFrame) -> pl.DataFrame:
        account = self.question.account
        return rows if account is None else rows.filter(pl.col("account") == account)

    def _against(self, now: Entries) -> pl.DataFrame:
        calendar = self.periods.calendar
        before, grain = _period(calendar, self.question.against, self.periods.grain)
        parted = now.shape.how == "quantile" or now.shape.contrast or now.shape.average
        if before is None or grain is not self.periods.grain or parted:
            text = "two periods of one length are compared, of a sum or a ratio"
            raise InputError([Finding("SM972", Severity.ERROR, text)])
        live = self.done.live_of(self.address.metric)
        then = entries_of(live, self.address, replace(self.periods, starts=(before,)), self.question.where)
        changes = change_by_account(
            replace(now, rows=self._of_account(now.rows)), replace(then, rows=self._of_account(then.rows))
        )
        size = pl.col("change").abs()
        return changes.with_columns(_size=size).sort("_size", "account", descending=[True, False]).drop("_size")

    def _rows(self) -> pl.DataFrame:
        wish = Wish(self.address.metric, (self.address,), self.periods.grain)
        asked = draw_up(self.definitions, self.sources, [wish])
        live = self.done.live_of(self.address.metric)
        return source_rows(
            live, self.sources, asked[self.address.metric], self.question.account, self.periods.first, self.periods.end
        )

    def derived(self) -> tuple[dict[str, Any], pl.DataFrame, float | None]:
        """Of arithmetic over other numbers: the inputs, each to be opened by its own address."""
        metric = self.definitions.metrics[self.address.metric]
        scope = self.definitions.scope(metric.id)
        spec: Derived = metric.variants[0].spec
        live = self.done.live_of(metric.id)
        periods = self.periods
        if (months := last_months(spec, periods, live.as_of)) is not None:
            periods = Periods(periods.calendar, Grain.MONTH, (months[periods.first],))
        frame = Frame(metric, periods, (), live.as_of, live.since)
        plans = inputs_of(live, frame, self.question.where, spec)
        rows = []
        for (name, written), found in zip(spec.inputs().items(), gathered(list(plans.values())), strict=True):
            wanted = scope.input(written)
            row = found.row(0, named=True) if found.height else {}
            rows.append(
                {
                    "name": name,
                    "address": wanted.address.text,
                    "period": _opened_at(self.definitions, periods, wanted),
                    "value": row.get("value"),
                    "status": row.get("status"),
                }
            )
        inputs = pl.DataFrame(
            rows,
            schema={
                "name": pl.String,
                "address": pl.String,
                "period": pl.String,
                "value": pl.Float64,
                "status": pl.String,
            },
        )
        names = {row["name"]: row["value"] for row in rows}
        numbers = pl.DataFrame({str(name): [value] for name, value in names.items()}).cast(pl.Float64)
        reduced = solved(spec, numbers.columns, numbers)["value"][0]
        value = self.values["value"][0] if self.values.height else None
        if spec.running and value is None:
            reduced = None
        if not _same(value, reduced):
            raise AssertionError(f"{self.address.text}: inputs give {reduced!r}, the value is {value!r}")
        row = self.values.row(0, named=True) if self.values.height else {}
        header = {
            "value": value,
            "expr": spec.expr,
            "status": row.get("status"),
            "reason": row.get("reason"),
            "knobs": self._knobs,
        }
        return header, inputs, reduced


def _opened_at(definitions: Definitions, periods: Periods, wanted: ResolvedInput) -> str:
    """The code of the period under which an input is opened.

    Edges: a stock that is read some months before the end of a quarter or year is that of a month's end.
    """
    calendar, grain, start = periods.calendar, periods.grain, periods.first
    offset = wanted.offset
    if offset is None:
        return calendar.code(start, grain)
    stock = definitions.shape(wanted.address.metric).time == "stock"
    if stock and offset.is_calendar and grain.rank > Grain.MONTH.rank:
        before = add_months(start, -offset.months)
        if calendar.floor(before, grain) != before:
            last = add_months(calendar.end(start, grain), -offset.months) - timedelta(days=1)
            return calendar.code(calendar.floor(last, Grain.MONTH), Grain.MONTH)
    return calendar.code(moved_starts(periods, offset)[start], grain)


def _shown(entries: Entries) -> pl.DataFrame:
    """Entries as printed: no column that says nothing, no period, the sides' own columns in order."""
    rows = entries.rows.drop("period", "segment_at", strict=False)
    names = {name: name.removeprefix("@") for name in rows.columns if name.startswith("@")}
    return rows.with_columns(as_read(name) for name in names).rename(names)


def _same(value: float | None, reduced: float | None) -> bool:
    if value is None or reduced is None:
        return value is None and reduced is None
    return value == reduced or abs(value - reduced) <= 1e-12 * max(abs(value), abs(reduced))
