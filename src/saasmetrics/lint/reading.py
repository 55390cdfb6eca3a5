"""Reading: a definition file as the rules look at it: what it publishes, what is its own, and where that stands."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from functools import cached_property
from typing import Any

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.answering import nodes_under, roles_under
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.dependencies import Node
from saasmetrics.definitions.metric import Metric
from saasmetrics.document import Path


@dataclass(frozen=True)
class Reading:
    """A file under the rules. `today` is the day against which due dates are held, where the caller has one."""

    definitions: Definitions
    today: date | None = None

    @cached_property
    def published(self) -> tuple[Metric, ...]:
        """The published metrics that can be computed, the one that a north star stands for among them."""
        definitions = self.definitions
        names = [address.metric for address in definitions.published()]
        names += [star.partition(".")[0] for star in self.stars.values()]
        found = (definitions.metrics[name] for name in dict.fromkeys(names) if name in definitions.metrics)
        return tuple(metric for metric in found if metric.missing is None and metric.status != "retired")

    @cached_property
    def names(self) -> frozenset[str]:
        """Names of the published metrics."""
        return frozenset(metric.id for metric in self.published)

    @cached_property
    def own(self) -> tuple[Metric, ...]:
        """The file's own metrics, published or not: neither of the catalogue nor retired."""
        named = (self.definitions.metrics.get(name) for name in self.definitions.named)
        return tuple(metric for metric in named if metric and not metric.catalogue and metric.status != "retired")

    @cached_property
    def answered(self) -> tuple[Metric, ...]:
        """Whoever answers for published numbers: the metrics, and addresses with governance of their own."""
        governed = (self.definitions.governed.get(name) for name in self.definitions.named)
        return (*(m for m in self.published if not m.pointers), *(m for m in governed if m and m.publish))

    @cached_property
    def stars(self) -> dict[str, str]:
        """North stars: the address by product, of the whole company under the empty name."""
        definitions = self.definitions
        stars = {"": definitions.north_star} | {name: block.north_star for name, block in definitions.products.items()}
        return {name: star for name, star in stars.items() if star}

    @cached_property
    def core(self) -> tuple[str, ...]:
        """Names of the core workflows."""
        return tuple(name for name, block in self.definitions.workflows.items() if block.core)

    def spot(self, metric: Metric) -> Path:
        """Where a metric stands in the file: under its name, or as the bundle that brings it."""
        definitions, name = self.definitions, metric.id.partition("#")[0]
        for path in (("metrics", name), ("scores", name)):
            if definitions.written.knows(path):
                return path
        for number, bundle in enumerate(definitions.publish):
            if name in definitions.bundle(bundle):
                return ("publish", number)
        return star_spot(next((product for product, star in self.stars.items() if star.split(".")[0] == name), ""))

    def written(self, metric: Metric, *keys: str | int) -> Path:
        """The path of a key of a metric, where the file writes the metric; else that of the metric."""
        path = self.spot(metric)
        return (*path, *keys) if path[0] in ("metrics", "scores") else path

    @cached_property
    def _known(self) -> dict[tuple[str, str], frozenset[Any]]:
        """What was found out already; many rules ask the same of the same metric."""
        return {}

    def under(self, metric: Metric) -> frozenset[Node]:
        """All that a metric rests on, itself included."""
        whole = self.whole(metric)
        if (found := self._known.get(("under", whole.id))) is None:
            found = self._known["under", whole.id] = nodes_under(self.definitions, whole)
        return found

    def roles(self, metric: Metric) -> frozenset[str]:
        """Roles of the rows that a metric reads."""
        whole = self.whole(metric)
        if (found := self._known.get(("roles", whole.id))) is None:
            found = self._known["roles", whole.id] = roles_under(self.definitions, whole)
        return found

    def whole(self, metric: Metric) -> Metric:
        """The metric of which this may be one address."""
        return self.definitions.metrics[metric.id.partition(".")[0]]

    def reading_of(self, names: frozenset[str]) -> Iterator[Metric]:
        """The published metrics that are one of these, or rest on one."""
        for metric in self.published:
            if any(kind == "metric" and name in names for kind, name in self.under(metric)):
                yield metric

    def star(self, product: str) -> Address:
        """The number that a north star names."""
        return self.definitions.address(self.stars[product])

    def spec(self, metric: Metric) -> Any:
        """The first spec of a metric, which its others resemble; null for one without."""
        return metric.variants[0].spec if metric.variants else None

    def specs(self, address: Address) -> tuple[Any, ...]:
        """The specs behind an address: of one label of a fan-out, else all."""
        metric = self.definitions.metrics[address.metric]
        chosen = [v for v in metric.variants if not address.cut or not v.labels or v.labels[0] == address.cut[0]]
        return tuple(variant.spec for variant in chosen or metric.variants)


def star_spot(product: str) -> Path:
    """Where a north star is written."""
    return ("products", product, "north_star") if product else ("north_star",)


def about(metric: Metric) -> str:
    """The object of a finding about a metric."""
    return f"metric.{metric.id}"
