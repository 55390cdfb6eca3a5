"""The oracle: every metric type in plain Python, slow, written from the formulas and from nothing of the tool."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from datetime import date, datetime
from fractions import Fraction
from typing import Any

from oracle import (
    adoption,
    counting,
    crediting,
    gathering,
    journeys,
    money,
    outages,
    scores,
    selling,
    sessions,
    sorting,
    stalls,
)
from oracle.counting import judged
from oracle.shapes import ACCOUNTLESS, OVERLAP, UNATTRIBUTED, Asked, Cell, Company, Key, Metric, later, share

__all__ = ["Cell", "Company", "compute"]

Answer = dict[tuple[str | None, str | None, date, str | None], Cell]
"""Cut, stat, period, segment value (None for the total) to cell."""

PLAIN: Mapping[str, Callable[[Company, Metric, Asked], dict[Key, Cell]]] = {
    "simple": counting.simple,
    "active": counting.active,
    "adopted": adoption.adopted,
    "depth": adoption.depth,
    "stickiness": counting.stickiness,
    "trend": sorting.trend,
    "lifecycle": sorting.lifecycle,
    "taken_up": sorting.taken_up,
    "sessions": sessions.sessions,
    "self_serve": sessions.self_serve,
    "stock": money.stock,
    "conversion": journeys.conversion,
    "duration": journeys.duration,
    "retention": journeys.retention,
    "tiers": journeys.tiers,
    "leads": selling.leads,
    "open_deals": selling.open_deals,
    "pooled": selling.pooled,
    "impact": outages.impact,
    "stalls": stalls.stalls,
    "attribution": crediting.attribution,
}
PLAN = "plan"
"""The segment that subscriptions carry themselves."""
ROLE = "role"
"""The segment that users bring; every other one is an attribute of accounts."""


def compute(
    company: Company,
    metric: Metric,
    *,
    grain: str,
    periods: Sequence[date],
    as_of: datetime,
    timezone: str = "UTC",
    by: str | None = None,
) -> Answer:
    """The cells of one metric, in total and, with `by`, for every value of a segment.

    Formula of a segment: the metric of a company that has only the rows of the accounts with that value. What the
    values then lack of the total, because a thing lies in several of them, is `(overlap)`.
    """
    asked = Asked(grain, tuple(periods), as_of, timezone)
    if any(f"'milestone': '{name}'" in repr(metric) for name in company.scores):
        company = scores.with_milestones(company, asked, _of)
    return {
        (*key, value): cell
        for value, cells in _by_value(company, metric, asked, by).items()
        for key, cell in cells.items()
    }


def _by_value(company: Company, metric: Metric, asked: Asked, by: str | None) -> dict[str | None, dict[Key, Cell]]:
    total: dict[str | None, dict[Key, Cell]] = {None: _of(company, metric, asked)}
    if by is not None and "," in by:
        return total | _crossed(company, metric, asked, by)
    if by == PLAN:
        return total | _by_plan(company, metric, asked)
    if by == ROLE:
        return total | _by_role(company, metric, asked)
    return total | _by_attribute(company, metric, asked, by, total[None]) if by else total


def _crossed(company: Company, metric: Metric, asked: Asked, by: str) -> dict[str | None, dict[Key, Cell]]:
    """By an attribute of accounts and a segment more: of each value of the first the split by the second."""
    first, second = by.split(",")
    out: dict[str | None, dict[Key, Cell]] = {}
    for value, accounts in company.groups(first).items():
        if value != UNATTRIBUTED or metric.get("source") in ACCOUNTLESS:
            inner = _by_value(company.of(accounts), metric, asked, second)
            out |= {f"{value},{each}": cells for each, cells in inner.items() if each not in (None, OVERLAP)}
    return out


def _by_plan(company: Company, metric: Metric, asked: Asked) -> dict[str | None, dict[Key, Cell]]:
    out: dict[str | None, dict[Key, Cell]] = {}
    if metric["type"] in ("movement", "net_retention"):
        of = money.movement if metric["type"] == "movement" else money.net_retention
        for (value, period), cell in of(company, metric, asked, PLAN).items():
            out.setdefault(value, {})[None, None, period] = cell
    elif metric["type"] == "stock":
        for plan in {str(row.get(PLAN)) for row in company.rows("subscriptions")}:
            rows = [row for row in company.rows("subscriptions") if str(row.get(PLAN)) == plan]
            out[plan] = _of(Company({**company.roles, "subscriptions": rows}, company.workflows), metric, asked)
    else:
        for value, holds in money.by_plan_at_cell_end(company, asked).items():
            out[value] = _of(company, {**metric, "only_when": holds}, asked)
    return out


def _by_role(company: Company, metric: Metric, asked: Asked) -> dict[str | None, dict[Key, Cell]]:
    """A user counts under each of its roles; what names no user of the account is unattributed."""
    groups: dict[str, set[tuple[str, str]] | None] = {**company.members_by_role(), UNATTRIBUTED: None}
    return {role: _of(company.of_members(members), metric, asked) for role, members in groups.items()}


def _by_attribute(
    company: Company, metric: Metric, asked: Asked, by: str, total: Mapping[Key, Cell]
) -> dict[str | None, dict[Key, Cell]]:
    out: dict[str | None, dict[Key, Cell]] = {}
    for value, accounts in company.groups(by).items():
        if value != UNATTRIBUTED or metric.get("source") in ACCOUNTLESS:
            only = {**metric, "only": accounts}
            out[value] = _of(company, only, asked) if "last_per" in metric else _of(company.of(accounts), metric, asked)
    if metric.get("entity") == "person" or metric.get("agg") == "count_distinct":
        out[OVERLAP] = _overlap(total, out)
    return out


def _overlap(total: Mapping[Key, Cell], parts: Mapping[str | None, Mapping[Key, Cell]]) -> dict[Key, Cell]:
    out = {}
    for key, cell in total.items():
        there = [Fraction(cells[key].value or 0) for cells in parts.values() if key in cells]
        value = Fraction(cell.value or 0) - sum(there, Fraction(0))
        out[key] = Cell(value, value, status=cell.status)
    return out


def _of(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    kind = metric["type"]
    if kind in PLAIN:
        return PLAIN[kind](company, metric, asked)
    if kind in ("movement", "net_retention"):
        of = money.movement if kind == "movement" else money.net_retention
        return {(None, None, period): cell for (_, period), cell in of(company, metric, asked, None).items()}
    if kind == "score":
        return scores.score(company, metric, asked, _of)
    if kind == "lift":
        return scores.lift(company, metric, asked, _of)
    if kind == "cumulative":
        return gathering.cumulative(company, metric, asked, _of)
    return ratio(company, metric, asked) if kind == "ratio" else derived(company, metric, asked)


def ratio(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """One metric over another. Formula: scale x N / D; a cut of N listed in `whole` is divided by the undivided D."""
    numerators = _input(company, metric["numerator"], asked)
    denominators = _input(company, metric["denominator"], asked)
    scale = Fraction(str(metric.get("scale", 1)))
    out: dict[Key, Cell] = {}
    for (cut, stat, period), n in numerators.items():
        d = denominators.get((None, None, period)) if metric.get("whole") else denominators.get((cut, None, period))
        top, below = Fraction(n.value or 0), Fraction((d.value if d else None) or 0)
        value = share(top, below, scale)
        entries = d.entries if d else 0
        status = judged(asked, period, value, counted=entries, of_rate=True)
        out[cut, stat, period] = Cell(value, top, below, entries, 0, 0, status)
    return out


def derived(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Arithmetic over other metrics.

    Formula: `expr`; null when an input is, when nothing is divided by, or when `positive` is not above zero. `longest`
    names inputs that are rates a month, with the months nothing lasts longer than: less than one in so many is one.
    """
    inputs = {name: _input(company, given, asked) for name, given in metric["input_metrics"].items()}
    tree = ast.parse(metric["expr"], mode="eval").body
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        cells = {name: found.get((None, None, period)) for name, found in inputs.items()}
        given = {name: cell.value if cell else None for name, cell in cells.items()}
        for name, months in metric.get("longest", {}).items():
            rate = given[name]
            given[name] = None if rate is None else max(Fraction(rate), 1 / Fraction(months))
        value = _evaluated(tree, given)
        if "positive" in metric:
            needed = _evaluated(ast.parse(metric["positive"], mode="eval").body, given)
            value = value if needed is not None and needed > 0 else None
        if metric.get("running") and asked.over(period):
            value = None
        out[None, None, period] = Cell(value, status=judged(asked, period, value, counted=0, of_rate=False))
    return out


