"""What must hold between numbers, on integers, for the shipped company: nothing is lost, nothing is counted twice."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import polars as pl
import pytest

from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask
from saasmetrics.frames.values import value_types
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.period import Grain
from saasmetrics.pipeline import Result, compute

METRICS = Path(__file__).parent.parent / "metrics.yaml"
MOVES = ("new_mrr", "expansion_mrr", "contraction_mrr", "churned_mrr", "reactivation_mrr")


@cache
def result(metrics: tuple[str, ...], by: tuple[str, ...] = (), grain: str | None = None, periods: int = 13) -> Result:
    split = (by,) if by else ()
    return compute(METRICS, Ask(metrics, split, grain=Grain(grain) if grain else None, periods=periods))


def units(values: pl.DataFrame, column: str = "value", unit: int = 120_000) -> pl.DataFrame:
    """Values back in whole fixed-point units, so that sums are exact."""
    return values.with_columns((pl.col(column) * unit).round().cast(pl.Int64).alias("units"))


def test_the_frame_has_the_documented_columns() -> None:
    values = result(("mrr",)).values
    assert values.schema == pl.Schema(value_types())


@pytest.mark.parametrize("by", [(), ("plan",), ("industry",), ("plan", "size")])
def test_opening_and_movements_make_closing(by: tuple[str, ...]) -> None:
    moves = (*MOVES, "net_new_mrr")
    values = units(result(("mrr", *moves), by).values)
    values = values.filter(pl.col("segment") == ",".join(by) if by else pl.col("segment").is_null())
    table = values.pivot(on="metric", index=["segment_value", "period"], values="units").sort("segment_value", "period")
    table = table.with_columns(opening=pl.col("mrr").shift(1).over("segment_value")).drop_nulls("opening")
    assert table.height >= 12
    gaps = table.with_columns(gap=pl.col("mrr") - pl.col("opening") - pl.col("net_new_mrr").fill_null(0))
    assert gaps["gap"].abs().max() == 0
    if not by:
        labels = table.with_columns(gap=pl.col("net_new_mrr") - pl.sum_horizontal(MOVES))
        assert labels["gap"].abs().max() == 0


def test_labels_do_not_depend_on_the_split() -> None:
    values = units(result(MOVES, ("plan",)).values)
    total = values.filter(pl.col("segment").is_null()).select("metric", "period", "units")
    parts = values.filter(pl.col("segment") == "plan").group_by("metric", "period").agg(pl.col("units").sum())
    both = total.join(parts, on=["metric", "period"], suffix="_parts", how="left").with_columns(
        pl.col("units_parts").fill_null(0)
    )
    assert both.filter(pl.col("units") != pl.col("units_parts")).is_empty()


def test_months_of_a_movement_add_up_to_its_quarter() -> None:
    months = units(result(MOVES, periods=14).values)
    quarters = units(result(MOVES, grain="quarter", periods=4).values)
    summed = (
        months.with_columns(period=pl.col("period").dt.truncate("1q"))
        .group_by("metric", "period")
        .agg(pl.col("units").sum(), pl.len())
    )
    both = quarters.join(summed.filter(pl.col("len") == 3), on=["metric", "period"], suffix="_months")
    assert both.height >= 10
    assert both.filter(pl.col("units") != pl.col("units_months")).is_empty()


def test_months_of_a_split_flow_add_up_to_its_quarter() -> None:
    names = ("workflow_successes", "invoices_paid_value")
    months = units(result(names, ("plan",), "month", 14).values, unit=10_000)
    quarters = units(result(names, ("plan",), "quarter", 4).values, unit=10_000)
    keys = ["metric", "cut", "segment", "segment_value", "period"]
    summed = (
        months.with_columns(period=pl.col("period").dt.truncate("1q"))
        .group_by(keys)
        .agg(pl.col("units").sum(), pl.len())
    )
    both = quarters.join(summed.filter(pl.col("len") == 3), on=keys, suffix="_months", nulls_equal=True)
    assert both.height >= 10
    assert both.filter(pl.col("units") != pl.col("units_months")).is_empty()


@pytest.mark.parametrize(
    "metric",
    ["workflow_successes", "mrr", "waa", "paying_accounts", "completion_rate.invoicing", "nrr", "activation_rate"],
)
@pytest.mark.parametrize("segment", ["industry", "plan"])
def test_segments_add_up_to_the_total(metric: str, segment: str) -> None:
    values = result((metric,), (segment,)).values
    values = values.filter(pl.col("cut").is_null() if "." not in metric else pl.lit(True))
    ratio = values["denominator"].null_count() < values.height
    for column in ("numerator", "denominator") if ratio else ("numerator",):
        total = units(values.filter(pl.col("segment").is_null()), column).select("period", "units")
        parts = units(values.filter(pl.col("segment") == segment), column).group_by("period").agg(pl.col("units").sum())
        both = total.join(parts, on="period", suffix="_parts", how="left").filter(pl.col("units").is_not_null())
        if metric == "paying_accounts" and segment == "plan":
            # An account with two plans counts under both: the parts may only exceed the total.
            assert both.filter(pl.col("units_parts") < pl.col("units")).is_empty()
            continue
        if metric in ("waa", "mrr", "workflow_successes") or ratio:
            assert both.filter(pl.col("units") != pl.col("units_parts").fill_null(0)).is_empty(), (
                metric,
                segment,
                both,
            )


def test_gross_retention_lies_between_nothing_and_net() -> None:
    values = result(("nrr", "grr"), ("plan",)).values.pivot(
        on="metric", index=["segment", "segment_value", "period"], values="value"
    )
    values = values.drop_nulls(["nrr", "grr"])
    assert values.height > 10
    assert values.filter((pl.col("grr") > pl.col("nrr") + 1e-12) | (pl.col("grr") > 1) | (pl.col("grr") < 0)).is_empty()


def test_one_month_retention_from_movements_is_that_of_the_cohort() -> None:
    values = result(("mrr", *MOVES, "net_revenue_churn", "gross_revenue_churn")).values
    table = values.filter(pl.col("segment").is_null()).pivot(on="metric", index="period", values="value").sort("period")
    table = (
        table.with_columns(opening=pl.col("mrr").shift(1))
        .drop_nulls("opening")
        .filter(pl.col("period") < pl.col("period").max())
    )
    net = (
        1
        - (table["opening"] + table["expansion_mrr"] + table["contraction_mrr"] + table["churned_mrr"])
        / table["opening"]
    )
    gross = -(table["contraction_mrr"] + table["churned_mrr"]) / table["opening"]
    assert (net - table["net_revenue_churn"]).abs().max() < 1e-12  # type: ignore[operator]  # a number, the table has rows
    assert (gross - table["gross_revenue_churn"]).abs().max() < 1e-12  # type: ignore[operator]  # likewise


def test_tiers_and_funnel_steps_never_rise() -> None:
    values = result(("tier_share", "activation_funnel")).values.filter(pl.col("value").is_not_null())
    definitions = load(METRICS, REGISTRY)
    for workflow in ("invoicing", "inventory", "purchase"):
        tiers = list(definitions.workflows[workflow].tiers)
        _never_rises(values, [f"{workflow}.{tier}" for tier in tiers])
    assert definitions.activation is not None
    _never_rises(values, list(definitions.activation.steps))


def _never_rises(values: pl.DataFrame, cuts: list[str]) -> None:
    table = values.filter(pl.col("cut").is_in(cuts)).pivot(on="cut", index="period", values="numerator")
    assert table.height > 3
    for higher, lower in zip(cuts[1:], cuts, strict=False):
        assert table.filter(pl.col(higher) > pl.col(lower)).is_empty()


def test_the_last_funnel_step_is_the_activation_rate() -> None:
    values = result(("activation_rate", "activation_funnel")).values.filter(pl.col("cut").is_null())
    table = values.pivot(on="metric", index="period", values=["numerator", "denominator"])
    assert table.height > 10
    for side in ("numerator", "denominator"):
        assert (table[f"{side}_activation_rate"] == table[f"{side}_activation_funnel"]).all()


def test_stickiness_is_mean_daily_over_monthly() -> None:
    values = result(("stickiness", "dau", "mau"), grain="month").values.filter(pl.col("status") == "ok")
    table = values.pivot(on="metric", index="period", values="value").drop_nulls()
    assert table.height > 5
    assert ((table["dau"] / table["mau"]) - table["stickiness"]).abs().max() < 1e-12  # type: ignore[operator]  # a number
