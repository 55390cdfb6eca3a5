"""Active: accounts or users that did something in a period; and the share of them that did something else."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date, timedelta
from typing import Literal

import polars as pl
from pydantic import model_validator

from saasmetrics.books.balances import live_at, reading_days, stock_days
from saasmetrics.books.given import Given
from saasmetrics.books.lifecycles import STATES, Lifecycle
from saasmetrics.books.meeting import windows_met
from saasmetrics.books.members import SATURDAY, Members, active_days, calendar_spans
from saasmetrics.books.segments import carried, column, on_rows
from saasmetrics.books.taken_up import TakenUp
from saasmetrics.books.trends import BANDS, Trend
from saasmetrics.books.users import Holders, roles_held, user_roles
from saasmetrics.books.windows import days_begun, trailing, whole_days
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scalars import Duration
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.selection import Selection
from saasmetrics.frames.ledger import Ledger, Part, Shape, Side
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods

DAILY = Duration(1, "d")
ANEW = ("silent", "trend", "lifecycle")
"""Measures that sort accounts, made anew for each period."""


@dataclass(frozen=True)
class Rule:
    """What makes active: at least `rows` rows on at least `days` days of the window."""

    selection: Selection
    rows: int = 1
    days: int = 1


class Active(MetricType):
    """Accounts or users active by a rule in a period.

    Grain: an entry is an account, or a member (account and user), and a period.
    Formula: count: different accounts (members, persons) with at least `at_least` rows of the rule in the window;
    share: of the active ones by the file's own rule, those that also meet this rule (with `among: holders`, of all
    users there are at the period's end); depth: different features used per active account; silent: active accounts
    with a role whose holders all are not; trend: accounts by their last seven days against the mean of their
    `trend_weeks` weeks before; lifecycle: accounts by whether they were active in the period before, and ever;
    taken_up: modules or integrations that accounts have taken up by the period's end, each once for every account.
    Edges: the account on the row decides, so a user of two accounts is two members; `entity: person` counts once over
    all accounts, and the parts then overlap. The window is the period itself, or `window` before its end; a window
    shorter than the period gives the mean over the period's days (`1d` is mean daily active, by policy
    `stickiness_days: working` of the days from Monday to Friday and over these; a report by day has all). A feature
    counts as used by policies `feature_uses` and `feature_days` unless it says otherwise, and only eligible accounts
    count. In a period in progress the mean is over the days that are visible. A trend is read on the period's last
    day, or the last that has begun; use has declined, or grown, from `trend_drop` on; a mean below `trend_floor` a
    week and an account younger than the weeks before are not judged. An account is dormant in its first idle period
    alone, and one that is older than the log is neither new nor resurrected when it is first seen.
    Unit: accounts or users; a share is 0-1.
    Source: June and PostHog (company-level activity), Mozilla (mean daily over monthly).
    """

    type: Literal["active"] = "active"
    entity: Literal["account", "user", "person"] = "account"
    rule: Rows | None = None
    at_least: int = 1
    window: Duration | Literal["calendar"] = "calendar"
    measure: Literal["count", "share", "depth", "silent", "trend", "lifecycle", "taken_up"] = "count"
    cut: str | None = None
    # Keys of the catalogue, as is the measure `taken_up`.
    among: Literal["active", "holders"] = "active"
    of: Literal["modules", "integrations"] | None = None

    @model_validator(mode="after")
    def _fits(self) -> Active:
        if self.at_least < 1:
            raise fault("SM005", "`at_least` counts from 1", at="at_least")
        return self

    def _short(self, periods: Periods) -> bool:
        """Whether the window is shorter than a period, so that a mean over days is meant."""
        if isinstance(self.window, str) or periods.grain == "day":
            return False
        days = {"week": 7, "month": 28, "quarter": 90, "year": 365}[periods.grain.value]
        return not self.window.is_calendar and self.window.microseconds < days * 86_400_000_000

    def _working(self, scope: Scope, periods: Periods) -> bool:
        """Whether days from Monday to Friday alone count."""
        daily = self.window == DAILY and self.measure == "count" and self._short(periods)
        return daily and _per(scope) == "working_days"

    def shape(self, scope: Scope) -> Shape:
        """Counts collapse on what is counted; shares are ratios made anew for each period."""
        if self.measure in (*ANEW, "taken_up"):
            return self._sorted(scope)
        daily = self.window == DAILY
        key: tuple[str, ...] = ("account",) if self.entity == "account" else ("account", "entity")
        if self.entity == "person":
            key = ("entity",)
        parts = (Part(self.cut or "cut", "all", "overlapping"),) if self.cut else ()
        ratio = self.measure in ("share", "depth")
        rule = self._rule(scope)
        once = rule.rows == 1 and rule.days == 1 and rule.selection.is_plain
        plain = self.window == "calendar" and once and not ratio
        collapse: tuple[tuple[str, ...], tuple[str, ...]] = (key, key)
        if self.measure == "depth":
            collapse = ((), key)
        elif daily and not ratio:
            collapse = ((), ())
        return Shape(
            how="ratio" if ratio else "sum",
            time="flow" if plain or (daily and not ratio) else "window",
            parts=parts,
            per=_per(scope) if daily and not ratio else None,
            collapse=collapse,
            segment_at="period_end",
            entity=self.entity,
        )

    def _sorted(self, scope: Scope) -> Shape:
        """Accounts counted by what they are sorted into, which must be written; a silent role may be any."""
        if self.measure == "taken_up":
            return Shape(how="sum", time="stock", collapse=(("account", "entity"), ()), entity=self.of or "account")
        if self.measure == "silent":
            roles = scope.definitions.active.roles if self.cut == "role" else ()
            parts = (Part(self.cut or "role", "all", "overlapping", tuple(roles or ())),)
            return Shape(how="sum", time="window", parts=parts, collapse=(("account",), ()))
        parts = (Part("band", "none", "disjoint", BANDS),)
        if self.measure == "lifecycle":
            return Shape(how="sum", time="window", parts=(Part("state", "none", "disjoint", STATES),))
        return Shape(how="sum", time="window", parts=parts, payload=frozenset({"now", "then"}))

    def _sorting(self, given: Given, periods: Periods) -> Ledger:
        shape, policies = self.shape(given.scope), given.scope.policies
        if self.measure == "taken_up":
            taken = given.made(TakenUp(self.of or "modules")).rename({"day": "_from"})
            taken = taken.with_columns(_to=pl.lit(None, dtype=pl.Date))
            live = live_at(taken, stock_days(given, periods), "_from", "_to")
            one = pl.lit(1, dtype=pl.Int64)
            return Ledger(shape, Side(live.select("period", "account", "entity", amount=one, segment_at="day")))
        rule = self._rule(given.scope).selection
        if self.measure == "trend":
            trend = Trend(rule, policies.trend_weeks, policies.trend_drop, policies.trend_floor)
            return Ledger(shape, Side(trend.entries(given, reading_days(given, periods))))
        if self.measure == "lifecycle":
            return Ledger(shape, Side(_dated(Lifecycle(rule, policies.lifecycle_new).entries(given, periods), periods)))
        return Ledger(shape, Side(_dated(self._silent(given, periods), periods)))

    def _silent(self, given: Given, periods: Periods) -> pl.LazyFrame:
        """Roles of active accounts none of whose holders is active. Grain: account, role, period."""
        cut = self.cut or "role"
        users = Active(entity="user", rule=self.rule, window=self.window)
        busy = users._active(given, users._rule(given.scope), periods).select("period", "account", user="entity")
        plain = Active(window=self.window)
        accounts = plain._active(given, _file_rule(given.scope, "account"), periods).select("period", "account")
        held = roles_held(given, periods, cut).join(accounts.unique(), on=["period", "account"], how="semi")
        loud = held.join(busy, on=["period", "account", "user"], how="semi").select("period", "account", cut)
        gone = held.join(loud, on=["period", "account", cut], how="anti").select("period", "account", cut).unique()
        return gone.with_columns(amount=pl.lit(1, dtype=pl.Int64))

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Members in their windows, with the denominator that the measure asks for; or accounts sorted."""
        if self.measure in (*ANEW, "taken_up"):
            return self._sorting(given, periods)
        shape = self.shape(given.scope)
        if self.measure == "count" and self._short(periods):
            # Only the grain tells that a mean over days is meant.
            shape = replace(shape, per=_per(given.scope) if self.window == DAILY else "days", collapse=((), ()))
        elif shape.per is not None:
            shape = replace(shape, per="days")  # the number of one day is no mean
        if self.measure == "depth":
            return self._depth(given, periods, shape)
        alone = self.entity == "account" and self.cut is None and not _user_marks(given)

        def side(members: pl.LazyFrame) -> Side:
            return Side(_dated(self._cut_by_role(given, members), periods), alone=alone)

        numerator = self._adopting(given, periods)
        if self.measure == "count":
            return Ledger(shape, side(numerator))
        if self.among == "holders":
            denominator = given.made(Holders(periods, carried(given, "users")))
        else:
            denominator = self._everybody(given, periods)
        allowed = self._eligible(given)
        if allowed is not None:
            denominator = denominator.join(allowed, on="account", how="semi")
        keys = [key for key in ("account", "entity", "period") if key != "entity" or self.entity != "account"]
        numerator = numerator.join(denominator.select(keys), on=keys, how="semi")
        return Ledger(shape, side(numerator), side(denominator))

    def _adopting(self, given: Given, periods: Periods) -> pl.LazyFrame:
        """Those active by the rule; of a feature those that are eligible."""
        found = self._active(given, self._rule(given.scope), periods)
        allowed = self._eligible(given)
        return found if allowed is None else found.join(allowed, on="account", how="semi")

    def _rule(self, scope: Scope) -> Rule:
        if self.rule is None:
            usual = _file_rule(scope, self.entity)
            return replace(usual, rows=max(usual.rows, self.at_least))
        selection = scope.select(self.rule)
        if self.rule.feature:
            feature = scope.definitions.features[self.rule.feature]
            policies = scope.policies
            rows = feature.at_least if feature.at_least is not None else policies.feature_uses
            days = feature.on_days if feature.on_days is not None else policies.feature_days
            return Rule(selection, max(rows, self.at_least), days)
        return Rule(selection, max(self.at_least, selection.at_least))

    def _everybody(self, given: Given, periods: Periods) -> pl.LazyFrame:
        """Those active by the file's own rule, whatever this metric's rule is."""
        plain = Active(entity=self.entity, window=self.window)
        return plain._active(given, _file_rule(given.scope, self.entity), periods)

    def _eligible(self, given: Given) -> pl.LazyFrame | None:
        feature = given.scope.definitions.features.get(self.rule.feature or "") if self.rule else None
        if feature is None or feature.eligible is None:
            return None
        accounts = given.table("accounts")
        lacking = given.lacks("accounts")
        condition = pl.lit(False) if lacking else given.sql(feature.eligible, given.schema("accounts"))
        return accounts.filter(condition).select("account").unique()

    def _active(self, given: Given, rule: Rule, periods: Periods) -> pl.LazyFrame:
        """Grain: member and period. Columns: `period`, `account`, `entity`, `@segment`s, `amount`."""
        if rule.rows > 1 or not rule.selection.is_plain:
            return self._often(given, rule, periods)
        entity: Literal["account", "user"] = "account" if self.entity == "account" else "user"
        book = Members(rule.selection, entity, on_rows(given, rule.selection))
        marks = _user_marks(given)
        members = given.made(book)
        keys = ["account", "user", *marks] if entity == "user" or marks else ["account"]
        if self._short(periods) and not isinstance(self.window, str):
            spans = [
                (start, day - timedelta(days=whole_days(self.window) - 1), day + timedelta(days=1))
                for start in periods.starts
                for day in days_begun(given, start, periods)
            ]
        elif self.window == "calendar":
            spans = calendar_spans(periods)
        else:
            spans = [
                (start, *trailing(self.window, periods.calendar.end(start, periods.grain))) for start in periods.starts
            ]
        if self._short(periods) and self.window != DAILY:
            days = pl.concat([active_days(members, [span], keys) for span in spans])
            active = days.group_by(*keys, "period").agg(active=pl.len().cast(pl.Int64))
        else:
            if self.window == DAILY:
                spans = calendar_spans(periods)
            active = active_days(members, spans, keys, working=self._working(given.scope, periods))
        active = active.filter(pl.col("active") >= rule.days)
        amount = pl.col("active") if self._short(periods) else pl.lit(1, dtype=pl.Int64)
        named = pl.col("user") if entity == "user" else pl.lit(None, dtype=pl.String)
        return active.select("period", "account", named.alias("entity"), *marks, amount.alias("amount"))

    def _often(self, given: Given, rule: Rule, periods: Periods) -> pl.LazyFrame:
        """Members that met a rule of several rows or several parts, window by window."""
        if isinstance(self.window, Duration):
            spans = self._windows(given, periods, self.window)
        else:
            spans = [(start, start, first, end) for start, first, end in calendar_spans(periods)]
        columns = [] if self.entity == "account" else ["user"]
        wanted = replace(rule.selection, at_least=rule.rows)
        found = windows_met(given, wanted, spans, ["account", *columns], rule.days)
        named = pl.col("user") if columns else pl.lit(None, dtype=pl.String)
        return found.select("period", "account", named.alias("entity"), *_user_marks(given), "amount")

    def _windows(self, given: Given, periods: Periods, window: Duration) -> list[tuple[date, date, date, date]]:
        """Windows: the period, the day whose window it is, first day, first day after; one for each day of a mean."""
        calendar, grain = periods.calendar, periods.grain
        if not self._short(periods):
            return [(start, start, *trailing(window, calendar.end(start, grain))) for start in periods.starts]
        working = self._working(given.scope, periods)
        days = [(start, day) for start in periods.starts for day in days_begun(given, start, periods)]
        return [
            (start, day, *trailing(window, day + timedelta(days=1)))
            for start, day in days
            if not working or day.weekday() < SATURDAY
        ]

    def _cut_by_role(self, given: Given, members: pl.LazyFrame) -> pl.LazyFrame:
        if self.cut is None:
            return members
        roles = user_roles(given, self.cut)
        return members.join(roles, left_on=["account", "entity"], right_on=["account", "user"], how="inner")

    def _depth(self, given: Given, periods: Periods, shape: Shape) -> Ledger:
        used = []
        for name, feature in given.scope.definitions.features.items():
            if feature.kind == "feature":
                one = Active(entity=self.entity, rule=Rows(feature=name), measure="count", window=self.window)
                used.append(one._adopting(given, periods).with_columns(entity=pl.lit(name)))
        everybody = self._everybody(given, periods)
        numerator = pl.concat(used, how="diagonal_relaxed").join(everybody, on=["account", "period"], how="semi")
        return Ledger(shape, Side(_dated(numerator, periods)), Side(_dated(everybody, periods)))


def _per(scope: Scope) -> Literal["days", "working_days"]:
    """The days that daily actives are the mean of."""
    return "working_days" if scope.policies.stickiness_days == "working" else "days"


def _file_rule(scope: Scope, entity: str) -> Rule:
    active = scope.definitions.active
    selection = scope.select(active.account if entity == "account" else active.user)
    return Rule(selection, selection.at_least)


def _user_marks(given: Given) -> list[str]:
    return [column(segment) for segment in carried(given, "users")]


def _dated(entries: pl.LazyFrame, periods: Periods) -> pl.LazyFrame:
    """Add the date at which attributes are read: the period's last day."""
    ends = periods.frame().select("period", segment_at=pl.col("period_end").dt.offset_by("-1d"))
    return entries.join(ends, on="period")
