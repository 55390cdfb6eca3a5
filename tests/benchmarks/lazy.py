"""The rival in Polars: the stack as lazy queries, one for each metric, on the streaming engine.

`python tests/benchmarks/lazy.py FOLDER OUTPUT` answers with the meaning of `sql.py`. Additive numbers are reduced to
accounts and periods before they are joined with segments, as one would; the logs are scanned by every query anew.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import answers
import polars as pl
from stack import (
    ACTIVATED_WITHIN,
    AGES,
    APPROVED,
    AREAS,
    CORE,
    CORE_EVENTS,
    FEATURES,
    METRICS,
    ROLES,
    SCREENS,
    SEGMENTS,
    STEPS,
    WINDOWS,
    WORKFLOWS,
    ZONE,
    begin,
)

ANSWER = ("cut", "p", "segment", "segment_value")
NONE = pl.lit(None, dtype=pl.String)
IS_CORE = pl.col("w").is_in(CORE)
INVOICING = pl.col("w") == "invoicing"
HALF_AND_TAIL = {"median": 0.5, "p90": 0.9}


def day(at: str) -> pl.Expr:
    """Berlin day of an instant."""
    return pl.col(at).dt.convert_time_zone(ZONE).dt.date()


def week(at: str) -> pl.Expr:
    return day(at).dt.truncate("1w")


def month(at: str) -> pl.Expr:
    return day(at).dt.truncate("1mo")


def quantiles() -> dict[str, pl.Expr]:
    """Of those who got there (`d` is not null), where half did."""
    half = pl.col("d").count() * 2 >= pl.len()
    return {stat: pl.when(half).then(pl.col("d").quantile(share, "linear")) for stat, share in HALF_AND_TAIL.items()}


def answer(rows: pl.LazyFrame, values: Iterable[str], **labels: pl.Expr) -> pl.LazyFrame:
    """Rows in the form of an answer; labels that are not given are null."""
    known = {"cut": NONE, "segment": NONE, "segment_value": NONE} | labels
    texts = [known[name].alias(name) if name != "p" else pl.col("p") for name in ANSWER]
    return rows.select(*texts, *[pl.col(name).cast(pl.Float64) for name in values])


@dataclass(frozen=True)
class World:
    """The company's files: logs lazily, small exports as they are, and how far the data reaches."""

    events: pl.LazyFrame
    requests: pl.LazyFrame
    accounts: pl.LazyFrame
    users: pl.LazyFrame
    tickets: pl.LazyFrame
    since: date
    as_of: pl.Expr
    last: date
    segments: tuple[str, ...]

    def grouped(
        self,
        rows: pl.LazyFrame,
        values: Mapping[str, pl.Expr],
        cut: str | None = None,
        total: pl.Expr | None = None,
        split: str | None = None,
        among: pl.Expr | None = None,
        segmented: bool = False,
    ) -> pl.LazyFrame:
        """Values by period `p`: of all rows, of each value of `cut`, and by each segment of the account `a`."""
        rows = rows.cache()  # by itself the engine reads the log once for each of the parts
        whole = rows if total is None else rows.filter(total)
        parts = [answer(whole.group_by("p").agg(**values), values)]
        if cut:
            parts.append(answer(rows.group_by("p", cut).agg(**values), values, cut=pl.col(cut)))
        if segmented and self.segments:
            marked = (rows if among is None else rows.filter(among)).join(
                self.accounts.select("id", *self.segments), left_on="a", right_on="id", how="left"
            )
            other = pl.when(pl.col("a").is_null()).then(pl.lit("(unattributed)")).otherwise(pl.lit("(unknown)"))
            marked = marked.with_columns(pl.coalesce(name, other).alias(name) for name in self.segments)
            for name in self.segments:
                split_rows = marked.group_by("p", name).agg(**values)
                label = {"segment": pl.lit(name), "segment_value": pl.col(name), "cut": pl.lit(split, pl.String)}
                parts.append(answer(split_rows, values, **label))
        return pl.concat(parts)

    def runs(self, *outcomes: str, names: Sequence[str] = tuple(WORKFLOWS)) -> pl.LazyFrame:
        """Rows of runs: workflow `w`, account `a`, run `r`, instant `ts`, outcome `o`, `event_id`."""
        flows = {name: WORKFLOWS[name] for name in names}
        known = {getattr(flow, outcome): (name, outcome) for name, flow in flows.items() for outcome in outcomes}
        run: pl.Expr = NONE
        for flow in flows.values():
            of_flow = pl.col("name").is_in([getattr(flow, outcome) for outcome in outcomes])
            run = pl.when(of_flow).then(pl.col(flow.run)).otherwise(run)
        rows = self.events.filter(pl.col("name").is_in(list(known)) & pl.col("workspace_id").is_not_null())
        named = rows.select(
            "ts",
            "event_id",
            a="workspace_id",
            r=run,
            w=pl.col("name").replace_strict({event: name for event, (name, _) in known.items()}),
            o=pl.col("name").replace_strict({event: outcome for event, (_, outcome) in known.items()}),
        )
        return named.filter(pl.col("r").is_not_null())

    def starts(self, outcome: str, names: Sequence[str] = tuple(WORKFLOWS)) -> pl.LazyFrame:
        """How many runs have their first row of an outcome in a week: `w`, `a`, `p`, `n`."""
        firsts = self.runs(outcome, names=names).group_by("w", "a", "r").agg(pl.col("ts").min())
        return firsts.group_by("w", "a", p=week("ts")).agg(n=pl.len())

    def successes(self) -> pl.LazyFrame:
        rows = self.starts("success")
        return self.grouped(rows, {"v": pl.col("n").sum()}, "w", IS_CORE, "invoicing", INVOICING, segmented=True)

    def tried(self) -> pl.LazyFrame:
        """Attempted runs whose window is over: `w`, `a`, week `p`, first attempt `t`, success after it `s`, end `u`."""
        rows = self.runs("attempt", "success")
        opened = rows.filter(pl.col("o") == "attempt").group_by("w", "a", "r").agg(t=pl.col("ts").min())
        won = rows.filter(pl.col("o") == "success").select("w", "a", "r", "ts")
        after = pl.when(pl.col("ts") >= pl.col("t")).then(pl.col("ts"))
        done = opened.join(won, on=["w", "a", "r"], how="left").group_by("w", "a", "r", "t").agg(s=after.min())
        hours = pl.col("w").replace_strict({name: flow.hours for name, flow in WORKFLOWS.items()})
        done = done.with_columns(p=week("t"), u=pl.col("t") + pl.duration(hours=hours))
        return done.filter(pl.col("u") <= self.as_of)

    def completion(self) -> pl.LazyFrame:
        done = (pl.col("s") <= pl.col("u")).fill_null(False)
        rows = self.tried().group_by("w", "a", "p").agg(up=done.sum(), down=pl.len())
        value = {"v": pl.col("up").sum() / pl.col("down").sum()}
        return self.grouped(rows, value, "w", IS_CORE, "invoicing", INVOICING, segmented=True)

    def duration(self) -> pl.LazyFrame:
        length = (pl.col("s") - pl.col("t")).dt.total_microseconds() / 60e6
        rows = self.tried().select("w", "p", d=pl.when(pl.col("s") <= pl.col("u")).then(length))
        return self.grouped(rows, quantiles(), "w", IS_CORE)

    def new_accounts(self, days: int) -> pl.LazyFrame:
        """Accounts whose window is over: `id`, creation `c`, month `p`, end of the window `u`."""
        rows = self.accounts.select("id", "c", p=month("c"), u=pl.col("c") + pl.duration(days=days))
        return rows.filter((pl.col("p") >= self.since) & (pl.col("u") <= self.as_of))

    def first_steps(self) -> pl.LazyFrame:
        """First moment of each activation step at or after the account's creation."""
        rows = self.events.filter(pl.col("name").is_in(list(STEPS.values()))).select("name", "ts", id="workspace_id")
        rows = rows.join(self.accounts.select("id", "c"), on="id").filter(pl.col("ts") >= pl.col("c"))
        moments = rows.group_by("id", "name").agg(pl.col("ts").min())
        firsts = [pl.col("ts").filter(pl.col("name") == event).min().alias(step) for step, event in STEPS.items()]
        return moments.group_by("id").agg(firsts)

    def activation(self) -> pl.LazyFrame:
        steps, parts = self.first_steps().cache(), []
        for cut, days in [(None, ACTIVATED_WITHIN), *[(f"{days}d", days) for days in WINDOWS]]:
            met = pl.all_horizontal([(pl.col(step) <= pl.col("u")).fill_null(False) for step in STEPS])
            rows = self.new_accounts(days).join(steps, on="id", how="left").group_by("p").agg(v=met.mean())
            parts.append(answer(rows, ["v"], cut=pl.lit(cut, pl.String)))
        return pl.concat(parts)

    def funnel(self) -> pl.LazyFrame:
        joined = self.new_accounts(ACTIVATED_WITHIN).join(self.first_steps(), on="id", how="left")
        names, values = list(STEPS), {}
        for place, name in enumerate(names, start=1):
            met = [(pl.col(step) <= pl.col("u")).fill_null(False) for step in names[:place]]
            values[name] = pl.all_horizontal(met).mean()
        rates = joined.group_by("p").agg(**values).cache()
        parts = [answer(rates.rename({name: "v"}), ["v"], cut=pl.lit(name)) for name in names]
        return pl.concat([*parts, answer(rates.rename({names[-1]: "v"}), ["v"])])

    def time_to_value(self) -> pl.LazyFrame:
        firsts = (
            self.events.filter(pl.col("name").is_in(CORE_EVENTS)).group_by(id="workspace_id").agg(t=pl.col("ts").min())
        )
        rows = self.new_accounts(30).join(firsts, on="id", how="left")
        rows = rows.filter(pl.col("t").is_null() | (pl.col("t") >= pl.col("c")))
        return self.grouped(rows.select("p", d=_days("t")), quantiles())

    def time_to_activation(self) -> pl.LazyFrame:
        steps = self.first_steps().drop_nulls().select("id", t=pl.max_horizontal(*STEPS))
        rows = self.new_accounts(max(WINDOWS)).join(steps, on="id", how="left")
        return self.grouped(rows.select("p", d=_days("t")), quantiles())

    def tiers(self) -> pl.LazyFrame:
        """Accounts that reached each tier by the week's last day, over accounts there by then: running sums of weeks."""
        single = {
            "i1": "invoice_drafted", "paid": "invoice_paid", "reconciled": "invoice_reconciled",
            "recurring": "recurring_invoice_created", "s1": "item_created", "s2": "stock_count_posted",
            "rules": "reorder_rule_created", "p1": "supplier_created", "p2": "order_received",
            "matched": "order_matched", "approval": "approval_rule_created",
        }  # fmt: skip
        reached = {
            "invoicing.basic": ("i1",),
            "invoicing.standard": ("i1", "pair"),
            "invoicing.advanced": ("i1", "pair", "paid", "reconciled", "recurring"),
            "inventory.basic": ("s1",),
            "inventory.standard": ("s1", "s2"),
            "inventory.advanced": ("s1", "s2", "rules", "fourth"),
            "purchase.basic": ("p1",),
            "purchase.standard": ("p1", "p2"),
            "purchase.advanced": ("p1", "p2", "matched", "approval"),
        }
        rows = self.events.select("name", "ts", "event_id", "invoice_id", id="workspace_id")
        plain = rows.filter(pl.col("name").is_in(list(single.values()))).group_by("id", "name").agg(pl.col("ts").min())
        plain = plain.group_by("id").agg(
            pl.col("ts").filter(pl.col("name") == event).min().alias(short) for short, event in single.items()
        )
        counts = rows.filter(pl.col("name") == "stock_count_posted").group_by("id", "event_id").agg(pl.col("ts").min())
        fourth = counts.group_by("id").agg(fourth=pl.col("ts").sort().get(3, null_on_oob=True))
        both = ["invoice_posted", "invoice_sent"]
        sent = rows.filter(pl.col("name").is_in(both) & pl.col("invoice_id").is_not_null())
        sent = sent.group_by("id", "invoice_id", "name").agg(pl.col("ts").min())
        sent = sent.group_by("id", "invoice_id").agg(pl.col("ts").max(), n=pl.len()).filter(pl.col("n") == 2)
        joined = self.accounts.select("id", "c")
        for part in (plain, fourth, sent.group_by("id").agg(pair=pl.col("ts").min())):
            joined = joined.join(part, on="id", how="left")
        first = pl.lit(self.since).dt.truncate("1w")
        moments = [
            pl.when(pl.all_horizontal([pl.col(name).is_not_null() for name in of]))
            .then(pl.max_horizontal("c", *of))
            .alias(cut)
            for cut, of in reached.items()
        ]
        got = joined.select(moments).unpivot(variable_name="cut", value_name="at").drop_nulls()
        got = got.group_by("cut", p=pl.max_horizontal(week("at"), first)).agg(n=pl.len())
        there = self.accounts.group_by(p=pl.max_horizontal(week("c"), first)).agg(new=pl.len())
        weeks = pl.LazyFrame({"p": _starts(self.since, self.last, "1w")})
        grid = weeks.join(pl.LazyFrame({"cut": list(reached)}), how="cross")
        shares = (
            grid.join(got, on=["p", "cut"], how="left")
            .join(there, on="p", how="left")
            .select("cut", "p", pl.col("n", "new").fill_null(0).cum_sum().over("cut", order_by="p"))
            .cache()
        )
        highest = shares.filter(pl.col("cut").str.ends_with(".advanced")).group_by("p").agg(pl.col("n", "new").sum())
        value = (pl.col("n") / pl.col("new")).alias("v")
        every = answer(shares.with_columns(value), ["v"], cut=pl.col("cut"))
        return pl.concat([every, answer(highest.with_columns(value), ["v"])])

    def active_accounts(self, period: pl.Expr, segmented: bool = False) -> pl.LazyFrame:
        """Accounts with a success of a core workflow, and of each workflow."""
        names = {flow.success: name for name, flow in WORKFLOWS.items()}
        rows = self.events.filter(pl.col("name").is_in(list(names)) & pl.col("workspace_id").is_not_null())
        rows = rows.select("name", a="workspace_id", p=period).unique()
        rows = rows.with_columns(w=pl.col("name").replace_strict(names))
        value = {"v": pl.col("a").n_unique()}
        return self.grouped(rows, value, "w", IS_CORE, among=IS_CORE, segmented=segmented)

    def users_active(self, period: pl.Expr) -> pl.LazyFrame:
        """Members and the periods they were active in: `a`, `u`, `p`."""
        rows = self.events.filter(pl.col("name").is_in([*CORE_EVENTS, APPROVED]))
        return rows.select(a="workspace_id", u="user_id", p=period).drop_nulls(["a", "u"]).unique()

    def active_users(self, period: pl.Expr, segmented: bool = False) -> pl.LazyFrame:
        return self.grouped(self.users_active(period), {"v": pl.len()}, segmented=segmented)

    def daily_users(self) -> pl.LazyFrame:
        """Users of a day, as the mean over the days of the week that have begun."""
        rows = self.users_active(day("ts")).group_by(p=pl.col("p").dt.truncate("1w")).agg(n=pl.len())
        end = pl.min_horizontal(pl.col("p").dt.offset_by("7d"), pl.lit(self.last + timedelta(days=1)))
        return answer(rows.with_columns(v=pl.col("n") / (end - pl.col("p")).dt.total_days()), ["v"])

    def retention(self) -> pl.LazyFrame:
        born = self.accounts.select("id", p=month("c")).filter(pl.col("p") >= self.since)
        active = self.events.filter(pl.col("name").is_in(CORE_EVENTS)).select(id="workspace_id", m=month("ts")).unique()
        active = active.with_columns(there=pl.lit(1))
        parts = []
        for age in AGES:
            cells = born.with_columns(
                m=pl.col("p").dt.offset_by(f"{age}mo"), end=pl.col("p").dt.offset_by(f"{age + 1}mo")
            )
            over = (
                pl.col("end").cast(pl.Datetime("us")).dt.replace_time_zone(ZONE).dt.convert_time_zone("UTC")
                <= self.as_of
            )
            cells = cells.filter(over).join(active, on=["id", "m"], how="left")
            rates = cells.group_by("p").agg(v=pl.col("there").fill_null(0).mean())
            parts.append(answer(rates, ["v"], cut=pl.lit(f"{age}mo")))
        return pl.concat(parts)

    def frequency(self) -> pl.LazyFrame:
        done = self.grouped(self.starts("success"), {"v": pl.col("n").sum()}, "w", IS_CORE)
        rows = self.events.filter(pl.col("name").is_in(CORE_EVENTS)).group_by(p=week("ts"))
        active = rows.agg(n=pl.col("workspace_id").drop_nulls().n_unique())
        return done.join(active, on="p").with_columns(v=pl.col("v") / pl.col("n")).drop("n")

    def engagement(self) -> pl.LazyFrame:
        months = pl.LazyFrame({"p": _starts(self.since, self.last, "1mo")})
        held = self.users.filter(pl.col("role").is_in(ROLES)).join(months, how="cross")
        end = pl.min_horizontal(pl.col("p").dt.month_end(), pl.lit(self.last))
        held = held.filter(day("joined_at") <= end)
        active = self.users_active(month("ts")).with_columns(there=pl.lit(1))
        rows = held.join(active, on=["p", "a", "u"], how="left")
        return self.grouped(rows, {"v": pl.col("there").fill_null(0).mean()}, "role")

    def adoption(self) -> pl.LazyFrame:
        active = self.events.filter(pl.col("name").is_in(CORE_EVENTS)).select(a="workspace_id", p=month("ts"))
        active = active.unique().join(self.accounts.select("id", "country"), left_on="a", right_on="id", how="left")
        names = [feature.event for feature in FEATURES.values()]
        rows = self.events.filter(pl.col("name").is_in(names)).select("name", "event_id", a="workspace_id", d=day("ts"))
        used = rows.group_by("a", "name", p=pl.col("d").dt.truncate("1mo")).agg(pl.col("event_id", "d").n_unique())
        active, used, parts = active.cache(), used.cache(), []
        for name, feature in FEATURES.items():
            enough = (pl.col("event_id") >= feature.rows) & (pl.col("d") >= feature.days)
            users = used.filter((pl.col("name") == feature.event) & enough).select("a", "p", used=pl.lit(1))
            eligible = active.filter(pl.col("country").is_in(feature.countries)) if feature.countries else active
            of_feature = eligible.join(users, on=["a", "p"], how="left").with_columns(pl.col("used").fill_null(0))
            parts.append(of_feature.select("a", "p", "used", f=pl.lit(name)))
        every = pl.concat(parts).cache()
        any_feature = every.group_by("a", "p").agg(pl.col("used").max())
        by_feature = every.group_by("p", "f").agg(v=pl.col("used").mean())
        whole = any_feature.group_by("p").agg(v=pl.col("used").mean())
        return pl.concat([answer(by_feature, ["v"], cut=pl.col("f")), answer(whole, ["v"])])

    def load_time(self) -> pl.LazyFrame:
        rows = self.requests.filter((pl.col("kind") == "page") & pl.col("route").is_in(SCREENS))
        rows = rows.select("route", a="workspace_id", p=week("ts"), d=pl.col("duration_ms").cast(pl.Float64))
        return self.grouped(rows, {"v": pl.col("d").quantile(0.95, "linear")}, "route", segmented=True)

    def api_errors(self) -> pl.LazyFrame:
        bad = pl.col("outcome").is_in(["error", "timeout"])
        rows = self.requests.filter(pl.col("kind") == "api")
        rows = rows.group_by(a="workspace_id", p=week("ts")).agg(up=bad.sum(), down=pl.len())
        return self.grouped(rows, {"v": pl.col("up").sum() / pl.col("down").sum()}, segmented=True)

    def saves(self) -> pl.LazyFrame:
        """Saves of each week, each once however often it was delivered, and those that failed: `p`, `up`, `down`."""
        rows = self.events.filter(pl.col("name").is_in(["form_saved", "form_save_failed"]))
        rows = rows.group_by("event_id").agg(pl.col("ts").min(), pl.col("name").first())
        return rows.group_by(p=week("ts")).agg(up=(pl.col("name") == "form_save_failed").sum(), down=pl.len())

    def timeouts(self) -> pl.LazyFrame:
        """Saves are requests too, and never time out."""
        rows = self.requests.group_by(p=week("ts")).agg(up=(pl.col("outcome") == "timeout").sum(), down=pl.len())
        both = pl.concat([rows, self.saves().with_columns(up=pl.lit(0, dtype=pl.UInt32))], how="vertical_relaxed")
        return self.grouped(both, {"v": pl.col("up").sum() / pl.col("down").sum()})

    def save_failures(self) -> pl.LazyFrame:
        return answer(self.saves().with_columns(v=pl.col("up") / pl.col("down")), ["v"])

    def failures(self) -> pl.LazyFrame:
        firsts = self.runs("attempt", "failure").group_by("w", "a", "r", "o").agg(pl.col("ts").min())
        counts = firsts.group_by("w", "o", p=week("ts")).agg(n=pl.len())
        of = {outcome: pl.col("n").filter(pl.col("o") == outcome).sum() for outcome in ("failure", "attempt")}
        value = pl.when(of["attempt"] > 0).then(1000 * of["failure"] / of["attempt"])
        return self.grouped(counts, {"v": value}, "w", IS_CORE)

    def retries(self) -> pl.LazyFrame:
        opened = self.runs("attempt").group_by("w", "a", "r").agg(pl.col("ts").min(), n=pl.col("event_id").n_unique())
        counts = opened.group_by("w", p=week("ts")).agg(up=(pl.col("n") > 1).sum(), down=pl.len())
        return self.grouped(counts, {"v": pl.col("up").sum() / pl.col("down").sum()}, "w", IS_CORE)

    def help_opened(self) -> pl.LazyFrame:
        asked = self.events.filter(
            (pl.col("name") == "help_opened") & (pl.col("area") == "invoices") & pl.col("workspace_id").is_not_null()
        )
        asked = asked.group_by(p=week("ts")).agg(asked=pl.col("event_id").n_unique())
        done = self.starts("success", ("invoicing",)).group_by("p").agg(pl.col("n").sum())
        rates = done.join(asked, on="p", how="left").with_columns(v=pl.col("asked").fill_null(0) / pl.col("n")).cache()
        return pl.concat([answer(rates, ["v"]), answer(rates, ["v"], cut=pl.lit("invoicing"))])

    def tickets_per_100(self) -> pl.LazyFrame:
        flow = pl.col("product_area").replace_strict({area: name for name, area in AREAS.items()}, default=None)
        asked = self.tickets.filter(pl.col("workspace_id").is_not_null()).select(w=flow, p=week("created_at"))
        asked = self.grouped(asked.group_by("w", "p").agg(n=pl.len()).drop_nulls("p"), {"n": pl.col("n").sum()}, "w")
        whole = asked.filter(pl.col("cut").is_null()).group_by("cut", "p").agg(pl.col("n").max())
        asked = pl.concat([asked.filter(pl.col("cut").is_not_null()).select("cut", "p", "n"), whole])
        done = self.grouped(self.starts("success"), {"v": pl.col("n").sum()}, "w", IS_CORE)
        rates = done.join(asked, on=["cut", "p"], nulls_equal=True)
        return rates.with_columns(v=100 * pl.col("n") / pl.col("v")).drop("n")

    def queries(self) -> dict[str, pl.LazyFrame]:
        """One lazy query for each metric of the stack."""
        return {
            "workflow_successes": self.successes(),
            "completion_rate": self.completion(),
            "activation_rate": self.activation(),
            "activation_funnel": self.funnel(),
            "time_to_value": self.time_to_value(),
            "time_to_activation": self.time_to_activation(),
            "tier_share": self.tiers(),
            "waa": self.active_accounts(week("ts"), segmented=True),
            "maa": self.active_accounts(month("ts")),
            "wau": self.active_users(week("ts")),
            "mau": self.active_users(month("ts"), segmented=True),
            "dau": self.daily_users(),
            "cohort_retention": self.retention(),
            "workflow_frequency": self.frequency(),
            "role_engagement": self.engagement(),
            "feature_adoption_rate": self.adoption(),
            "load_time_p95": self.load_time(),
            "api_error_rate": self.api_errors(),
            "timeout_rate": self.timeouts(),
            "save_failure_rate": self.save_failures(),
            "failures_per_1000": self.failures(),
            "retry_rate": self.retries(),
            "help_per_workflow": self.help_opened(),
            "workflow_duration": self.duration(),
            "tickets_per_100": self.tickets_per_100(),
        }


