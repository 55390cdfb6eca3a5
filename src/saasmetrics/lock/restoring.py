"""Restoring: what was accepted written out as a definition file again, as far as it changes numbers."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.goals import Target
from saasmetrics.definitions.governance import EXTRAS, GOVERNANCE, MEANING
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.workflows import Active
from saasmetrics.lock.blocks import CALENDAR, GROUPS
from saasmetrics.lock.facts import OPENED, block
from saasmetrics.lock.node import Node
from saasmetrics.lock.plain import Plain, plain, raw
from saasmetrics.lock.resting import COMPANY

_ROW = re.compile(r"rows\.\d+")
_BY_NAME = {"feature": "features", "journey": "journeys", "score": "scores"}
_FACETS = OPENED | {"value"}
_POINTS = "points_to"

Blocks = dict[str, dict[str, Plain]]


def file_of(nodes: Iterable[Node], now: Definitions) -> Blocks:
    """The top-level keys of a definition file that says what nodes mean, less its metrics.

    Edges: where sources lie, and how their folders are partitioned, is no meaning and as it is now; of a source that is
    not there any more nothing is said.
    """
    out: Blocks = {}
    for node in nodes:
        if node.id not in GROUPS and node.id != CALENDAR:
            _add(out, node, now)
    if "active" in out:
        out["active"] = _unusual(out["active"])
    return {key: value for key, value in out.items() if value}


def _unusual(active: dict[str, Plain]) -> dict[str, Plain]:
    """The rules of active that a file has to write: without a workflow it may not name the usual ones."""
    silent = Active.model_validate({})
    usual = {"account": {"workflow": silent.account.workflow}, "user": {"workflow": silent.user.workflow}}
    if any(active.get(key) != rule for key, rule in usual.items()):
        return active
    return {key: rule for key, rule in active.items() if key not in usual}


def _add(out: Blocks, node: Node, now: Definitions) -> None:
    kind, (first, _, key) = node.kind, node.name.partition(".")
    if kind == "setting" and node.facts["value"] != "none":
        out.setdefault("settings", {})[node.name] = node.facts["value"]
    elif kind == "policy" and not _is_default(node, now):
        out.setdefault("policies", {})[node.name] = node.facts["value"]
    elif kind == "source" and node.name in now.sources:
        out.setdefault("sources", {})[node.name] = _source(node, now)
    elif kind == "segment":
        out.setdefault("segments", {})[node.name] = block(node.facts, OPENED | {"expr"})
    elif kind == "workflow":
        _lay(out.setdefault("workflows", {}), first, block(node.facts, _FACETS))
    elif kind in _BY_NAME:
        out.setdefault(_BY_NAME[kind], {})[node.name] = block(node.facts)
    elif kind == "product":
        _lay(out.setdefault("products", {}), node.name, dict(node.facts))
    elif kind == "activation":
        _place(out, node.name if node.name != COMPANY else "", "activation", block(node.facts))
    elif kind == "active":
        product, name = (first, key) if key else ("", first)
        _place(out, product, "active", {name: node.facts["roles" if name == "roles" else "rule"]})


def _is_default(node: Node, now: Definitions) -> bool:
    """Whether a policy says what it says anyway, which may name what this file has none of."""
    value, default = node.facts["value"], getattr(Policies(), node.name)
    return value == plain(now, "", default, node.name) or (value == "none" and default is None)


def _lay(blocks: dict[str, Plain], name: str, keys: Mapping[str, Plain]) -> None:
    there = blocks.setdefault(name, {})
    if isinstance(there, dict):
        there.update(keys)


def _place(out: Blocks, product: str, key: str, keys: Mapping[str, Plain]) -> None:
    """A rule of the company at the top, one of a product in its block."""
    if not product:
        out.setdefault(key, {}).update(keys)
        return
    _lay(out.setdefault("products", {}), product, {})
    blocks = out["products"][product]
    if isinstance(blocks, dict):
        _lay(blocks, key, keys)


def _source(node: Node, now: Definitions) -> dict[str, Plain]:
    present = now.sources[node.name]
    said = block({key: value for key, value in node.facts.items() if not _ROW.fullmatch(key)})
    rows = [value for key, value in node.facts.items() if _ROW.fullmatch(key)]
    if rows or not present.path:
        return {**said, "rows": rows}
    where: dict[str, Plain] = {"path": list(present.path)}
    return {**said, **where, **({"partition": present.partition} if present.partition else {})}


def north_star_of(nodes: Iterable[Node]) -> str | None:
    """The North Star of a company with one product, by the metric that stands for it."""
    packed = catalogue().entries
    for node in nodes:
        points_to = node.facts.get(_POINTS)
        if _is_metric(node) and isinstance(points_to, str) and "of" not in packed.get(node.name, {}):
            return points_to
    return None


def targets_of(nodes: Iterable[Node]) -> dict[str, Target]:
    """Targets as they were accepted, by id."""
    return {node.id: Target.model_validate(_keys(node)) for node in nodes if node.kind == "target"}


def _keys(node: Node) -> dict[str, Any]:
    where = node.facts.get("where")
    inside = {name: tuple(values) for name, values in where.items()} if isinstance(where, dict) else {}
    return {**node.facts, "where": inside}


def policies_of(nodes: Iterable[Node]) -> dict[str, Plain]:
    """By metric, the policies that hold for it alone, as the key `metrics` says them."""
    own = {node.name: block(node.facts).get("policies") for node in nodes if _is_metric(node)}
    return {name: {"policies": policies} for name, policies in own.items() if policies}


def entries_of(nodes: Iterable[Node]) -> dict[str, dict[str, Plain]]:
    """The metrics as entries of a catalogue: with the keys that only a catalogue has, references not filled in."""
    packed = catalogue().entries
    out: dict[str, dict[str, Plain]] = {}
    for node in nodes:
        if not _is_metric(node):
            continue
        entry = packed.get(node.name, {})
        if _POINTS in {key.partition(".")[0] for key in node.facts}:
            said: dict[str, Plain] = {key: entry[key] for key in ("address", "of") if key in entry}
        else:
            said = block({key: value for key, value in node.facts.items() if not key.startswith("policies.")})
            said = {**_silent(entry), **said}
        family: dict[str, Plain] = {"family": entry["family"]} if "family" in entry else {}
        out[node.name] = {**family, **said}
    return out


def _silent(entry: Mapping[str, Any]) -> dict[str, Plain]:
    """Keys of a packed entry that may stand for nothing: where they do, they are no facts of a metric."""
    optional = {key: value for key, value in entry.items() if key not in GOVERNANCE | MEANING | EXTRAS}
    return {key: raw(value, key) for key, value in optional.items() if any("?" in path for path in _paths(value))}


def _paths(value: Any) -> Iterator[str]:
    """The references inside a value as they are written."""
    if isinstance(value, Mapping):
        value = tuple(value.values())
    if isinstance(value, tuple):
        for inner in value:
            yield from _paths(inner)
    elif isinstance(value, str) and value.startswith("$"):
        yield value


def _is_metric(node: Node) -> bool:
    return node.kind == "metric" and "#" not in node.name
