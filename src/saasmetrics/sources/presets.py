"""Packaged knowledge of vendors' exports: which there are, and what a reader must know beyond a source's own keys."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from saasmetrics import document

if TYPE_CHECKING:
    from saasmetrics.sources.times import Order

EVIDENCE = {
    "V": "the vendor's own pages",
    "E": "tables of an ELT copy",
    "P": "exports that others published",
    "M": "memory: it was never held against a real export",
}
"""Where the layout of an export is known from."""
_SUFFIX = ".yaml"
_UNITS = {"s": 1, "m": 60, "h": 3600}


@dataclass(frozen=True)
class Elapsed:
    """A time that the export gives as the time passed since another: `seconds` to one unit of the file's column."""

    column: str
    after: str
    seconds: int


@dataclass(frozen=True)
class Derived:
    """A column made of a file's own before anything is mapped; `how` is one word of `sources/derived.py`."""

    name: str
    how: str
    of: str
    by: str = ""


@dataclass(frozen=True)
class Preset:
    """One vendor's export.

    `signature` are column names that tell the export from others, `properties.x` a key in JSON; `aliases` other names
    a column had in other years; `drop` conditions on rows that are no records, by what such rows are called; `derived`
    columns that are made first; `elapsed` columns that the export gives as time passed; `newest` the column that says
    which of several rows of an id is the last; `order` that of days and months where values prove none; `nulls` further
    cells that mean nothing is there; `note` what the file cannot tell, `verify` what to check in your own; `zone` is
    `account` when times are in a zone that the file does not name. `evidence` says where the layout is known from.
    `source` is what it would say in `sources`, by the same grammar.
    """

    name: str
    signature: tuple[str, ...]
    source: Mapping[str, Any]
    aliases: Mapping[str, tuple[str, ...]]
    drop: Mapping[str, str] = field(default_factory=dict)
    nulls: tuple[str, ...] = ()
    elapsed: Mapping[str, Elapsed] = field(default_factory=dict)
    derived: tuple[Derived, ...] = ()
    newest: str = ""
    order: Order | None = None
    note: str = ""
    verify: str = ""
    evidence: str = ""
    zone: str = "utc"

    @property
    def role(self) -> str:
        """The role that it fills."""
        return str(self.source["role"])


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
        data.get("drop", {}),
        tuple(data.get("null_values", ())),
        {
            column: Elapsed(how["column"], how["after"], _UNITS[how["unit"]])
            for column, how in data.get("elapsed", {}).items()
        },
        tuple(_derived(name, how) for name, how in data.get("derived", {}).items()),
        data.get("newest", ""),
        data.get("order"),
        data.get("note", ""),
        data.get("verify", ""),
        data["evidence"],
        data.get("zone", "utc"),
    )


def _derived(name: str, written: Mapping[str, str]) -> Derived:
    (how, of), *options = written.items()
    return Derived(name, how, of, dict(options).get("by", ""))
