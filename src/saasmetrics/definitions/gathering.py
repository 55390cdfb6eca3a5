"""Gathering: which numbers can be added up over time, or read of one account, as far as is known without data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saasmetrics.definitions.inputs import Input
from saasmetrics.finding import InputError

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions

READ_PARTS = ("expansion", "contraction", "churn", "net")
"""Parts of a movement that follow from what an account has in two windows."""

GATHERED = "gather up what happens: rows, active accounts or users, movements, conversions"

READ = "read sums, ratios, what is there at a date, active accounts or users, milestones"


def not_gathered(definitions: Definitions, given: Input) -> str | None:
    """Why a number cannot be gathered up; null when it can, or when something else is wrong with it."""
    try:
        name = definitions.resolved_input(given, "").address.metric
        shape, metric = definitions.shape(name), definitions.metrics[name]
    except (InputError, KeyError):
        return None
    if metric.type == "net_retention":
        return None
    if shape.time == "stock":
        return f"`{name}` is there at a date: it does not add up over time"
    if shape.time == "window":
        return f"`{name}` is made anew for each period: it does not add up over time"
    if metric.type == "ratio":
        spec, scope = metric.variants[0].spec, definitions.scope(name)
        if scope.shape_of(spec.numerator).per and not scope.shape_of(spec.denominator).per:
            return f"`{name}` divides a mean over days: it does not add up over time"
    return None


def not_read(definitions: Definitions, given: Input, owner: str) -> str | None:
    """Why a number has no value of one account over a window; null when it has, or when something else is wrong."""
    try:
        name = definitions.resolved_input(given, owner).address.metric
        shape, metric = definitions.shape(name), definitions.metrics[name]
    except (InputError, KeyError):
        return None
    spec, called = metric.variants[0].spec, name.partition("#")[0] if "#" in name else f"`{name}`"
    if metric.type == "derived" or shape.how == "quantile":
        kind = "arithmetic over other numbers" if metric.type == "derived" else "a quantile"
        return f"{called} is {kind}: it has no value of one account"
    if metric.type == "movement" and spec.part not in READ_PARTS:
        return f"{called} is `{spec.part}`, which two windows cannot tell: {', '.join(READ_PARTS)} can be read"
    if metric.type == "active" and spec.measure in ("silent", "trend", "lifecycle"):
        return f"{called} sorts accounts: it has no value of one"
    if metric.type == "active" and shape.time == "window" and spec.window == "calendar":
        return f"{called} is made anew for each period: give it a `window` of its own"
    if metric.type == "ratio":
        scope = definitions.scope(name)
        if scope.shape_of(spec.numerator).per and not scope.shape_of(spec.denominator).per:
            return f"{called} divides a mean over days: it has no value of one account"
        sides = (not_read(definitions, side, name) for side in (spec.numerator, spec.denominator))
        return next((reason for reason in sides if reason), None)
    return None
