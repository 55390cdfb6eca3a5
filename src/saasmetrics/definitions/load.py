"""Load: from a file's path to its meaning, or to all of its faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, TypeVar

from pydantic import BaseModel

from saasmetrics.definitions.availability import fill_missing
from saasmetrics.definitions.blocks import (
    LISTED,
    NAMED,
    SINGLE,
    Active,
    Benchmark,
    Note,
    Product,
    Rows,
    Segment,
    Target,
)
from saasmetrics.definitions.catalogue import Catalogue, catalogue
from saasmetrics.definitions.chained import chain
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.faults import validate
from saasmetrics.definitions.hidden import hide
from saasmetrics.definitions.meaning import Meaning
from saasmetrics.definitions.naming import Naming
from saasmetrics.definitions.resolve import Resolver
from saasmetrics.definitions.sourcing import published, sources
from saasmetrics.definitions.written import Written, gather
from saasmetrics.document import read
from saasmetrics.finding import Finding, InputError, Severity

M = TypeVar("M", bound=BaseModel)


def load(
    path: Path,
    registry: Mapping[str, type[BaseModel]],
    *,
    data_root: Path | None = None,
    instead: Mapping[str, str] | None = None,
) -> Definitions:
    """Read a definition file, what it includes and its `notes.yaml`, and resolve every name in it.

    `registry` gives the class that reads each metric type; `instead` are texts to be read in the place of files, by
    the name that findings give those.
    Raises: InputError (exit 2) with every fault of every file, sorted by place.
    """
    written = gather(path, instead or {})
    if not written.data and written.findings:
        raise InputError(written.findings)
    return understood(written, path, catalogue(), registry, data_root=data_root)


def understood(
    written: Written,
    path: Path,
    packed: Catalogue,
    registry: Mapping[str, type[BaseModel]],
    *,
    data_root: Path | None = None,
) -> Definitions:
    """What was read, with every name in it resolved; `packed` are the metrics that the file may lay its own over.

    Raises: as `load`.
    """
    definitions = _read(written, path, data_root)
    resolver = Resolver(definitions, written, packed, registry)
    resolver.resolve()
    hide(resolver)
    chain(resolver)
    naming = Naming(definitions, written, packed)
    meaning = Meaning(definitions, written, naming)
    meaning.loops()
    fill_missing(definitions)
    naming.check()
    naming.inline({name: entry.path for name, entry in resolver.entries.items()})
    meaning.metrics()
    meaning.goals(_listed("targets", Target, written), _listed("benchmarks", Benchmark, written))
    meaning.shown()
    findings = sorted(written.findings, key=_order)
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise InputError(findings)
    definitions.findings = tuple(findings)
    definitions.resting = {}
    return definitions


def _order(finding: Finding) -> tuple[str, int, int, str]:
    place = finding.location
    return (place.file, place.line, place.column, finding.code) if place else ("", 0, 0, finding.code)


def _read(written: Written, path: Path, data_root: Path | None) -> Definitions:
    """The blocks of the file in their normal form."""
    data = written.data
    definitions = Definitions(
        path=path,
        product=_text("product", written) or path.resolve().parent.name,
        data_root=data_root,
        north_star=_text("north_star", written),
        publish=_texts("publish", written),
        named=tuple(_mapping("metrics", written)),
        written=written,
    )
    for key, model in SINGLE.items():
        if key in data and (block := validate(model, data[key], (key,), written)) is not None:
            setattr(definitions, key, block)
    published(definitions.settings.published.path, written)
    for key, model in NAMED.items():
        setattr(definitions, key, sources(written, data_root) if key == "sources" else _named(key, model, written))
    for key, model in LISTED.items():
        setattr(definitions, key, tuple(_listed(key, model, written).values()))
    definitions.segments = {
        name: _by_role(name, block)
        for name, block in definitions.segments.items()
        if block.expr or not written.knows(("segments", name, "expr"))
    }
    definitions.products = {name: _of_product(block, definitions) for name, block in definitions.products.items()}
    definitions.notes = _notes(path, written)
    return definitions


def _named(key: str, model: type[BaseModel], written: Written) -> dict[str, Any]:
    read_ = {name: validate(model, block, (key, name), written) for name, block in _mapping(key, written).items()}
    return {name: block for name, block in read_.items() if block is not None}


def _listed(key: str, model: type[M], written: Written) -> dict[int, M]:
    """Blocks of a list by their number in the file."""
    blocks = written.data.get(key, [])
    if not isinstance(blocks, list):
        written.fault(
            "SM005", f"{key}: expected a list", written.at((key,)), f"write {key}: and lines that begin with -"
        )
        return {}
    read_ = {number: validate(model, block, (key, number), written) for number, block in enumerate(blocks)}
    return {number: block for number, block in read_.items() if block is not None}


def _mapping(key: str, written: Written) -> dict[str, Any]:
    blocks = written.data.get(key, {})
    if isinstance(blocks, dict):
        return blocks
    written.fault("SM005", f"{key}: expected a mapping of names", written.at((key,)), f"write {key}: {{name: ...}}")
    return {}


def _text(key: str, written: Written) -> str | None:
    value = written.data.get(key)
    if value is None or isinstance(value, str):
        return value
    written.fault("SM005", f"{key}: expected text", written.at((key,)), "put it in quotes")
    return None


def _texts(key: str, written: Written) -> tuple[str, ...]:
    value = written.data.get(key, ())
    if isinstance(value, tuple):
        for number, item in enumerate(value):
            if not isinstance(item, str) and not written.spoiled((key, number)):
                written.fault("SM005", f"{key}.{number}: expected a name", written.at((key, number)))
        return tuple(item for item in value if isinstance(item, str))
    hint = f"write {key}: [{value}]" if isinstance(value, str) else None
    written.fault("SM005", f"{key}: expected a list of names", written.at((key,)), hint)
    return ()


def _by_role(name: str, segment: Segment) -> Segment:
    """A segment without `expr` is the column of accounts of its own name."""
    return segment if segment.expr else segment.model_copy(update={"expr": {"accounts": f'"{name}"'}})


def _of_product(product: Product, definitions: Definitions) -> Product:
    """A product's own rule of active covers its core workflows."""
    core = [name for name in product.workflows if name in definitions.workflows and definitions.workflows[name].core]
    if product.active is not None or not core:
        return product
    rule = Rows(any=tuple(Rows(workflow=name) for name in core))
    return product.model_copy(update={"active": Active(account=rule, user=rule)})


def _notes(path: Path, written: Written) -> tuple[Note, ...]:
    """What happened, from `notes.yaml` beside the file."""
    file = path.parent / "notes.yaml"
    if not file.is_file():
        return ()
    document = read(file.read_text(encoding="utf-8"), str(file))
    notes = Written(path.parent, {}, {(): (document, (), path.parent)}, list(document.findings))
    lines = document.data if isinstance(document.data, tuple) else ()
    if document.data and not isinstance(document.data, tuple) and not document.broken:
        notes.fault(
            "SM005", "expected a list of notes", document.at(()), "write lines like - {date: 2026-10-01, text: ...}"
        )
    read_ = [validate(Note, line, (number,), notes) for number, line in enumerate(lines)]
    for number, note in enumerate(read_):
        if note is not None and note.workflow is not None and note.workflow not in _mapping("workflows", written):
            notes.fault("SM003", f"there is no workflow `{note.workflow}`", document.at((number, "workflow")))
    written.findings.extend(notes.findings)
    return tuple(note for note in read_ if note is not None)
