"""Tables that an export is read with: their columns beside its own, one row for each row of theirs that belongs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import polars as pl

from saasmetrics.definitions.settings import Settings
from saasmetrics.definitions.sources import Source
from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.sources.convert import Reading, convert
from saasmetrics.sources.files import DataFile, find_files
from saasmetrics.sources.naming import compile_named, named
from saasmetrics.sources.presets import Companion, Preset
from saasmetrics.sources.scan import NULLS, Raw, scan
from saasmetrics.sources.times import Clock

_KEY, _AT = "_key", "_at"

Tables = Mapping[str, Mapping[DataFile, Raw]]
"""The files of each table that is there, by what the preset calls it."""


def companions(
    name: str, source: Source, known: Preset, roots: Sequence[Path] = (), at: Location | None = None
) -> tuple[Tables, list[Finding]]:
    """The tables that a source names beside its files, by their names in the preset; and what is wrong with them."""
    found: dict[str, dict[DataFile, Raw]] = {}
    findings: list[Finding] = []
    for table, paths in source.beside.items():
        asked = [each for each in known.asked if each.table == table]
        if not asked:  # told where the definitions are read
            continue
        files, faults = find_files(name, source.model_copy(update={"path": paths}), roots, at)
        findings.extend(faults)
        likely = {column for each in asked for column in each.reads}
        for file in files:
            try:
                rows = scan(file, (), likely, (*NULLS, *known.nulls))
            except InputError as error:
                findings.extend(error.findings)
                continue
            needed = dict.fromkeys(column for each in asked for column in each.asks)
            if lost := [column for column in needed if named(column, rows.schema) is None]:
                message = f"there is no column `{lost[0]}` (for `{table}`, beside the rows of `{name}`)"
                hint = f"a file of {table} has {', '.join(needed)}"
                findings.append(Finding("SM908", Severity.ERROR, message, Location(file.name), hint, lost[0]))
                continue
            found.setdefault(table, {})[file] = rows
    return found, findings


def lacking(known: Preset, rows: Raw, there: Tables, place: str) -> list[Finding]:
    """Tables that an export says too little without: not named, and their columns not in the file either."""
    lost = [
        each for each in known.companions.values() if each.needed and each.table not in there and not _has(rows, each)
    ]
    if not lost:
        return []
    names = list(dict.fromkeys(each.table for each in lost))
    message = f"says too little without {' and '.join(f'`{name}`' for name in names)} beside it: {lost[0].needed}"
    hint = f"name the files: beside: {{{', '.join(f'{name}: FILE' for name in names)}}}"
    return [Finding("SM908", Severity.ERROR, message, Location(place), hint)]


def joined(rows: Raw, known: Preset, there: Tables, settings: Settings) -> Raw:
    """A file's rows with the columns of the tables beside it.

    Grain: a row of the file for each row of theirs that belongs to it, or for itself. Edges: ids are compared as text;
    a row that nothing belongs to has none of their columns; a table whose columns the file has already is not asked.
    """
    for each in known.companions.values():
        own = [named(own, rows.schema) for own in each.on.values()]
        if each.table not in there or None in own or _has(rows, each):
            continue
        lost = rows.rows.drop([name for name in each.columns if name in rows.schema])
        frame = _beside(lost, [str(name) for name in own], each, there, settings)
        schema = {**rows.schema, **dict.fromkeys(each.gives, pl.String())}
        sample = pl.concat([rows.sample, *_samples(each, there)], how="diagonal")
        rows = replace(rows, rows=frame, schema=schema, sample=sample, changed=True)
    return rows


def _has(rows: Raw, companion: Companion) -> bool:
    return all(named(column, rows.schema) is not None for column in companion.gives)


def _beside(
    rows: pl.LazyFrame, own: Sequence[str], companion: Companion, there: Tables, settings: Settings
) -> pl.LazyFrame:
    """Rows with what a table gives, found by their columns `own`."""
    keys = {f"{_KEY}{number}": their for number, their in enumerate(companion.on)}
    theirs = pl.concat([_read(table, companion) for table in there[companion.table].values()])
    for inner in companion.companions.values():
        if inner.table in there:
            theirs = _beside(theirs, list(inner.on.values()), inner, there, settings)
        else:
            theirs = theirs.with_columns(**dict.fromkeys(inner.gives, pl.lit(None, dtype=pl.String)))
    if companion.skip is not None:
        skipped = compile_named(companion.skip, theirs.collect_schema(), "UTC", kind="flag")
        theirs = theirs.filter(~skipped.fill_null(value=False))
    if companion.at:
        theirs = _one(theirs, companion, settings)
    made = theirs.select(
        *(pl.col(their).alias(key) for key, their in keys.items()),
        *(pl.col(name) for name in companion.gives),
    )
    made = made.drop_nulls(list(keys)).unique(maintain_order=True)
    left = rows.with_columns(pl.col(name).cast(pl.String).alias(key) for key, name in zip(keys, own, strict=True))
    return left.join(made, on=list(keys), how="left", maintain_order="left_right").drop(list(keys))


def _one(theirs: pl.LazyFrame, companion: Companion, settings: Settings) -> pl.LazyFrame:
    """Of the rows of one key the first, or the last, by time; by text where a column holds none."""
    moment = convert(pl.col(companion.at), pl.String(), "time", Reading(Clock("UTC", settings.calendar)))
    ordered = theirs.with_columns(moment.to_physical().alias(_AT)).drop_nulls(companion.at)
    ordered = ordered.sort(_AT, companion.at, *companion.gives, nulls_last=False)
    return ordered.unique(list(companion.on), keep=companion.keep, maintain_order=True)


def _read(table: Raw, companion: Companion) -> pl.LazyFrame:
    """What is asked of a table, as text: its own columns as they are called there, and what it gives."""
    own = {name: named(name, table.schema) for name in companion.reads}
    given = {name: _named(theirs, table.schema) for name, theirs in companion.columns.items()}
    return table.rows.select(
        (pl.lit(None, dtype=pl.String) if column is None else pl.col(column).cast(pl.String)).alias(name)
        for name, column in {**own, **given}.items()
    )


def _named(names: Sequence[str], schema: Mapping[str, pl.DataType]) -> str | None:
    return next((column for name in names if (column := named(name, schema)) is not None), None)


def _samples(companion: Companion, there: Tables) -> Iterator[pl.DataFrame]:
    """Cells of what a table gives: they tell how each column is written, and do not stand beside the rows' own."""
    for table in there[companion.table].values():
        schema = dict(table.sample.schema)
        found = {name: _named(theirs, schema) for name, theirs in companion.columns.items()}
        yield table.sample.select(
            pl.col(column).cast(pl.String).alias(name) for name, column in found.items() if column
        )
    for inner in companion.companions.values():
        if inner.table in there:
            yield from _samples(inner, there)
