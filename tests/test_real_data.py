"""Real exports of others, computed and held against queries that know nothing of us."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path
from typing import Any

import duckdb
import polars as pl
import pytest

from saasmetrics.engine.ask import Ask
from saasmetrics.period import Grain
from saasmetrics.pipeline import compute

DATA = os.environ.get("SAASMETRICS_TEST_DATA", "")
pytestmark = pytest.mark.skipif(not DATA, reason="SAASMETRICS_TEST_DATA is not set")
CLOSE = 1e-9
HEAD = "version: 1\nsettings: {currency: USD, min_sample: 0}\n"
Cells = dict[tuple[Any, ...], float | None]

SUBSCRIPTIONS = """\
sources:
  subscriptions:
    path: ravenstack_subscriptions.csv
    columns: {id: subscription_id, account: account_id, start: start_date, end: end_date, mrr: mrr_amount}
segments: {plan_tier: {expr: {subscriptions: plan_tier}}}
"""
DEALS = """\
sources:
  opportunities:
    path: sales_pipeline.csv
    columns:
      opportunity: opportunity_id
      opened: engage_date
      closed: close_date
      status: {column: deal_stage, map: {Won: won, Lost: lost}, default: open}
      amount: {column: close_value, default: 0}
"""
PURCHASES = """\
sources:
  invoices: {path: CDNOW_master.txt, columns: {account: customer_id, at: date, amount: dollar_value}}
metrics:
  revenue: {source: invoices, agg: sum, expr: amount, grain: month}
  buyers: {type: active, rule: {source: invoices}, grain: month}
  back: {type: retention, cohort: {source: invoices}, rule: {source: invoices}, ages: [1mo, 3mo, 12mo], grain: month}
"""
INCIDENTS = """\
sources:
  incidents:
    path: incidents.jsonl
    columns: {at: started_at, ended: resolved_at, severity: impact}
    filter: "impact <> 'maintenance'"
