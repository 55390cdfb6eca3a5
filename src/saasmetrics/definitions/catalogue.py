"""The catalogue: built-in metrics as they stand in the package, one YAML file per family, and the bundles."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from saasmetrics.document import Document, read

FOLDER = Path(__file__).parent.parent / "catalog"
FAMILIES = ("value_delivery", "adoption", "retention", "revenue", "acquisition", "quality")


@dataclass(frozen=True)
class Bundle:
    """Members of a bundle: whole families, named metrics, and named ones by stage of the company."""

    families: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    stages: Mapping[str, tuple[str, ...]] | None = None


@dataclass(frozen=True)
class Catalogue:
    """Entries by id in family order, and bundles by name."""

    entries: Mapping[str, Mapping[str, Any]]
    documents: Mapping[str, Document]
    bundles: Mapping[str, Bundle]

    def members(self, name: str, stage: str) -> tuple[str, ...]:
        """Ids of a bundle at a stage, in the order in which they are read."""
        bundle = self.bundles[name]
        families = [
            metric
            for family in bundle.families
            for metric, entry in self.entries.items()
            if entry["family"] == family and entry.get("publish", True)
        ]
        return tuple(dict.fromkeys([*families, *bundle.metrics, *(bundle.stages or {}).get(stage, ())]))

    def stages(self, metric: str) -> tuple[str, ...] | None:
        """The stages at which a metric matters; null for all of them."""
        stages = (self.bundles["weekly"].stages or {}).items()
        return tuple(stage for stage, metrics in stages if metric in metrics) or None


@cache
def catalogue() -> Catalogue:
    """The built-in metrics. Raises: ValueError when a file of the package is broken."""
    entries: dict[str, Mapping[str, Any]] = {}
    documents: dict[str, Document] = {}
    for path in sorted(FOLDER.glob("*.yaml")):
        document = read(path.read_text(encoding="utf-8"), f"catalog/{path.name}")
        if document.findings or not isinstance(document.data, dict):
            raise ValueError(f"{path.name}: {document.findings}")
        if path.stem == "bundles":
            bundles = {name: _bundle(block) for name, block in document.data.items()}
            continue
        for name, entry in document.data.items():
            if not isinstance(entry, dict) or name in entries:
                raise ValueError(f"{path.name}: {name} is no entry, or a second one")
            entries[name] = entry
            documents[name] = document
    order = {family: number for number, family in enumerate(FAMILIES)}
    ordered = sorted(entries, key=lambda name: order[entries[name]["family"]])
    return Catalogue({name: entries[name] for name in ordered}, documents, bundles)


def _bundle(block: Any) -> Bundle:
    stages = {stage: tuple(metrics) for stage, metrics in block.get("stages", {}).items()}
    return Bundle(tuple(block.get("families", ())), tuple(block.get("metrics", ())), stages)
