"""Packaged knowledge of vendors' exports: which there are, and what a reader must know beyond a source's own keys."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import Any

from saasmetrics import document

_SUFFIX = ".yaml"


_LEAST = 0.5
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Elapsed:
    """A time that the export gives as the time passed since another: `seconds` to one unit of the file's column."""

    column: str
    after: str
    seconds: int


@dataclass(frozen=True)
class Preset:
    """One vendor's export.

    `signature` are column names that tell the export from others; `aliases` other names a column had in other years;
    `drop` conditions on rows that are no records (totals, footers, deleted ones); `elapsed` columns that the export
    gives as time passed; `nulls` further cells that mean nothing is there; `note` what the
    file cannot tell; `zone` is `account` when times are in a zone that the file does not name. `source` is what it
    would say in `sources`, by the same grammar.
    """

    name: str
    signature: tuple[str, ...]
    source: Mapping[str, Any]
    aliases: Mapping[str, tuple[str, ...]]
    drop: tuple[str, ...] = ()
    nulls: tuple[str, ...] = ()
    elapsed: Mapping[str, Elapsed] = field(default_factory=dict)
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
        {
            column: Elapsed(how["column"], how["after"], _UNITS[how["unit"]])
            for column, how in data.get("elapsed", {}).items()
        },
        data.get("note", ""),
        data.get("zone", "utc"),
    )


def recognised(columns: Collection[str]) -> tuple[tuple[str, float], ...]:
    """Presets whose export has such columns, likeliest first, with the share of their signature that is there.

    Edges: half of a signature is the least; presets that are as likely as each other all come, none is guessed.
    """
    names = {name.casefold() for name in columns}
    shares = []
    for name in preset_names():
        known = preset(name)
        there = [names & {part.casefold(), *map(str.casefold, known.aliases.get(part, ()))} for part in known.signature]
        shares.append((name, sum(map(bool, there)) / len(there)))
    return tuple(sorted((found for found in shares if found[1] >= _LEAST), key=lambda found: (-found[1], found[0])))
