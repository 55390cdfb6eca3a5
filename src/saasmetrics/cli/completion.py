"""Names for shell completion: read from the definitions as text, nothing resolved."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from typer import Context

from saasmetrics.cli.discovery import NAME, nearest

_CATALOGUE = Path(__file__).parent.parent / "catalog"
_ID = re.compile(r"^([a-z][a-z0-9_]*):", re.MULTILINE)


def metrics(context: Context, incomplete: str) -> list[str]:
    """Metrics of the file and of the catalogue; after a name with a dot, its workflows."""
    data = _definitions(context)
    known = {*_names(data, "metrics"), *_catalogue()}
    if "." in incomplete:
        stem = incomplete.rpartition(".")[0]
        known |= {f"{stem}.{workflow}" for workflow in _names(data, "workflows")}
    return _matching(known, incomplete)


def segments(context: Context, incomplete: str) -> list[str]:
    """Segments of the file; the last one of a list with commas."""
    before, comma, last = incomplete.rpartition(",")
    return [f"{before}{comma}{name}" for name in _matching(_names(_definitions(context), "segments"), last)]


def names(context: Context, incomplete: str) -> list[str]:
    """Whatever `explain` explains and the file names: metrics, sources, segments."""
    data = _definitions(context)
    known = {*_names(data, "metrics"), *_names(data, "sources"), *_names(data, "segments"), *_catalogue()}
    return _matching(known, incomplete)


def lockable(context: Context, incomplete: str) -> list[str]:
    """Whatever `lock` accepts by name and the file names."""
    data = _definitions(context)
    blocks = ("metrics", "sources", "segments", "workflows", "features", "journeys", "scores", "products")
    return _matching({name for block in blocks for name in _names(data, block)} | {*_catalogue()}, incomplete)


def _matching(known: set[str], incomplete: str) -> list[str]:
    return sorted(name for name in known if name.startswith(incomplete))


def _catalogue() -> Iterator[str]:
    for entry in _CATALOGUE.glob("*.yaml"):
        if entry.name != "bundles.yaml":
            yield from _ID.findall(entry.read_text(encoding="utf-8"))


def _names(data: dict[str, Any], block: str) -> set[str]:
    found = data.get(block)
    return {str(name) for name in found} if isinstance(found, dict) else set()


def _definitions(context: Context) -> dict[str, Any]:
    """The file and what it includes, merged one block deep; nothing at all when there is no file or it is broken."""
    given = context.params.get("definitions")
    path = nearest(Path.cwd()) if given is None else Path(given)
    if path is None:
        return {}
    path = path / NAME if path.is_dir() else path
    merged = _read(path)
    for include in merged.get("include") or ():
        for block, found in _read(path.parent / str(include)).items():
            if isinstance(found, dict):
                merged[block] = {**found, **(merged.get(block) or {})}
    return merged


def _read(path: Path) -> dict[str, Any]:
    from saasmetrics.document import read

    if not path.is_file():
        return {}
    data = read(path.read_text(encoding="utf-8"), str(path)).data
    return data if isinstance(data, dict) else {}
