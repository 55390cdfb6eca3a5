"""A folder of exports and the `sources` block that reads them, for tests of the sources room."""

from __future__ import annotations

import textwrap
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import polars as pl

from saasmetrics import document
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.settings import Settings
from saasmetrics.definitions.sources import Source
from saasmetrics.definitions.written import Written
from saasmetrics.finding import Finding
from saasmetrics.sources.open import Sources, open_sources
from saasmetrics.sources.presets import preset


def opened(folder: Path, block: str, wanted: frozenset[str] | None = None, **settings: Any) -> Sources:
    """The sources of a YAML block, with paths in `folder`."""
    read = document.read(textwrap.dedent(block), "metrics.yaml")
    data: Any = read.data
    sources = {name: _source(folder, name, source) for name, source in data.items()}
    written = Written(folder, {"sources": data}, {("sources",): (read, (), folder)})
    definitions = Definitions(folder / "metrics.yaml", "test", Settings(**settings), sources=sources, written=written)
    return open_sources(definitions, wanted=wanted)


def _source(folder: Path, name: str, data: Mapping[str, Any]) -> Source:
    base: Mapping[str, Any] = preset(data["preset"]).source if "preset" in data else {}
    columns = {**base.get("columns", {}), **data.get("columns", {})}
    return Source.model_validate({"role": name, **base, **data, "columns": columns, "base": folder})


def rows(sources: Sources, role: str) -> pl.DataFrame:
    """All rows of a role."""
    return sources.tables[role].frame.collect()


def usable(sources: Sources, role: str, *columns: str) -> list[tuple[Any, ...]]:
    """The usable rows, sorted."""
    return sorted(rows(sources, role).filter(pl.col("_fault").is_null()).select(columns).rows(), key=repr)


def faults(sources: Sources, role: str, column: str) -> dict[Any, str]:
    """Fault of each faulty row, by the value of a column."""
    found = rows(sources, role).filter(pl.col("_fault").is_not_null())
    return dict(found.select(column, "_fault").iter_rows())


def told(sources: Sources, role: str | None = None) -> dict[str, Finding]:
    """Findings of opening, or of the rows of a role, by code."""
    found = sources.findings if role is None else sources.tables[role].checks(rows(sources, role))
    return {finding.code: finding for finding in found}
