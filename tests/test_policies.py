"""Policies, engine against oracle: random companies, each choice beside the default."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import given

import company as companies
import questions
from oracle import Cell, Company, compute
from test_agreement import SPANS, Key, differences, engine, moments, thorough, zones

FUNNEL: dict[str, Any] = {"type": "conversion", "steps": questions.STEPS, "within": "10d"}
STOPPED: dict[str, Any] = {**FUNNEL, "exclude": {"event": "other"}}
BACK: dict[str, Any] = {"type": "retention", "ages": ["1mo", "2mo"]}


def _under(metric: dict[str, Any], **policies: Any) -> dict[str, Any]:
    return {**metric, "policies": policies}


def _moved(part: str, window: str) -> dict[str, Any]:
    return _under({"type": "movement", "of": "recurring", "part": part}, reactivation_window=window)


METRICS: dict[str, dict[str, Any]] = {
    "recurring": questions.METRICS["recurring"],
    "all_count": _under(FUNNEL, immature="dropped"),
    "early_count": _under(FUNNEL, immature="converters"),
    "runs_early": _under(questions.METRICS["completion"], immature="converters"),
    "firsts": _under(FUNNEL, entry="first"),
    "latest": _under(FUNNEL, entry="latest"),
    "chained": _under(FUNNEL, window_anchor="previous_step"),
    "apart": _under(FUNNEL, ties="strict"),
    "apart_any": _under({**FUNNEL, "order": "any"}, ties="strict"),
    "stopped": STOPPED,
    "gone": _under(STOPPED, exclusion="drop_entity"),
    "later_too": _under(BACK, came_back="on_or_after"),
    "streak": _under(BACK, came_back="streak"),
    "back_early": _under(BACK, immature="converters"),
    "back_all": _under(BACK, immature="dropped"),
    "new_again": _moved("new", "1mo"),
    "back_soon": _moved("reactivation", "1mo"),
    "never_left": _under({"type": "net_retention", "of": "recurring", "over": "3mo"}, retention="continuous"),
    "yearly": _under(
        {"type": "net_retention", "of": "recurring", "over": "1mo", "count": True, "lost": True}, churn_annualised=True
    ),
}


@given(company=companies.companies(), timezone=zones, as_of=moments)
@thorough
def test_choices(company: Company, timezone: str, as_of: datetime) -> None:
    with TemporaryDirectory() as folder:
        path = companies.write(company, Path(folder), METRICS, timezone)
        values = engine(path, list(METRICS), "month", as_of, None)
    cells: dict[Key, Cell] = {}
    for name, metric in METRICS.items():
        asked = questions.for_oracle(metric)
        answer = compute(company, asked, grain="month", periods=SPANS["month"], as_of=as_of, timezone=timezone)
        cells |= {(name, *key): cell for key, cell in answer.items()}
    wrong = differences(values, cells)
    assert not wrong, "\n" + "\n".join(wrong)
