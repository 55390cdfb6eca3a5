"""The rival in SQL: the stack in DuckDB over the same Parquet files, one good query for each metric.

`python tests/benchmarks/sql.py FOLDER OUTPUT` answers with our meaning: Berlin weeks and months, test rows left out,
runs by their id and once, repeats of an event id once where rows are counted, tries that are not over left out. Small
exports are loaded once; the logs are read by every query anew, and only their columns that it names. Parts and
segments come out of the same query by GROUPING SETS.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import answers
import duckdb
from sql_parts import Query, by_name, grouped, listed, local, month, runs, starts, week
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

AS_OF = "getvariable('as_of')"
SINCE = "getvariable('since')"
LAST = "getvariable('last')"


COUNT = "count(*) filter ({})::double"
IS_CORE = f"w in ({listed(CORE)})"


def successes(segments: Sequence[str]) -> Query:
    rows = starts("success")
    return Query(
        grouped(rows, COUNT, cut="w", total=IS_CORE, split="invoicing", among="w = 'invoicing'", segments=segments)
    )


def _tried() -> str:
    """Attempted runs whose window is over: `w`, `a`, first attempt `t`, the first success after it `s`, the end `u`."""
    hours = by_name({name: str(flow.hours) for name, flow in WORKFLOWS.items()}, "w")
    return f"""
        select w, a, t, {week("t")} p, list_min(list_filter(won, lambda x: x >= t)) s, t + to_hours({hours}) u
        from (select w, a, r, min(ts) filter (o = 'attempt') t, list(ts) filter (o = 'success') won
              from ({runs("attempt", "success")}) group by w, a, r)
        where t is not null and u <= {AS_OF}"""


def completion(segments: Sequence[str]) -> Query:
    rows = f"select *, (s is not null and s <= u)::int done from ({_tried()})"
    value = "avg(done) filter ({})"
    return Query(
        grouped(rows, value, cut="w", total=IS_CORE, split="invoicing", among="w = 'invoicing'", segments=segments)
    )


def duration() -> Query:
    rows = f"select w, p, case when s <= u then (epoch_us(s) - epoch_us(t)) / 60e6 end d from ({_tried()})"
    values = [_reached(share) for share in (0.5, 0.9)]
    return Query(grouped(rows, *values, cut="w", total=IS_CORE), ("median", "p90"))


def _reached(share: float) -> str:
    """Quantile of those who got there, where half did."""
    half = "count(d) filter ({}) * 2 >= count(*) filter ({})"
    return f"case when {half} then quantile_cont(d, {share}) filter ({{}}) end"


def _new_accounts(days: int) -> str:
    """Accounts whose window is over: `id`, creation `c`, month `p`."""
    created = f"select id, c, {month('c')} p from accounts"
    return f"select * from ({created}) where p >= {SINCE} and c + to_days({days}) <= {AS_OF}"


def _first_steps() -> str:
    """Accounts with the first moment of each activation step at or after their creation, null where there is none."""
    times = ", ".join(f"min(ts) filter (name = '{event}') {step}" for step, event in STEPS.items())
    return f"""select id, {times} from events join accounts on id = workspace_id and ts >= c
               where name in ({listed(STEPS.values())}) group by id"""


def activation() -> Query:
    parts = []
    for cut, days in [(None, ACTIVATED_WITHIN), *[(f"{days}d", days) for days in WINDOWS]]:
        met = " and ".join(f"{step} <= c + to_days({days})" for step in STEPS)
        parts.append(f"""select {f"'{cut}'" if cut else "null"}, p, null, null, avg(coalesce({met}, false)::int)
                         from ({_new_accounts(days)}) left join steps using (id) group by p""")
    return Query(f"with steps as ({_first_steps()}) {' union all '.join(parts)}")


def funnel() -> Query:
    names = list(STEPS)
    parts = []
    for place, name in enumerate(names, start=1):
        met = " and ".join(f"{step} <= c + to_days({ACTIVATED_WITHIN})" for step in names[:place])
        value = f"avg(coalesce({met}, false)::int)"
        parts.append(f"select '{name}', p, null, null, {value} from j group by p")
    parts.append(parts[-1].replace(f"'{names[-1]}'", "null"))
    return Query(f"""with j as (select * from ({_new_accounts(ACTIVATED_WITHIN)}) left join ({_first_steps()}) using (id))
                     {" union all ".join(parts)}""")


def time_to_value() -> Query:
    rows = f"""
        select p, case when t <= c + to_days(30) then (epoch_us(t) - epoch_us(c)) // 1000 / 86400e3 end d
        from ({_new_accounts(30)}) left join (select workspace_id id, min(ts) t from events
              where name in ({listed(CORE_EVENTS)}) group by id) using (id)
        where t is null or t >= c"""
    return Query(grouped(rows, _reached(0.5), _reached(0.9)), ("median", "p90"))


def time_to_activation() -> Query:
    last = f"greatest({', '.join(STEPS)})"
    all_done = " and ".join(f"{step} is not null" for step in STEPS)
    rows = f"""
        select p, case when {all_done} and {last} <= c + to_days({max(WINDOWS)})
                       then (epoch_us({last}) - epoch_us(c)) // 1000 / 86400e3 end d
        from ({_new_accounts(max(WINDOWS))}) left join ({_first_steps()}) using (id)"""
    return Query(grouped(rows, _reached(0.5), _reached(0.9)), ("median", "p90"))


def tiers() -> Query:
    """Accounts that reached each tier by the week's last day, over accounts there by then: running sums of weeks."""
    first = "min(ts) filter (name = '{}')"
    single = {
        "inventory_1": first.format("item_created"),
        "inventory_2": first.format("stock_count_posted"),
        "rules": first.format("reorder_rule_created"),
        "purchase_1": first.format("supplier_created"),
        "purchase_2": first.format("order_received"),
        "matched": first.format("order_matched"),
        "approval": first.format("approval_rule_created"),
        "invoicing_1": first.format("invoice_drafted"),
        "paid": first.format("invoice_paid"),
        "reconciled": first.format("invoice_reconciled"),
        "recurring": first.format("recurring_invoice_created"),
    }
    names = [text.split("'")[1] for text in single.values()]
    reached = {
        "invoicing.basic": ["invoicing_1"],
        "invoicing.standard": ["invoicing_1", "paired"],
        "invoicing.advanced": ["invoicing_1", "paired", "paid", "reconciled", "recurring"],
        "inventory.basic": ["inventory_1"],
        "inventory.standard": ["inventory_1", "inventory_2"],
        "inventory.advanced": ["inventory_1", "inventory_2", "rules", "fourth"],
        "purchase.basic": ["purchase_1"],
        "purchase.standard": ["purchase_1", "purchase_2"],
        "purchase.advanced": ["purchase_1", "purchase_2", "matched", "approval"],
    }
    moments = " union all ".join(
        f"select '{cut}' cut, {week('greatest(c, ' + ', '.join(of) + ')')} p from j "
        f"where {' and '.join(f'{name} is not null' for name in of)}"
        for cut, of in reached.items()
    )
    return Query(f"""
        with plain as (select workspace_id id, {", ".join(f"{value} {name}" for name, value in single.items())}
                       from events where name in ({listed(names)}) group by id),
        counted as (select workspace_id id, event_id, min(ts) ts from events where name = 'stock_count_posted' group by all),
        fourth as (select id, min(ts) filter (n = 4) fourth
                   from (select id, ts, row_number() over (partition by id order by ts) n from counted) group by id),
        sent as (select workspace_id id, min(ts) filter (name = 'invoice_posted') done, min(ts) filter (name = 'invoice_sent') out
                 from events where name in ('invoice_posted', 'invoice_sent') and invoice_id is not null
                 group by id, invoice_id),
        pairs as (select id, min(greatest(done, out)) paired from sent where done is not null and out is not null group by id),
        j as (select id, c, paired, fourth, plain.* exclude (id) from accounts left join plain using (id)
              left join fourth using (id) left join pairs using (id)),
        weeks as (select unnest(generate_series(date_trunc('week', {SINCE}), {LAST}, interval 7 day))::date p),
        cuts as (select unnest([{listed(reached)}]) cut),
        got as (select cut, p, count(*) n from ({moments}) group by all),
        there as (select {week("c")} p, count(*) n from accounts group by p),
        shares as (select cut, w.p, coalesce((select sum(n) from got g where g.cut = c.cut and g.p <= w.p), 0) up,
                   (select sum(n) from there t where t.p <= w.p) down from weeks w, cuts c)
        select cut, p, null, null, up / down from shares
        union all select null, p, null, null, sum(up) / sum(down) from shares where cut like '%.advanced' group by p""")


