"""Packaged knowledge of vendors' exports: which there are, and what a reader must know beyond a source's own keys."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any, Literal

from saasmetrics import document
from saasmetrics.expression import parse

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
class Companion:
    """What an export is read with, of another `table`.

    `by` are column names that tell that table from others; `on` its columns by which rows are found, each with the
    column of the rows so far that holds the same; `columns` what it gives, with the names a column has had there. Rows
    for which `skip` holds are passed over; with `at` one row counts for each key, that to `keep` of them in that order.
    `companions` are tables that it is read with itself. `needed` says why the export says too little without it.
    """

    table: str
    by: tuple[str, ...]
    on: Mapping[str, str]
    columns: Mapping[str, tuple[str, ...]]
    skip: str | None = None
    at: str = ""
    keep: Literal["first", "last"] = "last"
    companions: Mapping[str, Companion] = field(default_factory=dict)
    needed: str = ""

    @property
    def gives(self) -> tuple[str, ...]:
        """Columns that rows have when they were read with it."""
        return (*self.columns, *(name for inner in self.companions.values() for name in inner.gives))

    @property
    def asks(self) -> tuple[str, ...]:
        """Columns that a file of the table must have."""
        return tuple(dict.fromkeys([*self.on, *([self.at] if self.at else [])]))

    @property
    def reads(self) -> tuple[str, ...]:
        """Columns that are read of the table beside those that it gives; it may lack some."""
        inner = [own for each in self.companions.values() for own in each.on.values()]
        given = {name for each in self.companions.values() for name in each.gives}
        skipped = sorted(parse(self.skip).columns - given) if self.skip else []
        return tuple(name for name in dict.fromkeys([*self.asks, *inner, *skipped]) if name not in self.columns)


@dataclass(frozen=True)
class Preset:
    """One vendor's export.

    `signature` are column names that tell the export from others, `properties.x` a key in JSON; `aliases` other names
    a column had in other years; `drop` conditions on rows that are no records, by what such rows are called; `derived`
    columns that are made first; `elapsed` columns that the export gives as time passed; `newest` the column that says
    which of several rows of an id is the last; `order` that of days and months where values prove none; `nulls` further
    cells that mean nothing is there; `note` what the file cannot tell, `verify` what to check in your own; `zone` is
    `account` when times are in a zone that the file does not name. `evidence` says where the layout is known from.
    `companions` are tables that it is read with, by what they are called; `source` is what it would say in `sources`,
    by the same grammar.
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
    companions: Mapping[str, Companion] = field(default_factory=dict)

    @property
    def role(self) -> str:
        """The role that it fills."""
        return str(self.source["role"])

    @property
    def tables(self) -> Mapping[str, tuple[str, ...]]:
        """The tables that it is read with, by the columns that tell each from others."""
        return {each.table: each.by for each in self.asked}

    @property
    def asked(self) -> tuple[Companion, ...]:
        """All that is asked of other tables."""
        return tuple(_with_inner(self.companions))


def _with_inner(companions: Mapping[str, Companion]) -> Iterator[Companion]:
    for each in companions.values():
        yield each
        yield from _with_inner(each.companions)


HEADERLESS = {131: "snowplow.events"}
"""Exports with tabs and without a header, by how many cells their lines have."""


@cache
def headerless(cells: int) -> tuple[str, ...]:
    """The columns of an export that has no header, by how many there are; none where no export is like that."""
    if cells not in HEADERLESS:
        return ()
    resource = files("saasmetrics.sources") / "presets" / f"{HEADERLESS[cells]}{_SUFFIX}"
    data: Any = document.read(resource.read_text("utf-8"), resource.name).data
    return tuple(data["headerless"].split())


@cache
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
        _companions(data),
    )


def _companions(written: Mapping[str, Any]) -> Mapping[str, Companion]:
    return {name: _companion(name, table) for name, table in written.get("beside", {}).items()}


def _companion(name: str, written: Mapping[str, Any]) -> Companion:
    first, last = written.get("first", ""), written.get("last", "")
    return Companion(
        written.get("table", name),
        tuple(written["by"]),
        written["on"],
        {made: (their,) if isinstance(their, str) else tuple(their) for made, their in written["columns"].items()},
        written.get("skip"),
        first or last,
        "first" if first else "last",
        _companions(written),
        written.get("needed", ""),
    )


def _derived(name: str, written: Mapping[str, str]) -> Derived:
    (how, of), *options = written.items()
    return Derived(name, how, of, dict(options).get("by", ""))
