"""Gathering: which numbers can be added up over time, as far as that is known without data."""

from __future__ import annotations

from typing import TYPE_CHECKING

from saasmetrics.definitions.inputs import Input
from saasmetrics.finding import InputError

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions

GATHERED = "gather up what happens: rows, active accounts or users, movements, conversions"


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
