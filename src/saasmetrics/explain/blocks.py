"""Blocks of the file explained: workflows and what hangs on them, segments, scores, products, bundles, views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.references import references
from saasmetrics.explain.notation import flow, plain
from saasmetrics.explain.resting import readers, refused, shown, spot
from saasmetrics.output.explanation import Explanation, Facts, Passage, Section, Table, Written


def workflow_page(definitions: Definitions, name: str) -> Explanation:
    """What a workflow is, and the numbers it has."""
    block = definitions.workflows[name]
    matched = f"by `{block.run}`" if block.run else "by time, per account and user" if block.attempt else ""
    told = [
        ("core", "yes" if block.core else "no: it has to work, nobody comes for it"),
        ("matched", f"attempt and outcome {matched}" if matched else "not at all: only successes are counted"),
        ("within", block.within.text if block.within else "for as long as it takes"),
        ("module", block.module or name),
        ("tiers", ", ".join(block.tiers)),
        ("screens", ", ".join(block.screens)),
        ("jobs", ", ".join(block.jobs)),
        ("numbers", ", ".join(_addresses(definitions, "workflow", name))),
    ]
    return _page(definitions, ("workflows", name), "workflow", "A job that customers do.", told, block.label)


def feature_page(definitions: Definitions, name: str) -> Explanation:
    """What counts as use of a feature."""
    block, policies = definitions.features[name], definitions.policies
    uses, days = block.at_least or policies.feature_uses, block.on_days or policies.feature_days
    told = [
        ("kind", block.kind),
        ("adopted", f"from {uses} uses on {days} days of a period"),
        ("eligible", block.eligible or "every account"),
        ("released", str(block.released or "")),
        ("numbers", ", ".join(_addresses(definitions, "feature", name))),
    ]
    says = "Something in the product that can be used."
    return _page(definitions, ("features", name), "feature", says, told, block.label)


def journey_page(definitions: Definitions, name: str) -> Explanation:
    """A path that customers should finish."""
    block = definitions.journeys[name]
    told = [
        ("steps", " → ".join(block.steps)),
        ("within", block.within.text),
        ("gone by", f"one {block.entity}, {block.order}"),
        ("numbers", ", ".join(_addresses(definitions, "journey", name))),
    ]
    return _page(definitions, ("journeys", name), "journey", "A path that customers should finish.", told, block.label)


def segment_page(definitions: Definitions, name: str) -> Explanation:
    """Which value a segment gives to whom, and what it can split."""
    block = definitions.segments[name]
    told = [(f"of {role}", sql) for role, sql in block.expr.items()]
    told += [("read at", block.as_of.replace("_", " "))] if block.as_of else []
    reasons: dict[str | None, list[str]] = {}
    for metric in shown(definitions):
        if not metric.missing and metric.variants:
            reasons.setdefault(refused(definitions, metric, name), []).append(metric.id)
    split = reasons.pop(None, [])
    few = len(split) <= sum(map(len, reasons.values()))
    told += [("splits", ", ".join(split) or "no metric" if few else f"all other metrics, {len(split)} of them")]
    told += [("does not split", f"{', '.join(names)}: {reason}") for reason, names in reasons.items()]
    says = "A partition: every account, or every row that carries the column itself, has one value."
    further: tuple[Passage, ...] = ()
    if block.buckets:
        further = (Table(("value", "when"), tuple(block.buckets.items())),)
    return _page(definitions, ("segments", name), "segment", says, told, block.label, further)


def score_page(definitions: Definitions, name: str) -> Explanation:
    """What a score is made of."""
    block = definitions.scores[name]
    told = [
        ("window", block.window.text),
        ("eligible", block.eligible or ""),
        ("reached", f"from {block.at_least} of {len(block.signals)} signals" if block.signals else ""),
        ("bands", ", ".join(f"{band} from {flow(plain(edge))}" for band, edge in block.bands.items())),
        ("read by", ", ".join(readers(definitions, "score", name))),
        ("computed", "not by this version, which reads and checks it"),
    ]
    says = "Weighted parts that make a number." if block.parts else "Signals that make a milestone of an account."
    return _page(definitions, ("scores", name), "score", says, told, block.label)


def product_page(definitions: Definitions, name: str) -> Explanation:
    """What belongs to a product."""
    block = definitions.products[name]
    told = [("workflows", ", ".join(block.workflows)), ("north star", block.north_star or "none")]
    return _page(definitions, ("products", name), "product", "A part of the offer with numbers of its own.", told)


def rule_page(definitions: Definitions, name: str) -> Explanation:
    """The blocks `activation` and `active`."""
    if name == "active":
        says = "What makes an account, and a user, active: one rule for every metric that asks."
        active = definitions.active
        told = [
            ("accounts", flow(plain(active.account))),
            ("users", flow(plain(active.user))),
            ("roles", ", ".join(active.roles or ())),
            ("read by", ", ".join(readers(definitions, "active", ""))),
        ]
        return _page(definitions, ("active",), "block", says, told)
    block = definitions.activation
    steps, within = (" → ".join(block.steps), block.within.text) if block else ("", "")
    windows = ", ".join(window.text for window in block.all_windows) if block else ""
    read = dict.fromkeys([*readers(definitions, "milestone", "activated"), *_referring(definitions)])
    told = [
        ("steps", steps),
        ("within", f"{within} of creation, shown for {windows}"),
        ("read by", ", ".join(read)),
    ]
    return _page(definitions, ("activation",), "block", "When an account is activated.", told)


def bundle_page(definitions: Definitions, name: str) -> Explanation:
    """The metrics of a bundle."""
    bundle = catalogue().bundles[name]
    stage = definitions.settings.stage
    told = [
        ("metrics", ", ".join(definitions.bundle(name))),
        ("published", "yes" if name in definitions.publish else "no: `publish` does not name it"),
    ]
    told += [("stage", f"{stage}: other stages hold others")] if bundle.stages else []
    facts = Facts(tuple(told))
    return Explanation(name, "bundle", "", (Section("", ("Metrics that are published together.", facts)),))


def view_page(definitions: Definitions, name: str) -> Explanation:
    """What a view shows."""
    block = definitions.views[name]
    told = [
        ("by", ", ".join(block.by)),
        ("where", ", ".join(f"{segment} is {' or '.join(values)}" for segment, values in block.where.items())),
        ("grain", block.grain.value if block.grain else ""),
    ]
    return _page(definitions, ("views", name), "view", "A selection of numbers.", told, block.label)


def _page(
    definitions: Definitions,
    path: tuple[str, ...],
    kind: str,
    says: str,
    told: Iterable[tuple[str, str]],
    label: str | None = None,
    further: tuple[Passage, ...] = (),
) -> Explanation:
    """A block of the file: what it is, what follows from it, and its text as it stands there."""
    stands = definitions.written.knows(path)
    place = spot(definitions, *path) if stands else "nowhere in the file: this is the default"
    facts = Facts((("defined", place), *((key, said) for key, said in told if said)))
    sections = [Section("", (says, facts, *further))]
    if stands:
        sections.append(Section("Definition", (Written(definitions.written.source(path)),)))
    return Explanation(path[-1], kind, label or "", tuple(sections))


def _referring(definitions: Definitions) -> Iterator[str]:
    """Metrics of the catalogue whose keys are filled from `activation`."""
    for metric in shown(definitions):
        if any(name.startswith("activation.") for name in references(dict(metric.written))):
            yield metric.id


def _addresses(definitions: Definitions, column: str, label: str) -> Iterator[str]:
    """The numbers that a fan-out gives to one of its labels."""
    for metric in shown(definitions):
        if metric.missing or column not in metric.each:
            continue
        place = metric.each.index(column)
        if place == 0 and any(label == variant.labels[0] for variant in metric.variants):
            yield Address(metric.id, (label,)).text
