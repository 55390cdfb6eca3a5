"""Definitions: one file's meaning, resolved; what every later room reads."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.addressing import Addressing
from saasmetrics.definitions.blocks import (
    Activation,
    Active,
    Benchmark,
    Feature,
    Journey,
    Lint,
    Note,
    Policies,
    Product,
    Score,
    Segment,
    Settings,
    Source,
    Target,
    View,
    Workflow,
)
from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.dependencies import Node
from saasmetrics.definitions.inputs import Input, ResolvedInput
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.scope import Scope
from saasmetrics.definitions.written import Written
from saasmetrics.finding import Finding, Location
from saasmetrics.frames.ledger import Part, Shape


@dataclass
class Definitions:
    """A definition file with everything it includes, merged with the catalogue.

    Edges: `metrics` holds the catalogue's, the file's own, the scores with parts, and hidden ones (`OWNER#ALIAS`).
    `governed` holds, by address, the metrics whose governance differs from that of their metric. `findings` are
    warnings: faults never get this far.
    """

    path: Path
    product: str
    settings: Settings = field(default_factory=Settings)
    policies: Policies = field(default_factory=Policies)
    sources: dict[str, Source] = field(default_factory=dict)
    segments: dict[str, Segment] = field(default_factory=dict)
    workflows: dict[str, Workflow] = field(default_factory=dict)
    features: dict[str, Feature] = field(default_factory=dict)
    journeys: dict[str, Journey] = field(default_factory=dict)
    products: dict[str, Product] = field(default_factory=dict)
    activation: Activation | None = None
    active: Active = field(default_factory=lambda: Active.model_validate({}))
    scores: dict[str, Score] = field(default_factory=dict)
    north_star: str | None = None
    publish: tuple[str, ...] = ()
    metrics: dict[str, Metric] = field(default_factory=dict)
    governed: dict[str, Metric] = field(default_factory=dict)
    targets: tuple[Target, ...] = ()
    benchmarks: tuple[Benchmark, ...] = ()
    views: dict[str, View] = field(default_factory=dict)
    lint: Lint = field(default_factory=Lint)
    notes: tuple[Note, ...] = ()
    findings: tuple[Finding, ...] = ()
    data_root: Path | None = None
    named: tuple[str, ...] = ()
    """Keys of `metrics`, as written: metrics and addresses."""
    hidden: dict[tuple[str, str], str] = field(default_factory=dict)
    """Of each owner, the hidden metric that an inline input, or an input under its own policies, became."""
    written: Written = field(default_factory=lambda: Written(Path()))
    """The data as written, and where every node of it stands."""
    resting: dict[Node, tuple[Node, ...]] | None = field(default=None, init=False, repr=False, compare=False)
    """What each node rests on, as far as somebody asked; nothing is kept before all names are resolved."""
    addressing: Addressing = field(init=False)

    def __post_init__(self) -> None:
        self.addressing = Addressing(self)

    def address(self, text: str) -> Address:
        """The number that a text names. Raises: InputError, with the nearest names, when there is none."""
        return self.addressing.address(text)

    def number(self, text: str) -> Address:
        """As `address`, where one number is asked for. Raises: InputError also when a part is left open."""
        return self.addressing.number(text)

    def expand(self, pattern: str) -> tuple[Address, ...]:
        """All addresses of a pattern: `*` globs a part; a bare name is its headline and its cuts.

        Raises: InputError when nothing matches.
        """
        return self.addressing.expand(pattern)

    def parts(self, metric: str) -> tuple[Part, ...]:
        """The parts of a metric's cut path, fan-out first; the stat is not among them."""
        return self.addressing.parts(metric)

    def shape(self, metric: str) -> Shape:
        """Shape of a metric's ledgers. Raises: KeyError for a metric that cannot be computed."""
        return self.addressing.shape(metric)

    def stats(self, metric: str) -> tuple[str, ...]:
        """The stats that may end an address of a metric, the headline's first."""
        return self.addressing.stats(metric)

    def place(self, *path: str | int) -> Location:
        """Where a key, or the item of a list, stands in the files; else the nearest node above it."""
        return self.written.key_at(path)

    def pointed(self, address: Address) -> Address:
        """The number that a north star stands for; any other address is its own."""
        return self.addressing.pointed(address)

    def about(self, address: Address) -> Metric:
        """Who answers for a number: the governance of the longest address that names it."""
        for length in range(len(address.cut), 0, -1):
            found = self.governed.get(Address(address.metric, address.cut[:length]).text)
            if found is not None:
                return _of_band(found, address)
        return _of_band(self.metrics[address.metric], address)

    def scope(self, metric: str) -> Scope:
        """The file as a metric sees it."""
        return Scope(self, self.metrics[metric].policies, metric)

    def is_catalogue(self, metric: str) -> bool:
        """Whether a metric's rows were written in the catalogue, where a source's name always means the role."""
        return metric in self.metrics and self.metrics[metric].catalogue

    def resolved_input(self, given: Input, owner: str) -> ResolvedInput:
        """The metric that an input of an owner comes down to."""
        where = {segment: tuple(values) for segment, values in given.where.items()}
        if given.metric is None:
            address = Address(self.hidden[owner, repr(given.inline)])
        else:
            address = self.pointed(self.address(given.metric))
            clone = self.hidden.get((owner, address.metric))
            address = Address(clone, address.cut, address.stat) if clone else address
        unless = {segment: tuple(values) for segment, values in given.unless.items()}
        offset = given.offset if given.offset is not None and given.offset.count else None
        return ResolvedInput(address, where, offset, given.total, unless)

    def bundle(self, name: str) -> tuple[str, ...]:
        """Ids of a bundle's metrics at the company's stage, less those with `publish: false`."""
        members = catalogue().members(name, self.settings.stage)
        return tuple(metric for metric in members if self.metrics[metric].publish)

    def published(self) -> tuple[Address, ...]:
        """The published set in the catalogue's order, own metrics last; headlines and cuts."""
        names = {metric for bundle in self.publish for metric in self.bundle(bundle)}
        patterns = [name for name in self.metrics if name in names or name in self.named]
        addresses = [name for name in self.named if name in self.governed]
        out: dict[Address, None] = {}
        for pattern in [*patterns, *addresses]:
            if (self.governed.get(pattern) or self.metrics[pattern]).publish:
                out.update(dict.fromkeys(self.expand(pattern)))
        order = {name: number for number, name in enumerate(self.metrics)}
        return tuple(sorted(out, key=lambda address: order[address.metric]))


def _of_band(metric: Metric, address: Address) -> Metric:
    """A metric as one of its addresses has it: the band of a score is a share of accounts."""
    if metric.type != "score" or not address.cut:
        return metric
    return replace(metric, unit="ratio", format="rate", direction="band")
