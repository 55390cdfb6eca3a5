"""Features: who has adopted one, and how many an account uses."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from datetime import date
from fractions import Fraction
from typing import Any

from oracle.counting import Member, active_in, judged
from oracle.happenings import chosen, number_of
from oracle.shapes import Asked, Cell, Company, Key, Metric, share

Feature = Mapping[str, Any]
"""A block of `features`: rows, and `eligible`, a mapping of columns of accounts to values."""


def adopters(
    company: Company, feature: Feature, policies: Mapping[str, Any], entity: str, asked: Asked, period: date
) -> set[Member]:
    """Eligible accounts, or members, with so many uses on so many days of the period.

    Formula: `at_least` and `on_days` of the feature, else policies `feature_uses` (3) and `feature_days` (2).
    """
    uses = feature.get("at_least", policies.get("feature_uses", 3))
    days = feature.get("on_days", policies.get("feature_days", 2))
    allowed = eligible(company, feature)
    groups: dict[Member, list[Any]] = defaultdict(list)
    for use in chosen(company, {key: value for key, value in feature.items() if key != "at_least"}, asked):
        there = period <= asked.day(use.at) < asked.end(period)
        if there and use.account in allowed and (entity == "account" or use.user is not None):
            groups[use.account, None if entity == "account" else use.user].append(use)
    return {
        member
        for member, found in groups.items()
        if number_of(found) >= uses and len({asked.day(use.at) for use in found}) >= days
    }


def eligible(company: Company, feature: Feature) -> set[str | None]:
    """Accounts that may use a feature: those whose row says so, where it asks for something; else all that act."""
    if "eligible" not in feature:
        return {row["account"] for row in company.rows("events")}
    column, value = next(iter(feature["eligible"].items()))
    return {row["account"] for row in company.rows("accounts") if row.get(column) == value}


def adopted(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Adopters of one feature; with `measure: share` those among the active and eligible, over these."""
    out: dict[Key, Cell] = {}
    entity, feature, policies = metric.get("entity", "account"), metric["feature"], metric.get("policies", {})
    for period in asked.periods:
        found = adopters(company, feature, policies, entity, asked, period)
        number = Fraction(len(found))
        status = judged(asked, period, number, counted=len(found), of_rate=False)
        out[None, None, period] = Cell(number, number, None, len(found), 0, 0, status)
        if metric.get("measure") == "share":
            everybody = _everybody(company, entity, asked, period)
            everybody = {member for member in everybody if member[0] in eligible(company, feature)}
            both, whole = Fraction(len(found & everybody)), Fraction(len(everybody))
            value = share(both, whole)
            status = judged(asked, period, value, counted=len(everybody), of_rate=True)
            out[None, None, period] = Cell(value, both, whole, len(everybody), 0, 0, status)
    return out


def depth(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Different features that active accounts have adopted, over active accounts; integrations are no features."""
    out: dict[Key, Cell] = {}
    features = [feature for feature in metric["features"].values() if feature.get("kind", "feature") == "feature"]
    for period in asked.periods:
        everybody = _everybody(company, "account", asked, period)
        used = Fraction(0)
        for feature in features:
            used += len(adopters(company, feature, metric.get("policies", {}), "account", asked, period) & everybody)
        value = share(used, Fraction(len(everybody)))
        status = judged(asked, period, value, counted=len(everybody), of_rate=True)
        out[None, None, period] = Cell(value, used, Fraction(len(everybody)), len(everybody), 0, 0, status)
    return out


def _everybody(company: Company, entity: str, asked: Asked, period: date) -> set[Member]:
    rule = company.active.get("account" if entity == "account" else "user") or {"workflow": "core"}
    return active_in(company, rule, {"entity": entity}, asked, period)[0]