def _input(company: Company, given: Mapping[str, Any], asked: Asked) -> dict[Key, Cell]:
    """A metric, or `{metric: ..., where: {attribute: [values]}, offset: 1mo}`."""
    if "metric" not in given:
        return _of(company, given, asked)
    for attribute, values in given.get("where", {}).items():
        groups = company.groups(attribute)
        company = company.of(set().union(*(groups.get(value, set()) for value in values)))
    if "offset" not in given:
        return _of(company, given["metric"], asked)
    if given["metric"]["type"] == "stock":
        return _of(company, {**given["metric"], "offset": given["offset"]}, asked)
    earlier = {later(period, given["offset"], -1): period for period in asked.periods}
    before = Asked(asked.grain, tuple(earlier), asked.as_of, asked.timezone)
    cells = _of(company, given["metric"], before)
    return {(cut, stat, earlier[period]): cell for (cut, stat, period), cell in cells.items()}


def _evaluated(node: ast.expr, values: Mapping[str, Any]) -> Fraction | None:
    if isinstance(node, ast.Name):
        value = values[node.id]
        return None if value is None else Fraction(value)
    if isinstance(node, ast.Constant):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp):
        inner = _evaluated(node.operand, values)
        return None if inner is None else -inner
    assert isinstance(node, ast.BinOp)
    left, right = _evaluated(node.left, values), _evaluated(node.right, values)
    if left is None or right is None or (isinstance(node.op, ast.Div) and not right):
        return None
    if isinstance(node.op, ast.Div):
        return left / right
    if isinstance(node.op, ast.Mult):
        return left * right
    return left + right if isinstance(node.op, ast.Add) else left - right
