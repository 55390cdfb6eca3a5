"""Subscriptions one by one: which stocks can be told of each."""

from __future__ import annotations

from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.scope import Scope
from saasmetrics.ledgers.stock import Stock


def no_subscriptions(scope: Scope, of: Input) -> str | None:
    """Why a stock cannot be told by subscription; null where it can."""
    name = scope.input(of).address.metric
    below = scope.definitions.metrics.get(name)
    specs = [variant.spec for variant in below.variants] if below else []
    if not all(isinstance(spec, Stock) and spec.holds_subscriptions(scope) for spec in specs):
        return f"`entity: subscription` needs a stock of subscriptions, and {name.partition('#')[0]} is none"
    policies = scope.policies
    if policies.recurring_from == "invoices" or policies.usage == "trailing":
        said = "recurring_from: invoices" if policies.recurring_from == "invoices" else "usage: trailing"
        return f"`entity: subscription` reads subscriptions, and policy `{said}` lines of invoices"
    return None