def _days(at: str) -> pl.Expr:
    """Days from creation to a moment inside the window, in whole milliseconds."""
    length = (pl.col(at) - pl.col("c")).dt.total_milliseconds() / 86_400_000
    return pl.when(pl.col(at) <= pl.col("u")).then(length)


def _starts(since: date, last: date, every: str) -> pl.Series:
    return pl.date_range(since, last, "1d", eager=True).dt.truncate(every).unique().sort()


def opened(folder: Path, segments: tuple[str, ...]) -> World:
    """Scans of the logs, and the small exports."""
    data = folder / "data"
    events = pl.scan_parquet(data / "events" / "*.parquet").filter(pl.col("is_test").ne_missing(True))
    newest = events.select(pl.col("ts").max()).collect(engine="streaming").item()
    accounts = pl.read_csv(data / "accounts.csv", schema_overrides={"is_internal": pl.Boolean})
    accounts = accounts.filter(pl.col("is_internal").ne_missing(True)).select(
        "id",
        "country",
        "industry",
        c=pl.col("signed_up_at").str.to_datetime(time_unit="us", time_zone="UTC"),
        channel=pl.col("utm_source").fill_null("direct"),
        onboarding="onboarding_path",
        size=pl.when(pl.col("seats") < 5)
        .then(pl.lit("small"))
        .when(pl.col("seats") < 12)
        .then(pl.lit("mid"))
        .when(pl.col("seats").is_not_null())
        .then(pl.lit("large")),
    )
    users = pl.read_csv(data / "users.csv").select(
        u="id",
        a="workspace_id",
        role="job_role",
        joined_at=pl.col("joined_at").str.to_datetime(time_unit="us", time_zone="UTC"),
    )
    tickets = pl.read_csv(data / "tickets.csv.gz").select(
        "workspace_id", "product_area", created_at=pl.col("created_at").str.to_datetime(time_unit="us", time_zone="UTC")
    )
    as_of = newest + timedelta(microseconds=1)
    last = pl.Series([newest]).dt.convert_time_zone(ZONE).dt.date().item()
    requests = pl.scan_parquet(data / "requests" / "*.parquet")
    now = pl.lit(as_of, dtype=pl.Datetime("us", "UTC"))
    return World(events, requests, accounts.lazy(), users.lazy(), tickets.lazy(), begin(folder), now, last, segments)


def answered(asked: Mapping[str, pl.LazyFrame]) -> Iterator[answers.Row]:
    """Cells and values, metric by metric."""
    for metric, query in asked.items():
        found = query.collect(engine="streaming")
        names = found.columns[len(ANSWER) :]
        for cut, period, segment, segment_value, *values in found.iter_rows():
            for name, value in zip(names, values, strict=True):
                yield metric, cut, None if name == "v" else name, period, segment, segment_value, value


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--metrics", nargs="*", default=METRICS)
    parser.add_argument("--segments", type=int, default=len(SEGMENTS), help="how many segments, 0 to 4")
    parser.add_argument("--times", action="store_true", help="print what each query took")
    options = parser.parse_args()
    known = opened(options.folder, SEGMENTS[: options.segments]).queries()
    if options.times:
        for name in options.metrics:
            start = time.perf_counter()
            count = sum(1 for _ in answered({name: known[name]}))
            print(f"{name:24}{time.perf_counter() - start:8.3f} s{count:8,} cells")
    answers.write(options.output, answered({name: known[name] for name in options.metrics}))
