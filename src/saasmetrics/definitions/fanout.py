"""Fan-out: one entry of the catalogue becomes a variant for every workflow, feature, journey, window or product."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import product
from typing import Any

from saasmetrics.definitions.blocks import Active, Workflow
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import TOTAL, Headline
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.references import Absent, Label, fill, labelled, look_up
from saasmetrics.definitions.scalars import Duration

_BY_PRODUCT = ("activated", "first_success")
"""Milestones that each of several products has."""


@dataclass(frozen=True)
class Fan:
    """The variants of an entry as filled-in data, or why there are none."""

    each: tuple[str, ...] = ()
    headline: tuple[Headline, ...] = ()
    variants: tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...] = ()
    missing: str | None = None


def context(definitions: Definitions, policies: Policies, of: str | None = None) -> dict[str, Any]:
    """What references may name: the file's blocks after defaults; with `of`, those of one product."""
    activation, active, workflows = definitions.activation, definitions.active, definitions.workflows
    north_star = definitions.north_star
    if of is not None:
        block = definitions.products[of]
        activation, north_star = block.activation, block.north_star
        active = block.active or definitions.active
        workflows = {name: workflows[name] for name in block.workflows if name in workflows}
    return {
        "workflows": workflows,
        "help": tuple(block.help for block in workflows.values() if block.help is not None),
        "features": definitions.features,
        "product_features": {name: block for name, block in definitions.features.items() if block.kind == "feature"},
        "integrations": {name: block for name, block in definitions.features.items() if block.kind == "integration"},
        "journeys": definitions.journeys,
        "scores": definitions.scores,
        "activation": activation and _activation(activation),
        "active": active if any(workflow.core for workflow in workflows.values()) or _own(active) else None,
        "policies": policies,
        "acquisition": {
            "segment": policies.acquisition_segment if policies.acquisition_segment in definitions.segments else None,
            "paid": policies.paid_channels,
        },
        "settings": definitions.settings,
        "north_star": north_star,
    }


def _own(active: Active) -> bool:
    return active.account.workflow != "core"


def _activation(activation: Any) -> dict[str, Any]:
    windows: tuple[Duration, ...] = activation.all_windows
    return {
        "steps": activation.steps,
        "within": activation.within,
        "order": activation.order,
        "windows": windows,
        "longest": windows[-1],
    }


def fan_out(entry: Mapping[str, Any], keys: Mapping[str, Any], definitions: Definitions, policies: Policies) -> Fan:
    """Fill the references of an entry's keys, once for each combination of what it fans out over.

    Edges: a combination that lacks a reference, or something the entry requires, is dropped; when none is left the
    entry is missing, with the reason.
    """
    products = tuple(definitions.products) if entry.get("product") and _splits(entry) else ()
    fans = [_fan(entry, keys, context(definitions, policies, of), of) for of in products or (None,)]
    if not products:
        return fans[0]
    kept = [(of, fan) for of, fan in zip(products, fans, strict=True) if not fan.missing]
    if not kept:
        return fans[0]
    variants = tuple(((of, *labels), data) for of, fan in kept for labels, data in fan.variants)
    columns = kept[0][1].each
    inner = [_joined({of: fan.headline[number] for of, fan in kept}) for number in range(len(columns))]
    if keys.get("type") == "active" and keys.get("measure", "count") == "count":
        anyone = _anywhere([fan for _, fan in kept])
        return Fan(("product", *columns), (frozenset({TOTAL}), *inner), (anyone, *variants))
    return Fan(("product", *columns), ("none", *inner), variants)


def _splits(entry: Mapping[str, Any]) -> bool:
    """Whether the entry itself has a product: a ratio or formula has that of its inputs."""
    return entry.get("type") != "ratio" and "expr" not in entry


def _joined(headlines: Mapping[str, Headline]) -> Headline:
    """The headline of an inner column over all products; one label by product where each has another."""
    sets = {of: headline for of, headline in headlines.items() if isinstance(headline, frozenset)}
    if len(sets) < len(headlines):
        return next(iter(headlines.values()))
    if all(len(labels) == 1 for labels in sets.values()) and len(set(sets.values())) > 1:
        return tuple(((of,), label) for of, labels in sets.items() for label in labels)
    return frozenset().union(*sets.values())


