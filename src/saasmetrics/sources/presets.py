"""Packaged knowledge of vendors' exports: which there are, and what a reader must know beyond a source's own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

from saasmetrics import document

_SUFFIX = ".yaml"


@dataclass(frozen=True)
class Preset:
    """One vendor's export.

    `signature` are column names that tell the export from others; `aliases` other names a column had in other years;
    `drop` conditions on total lines and footers; `nulls` further cells that mean nothing is there; `note` what the
    file cannot tell; `zone` is `account` when times are in a zone that the file does not name. `source` is what it
    would say in `sources`, by the same grammar.
    """

    name: str
    signature: tuple[str, ...]
    source: Mapping[str, Any]
    aliases: Mapping[str, tuple[str, ...]]
    drop: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    note: str = ""
    zone: str = "utc"


def preset_names() -> tuple[str, ...]:
    """The presets there are, `vendor.export`."""
    folder = files("saasmetrics.sources") / "presets"
    return tuple(sorted(entry.name.removesuffix(_SUFFIX) for entry in folder.iterdir() if entry.name.endswith(_SUFFIX)))


@cache
def preset(name: str) -> Preset:
    """One preset. Raises: KeyError when there is none of that name."""
    if name not in preset_names():
        raise KeyError(name)
    resource = files("saasmetrics.sources") / "presets" / f"{name}{_SUFFIX}"
    data: Any = document.read(resource.read_text("utf-8"), resource.name).data
    return Preset(
        data["preset"],
        tuple(data["signature"]),
        data["source"],
        data.get("aliases", {}),
        tuple(data.get("drop", ())),
        tuple(data.get("null_values", ())),
        data.get("note", ""),
        data.get("zone", "utc"),
    )