def active_accounts(part: str, segments: Sequence[str] = ()) -> Query:
    """Accounts with a success of a core workflow, and of each workflow."""
    flow = by_name({flow.success: f"'{name}'" for name, flow in WORKFLOWS.items()})
    rows = f"""select distinct {flow} w, workspace_id a, {local("ts", part)} p from events
               where name in ({listed(flow.success for flow in WORKFLOWS.values())}) and workspace_id is not null"""
    value = "count(distinct a) filter ({})::double"
    return Query(grouped(rows, value, cut="w", total=IS_CORE, among=IS_CORE, segments=segments))


def active_users(part: str, segments: Sequence[str] = ()) -> Query:
    return Query(grouped(_active_users(part), COUNT, segments=segments))


def _active_users(part: str) -> str:
    return f"""select distinct workspace_id a, user_id u, {local("ts", part)} p from events
               where name in ({listed([*CORE_EVENTS, APPROVED])}) and a is not null and u is not null"""


def daily_users() -> Query:
    """Users of a day, as the mean over the days of the week that have begun."""
    return Query(f"""
        select null, date_trunc('week', p)::date w, null, null, count(*) / (least(w + 7, {LAST} + 1) - w)
        from ({_active_users("day")}) group by w""")


def retention() -> Query:
    ages = f"select unnest({list(AGES)}) age"
    return Query(f"""
        with born as (select id, {month("c")} p from accounts where p >= {SINCE}),
        active as (select distinct workspace_id id, {month("ts")} m from events where name in ({listed(CORE_EVENTS)})),
        cells as (select id, p, age, (p + to_months(age))::date m from born, ({ages})
                  where timezone('{ZONE}', (p + to_months(age + 1))::timestamp) <= {AS_OF})
        select age || 'mo', p, null, null, avg((active.id is not null)::int)
        from cells left join active using (id, m) group by age, p""")


