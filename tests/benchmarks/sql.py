"""The rival: the weekly stack as DuckDB SQL over the same Parquet files, one good query for each metric.

`python tests/benchmarks/sql.py FOLDER` prints metric, cut, period and value as CSV. The meaning is that of the demo
company's metrics.yaml: Berlin weeks and months, test rows left out, runs by their id. Rows of a log whose role has no id are counted as they are.
"""

from __future__ import annotations

import sys
from pathlib import Path

import duckdb

WORKFLOWS = {
    "invoicing": ("invoice_started", "invoice_posted", "invoice_id", 24),
    "inventory": ("stock_count_started", "stock_count_posted", "count_id", 48),
    "purchase": ("order_started", "order_received", "order_id", 720),
    "checkout": ("checkout_started", "checkout_paid", "checkout_id", 1),
}
CORE = ("invoice_posted", "stock_count_posted", "order_received")
STEPS = ("tax_settings_saved", "customer_created", "invoice_drafted", "invoice_posted")
SCREENS = ("invoice_list", "invoice_editor", "stock_list", "order_list", "order_editor")
SINGLE_TIERS = {
    "inventory": {"basic": "item_created", "standard": "stock_count_posted"},
    "purchase": {"basic": "supplier_created", "standard": "order_received"},
}


def week(at: str) -> str:
    """Berlin week of an instant."""
    return f"date_trunc('week', timezone('Europe/Berlin', {at}))::date"


def queries(folder: Path) -> dict[str, str]:
    """One query per metric, each reading the files for itself. Columns: metric, cut, period, value."""
    events = f"(select * from read_parquet('{folder}/data/events/*.parquet') where is_test is distinct from true)"
    requests = f"read_parquet('{folder}/data/requests/*.parquet')"
    accounts = f"(select id, signed_up_at c from read_csv('{folder}/data/accounts.csv') where is_internal is distinct from true)"
    tickets = f"read_csv('{folder}/data/tickets.csv.gz')"
    core = ", ".join(f"'{name}'" for name in CORE)
    out: dict[str, str] = {}
    for name, (attempt, success, run, hours) in WORKFLOWS.items():
        out[f"workflow_successes.{name}"] = f"""
            select 'workflow_successes', '{name}', {week("t")} p, count(*)::double
            from (select min(ts) t from {events} where name = '{success}' and {run} is not null and workspace_id is not null
                  group by workspace_id, {run}) group by p"""
        out[f"completion_rate.{name}"] = f"""
            with rows as (select workspace_id a, {run} r, name = '{attempt}' tried, ts from {events}
                          where name in ('{attempt}', '{success}') and {run} is not null and workspace_id is not null),
            opened as (select a, r, min(ts) t from rows where tried group by all),
            done as (select o.a, o.r, o.t, min(s.ts) s from opened o left join rows s
                     on s.a = o.a and s.r = o.r and not s.tried and s.ts >= o.t group by all),
            seen as (select max(ts) m from {events})
            select 'completion_rate', '{name}', {week("t")} p, avg((s is not null and s <= t + interval {hours} hour)::int)
            from done, seen where t + interval {hours} hour <= m + interval 1 microsecond group by p"""
        out[f"waa.{name}"] = f"""
            select 'waa', '{name}', {week("ts")} p, count(distinct workspace_id)::double
            from {events} where name = '{success}' group by p"""
    out["waa"] = f"""select 'waa', null, {week("ts")} p, count(distinct workspace_id)::double
            from {events} where name in ({core}) group by p"""
    out["time_to_value"] = f"""
            with first as (select workspace_id a, min(ts) t from {events} where name in ({core}) group by 1),
            seen as (select max(ts) m from {events}),
            spans as (select date_trunc('month', timezone('Europe/Berlin', c))::date p,
                      case when t >= c and t <= c + interval 30 day then epoch_ms(t) - epoch_ms(c) end d
                      from {accounts} join seen on c + interval 30 day <= m + interval 1 microsecond left join first on a = id)
            select 'time_to_value', null, p, case when count(d) * 2 >= count(*) then median(d) end / 86400000.0
            from spans group by p"""
    names = ", ".join(f"'{name}'" for name in STEPS)
    for days in (7, 14, 30):
        out[f"activation_rate.{days}d"] = f"""
            with mine as (select id, c from {accounts}),
            steps as (select id, c, name, min(ts) t from {events} join mine on id = workspace_id and ts >= c
                      where name in ({names}) group by all),
            done as (select id, max(t) t, count(*) n from steps group by id),
            seen as (select max(ts) m from {events})
            select 'activation_rate', '{days}d', date_trunc('month', timezone('Europe/Berlin', c))::date p,
                   avg(coalesce(n = {len(STEPS)} and t <= c + interval {days} day, false)::int)
            from mine join seen on c + interval {days} day <= m + interval 1 microsecond left join done using (id)
            group by p"""
    for name, tiers in SINGLE_TIERS.items():
        events_of = ", ".join(f"'{event}'" for event in tiers.values())
        basic, standard = tiers.values()
        out[f"tier_share.{name}"] = f"""
            with firsts as (select workspace_id a, min(ts) filter (name = '{basic}') b, min(ts) filter (name = '{standard}') s
                            from {events} where name in ({events_of}) group by 1),
            weeks as (select distinct {week("ts")} p from {events} where name = '{basic}'),
            there as (select p, id from weeks, {accounts} where timezone('Europe/Berlin', c)::date <= p + 6)
            select 'tier_share', '{name}.standard', p,
                   avg((timezone('Europe/Berlin', greatest(b, s))::date <= p + 6 and b is not null and s is not null)::int)
            from there left join firsts on a = id group by p"""
    out["save_failure_rate"] = f"""
            select 'save_failure_rate', null, {week("ts")} p, avg((name = 'form_save_failed')::int)
            from {events} where name in ('form_saved', 'form_save_failed') group by p"""
    screens = ", ".join(f"'{name}'" for name in SCREENS)
    for cut, group in (("null", ""), ("route", ", route")):
        out[f"load_time_p95{group}"] = f"""
            select 'load_time_p95', {cut}, {week("ts")} p, quantile_cont(duration_ms::double, 0.95)
            from {requests} where kind = 'page' and route in ({screens}) group by p{group}"""
    out["api_error_rate"] = f"""
            select 'api_error_rate', null, {week("ts")} p, avg((outcome in ('error', 'timeout'))::int)
            from {requests} where kind = 'api' group by p"""
    out["tickets_per_100"] = f"""
            with runs as (select {week("t")} p, count(*) n from (
                {
        " union all ".join(
            f"select min(ts) t from {events} where name = '{success}' and {run} is not null "
            f"and workspace_id is not null group by workspace_id, {run}"
            for name, (_, success, run, _) in WORKFLOWS.items()
            if name != "checkout"
        )
    }) group by p),
            asked as (select {week("created_at")} p, count(*) n from {
        tickets
    } where workspace_id is not null group by p)
            select 'tickets_per_100', null, p, 100.0 * asked.n / runs.n from asked join runs using (p)"""
    return out


def main(folder: Path) -> None:
    """Run every query in one process on a connection that keeps nothing between them."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    print("metric,cut,period,value")
    for text in queries(folder).values():
        for metric, cut, period, value in con.sql(text).fetchall():
            print(f"{metric},{cut or ''},{period},{'' if value is None else repr(float(value))}")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
