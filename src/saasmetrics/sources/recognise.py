"""Which presets a file may be an export of, by its columns."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files
from typing import Any

import polars as pl

from saasmetrics import document
from saasmetrics.sources.derived import is_pattern, matching
from saasmetrics.sources.presets import Preset, preset, preset_names
from saasmetrics.sources.scan import Raw

_LEAST = 0.8
_MANY = 5
_ROWS = 50
_DEEP = 3


@dataclass(frozen=True)
class Match:
    """A preset that a file may be an export of: the share of the signature that is there, and how many columns."""

    name: str
    share: float
    columns: int

    @property
    def rank(self) -> tuple[float, int]:
        """The greater, the likelier."""
        return self.share, self.columns


def recognised(columns: Collection[str]) -> tuple[Match, ...]:
    """Presets whose export has such columns, likeliest first.

    Edges: four fifths of a signature are the least; of presets that are wholly there the one with the longer
    signature is likelier; those that are as likely as each other all come, none is guessed.
    """
    names = {name.casefold() for name in columns}
    found = []
    for name in preset_names():
        known = preset(name)
        there = [part for part in known.signature if _has(known, part, names)]
        share = len(there) / len(known.signature)
        if share >= _LEAST:
            found.append(Match(name, share, len(there)))
    return tuple(sorted(found, key=lambda match: (-match.share, -match.columns, match.name)))


def likeliest(columns: Collection[str]) -> tuple[Match, ...]:
    """The one preset that is likeliest, or all that are as likely."""
    return foremost(recognised(columns))


def foremost(matches: Sequence[Match]) -> tuple[Match, ...]:
    """Of matches in their order the first, and those that are as likely."""
    return tuple(match for match in matches if match.rank == matches[0].rank)


def _has(known: Preset, part: str, names: Collection[str]) -> bool:
    if is_pattern(part):
        return bool(matching(part, names))
    return any(name.casefold() in names for name in (part, *known.aliases.get(part, ())))


@dataclass(frozen=True)
class Beside:
    """A known table that no preset reads, and why."""

    name: str
    by: tuple[str, ...]
    why: str


@cache
def tables_beside() -> tuple[Beside, ...]:
    """The known tables that no preset reads."""
    resource = files("saasmetrics.sources") / "beside.yaml"
    data: Any = document.read(resource.read_text("utf-8"), resource.name).data
    return tuple(Beside(name, tuple(table["by"]), table["why"]) for name, table in data.items())


def beside(columns: Collection[str]) -> Beside | None:
    """The known table with such columns that no preset reads: the one with the longest signature, wholly there.

    Edges: few columns tell a table only where they are half of it.
    """
    names = {name.casefold() for name in columns}
    found = [
        table
        for table in tables_beside()
        if all(part.casefold() in names for part in table.by)
        and (len(table.by) >= _MANY or 2 * len(table.by) >= len(names))
    ]
    return max(found, key=lambda table: len(table.by), default=None)


@cache
def header_words() -> frozenset[str]:
    """All names that any known table has a column by: what a header is found by when nobody has said what a file is."""
    words = {part for table in tables_beside() for part in table.by}
    for name in preset_names():
        known = preset(name)
        words.update(part for part in known.signature if not is_pattern(part) and "." not in part)
        words.update(other for others in known.aliases.values() for other in others)
        words.update(known.aliases)
        words.update(column for by in known.tables.values() for column in by)
    return frozenset(words)


def names_of(rows: Raw) -> tuple[str, ...]:
    """The columns of a file, and the keys of objects in them as `properties.time`."""
    names = [name for name in rows.schema if name.isprintable()]
    for name in rows.sample.columns:
        cells = rows.sample[name].drop_nulls().head(_ROWS) if rows.sample[name].dtype == pl.String else ()
        for cell in cells:
            if cell.startswith("{"):
                names.extend(f"{name}.{key}" for key in _keys(cell))
    return tuple(dict.fromkeys(names))


def _keys(cell: str) -> Iterator[str]:
    try:
        value = json.loads(cell)
    except (json.JSONDecodeError, RecursionError):
        return
    yield from _paths(value, _DEEP)


def _paths(value: object, deep: int) -> Iterator[str]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            if deep > 1:
                yield from (f"{key}.{path}" for path in _paths(inner, deep - 1))
