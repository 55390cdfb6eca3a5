"""A second engine behind the seam: the same plan, rendered as SQL and run by DuckDB over canonical rows.

It shares with the engine of the house what a plan says, and nothing of how it is done: no codes, atoms or chunks.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
import polars as pl

from saasmetrics.expression import parse, to_sql
from saasmetrics.facts.plan import Choice, Member, Plan, Predicate, main_time, make_plan
from saasmetrics.facts.request import Content, First, Narrow, Presence, Request, Runs, SameRun, Spread, Tally
from saasmetrics.period import Calendar
from saasmetrics.sources.log import Log

Rows = list[tuple[Any, ...]]


def reduce_by_sql(
    logs: Mapping[str, Log], requests: Sequence[Request], calendar: Calendar, created: pl.DataFrame
) -> dict[Request, Rows]:
    """Every request of the plan answered: ids as text, instants in microseconds, days as dates."""
    plan = make_plan({name: log.role for name, log in logs.items()}, requests, calendar, None)
    engine = duckdb.connect()
    engine.sql("SET TimeZone = 'UTC'")
    engine.register("created", created.to_arrow())
    columns = {name: _view(engine, log, plan) for name, log in logs.items()}
    sql = Sql(calendar, columns)
    return {member.request: engine.sql(sql.query(member)).fetchall() for member in plan.members}


def _view(engine: duckdb.DuckDBPyConnection, log: Log, plan: Plan) -> frozenset[str]:
    """A view of the usable rows of a source, each id once; its columns."""
    wanted = (*sorted(plan.columns(log.name, log.role) & log.columns.keys()), *(["id"] if log.id else []))
    rows = pl.concat([log.scan(file, wanted).collect() for file in log.files], how="vertical_relaxed")
    rows = rows.filter(pl.col("_fault").is_null()).drop("_fault")
    engine.register(f"raw_{log.name}", rows.with_columns(pl.col(pl.Categorical).cast(pl.String)).to_arrow())
    once = ""
    if log.id:
        content = ", ".join(f'"{name}" NULLS LAST' for name in sorted(rows.columns))
        once = f"QUALIFY id IS NULL OR row_number() OVER (PARTITION BY id ORDER BY {content}) = 1"
    main = main_time(log.role)
    engine.sql(f'CREATE VIEW "{log.name}" AS SELECT * FROM raw_{log.name} WHERE "{main}" IS NOT NULL {once}')
    return frozenset(rows.columns)


@dataclass(frozen=True)
class Sql:
    """Renders members of a plan. `columns` are those of each source's view."""

    calendar: Calendar
    columns: Mapping[str, frozenset[str]]

    def query(self, member: Member) -> str:
        """The SQL that answers a request, in the columns of its frame."""
        request = member.request
        match request:
            case Tally():
                return self._tally(request, member)
            case Spread():
                by = self._listed(request.by)
                rows = self._rows(member.rows, request.by, request.expr, request.unit)
                return f"""SELECT account, {by} {self._cell(request.grain)}, amount FROM ({rows})
                           WHERE amount IS NOT NULL"""
            case Presence():
                user = '"user", ' if request.entity == "user" else ""
                known = 'AND "user" IS NOT NULL' if user else ""
                return f"""SELECT account, {user} date_trunc('month', day)::DATE,
                           bit_or((1::UINTEGER << (day(day) - 1))::UINTEGER)
                           FROM ({self._rows(member.rows, ("user",) if user else ())})
                           WHERE account IS NOT NULL {known} GROUP BY ALL"""
            case First():
                return self._first(request, member)
            case SameRun():
                return self._same_run(request, member)
            case Runs():
                return self._runs(request, member)
            case Narrow():
                return self._narrow(request, member)
            case Content():
                rows = self._rows(member.rows, request.columns)
                return f"SELECT {self._cell('day')}, count(*) FROM ({rows}) GROUP BY ALL"

    def _tally(self, request: Tally, member: Member) -> str:
        sums = ", coalesce(sum(amount), 0)::BIGINT, count(amount)" if request.expr else ""
        rows = self._rows(member.rows, request.by, request.expr, request.unit)
        return f"""SELECT account, {self._listed(request.by)} {self._cell(request.grain)}, count(*) {sums}
                   FROM ({rows}) GROUP BY ALL"""

    def _first(self, request: First, member: Member) -> str:
        rows = self._accounts(self._rows(member.rows, run=True), request.since_created)
        if request.distinct_runs:
            rows = f"SELECT account, min(us) us FROM ({rows}) WHERE run IS NOT NULL GROUP BY account, workflow, run"
        return self._nth(rows, request.at_least)

    def _same_run(self, request: SameRun, member: Member) -> str:
        parts = [
            f"SELECT account, run, min(us) us, {number} part "
            f"FROM ({self._accounts(self._rows(choices, run=True), request.since_created)}) "
            "WHERE run IS NOT NULL GROUP BY account, run"
            for number, choices in enumerate(member.parts)
        ]
        full = f"""SELECT account, max(us) us FROM ({" UNION ALL ".join(parts)})
                   GROUP BY account, run HAVING count(*) = {len(parts)}"""
        return self._nth(full, request.at_least)

    def _runs(self, request: Runs, member: Member) -> str:
        reason = (request.reason,) if request.reason else ()
        parts = []
        for kind, choices in enumerate(member.parts):
            if choices:
                rows = self._rows(choices, ("user", *reason), request.expr, request.unit, run=True)
                cause = f'"{request.reason}"' if request.reason else "NULL"
                parts.append(f"""SELECT account, run, us, {kind} kind, "user", {cause} reason, amount FROM ({rows})
                                 WHERE account IS NOT NULL AND run IS NOT NULL""")
        return f"""
            WITH entries AS ({" UNION ALL ".join(parts)}),
            heads AS (SELECT account, run, count(*) FILTER (kind = 0) attempts, min(us) FILTER (kind = 0) attempt,
                             coalesce(min(us) FILTER (kind = 0), min(us)) opening,
                             min(us) FILTER (kind = 1) any_success,
                             count(*) FILTER (kind = 2) failures, min(us) FILTER (kind = 2) failure,
                             max(us) FILTER (kind = 2) last_failure FROM entries GROUP BY ALL)
            SELECT h.account, min(e."user") FILTER (e.us = h.opening AND (e.kind = 0 OR h.attempts = 0)), h.run,
                   h.attempts, h.attempt, min(e.us) FILTER (e.kind = 1 AND e.us >= h.attempt), h.any_success,
                   h.failures,
                   h.failure, max(e.reason) FILTER (e.kind = 2 AND e.us = h.last_failure),
                   max(e.amount) FILTER (e.kind = 1 AND e.us = h.any_success)
            FROM heads h JOIN entries e USING (account, run)
            GROUP BY h.account, h.run, h.attempts, h.attempt, h.any_success, h.failures, h.failure"""

    def _narrow(self, request: Narrow, member: Member) -> str:
        columns = self._listed(request.columns).rstrip(", ")
        columns = f", {columns}" if columns else ""
        amount = ", amount" if request.expr else ""
        parts = [
            f"""SELECT account, "user", us, {place} {columns} {amount}
                FROM ({self._rows((choice,), ("user", *request.columns), request.expr, request.unit)})"""
            for place, choice in enumerate(member.rows)
        ]
        return " UNION ALL ".join(parts)

    def _nth(self, rows: str, n: int) -> str:
        return f"""SELECT account, us FROM ({rows})
                   QUALIFY row_number() OVER (PARTITION BY account ORDER BY us) = {n}"""

    def _accounts(self, rows: str, since_created: bool) -> str:
        """Rows with an account; if asked, not before its creation."""
        if not since_created:
            return f"SELECT * FROM ({rows}) WHERE account IS NOT NULL"
        return f"SELECT r.* FROM ({rows}) r JOIN created c USING (account) WHERE us >= epoch_us(c.created)"

    def _rows(
        self,
        choices: Sequence[Choice],
        columns: Sequence[str] = (),
        expr: str | None = None,
        unit: int = 1,
        *,
        run: bool = False,
    ) -> str:
        """Rows that meet any choice, at the time of the first they meet.

        Columns: `account`, `us`, `day`, the `columns`, `amount`, and with `run` `run` and `workflow`.
        """
        sources = dict.fromkeys(predicate.source for choice in choices for predicate in choice.predicates)
        parts = [self._of_source(name, choices, columns, expr, unit, run) for name in sources]
        return " UNION ALL BY NAME ".join(parts)

    def _of_source(
        self, name: str, choices: Sequence[Choice], columns: Sequence[str], expr: str | None, unit: int, run: bool
    ) -> str:
        there = self.columns[name]
        whens: list[tuple[str, Choice, Predicate]] = []
        for choice in choices:
            whens += [(self._met(p, there), choice, p) for p in choice.predicates if p.source == name]

        def first(value: Any) -> str:
            return "CASE " + " ".join(f"WHEN {met} THEN {value(c, p)}" for met, c, p in whens) + " END"

        shown = [f'"{each}"' if each in there else f'NULL AS "{each}"' for each in dict.fromkeys(("account", *columns))]
        amount = f"round(({_sql(expr, there)})::DOUBLE * {unit})::BIGINT" if expr else "NULL::BIGINT"
        runs = ""
        if run:
            column = first(lambda c, _: f'"{c.selector.run}"' if c.selector.run in there else "NULL")
            workflow = first(lambda c, _: f"'{c.selector.workflow}'" if c.selector.workflow else "NULL")
            runs = f", {column} AS run, {workflow} AS workflow"
        return f"""
            SELECT *, (make_timestamp(us) AT TIME ZONE 'UTC' AT TIME ZONE '{self.calendar.timezone}')::DATE AS day
            FROM (SELECT {", ".join(shown)}, epoch_us({first(lambda _, p: f'"{p.at}"')}) AS us,
                         {amount} AS amount {runs}
                  FROM "{name}" WHERE {" OR ".join(met for met, _, _ in whens)})"""

    def _met(self, predicate: Predicate, there: frozenset[str]) -> str:
        conditions = [f'"{predicate.at}" IS NOT NULL']
        if predicate.event is not None:
            conditions.append(f"event = '{predicate.event}'")
        if predicate.filter is not None:
            conditions.append(f"coalesce({_sql(predicate.filter, there)}, false)")
        return f"({' AND '.join(conditions)})"

    @staticmethod
    def _listed(by: Sequence[str]) -> str:
        return "".join(f'"{name}", ' for name in by)

    def _cell(self, grain: str) -> str:
        if grain == "day":
            return "day"
        behind = f"(isodow(day) - 1 - {self.calendar.week_start} + 7) % 7"
        return f"greatest(day - ({behind})::INTEGER, date_trunc('month', day)::DATE)"


def _sql(text: str, there: frozenset[str]) -> str:
    expression = parse(text)
    assert expression.columns <= there, "a proof that reads a column its source lacks proves little"
    return f"({to_sql(expression)})"
