"""Chained retention: with policy `retention: chained` a long window is the product of its months."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from saasmetrics.definitions.hidden import hide_inputs
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.metric import Metric, Variant
from saasmetrics.definitions.resolve import Resolver
from saasmetrics.definitions.scalars import Duration


def chain(resolver: Resolver) -> None:
    """Make arithmetic over its own months of every retention that is chained over more than one."""
    for name, metric in list(resolver.definitions.metrics.items()):
        if metric.type == "net_retention" and metric.policies.retention == "chained" and name in resolver.entries:
            specs = [variant.spec for variant in metric.variants]
            if len(specs) == 1 and specs[0].chains(metric.policies):
                _chain(resolver, metric, specs[0])


def _chain(resolver: Resolver, metric: Metric, spec: Any) -> None:
    definitions = resolver.definitions
    # The months are this very metric over one month: what its own name stands for inside its formula.
    name = metric.id.rpartition("#policies.")[2]
    month = f"{metric.id}#policies.{name}"
    over = spec.model_copy(update={"over": Duration(1, "mo"), "lost": False})
    definitions.metrics[month] = replace(metric, id=month, variants=(Variant((), over),), publish=False)
    resolver.entries[month] = replace(resolver.entries[metric.id], id=month, policies=metric.policies)
    hide_inputs(resolver, month)
    definitions.hidden[metric.id, name] = month
    months = {f"month_{back}": Duration(back, "mo") for back in range(spec.over.months)}
    product = " * ".join(months)
    formula = resolver.registry["derived"](
        expr=f"1 - {product}" if spec.lost else product,
        input_metrics={alias: Input(metric=name, offset=offset) for alias, offset in months.items()},
        grains=("month",),
        by_last_month=True,
    )
    definitions.metrics[metric.id] = replace(metric, type="derived", variants=(Variant((), formula),))
