"""Restored: definitions as they were accepted, to be computed again; proved by their fingerprints."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from pydantic import BaseModel

from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import understood
from saasmetrics.definitions.written import Written
from saasmetrics.document import Document, read
from saasmetrics.finding import InputError
from saasmetrics.lock.blocks import SETTINGS
from saasmetrics.lock.fingerprint import nodes
from saasmetrics.lock.metrics import ABOUT, WORDS
from saasmetrics.lock.node import Node
from saasmetrics.lock.plain import Plain
from saasmetrics.lock.restoring import entries_of, file_of, north_star_of, policies_of
from saasmetrics.lock.scalars import spell, text


@dataclass(frozen=True)
class Restored:
    """Definitions that mean what was accepted, and by metric why its old meaning cannot be had.

    Edges: `definitions` is null where nothing could be read again; then `lost` says why for every metric.
    """

    definitions: Definitions | None
    lost: Mapping[str, str]


def restored(accepted: Mapping[str, Node], now: Definitions, registry: Mapping[str, type[BaseModel]]) -> Restored:
    """What accepted nodes mean, as definitions over the files there are now.

    Edges: a metric counts only if its fingerprint, and that of everything under it, comes out as it was accepted.
    """
    names = [node.name for node in accepted.values() if node.kind == "metric" and "#" not in node.name]
    try:
        definitions = _read(accepted.values(), now, registry)
    except InputError as error:
        why = f"what was accepted cannot be read any more: {error.findings[0].message}"
        return Restored(None, dict.fromkeys(names, why))
    again = nodes(definitions)
    _completed(definitions, now)
    lost = {name: _lost(f"metric.{name}", accepted, again, now) for name in names}
    return Restored(definitions, {name: said for name, said in lost.items() if said is not None})


def _lost(id_: str, accepted: Mapping[str, Node], again: Mapping[str, Node], now: Definitions) -> str | None:
    closed = under(id_, accepted)
    gone = [need.partition(".")[2] for need in closed if _is_gone(need, now)]
    if gone:
        return f"its source `{gone[0]}` is not in the file any more"
    if any(need in accepted and (need not in again or again[need].own != accepted[need].own) for need in closed):
        return "this version of the tool cannot say any more what was accepted"
    return None


def _is_gone(id_: str, now: Definitions) -> bool:
    kind, _, name = id_.partition(".")
    return kind == "source" and name not in now.sources


def under(id_: str, known: Mapping[str, Node]) -> tuple[str, ...]:
    """Ids of all that a node rests on, in order, itself among them."""
    reached, waiting = {id_}, [id_]
    while waiting:
        node = known.get(waiting.pop())
        fresh = set(node.under if node else ()) - reached
        reached |= fresh
        waiting += fresh
    return tuple(sorted(reached))


def _read(accepted: Iterable[Node], now: Definitions, registry: Mapping[str, type[BaseModel]]) -> Definitions:
    known = tuple(accepted)
    file = read(_text(_blocks(known, now)), "what was accepted")
    metrics = entries_of(known)
    entries = read(_text(metrics), "what was accepted")
    findings = (*file.findings, *entries.findings)
    if findings or not isinstance(file.data, dict) or not isinstance(entries.data, dict):
        raise InputError(findings)
    packed = {str(name): entry for name, entry in entries.data.items() if isinstance(entry, dict)}
    documents = dict.fromkeys(packed, entries)
    written = Written(now.path.parent, dict(file.data), _origins(file, now))
    packing = replace(catalogue(), entries=packed, documents=documents)
    return _called(understood(written, now.path, packing, registry, data_root=now.data_root), now)


def _called(definitions: Definitions, now: Definitions) -> Definitions:
    """With whatever is no meaning as it is now: how numbers are called and shown, and from which sample on."""
    kept = {name: getattr(definitions.settings, name) for name in SETTINGS}
    definitions.settings = now.settings.model_copy(update=kept)
    for name, metric in definitions.metrics.items():
        if (present := now.metrics.get(name)) is not None:
            shown = {key: getattr(present, key) for key in (*ABOUT, *WORDS, "own_segments") if key not in _OF_UNIT}
            same = present.unit == metric.unit
            of_unit = {key: getattr(present, key) for key in _OF_UNIT} if same else {}
            definitions.metrics[name] = replace(metric, **shown, **of_unit)
    return definitions


def _completed(definitions: Definitions, now: Definitions) -> None:
    """With the segments and sources of today where nothing was accepted of them: what splits, and who is who.

    Edges: ids that are merged, and rates, belong to a meaning: where none were accepted there were none.
    """
    fresh = {name: segment for name, segment in now.segments.items() if name not in definitions.segments}
    definitions.segments = {**definitions.segments, **fresh}
    roles = {source.role for source in definitions.sources.values()} | {"aliases", "fx"}
    others = {name: source for name, source in now.sources.items() if source.role not in roles}
    definitions.sources = {**definitions.sources, **others}


_OF_UNIT = ("format", "flat")
"""What is shown in a metric's unit, and means nothing in another."""


def _blocks(known: tuple[Node, ...], now: Definitions) -> dict[str, Plain]:
    own, north_star = policies_of(known), north_star_of(known)
    said: dict[str, Plain] = {"version": 1, "product": now.product}
    said |= {"north_star": north_star} if north_star else {}
    return {**said, **file_of(known, now), **({"metrics": own} if own else {})}


def _origins(
    file: Document, now: Definitions
) -> dict[tuple[str | int, ...], tuple[Document, tuple[str | int, ...], Path]]:
    """Every node stands in the one document; a source in the folder of the file that says it now."""
    origins: dict[tuple[str | int, ...], tuple[Document, tuple[str | int, ...], Path]] = {
        (): (file, (), now.path.parent)
    }
    for name, source in now.sources.items():
        path = ("sources", name)
        origins[path] = (file, path, source.base)
    return origins


def _text(blocks: Mapping[str, Plain]) -> str:
    """A document with a line for each thing that has a name."""
    lines: list[str] = []
    for key, value in blocks.items():
        if isinstance(value, Mapping) and value and all(isinstance(inner, Mapping) for inner in value.values()):
            lines.append(f"{text(key)}:")
            lines += [f"  {text(name)}: {spell(inner)}" for name, inner in value.items()]
        else:
            lines.append(f"{text(key)}: {spell(value)}")
    return "\n".join(lines) + "\n"
