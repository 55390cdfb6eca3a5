"""Load: from a file's path to its meaning, or to all of its faults at once."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import BaseModel

from saasmetrics.definitions.blocks import LISTED, NAMED, SINGLE, Active, Product
from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.faults import validate
from saasmetrics.definitions.resolve import Resolver
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.written import Written, gather
from saasmetrics.finding import InputError, Severity


def load(path: Path, registry: Mapping[str, type[BaseModel]], *, data_root: Path | None = None) -> Definitions:
    """Read a definition file, what it includes and its `notes.yaml`, and resolve every name in it.

    `registry` gives the class that reads each metric type.
    Raises: InputError (exit 2) with every fault of every file, sorted by place.
    """
    written = gather(path)
    definitions = _blocks(written, path, data_root)
    Resolver(definitions, written, catalogue(), registry).resolve()
    findings = sorted(
        written.findings,
        key=lambda finding: (
            str(finding.location and finding.location.file),
            finding.location.line if finding.location else 0,
            finding.location.column if finding.location else 0,
        ),
    )
    if any(finding.severity is Severity.ERROR for finding in findings):
        raise InputError(findings)
    definitions.findings = tuple(findings)
    return definitions


def _blocks(written: Written, path: Path, data_root: Path | None) -> Definitions:
    data = written.data
    single: dict[str, Any] = {}
    for key, model in SINGLE.items():
        if key in data and (block := validate(model, data[key], (key,), written)) is not None:
            single[key] = block
    named: dict[str, dict[str, Any]] = {key: _named(key, model, written) for key, model in NAMED.items()}
    listed = {key: _listed(key, model, written) for key, model in LISTED.items()}
    definitions = Definitions(
        path=path,
        product=str(data.get("product") or path.resolve().parent.name),
        data_root=data_root,
        north_star=data.get("north_star"),
        publish=tuple(data.get("publish", ())),
        named=tuple(data.get("metrics", ())),
        written=data,
        **single,
        **named,
        **listed,
    )
    return definitions


def _named(key: str, model: type[BaseModel], written: Written) -> dict[str, Any]:
    blocks = written.data.get(key, {})
    if not isinstance(blocks, dict):
        written.fault("SM005", f"{key}: expected a mapping of names", written.at((key,)))
        return {}
    read = {name: validate(model, block, (key, name), written) for name, block in blocks.items()}
    return {name: block for name, block in read.items() if block is not None}


def _listed(key: str, model: type[BaseModel], written: Written) -> tuple[Any, ...]:
    blocks = written.data.get(key, ())
    read = [validate(model, block, (key, number), written) for number, block in enumerate(blocks)]
    return tuple(block for block in read if block is not None)