def _anywhere(fans: list[Fan]) -> tuple[tuple[str, ...], Mapping[str, Any]]:
    """The variant that is active by the rule of any product, so that nothing is counted twice."""
    labels, data = fans[0].variants[0]
    rules = tuple(fan.variants[0][1]["rule"] for fan in fans)
    return (TOTAL,) * (len(labels) + 1), {**data, "rule": {"any": rules}}


def _fan(entry: Mapping[str, Any], keys: Mapping[str, Any], known: dict[str, Any], of: str | None) -> Fan:
    keys = _of_product(keys, of) if of else keys
    try:
        for path in entry.get("requires", ()):
            if path.lstrip("$").partition(".")[0] in known:
                look_up(path.lstrip("$"), known)
        columns = {column: labelled(look_up(source.lstrip("$"), known)) if isinstance(source, str) else source
                   for column, source in entry.get("each", {}).items()}  # fmt: skip
        variants, absent = _variants(entry, keys, known, columns)
        if not variants:
            return Fan(missing=absent)
        headline = tuple(_headline(entry, column, known, values) for column, values in columns.items())
        total = _total(entry, keys, known, len(columns))
    except Absent as error:
        return Fan(missing=error.sentence)
    return Fan(tuple(columns), headline, (*total, *variants))


def _variants(
    entry: Mapping[str, Any], keys: Mapping[str, Any], known: dict[str, Any], columns: Mapping[str, Mapping[str, Any]]
) -> tuple[list[tuple[tuple[str, ...], Mapping[str, Any]]], str | None]:
    variants: list[tuple[tuple[str, ...], Mapping[str, Any]]] = []
    absent: str | None = None
    for labels in product(*columns.values()):
        chosen = {column: Label(label, columns[column][label]) for column, label in zip(columns, labels, strict=True)}
        try:
            for path in entry.get("requires", ()):
                look_up(path.lstrip("$"), {**known, **chosen})
            variants.append((labels, fill(keys, {**known, **chosen})))
        except Absent as error:
            absent = absent or error.sentence
    return variants, absent


def _headline(entry: Mapping[str, Any], column: str, known: Mapping[str, Any], values: Mapping[str, Any]) -> Headline:
    if "total" in entry:
        return frozenset({TOTAL})
    written = entry.get("headline", {}).get(column, "all")
    if written == "core":
        core = frozenset(label for label, block in values.items() if isinstance(block, Workflow) and block.core)
        return core
    if written.startswith("only "):
        return frozenset({written.removeprefix("only ")})
    if written.startswith("$"):
        return frozenset(labelled((look_up(written.lstrip("$"), known),)))
    return "none" if written == "none" else "all"


def _total(
    entry: Mapping[str, Any], keys: Mapping[str, Any], known: dict[str, Any], columns: int
) -> tuple[tuple[tuple[str, ...], Mapping[str, Any]], ...]:
    """The variant of all values together, where the entry gives it keys of its own."""
    if "total" not in entry:
        return ()
    return (((TOTAL,) * columns, fill({**keys, **entry["total"]}, known)),)


def _of_product(value: Any, of: str) -> Any:
    """Keys in which a milestone that every product has is that of one."""
    if isinstance(value, Mapping):
        own = value.get("milestone")
        return {
            key: f"{own}.{of}" if key == "milestone" and own in _BY_PRODUCT else _of_product(inner, of)
            for key, inner in value.items()
        }
    return tuple(_of_product(inner, of) for inner in value) if isinstance(value, tuple) else value


def pointers(definitions: Definitions, policies: Policies, of: str | None) -> Iterator[tuple[str, str]]:
    """The north stars by product; one under the empty name where there is one product."""
    for name in tuple(definitions.products) or ("",):
        north_star = context(definitions, policies, name or None)["north_star"]
        if north_star:
            yield name, north_star if of is None else f"{of}.{north_star.partition('.')[2]}"
