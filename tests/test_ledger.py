"""Every number opens into entries, and an independent query reduces them to the number again."""

from __future__ import annotations

from datetime import date
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
import pytest

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask, wishes
from saasmetrics.engine.opened import entries_of
from saasmetrics.engine.run import Computed, compute
from saasmetrics.engine.values import of_address
from saasmetrics.frames.ledger import Shape
from saasmetrics.ledgers.derived import Derived
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.period import Grain, Periods
from saasmetrics.pipeline import ledger
from saasmetrics.sources.open import open_sources

ROOT = Path(__file__).parent.parent
METRICS = ROOT / "metrics.yaml"


@cache
def street() -> tuple[Definitions, Computed, tuple[Address, ...]]:
    definitions = load(METRICS, REGISTRY)
    names = tuple(name for name, metric in definitions.metrics.items() if "#" not in name and not metric.missing)
    addresses, wanted = wishes(definitions, Ask(metrics=names))
    done = compute(definitions, open_sources(definitions), wanted, as_of=None, count=4)
    return definitions, done, addresses


def numbers() -> list[str]:
    definitions, _, addresses = street()
    return [address.text for address in addresses if _opens(definitions, address)]


def _opens(definitions: Definitions, address: Address) -> bool:
    metric = definitions.metrics[address.metric]
    if metric.points_to or "*" in address.cut or isinstance(metric.variants[0].spec, Derived):
        return False
    parts = definitions.parts(metric.id)[len(address.cut) :]
    return all(part.default != "none" for part in parts)


def by_duckdb(entries: pl.DataFrame, shape: Shape, stat: str | None, days: int) -> float | None:
    """The value by SQL over the printed entries, written from the definition of the three reducers."""
    con = duckdb.connect()
    own = [shape.contrast[0]] if shape.contrast else []
    columns = ("side", "amount", "weight", "status", *own)
    con.register("entries", entries.with_columns(pl.col("status").cast(pl.String)).select(columns).to_arrow())
    if shape.contrast:
        column, *values = shape.contrast
        shares = [
            f"(select sum(amount) filter (side = 'numerator') / nullif(sum(amount) filter (side = 'denominator'), 0)"
            f" from entries where status = 'counted' and {column} = '{value}')"
            for value in values
        ]
        lift = con.sql(f"select {shares[0]} / nullif({shares[1]}, 0)").fetchall()[0][0]
        return None if lift is None else float(lift)
    if shape.how == "quantile":
        share = {"median": 0.5}.get(stat or "")
        share = share if share is not None else (None if stat == "mean" else int((stat or "p50")[1:]) / 100)
        what = "avg(amount::double)" if share is None else f"quantile_cont(amount::double, {share})"
        sql = f"""with each as (select amount, status from entries, unnest(range(weight)))
                  select {what}, count(*) filter (status = 'counted'),
                  (select count(*) from each where status = 'open') from each where status = 'counted'"""
        value, reached, waiting = con.sql(sql).fetchall()[0]
        if value is None or (share is not None and reached < (reached + waiting) / 2):
            return None
        return float(value) / round(1 / shape.scale)
    sql = """select sum(amount) filter (side = 'numerator'), sum(amount) filter (side = 'denominator')
             from entries where status = 'counted'"""
    top, bottom = con.sql(sql).fetchall()[0]
    top, bottom = int(top or 0), int(bottom or 0)
    if shape.how == "sum":
        return float(top) * shape.scale / days
    if bottom == 0:
        return None
    return float(top) * shape.sides[0] / (float(bottom) * shape.sides[1]) * shape.scale


def the_last_complete(values: pl.DataFrame) -> tuple[date, float | None] | None:
    rows = values.filter(pl.col("status").is_in(["ok", "low_n", "not_reached", "undefined", "maturing"])).sort("period")
    return (rows["period"][-1], rows["value"][-1]) if rows.height else None


def test_there_are_numbers_to_open() -> None:
    assert len(numbers()) > 100


@pytest.mark.parametrize("share", range(8))
def test_entries_reduce_to_every_value(share: int) -> None:
    definitions, done, _ = street()
    for text in numbers()[share::8]:
        address = definitions.address(text)
        found = the_last_complete(of_address(definitions, done.values, address))
        if found is None:
            continue
        period, value = found
        grain = Grain(definitions.metrics[address.metric].grain)
        live = done.live_of(address.metric)
        entries = entries_of(live, address, Periods(definitions.settings.calendar, grain, (period,)), {})
        again = by_duckdb(
            entries.rows, entries.shape, address.stat or (entries.shape.stats or (None,))[0], entries.days
        )
        assert (again is None) == (value is None), (text, value, again)
        if value is not None:
            assert again == pytest.approx(value, rel=1e-12, abs=1e-12), text


def test_ledger_by_account_adds_up_to_the_value() -> None:
    opened = ledger(METRICS, "mrr")
    assert opened.reduced == opened.header["value"]
    assert opened.entries["numerator"].sum() == pytest.approx(opened.header["value"], abs=1e-6)


def test_changes_by_account_add_up_to_the_change() -> None:
    now = ledger(METRICS, "completion_rate.invoicing", period="2026-W45")
    before = ledger(METRICS, "completion_rate.invoicing", period="2026-W44")
    changes = ledger(METRICS, "completion_rate.invoicing", period="2026-W45", against="2026-W44")
    assert changes.entries["change"].sum() == pytest.approx(now.header["value"] - before.header["value"], abs=1e-12)


def test_source_rows_of_one_account() -> None:
    opened = ledger(METRICS, "tickets_per_100", depth="row", period="2026-W45")
    con = duckdb.connect()
    count = con.sql(f"""select count(*) from read_csv('{ROOT}/examples/ledgerly/data/tickets.csv.gz')""").fetchall()[0][
        0
    ]
    tickets = opened.entries.filter(pl.col("source") == "tickets")
    assert 0 < tickets.height < count
    assert opened.reduced is None


def test_source_rows_of_a_log_that_lacks_what_the_filter_reads(tmp_path: Path) -> None:
    """A log of statuses has no outcomes; a cell that is no number is empty, and no column says so."""
    rows = "at,kind,name,status,duration_ms\n2026-10-01T10:00:00Z,api,a,404,7\n2026-10-01T10:00:00Z,api,b,500,x\n"
    (tmp_path / "requests.csv").write_text(rows, encoding="utf-8")
    (tmp_path / "metrics.yaml").write_text("version: 1\nsources: {requests: {path: requests.csv}}\n", encoding="utf-8")
    opened = ledger(
        tmp_path / "metrics.yaml", "api_error_rate", depth="row", period="2026-W40", as_of=date(2026, 10, 31)
    )
    assert opened.header["numerator"] == 1
    assert sorted(opened.entries["name"]) == ["a", "b"]
    assert set(opened.entries.columns) == {"source", "at", "kind", "name", "status", "duration_ms"}