"""


def _ours(folder: Path, data: str, text: str, ask: Ask) -> pl.DataFrame:
    (folder / "metrics.yaml").write_text(HEAD + text, encoding="utf-8")
    return compute(folder / "metrics.yaml", ask, data_root=Path(DATA) / data).values


def _cells(values: pl.DataFrame, *names: str) -> Cells:
    known = values.filter(pl.col("value").is_not_null())
    return {tuple(row[:-1]): row[-1] for row in known.select(*names, "value").iter_rows()}


def _theirs(sql: str, **tables: pl.DataFrame) -> Cells:
    database = duckdb.connect()
    for name, rows in tables.items():
        database.register(name, rows.to_arrow())
    return {tuple(row[:-1]): float(row[-1]) for row in database.execute(sql).fetchall()}


def _agree(ours: Cells, theirs: Cells, least: int) -> None:
    """Every number of ours is theirs, and no number of theirs that is not nought is lacking."""
    assert len(ours) >= least
    wrong = {at: (value, theirs.get(at, 0.0)) for at, value in ours.items() if _off(value, theirs.get(at, 0.0))}
    assert not wrong
    assert [at for at, value in theirs.items() if value and at not in ours] == []


def _off(ours: float | None, theirs: float | None) -> bool:
    return ours is None or theirs is None or abs(ours - theirs) > CLOSE * max(1.0, abs(theirs))


def test_movements_of_parallel_subscriptions_reconcile_every_month(tmp_path: Path) -> None:
    moves = ("new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr")
    ask = Ask(("mrr", *moves, "net_new_mrr", "nrr", "grr"), (("plan_tier",),), since=date(2023, 1, 1))
    values = _ours(tmp_path, "ravenstack", SUBSCRIPTIONS, ask)
    total = values.filter(pl.col("segment").is_null())
    file = Path(DATA) / "ravenstack" / "ravenstack_subscriptions.csv"
    theirs = _theirs(f"""
        with months as (select m::date m, m::date + interval 1 month - interval 1 day as last_day
                        from generate_series(date '2022-01-01', date '2024-12-01', interval 1 month) t(m)),
        held as (select m, account_id a, sum(mrr_amount) v from months join read_csv('{file}') s
                 on start_date <= last_day and (end_date is null or last_day < end_date) group by all
                 having sum(mrr_amount) > 0),
        pairs as (select m, a, coalesce(x.v, 0) v0, coalesce(y.v, 0) v1, w.v vy,
                         exists (select 1 from held e where e.a = t.a and e.m < t.m) ever
                  from (select m, a from months, (select distinct a from held)) t
                  left join held y using (m, a) left join held x on x.a = t.a and x.m = t.m - interval 1 month
                  left join held w on w.a = t.a and w.m = t.m - interval 12 month where t.m >= date '2023-01-01')
        select * from (
            select m, 'mrr' k, sum(v1) v from pairs group by m
            union all select m, 'new_mrr', sum(v1) from pairs where v0 = 0 and not ever group by m
            union all select m, 'reactivation_mrr', sum(v1) from pairs where v0 = 0 and ever group by m
            union all select m, 'expansion_mrr', sum(v1 - v0) from pairs where v0 > 0 and v1 > v0 group by m
            union all select m, 'contraction_mrr', sum(v1 - v0) from pairs where v1 > 0 and v1 < v0 group by m
            union all select m, 'churned_mrr', -sum(v0) from pairs where v1 = 0 group by m
            union all select m, 'net_new_mrr', sum(v1 - v0) from pairs group by m
            union all select m, 'nrr', sum(v1) / sum(vy) from pairs where vy > 0 group by m
            union all select m, 'grr', sum(least(v1, vy)) / sum(vy) from pairs where vy > 0 group by m)""")
    _agree(_cells(total, "period", "metric"), theirs, 24 * 7 + 2 * 12)
    cents = values.filter(pl.col("metric").is_in(["mrr", "net_new_mrr"])).pivot(
        on="metric", index=["segment_value", "period"], values="value"
    )
    cents = cents.sort("segment_value", "period").with_columns(was=pl.col("mrr").shift(1).over("segment_value"))
    gap = (pl.col("mrr") - pl.col("was") - pl.col("net_new_mrr")).abs()
    assert cents.drop_nulls("was").select(gap.max()).item() < 0.005
    assert cents.drop_nulls("was").height == 4 * 23


def test_win_rates_sizes_and_cycles_of_deals(tmp_path: Path) -> None:
    ask = Ask(("win_rate", "average_deal_size", "sales_cycle"), grain=Grain.MONTH, since=date(2016, 10, 1))
    values = _ours(tmp_path, "maven-crm", DEALS, ask)
    file = Path(DATA) / "maven-crm" / "sales_pipeline.csv"
    theirs = _theirs(f"""
        with d as (select *, date_trunc('month', close_date)::date m, close_date - engage_date took
                   from read_csv('{file}')),
        w as (select * from d where deal_stage = 'Won')
        select m, 'win_rate' k, null::varchar s, avg((deal_stage = 'Won')::int) v from d
        where close_date is not null group by all
        union all select m, 'average_deal_size', null, avg(close_value) from w group by all
        union all select m, 'sales_cycle', 'median', quantile_cont(took, 0.5) from w group by all
        union all select m, 'sales_cycle', 'p90', quantile_cont(took, 0.9) from w group by all
        union all select m, 'sales_cycle', 'mean', avg(took) from w group by all""")
    _agree(_cells(values, "period", "metric", "stat"), theirs, 10 * 5)


def test_cohorts_of_purchases_in_a_file_aligned_with_blanks(tmp_path: Path) -> None:
    values = _ours(tmp_path, "cdnow", PURCHASES, Ask(("revenue", "buyers", "back.*"), since=date(1997, 1, 1)))
    lines = (Path(DATA) / "cdnow" / "CDNOW_master.txt").read_text().splitlines()[1:]
    rows = pl.DataFrame([line.split() for line in lines if line.strip()], schema=["c", "d", "n", "v"], orient="row")
    assert rows.height == 69_659
    theirs = _theirs(
        """
        with p as (select c, strptime(d, '%Y%m%d')::date d, date_trunc('month', strptime(d, '%Y%m%d'))::date m,
                          v::decimal(12, 2) v from rows),
        f as (select c, min(m) m0 from p group by c)
        select m, 'revenue' k, null::varchar c, sum(v) v from p group by all
        union all select m, 'buyers', null, count(distinct c) from p group by all
        union all select m0, 'back', k || 'mo', count(distinct f.c) filter (m = m0 + to_months(k)) / count(distinct f.c)
                  from f join p using (c), (values (1), (3), (12)) t(k)
                  where m0 + to_months(k + 1) <= date '1998-07-01' group by all""",
        rows=rows,
    )
    _agree(_cells(values, "period", "metric", "cut"), theirs, 18 + 18 + 9)


def test_incidents_and_the_time_to_restore_them(tmp_path: Path) -> None:
    asked = ("incident_count", "time_to_restore")
    values = _ours(tmp_path, "github-status", INCIDENTS, Ask(asked, grain=Grain.MONTH, since=date(2022, 3, 1)))
    file = Path(DATA) / "github-status" / "incidents.jsonl"
    minutes = "(epoch(resolved_at::timestamp) - epoch(started_at::timestamp)) / 60"
    theirs = _theirs(f"""
        with i as (select *, date_trunc('month', started_at::timestamp)::date m, {minutes} took,
                          date_trunc('month', resolved_at::timestamp)::date ended
                   from read_json('{file}', format = 'newline_delimited') where impact <> 'maintenance')
        select m, 'incident_count' k, null::varchar c, null::varchar s, count(*) v from i group by all
        union all select m, 'incident_count', impact, null, count(*) from i group by all
        union all select ended, 'time_to_restore', null, 'median', quantile_cont(took, 0.5) from i group by all
        union all select ended, 'time_to_restore', impact, 'median', quantile_cont(took, 0.5) from i group by all
        union all select ended, 'time_to_restore', impact, 'p90', quantile_cont(took, 0.9) from i group by all""")
    found = _cells(
        values.filter((pl.col("stat") != "p90") | pl.col("stat").is_null() | pl.col("cut").is_not_null()),
        "period",
        "metric",
        "cut",
        "stat",
    )
    _agree(found, theirs, 200)
