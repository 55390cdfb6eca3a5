"""Sessions: how long users are in the product, and whether those who look for help find it there."""

from __future__ import annotations

from typing import Literal

import polars as pl

from saasmetrics.books.given import Given
from saasmetrics.books.sessions import Sessions as SessionsOf
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Selector
from saasmetrics.frames.ledger import COUNTED, IMMATURE, Ledger, Part, Shape, Side, status_type
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.ledgers.units import per_millisecond
from saasmetrics.period import Periods


class Sessions(MetricType):
    """How long users are in the product, by area.

    Grain: an entry is a member (account and user), a period and an area; below the line a member and a period.
    Formula: time: time between rows of the same session over the members that had a session, where a row's time lasts
    until the next row of its session and belongs to the row's area; help: sessions in which help was opened; unaided:
    those of them that no ticket of the same person followed within `self_serve_within`.
    Edges: a silence of more than `gap` (policy `session_gap`) ends a session, one of exactly that long does not; nor do
    midnight, files and periods. A session belongs, whole, to the period it starts in. One row alone lasts 0. Rows
    without an account or a user belong to no session. Under an area the members stay those of all areas, so that
    areas add up; a row without an area is `(unknown)`.
    Unit: milliseconds inside, minutes outside unless the metric says otherwise.
    Source: gap of more than thirty minutes, session of its start day (Amplitude, Mixpanel); time is not success: read
    it beside successes.
    """

    type: Literal["sessions"] = "sessions"
    gap: Duration | None = None
    area: str | None = None
    # Key of the catalogue.
    measure: Literal["time", "help", "unaided"] = "time"

    def shape(self, scope: Scope) -> Shape:
        """A ratio of time over members; or a number of sessions."""
        if self.measure != "time":
            return Shape(
                how="sum", time="flow", segment_at="entry", entity="session", payload=frozenset({"at", "until"})
            )
        return Shape(
            how="ratio",
            time="flow",
            parts=(Part("area"),) if self.area else (),
            whole=frozenset({"area"}),
            sides=(per_millisecond(scope), 1.0),
            collapse=((), ("account", "entity")),
            segment_at="period_end",
            entity="user",
            payload=frozenset({"at", "until"}),
        )

    def _gap(self, scope: Scope) -> int:
        return (self.gap or scope.policies.session_gap).microseconds

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Sessions folded to members, or help sessions one by one."""
        if self.measure != "time":
            return self._helped(given, periods)
        sessions = given.made(SessionsOf(self._gap(given.scope), self.area, (), given.by))
        ends = periods.frame().select("period", segment_at=pl.col("period_end").dt.offset_by("-1d"))
        period = periods.of(given.calendar.day_expr(pl.col("start")))
        sessions = sessions.with_columns(period=period).filter(periods.holds(pl.col("period"))).join(ends, on="period")
        sessions = sessions.rename({"user": "entity"}).with_columns(pl.col("entity").cast(pl.String))
        marks = [name for name in sessions.collect_schema().names() if name.startswith("@")]
        member = ["period", "account", "entity", "segment_at", *marks]
        keys = [*member, *(["area"] if self.area else []), *(["start", "until"] if given.fine else [])]
        spent = sessions.group_by(keys).agg(pl.col("spent").sum().alias("amount"), weight=pl.len().cast(pl.Int64))
        there = sessions.select(member).unique().with_columns(amount=pl.lit(1, dtype=pl.Int64))
        numerator = spent.rename({"start": "at"}) if given.fine else spent
        roles = frozenset({"events"})
        return Ledger(self.shape(given.scope), Side(numerator, roles), Side(there, roles))

    def _helped(self, given: Given, periods: Periods) -> Ledger:
        """Sessions in which help was opened, and whether a ticket of the same person followed."""
        within = given.scope.policies.self_serve_within
        sessions = given.made(SessionsOf(self._gap(given.scope), None, help_rows(given.scope), given.by))
        sessions = sessions.filter(pl.col("helped").is_not_null())
        day = given.calendar.day_expr(pl.col("start"))
        sessions = sessions.with_columns(
            period=periods.of(day), segment_at=day, _limit=within.add_expr(pl.col("helped"))
        )
        sessions = sessions.filter(periods.holds(pl.col("period")))
        amount: pl.Expr = pl.lit(1, dtype=pl.Int64)
        if self.measure == "unaided":
            sessions = _with_ticket(given, sessions)
            amount = (~(pl.col("_ticket") <= pl.col("_limit")).fill_null(False)).cast(pl.Int64)
        late = pl.col("_limit") > pl.lit(given.as_of)
        status = pl.when(late).then(pl.lit(IMMATURE)).otherwise(pl.lit(COUNTED)).cast(status_type())
        entries = sessions.with_columns(
            amount=amount, status=status, entity=pl.col("user").cast(pl.String), at=pl.col("helped")
        )
        drop = ["user", "session", "start", "spent", "helped", "_limit", "_ticket"]
        return Ledger(self.shape(given.scope), Side(entries.drop(drop, strict=False), frozenset({"events"})))


def help_rows(scope: Scope) -> tuple[Selector, ...]:
    """The rows with which any workflow says that help was opened."""
    blocks = scope.definitions.workflows.values()
    found = [selector for block in blocks if block.help for selector in scope.select(block.help).selectors]
    return tuple(dict.fromkeys(found))


def _with_ticket(given: Given, sessions: pl.LazyFrame) -> pl.LazyFrame:
    """Add `_ticket`: the first ticket since help was opened, of the user; of the account where tickets name nobody."""
    tickets = (
        given.table("tickets").select("account", "user", ticket="at").filter(pl.col("ticket") < pl.lit(given.as_of))
    )
    own = tickets.filter(pl.col("user").is_not_null()).select("user", _own="ticket", _at="ticket").sort("_at")
    nameless = tickets.filter(pl.col("user").is_null() & pl.col("account").is_not_null())
    nameless = nameless.select("account", _any="ticket", _at="ticket").sort("_at")
    for rows, key in ((own, "user"), (nameless, "account")):
        sessions = sessions.sort("helped").join_asof(
            rows, left_on="helped", right_on="_at", by=key, strategy="forward", check_sortedness=False
        )
        sessions = sessions.drop("_at", strict=False)
    return sessions.with_columns(_ticket=pl.min_horizontal("_own", "_any")).drop("_own", "_any")