def frequency() -> Query:
    return Query(f"""
        with done as ({grouped(starts("success"), COUNT, cut="w", total=IS_CORE)}),
        active as (select {week("ts")} p, count(distinct workspace_id) n from events where name in ({listed(CORE_EVENTS)}) group by p)
        select cut, done.p, null, null, v1 / n from done join active using (p)""")


def engagement() -> Query:
    return Query(f"""
        with months as (select unnest(generate_series({SINCE}, {LAST}, interval 1 month))::date p),
        held as (select p, id u, workspace_id a, role from users, months
                 where role in ({listed(ROLES)}) and timezone('{ZONE}', joined_at)::date <= least(last_day(p), {LAST})),
        rows as (select held.p, role, (active.u is not null)::int on_it from held left join ({_active_users("month")}) active using (p, a, u))
        {grouped("from rows", "avg(on_it) filter ({})", cut="role")}""")


def adoption() -> Query:
    enough = by_name(
        {
            f.event: f"count(distinct event_id) >= {f.rows} and count(distinct on_day) >= {f.days}"
            for f in FEATURES.values()
        }
    )
    eligible = " ".join(
        f"when '{name}' then country in ({listed(f.countries)})" for name, f in FEATURES.items() if f.countries
    )
    feature = by_name({f.event: f"'{name}'" for name, f in FEATURES.items()})
    return Query(f"""
        with active as (select distinct workspace_id a, {month("ts")} p from events where name in ({listed(CORE_EVENTS)}) and a is not null),
        used as (select workspace_id a, date_trunc('month', on_day)::date p, {feature} f
                 from (select *, {local("ts", "day")} on_day from events where name in ({listed(f.event for f in FEATURES.values())}))
                 group by a, p, name having {enough}),
        rows as (select active.a, active.p, fs.f, used.f is not null used
                 from active left join accounts on id = active.a cross join (select unnest([{listed(FEATURES)}]) f) fs
                 left join used using (a, p, f) where case fs.f {eligible} else true end)
        select f, p, null, null, avg(used::int) from rows group by p, f
        union all select null, p, null, null, count(distinct a) filter (used) / count(distinct a) from rows group by p""")


def load_time(segments: Sequence[str]) -> Query:
    rows = f"""select workspace_id a, route, duration_ms::double d, {week("ts")} p from requests
               where kind = 'page' and route in ({listed(SCREENS)}) and d is not null"""
    return Query(grouped(rows, "quantile_cont(d, 0.95)", cut="route", segments=segments))


def api_errors(segments: Sequence[str]) -> Query:
    rows = f"""select workspace_id a, (outcome in ('error', 'timeout'))::int bad, {week("ts")} p from requests where kind = 'api'"""
    return Query(grouped(rows, "avg(bad)", segments=segments))


SAVES = """(select min(ts) ts, any_value(name) as name from events
                      where name in ('form_saved', 'form_save_failed') group by event_id)"""
"""Saves, each once, however often it was delivered."""


def timeouts() -> Query:
    """Saves are requests too, and never time out."""
    return Query(f"""
        select null, p, null, null, sum(bad) / sum(n) from (
            select {week("ts")} p, count(*) filter (outcome = 'timeout') bad, count(*) n from requests group by p
            union all select {week("ts")} p, 0, count(*) from {SAVES} group by p
        ) group by p""")


def save_failures() -> Query:
    return Query(f"""select null, {week("ts")} p, null, null, avg((name = 'form_save_failed')::int)
                     from {SAVES} group by p""")


def failures() -> Query:
    rows = f"select w, o, {week('min(ts)')} p from ({runs('attempt', 'failure')}) group by w, a, r, o"
    both = "1000.0 * count(*) filter (o = 'failure' and {}) / nullif(count(*) filter (o = 'attempt' and {}), 0)"
    return Query(grouped(rows, both, cut="w", total=IS_CORE))


