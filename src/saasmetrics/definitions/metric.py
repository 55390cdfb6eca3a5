"""Metric: one number's definition, resolved: its meaning, its variants, and who answers for it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, Protocol

from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.references import references
from saasmetrics.finding import Location
from saasmetrics.frames.ledger import Shape
from saasmetrics.period import Grain

if TYPE_CHECKING:
    from saasmetrics.definitions.scope import Scope

Headline = frozenset[str] | Literal["all", "none"] | tuple[tuple[tuple[str, ...], str], ...]

TOTAL = ""
"""Label of the variant that only stands for all values together, and has no address of its own."""


class Spec(Protocol):
    """What the definitions ask of a metric type."""

    def shape(self, scope: Scope) -> Shape:
        """Parts and stats of its addresses."""
        ...


@dataclass(frozen=True)
class Variant:
    """One filled-in form of a metric. `labels` are its values of the metric's `each` columns."""

    labels: tuple[str, ...]
    spec: Any


@dataclass(frozen=True)
class Metric:
    """One metric, resolved.

    Edges: without fan-out there is one variant, without labels. `headline` says, per column of `each`, which labels a
    shortened address means. `missing` says why it cannot be computed with this file; `variants` may be empty then.
    A pointer (`points_to`, or `pointers` by product) has no variants: it is the metric that it names. `unit` is
    `currency` for money of the reporting currency.
    """

    id: str
    type: str
    variants: tuple[Variant, ...] = ()
    each: tuple[str, ...] = ()
    headline: tuple[Headline, ...] = ()
    family: str = "own"
    grain: Grain = Grain.WEEK
    unit: str = "count"
    format: str = "count"
    label: str = ""
    short_name: str = ""
    description: str | None = None
    level: str = "supporting"
    timing: str = "leading"
    direction: str = "up"
    team: tuple[str, ...] = ()
    stage: tuple[str, ...] = ("early", "growth", "mature")
    owner: str | None = None
    action: Mapping[str, str] = field(default_factory=dict)
    drivers: tuple[str, ...] = ()
    review: str = "monthly"
    segments: tuple[str, ...] = ()
    own_segments: tuple[str, ...] = ()
    """Of `segments`, those that the metric itself names: they must be answered, the rest may be refused."""
    min_sample: int = 20
    status: str = "draft"
    flat: float | None = None
    edition: str | None = None
    publish: bool = True
    ignore: Mapping[str, str] = field(default_factory=dict)
    renamed_from: str | None = None
    policies: Policies = field(default_factory=Policies)
    own_policies: frozenset[str] = frozenset()
    """Policies that the metric itself sets."""
    points_to: str | None = None
    pointers: Mapping[str, str] = field(default_factory=dict)
    missing: str | None = None
    catalogue: bool = False
    location: Location | None = None
    source_text: str = ""
    written: Mapping[str, Any] = field(default_factory=dict)
    """The keys as merged from the catalogue and the file, before references are filled in."""

    @cached_property
    def refers_to(self) -> frozenset[str]:
        """Paths of the references in its keys."""
        return references(dict(self.written))
