"""The rivals when the number of metrics grows: `python tests/benchmarks/asked_rival.py FOLDER OUTPUT COUNT duckdb|polars`."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from pathlib import Path

import answers
from asked import BASE, Metric, metrics
from stack import begin


def in_sql(folder: Path, asked: Sequence[Metric]) -> Iterator[answers.Row]:
    """One query for each metric, which reads the log anew."""
    import sql
    from sql_parts import month, week

    con = sql.opened(folder)
    of = "count(distinct event_id) filter (name = '{}')"
    for metric in asked:
        rows = f"from events where name in ('{metric.event}', '{BASE}') and workspace_id is not null"
        only = f"from events where name = '{metric.event}' and workspace_id is not null"
        text = {
            "rows": f"select {week('ts')} p, count(distinct event_id) {only} group by p",
            "accounts": f"select {month('ts')} p, count(distinct workspace_id) {only} group by p",
            "users": f"""select p, count(*) from (select distinct workspace_id, user_id, {week("ts")} p {only}
                         and user_id is not null) group by p""",
            "share": f"select {week('ts')} p, {of.format(metric.event)} / nullif({of.format(BASE)}, 0) {rows} group by p",
        }[metric.kind]
        for period, value in con.sql(text).fetchall():
            yield metric.name, None, None, period, None, None, None if value is None else float(value)


def in_polars(folder: Path, asked: Sequence[Metric]) -> Iterator[answers.Row]:
    """One lazy query for each metric, which scans the log anew."""
    import lazy
    import polars as pl

    events = lazy.opened(folder, ()).events.filter(pl.col("workspace_id").is_not_null())
    name = pl.col("name")
    for metric in asked:
        rows = events.filter(name == metric.event)
        ids = {event: pl.col("event_id").filter(name == event).n_unique() for event in (metric.event, BASE)}
        both = events.filter(name.is_in([metric.event, BASE])).group_by(p=lazy.week("ts"))
        users = rows.select("workspace_id", "user_id", p=lazy.week("ts")).drop_nulls("user_id").unique()
        query = {
            "rows": rows.group_by(p=lazy.week("ts")).agg(v=pl.col("event_id").n_unique()),
            "accounts": rows.group_by(p=lazy.month("ts")).agg(v=pl.col("workspace_id").n_unique()),
            "users": users.group_by("p").agg(v=pl.len()),
            "share": both.agg(v=pl.when(ids[BASE] > 0).then(ids[metric.event] / ids[BASE])),
        }[metric.kind]
        for period, value in query.collect(engine="streaming").iter_rows():
            yield metric.name, None, None, period, None, None, None if value is None else float(value)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("count", type=int)
    parser.add_argument("rival", choices=["duckdb", "polars"])
    options = parser.parse_args()
    assert begin(options.folder), "the logs have a first day"
    answer = in_sql if options.rival == "duckdb" else in_polars
    answers.write(options.output, answer(options.folder, metrics(options.count)))