def retries() -> Query:
    rows = f"""select w, {week("min(ts)")} p, (min(event_id) <> max(event_id))::int again from ({runs("attempt")})
               group by w, a, r"""
    return Query(grouped(rows, "avg(again) filter ({})", cut="w", total=IS_CORE))


def help_opened() -> Query:
    return Query(f"""
        with asked as (select {week("ts")} p, count(distinct event_id) n from events
                       where name = 'help_opened' and area = 'invoices' and workspace_id is not null group by p),
        done as (select p, count(*) n from ({starts("success", ("invoicing",))}) group by p)
        select unnest([null, 'invoicing']), p, null, null, coalesce(asked.n, 0) / done.n
        from done left join asked using (p)""")


def tickets() -> Query:
    flow = by_name({area: f"'{name}'" for name, area in AREAS.items()}, "product_area")
    asked = f"select {flow} w, {week('created_at')} p from tickets where workspace_id is not null"
    return Query(f"""
        with done as ({grouped(starts("success"), COUNT, cut="w", total=IS_CORE)}),
        asked as (select w cut, p, count(*) n from ({asked}) group by grouping sets ((p), (p, w))
                  having grouping(w) = 1 or w is not null)
        select done.cut, done.p, null, null, 100 * n / v1
        from done join asked on asked.cut is not distinct from done.cut and asked.p = done.p""")


def queries(segments: Sequence[str]) -> dict[str, Query]:
    """One query for each metric of the stack."""
    return {
        "workflow_successes": successes(segments),
        "completion_rate": completion(segments),
        "activation_rate": activation(),
        "activation_funnel": funnel(),
        "time_to_value": time_to_value(),
        "time_to_activation": time_to_activation(),
        "tier_share": tiers(),
        "waa": active_accounts("week", segments),
        "maa": active_accounts("month"),
        "wau": active_users("week"),
        "mau": active_users("month", segments),
        "dau": daily_users(),
        "cohort_retention": retention(),
        "workflow_frequency": frequency(),
        "role_engagement": engagement(),
        "feature_adoption_rate": adoption(),
        "load_time_p95": load_time(segments),
        "api_error_rate": api_errors(segments),
        "timeout_rate": timeouts(),
        "save_failure_rate": save_failures(),
        "failures_per_1000": failures(),
        "retry_rate": retries(),
        "help_per_workflow": help_opened(),
        "workflow_duration": duration(),
        "tickets_per_100": tickets(),
    }


def opened(folder: Path) -> duckdb.DuckDBPyConnection:
    """A connection with the logs as views, the small exports as tables, and how far the data reaches."""
    data = folder / "data"
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute(f"""
        create view events as select * from read_parquet('{data}/events/*.parquet') where is_test is distinct from true;
        create view requests as select * from read_parquet('{data}/requests/*.parquet');
        create table accounts as
            select id, signed_up_at c, country, industry, onboarding_path onboarding, coalesce(utm_source, 'direct') channel,
                   case when seats < 5 then 'small' when seats < 12 then 'mid' when seats is not null then 'large' end size
            from read_csv('{data}/accounts.csv') where is_internal is distinct from true;
        create table users as select id, workspace_id, joined_at, job_role as role from read_csv('{data}/users.csv');
        create table tickets as select created_at, workspace_id, product_area from read_csv('{data}/tickets.csv.gz');
        set variable as_of = (select max(ts) + interval 1 microsecond from events);
        set variable last = (timezone('{ZONE}', getvariable('as_of') - interval 1 microsecond))::date;
        set variable since = date '{begin(folder)}';
    """)
    return con


def answered(con: duckdb.DuckDBPyConnection, asked: Mapping[str, Query]) -> Iterator[answers.Row]:
    """Cells and values, metric by metric."""
    for metric, query in asked.items():
        for cut, period, segment, segment_value, *values in con.sql(query.text).fetchall():
            for stat, value in zip(query.stats, values, strict=True):
                yield metric, cut, stat, period, segment, segment_value, None if value is None else float(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--metrics", nargs="*", default=METRICS)
    parser.add_argument("--segments", type=int, default=len(SEGMENTS), help="how many segments, 0 to 4")
    parser.add_argument("--times", action="store_true", help="print what each query took")
    options = parser.parse_args()
    known = queries(SEGMENTS[: options.segments])
    connection = opened(options.folder)
    if options.times:
        for name in options.metrics:
            start = time.perf_counter()
            count = sum(1 for _ in answered(connection, {name: known[name]}))
            print(f"{name:24}{time.perf_counter() - start:8.3f} s{count:8,} cells")
    answers.write(options.output, answered(connection, {name: known[name] for name in options.metrics}))
