"""Views: every own one, team, level, stage and bundle by its name; how often a metric is looked at, how it stands."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import pytest

from conftest import ROOT
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.goals import Target
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import BUNDLES, LEVELS, STAGES, TEAMS, Ask, of_view, wishes
from saasmetrics.finding import InputError
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.period import Grain
from saasmetrics.review.targets import verdict


@pytest.fixture(scope="module")
def example() -> Definitions:
    return load(ROOT / "metrics.yaml", REGISTRY)


def shown(definitions: Definitions, view: str) -> set[str]:
    addresses, _ = wishes(definitions, of_view(definitions, Ask(view=view)))
    return {address.metric for address in addresses}


def test_every_name_is_a_view_of_the_metrics_that_bear_it(example: Definitions) -> None:
    visible = {name for name, metric in example.metrics.items() if metric.publish and "#" not in name}
    about = {name: example.metrics[name] for name in visible}
    for team in {*TEAMS, *example.settings.teams}:
        assert shown(example, team) == {name for name in visible if team in about[name].team}, team
    for level in LEVELS:
        assert shown(example, level) == {name for name in visible if about[name].level == level}, level
    for stage in STAGES:
        assert shown(example, stage) == {name for name in visible if stage in about[name].stage}, stage
    for bundle in BUNDLES:
        assert shown(example, bundle) == set(example.bundle(bundle)), bundle
    assert set().union(*(shown(example, level) for level in LEVELS)) == visible


def test_a_view_of_the_file_brings_its_split_its_part_its_grain_and_its_periods(example: Definitions) -> None:
    assert {*example.views} == {"board", "churn_watch", "stock"}
    for name, view in example.views.items():
        asked = of_view(example, Ask(view=name))
        assert asked.by == tuple((segment,) for segment in view.by), name
        assert asked.where == {segment: tuple(values) for segment, values in view.where.items()}, name
        assert asked.grain == (Grain(view.grain) if view.grain else None), name
        assert asked.periods == view.periods, name
    assert shown(example, "board") >= {"mrr", "net_new_mrr", "nrr", "grr", "ltv_cac", *example.bundle("weekly")}
    assert shown(example, "churn_watch") == {"usage_trend", "health_score", "role_gap", "tier_stalls"}
    own = Ask(view="board", by=(("size",),), grain=Grain.WEEK, periods=3)
    assert of_view(example, own) == own


def test_a_name_that_is_no_view_and_one_that_has_no_metric(example: Definitions) -> None:
    idle = replace(example, metrics={name: replace(metric, team=()) for name, metric in example.metrics.items()})
    for definitions, name, said in (
        (example, "bord", "there is no view `bord`"),
        (idle, "sales", "the view `sales` has no metric"),
    ):
        with pytest.raises(InputError) as error:
            shown(definitions, name)
        assert [finding.message for finding in error.value.findings] == [said]


def test_how_often_a_metric_is_looked_at_follows_from_its_level(example: Definitions) -> None:
    wanted = {"north_star": "weekly", "core": "weekly", "supporting": "monthly", "operational": "daily"}
    written: dict[str, Any] = example.written.data.get("metrics", {})
    for name, metric in example.metrics.items():
        if "review" not in (written.get(name) or {}):
            assert metric.review == wanted[metric.level], name


PACED: dict[str, Any] = {"metric": "mrr", "reach": ">= 200", "from": "100", "set": "2026-01-01", "by": "2026-12-31"}
LATER: dict[str, Any] = {**PACED, "reach": ">= 400", "by": "2027-12-31"}


@pytest.mark.parametrize(
    ("target", "value", "at", "today", "word"),
    [
        (PACED, 200.0, date(2026, 7, 2), date(2026, 7, 3), "met"),
        (PACED, 150.0, date(2026, 7, 2), date(2026, 7, 3), "on track"),  # 182 of 364 days: the line is at 150
        (PACED, 149.9, date(2026, 7, 2), date(2026, 7, 3), "behind"),
        (PACED, 199.9, date(2026, 12, 1), date(2027, 1, 1), "missed"),
        (LATER, 175.0, date(2026, 7, 2), date(2026, 7, 3), "on track"),  # 182 of 729 days: 100 + 300 x 0.24966 = 174.9
        (LATER, 174.0, date(2026, 7, 2), date(2026, 7, 3), "behind"),
        ({"metric": "mrr", "keep": ">= 100"}, 99.0, date(2026, 7, 2), date(2026, 7, 3), "behind"),
        ({"metric": "mrr", "keep": ">= 100"}, 100.0, date(2026, 7, 2), date(2026, 7, 3), "met"),
        ({**PACED, "reach": "<= 50"}, 75.0, date(2026, 7, 2), date(2026, 7, 3), "on track"),
        ({**PACED, "reach": "<= 50"}, 75.1, date(2026, 7, 2), date(2026, 7, 3), "behind"),
        (PACED, None, date(2026, 7, 2), date(2026, 7, 3), "not judged"),
    ],
)
def test_a_number_stands_by_the_pace_to_its_target(
    target: dict[str, Any], value: float | None, at: date, today: date, word: str
) -> None:
    """The line goes straight from the baseline on the day it was set to the target on the day it is due."""
    assert verdict(Target.model_validate(target), value, at, today, "currency").word == word
