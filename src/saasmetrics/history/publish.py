"""Publishing: the next edition, unless the last one says the same already."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

import polars as pl

from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.frames.values import NOT_APPLICABLE
from saasmetrics.history.chain import changes
from saasmetrics.history.edition import (
    ENTRIES,
    ENTRY_KEY,
    PART_KEY,
    SAID,
    Account,
    Edition,
    is_complete,
    shaped,
)
from saasmetrics.history.folder import LOCK, editions, place, sweep
from saasmetrics.history.lock import alone
from saasmetrics.history.standing import Standing

CURRENT = "current"

WHOLE_EVERY = 32
"""So many editions rest on each other at most; then one holds everything again."""


@dataclass(frozen=True)
class Published:
    """What became of a publishing: the edition that now stands, and whether it is a new one."""

    edition: Edition
    is_new: bool
    numbers: int
    entries: int
    swept: int = 0


def told(
    values: pl.DataFrame,
    fingerprints: Mapping[tuple[str, str | None], str],
    versions: Mapping[tuple[str, str], int],
    reads: Mapping[tuple[str, str | None], frozenset[str]],
    bounded: Collection[str],
) -> pl.DataFrame:
    """Values as an edition has them.

    `fingerprints` are of definitions, by metric and the segment it is split by; `versions` the numbers of locked ones,
    by metric and fingerprint; `reads` the sources of each, by metric and segment; of metrics that are `bounded` rows of
    days after a period are no part of it. Edges: what cannot be asked of a metric (a split it
    has not) is not said; a meaning that is not locked has no version.
    """
    rows = values.filter(pl.col("status") != NOT_APPLICABLE)
    named = [
        (
            metric,
            segment,
            fingerprints.get((metric, segment)),
            versions.get((metric, fingerprints.get((metric, None), ""))),
            ",".join(sorted(reads[metric, segment])),
        )
        for metric, segment in rows.select("metric", "segment").unique(maintain_order=True).iter_rows()
        if (metric, segment) in reads
    ]
    schema = {"metric": pl.String, "segment": pl.String, "full": pl.String, "version": pl.Int64, "sources": pl.String}
    about = pl.DataFrame(named, schema=schema, orient="row")
    rows = rows.join(about, on=["metric", "segment"], how="left", nulls_equal=True, maintain_order="left")
    rows = rows.with_columns(
        beyond=~pl.col("metric").is_in(list(bounded)),
        basis=pl.lit(CURRENT),
        complete=is_complete(),
        edition=pl.lit(None, pl.Int64),
    )
    return shaped(rows, SAID)


def publish(folder: Path, account: Account, hashed: bool = False) -> Published:
    """Append an edition; nothing is appended where the last one says the same of the same data as of the same time.

    Two at once wait for each other. With `hashed`, accounts are named by a hash that only this folder can make again.
    Raises: InputError (exit 2) when the folder cannot be written to.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with alone(folder / LOCK):
            return _appended(folder, _disguised(folder, account) if hashed else account)
    except OSError as error:
        message = f"the edition cannot be written: {error.strerror or error}"
        raise InputError([Finding("SM021", Severity.ERROR, message, Location(str(folder)))]) from error


def _appended(folder: Path, account: Account) -> Published:
    swept = sweep(folder)
    found = editions(folder)
    last = found[-1] if found else None
    standing = Standing(found)
    chain = standing.chain(last) if last is not None else []
    numbers = account.values.height
    is_sound = bool(chain) and not any(each.broken for each in chain)
    if last is not None and is_sound:
        entries, sources = _changed(standing, last, account)
        if not last.altered and _is_same(standing, last, account, entries, sources):
            return Published(last, False, numbers, 0, swept)
    whole = not is_sound or len(chain) >= WHOLE_EVERY
    if whole:
        entries, sources = shaped(account.entries, ENTRIES), account.sources
    number = last.number + 1 if last else 1
    values = account.values.with_columns(edition=pl.lit(number, dtype=pl.Int64))
    fresh = replace(account, values=values, entries=entries, sources=sources)
    return Published(place(folder, number, fresh, last, whole), True, numbers, entries.height, swept)


def _changed(standing: Standing, last: Edition, account: Account) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries and lines of sources as changes since the edition before."""
    said = account.values.filter("complete", pl.col("segment").is_null())
    domain = said.select("metric", "cut", "grain", "period").unique()
    entries = changes(standing.entries(last), shaped(account.entries, ENTRIES), ENTRY_KEY, "amount", domain)
    is_part = pl.col("level") == "part"
    before, now = standing.sources(last).filter(is_part), account.sources.filter(is_part)
    moved = changes(before, now, PART_KEY, "rows", before.select("source").unique())
    return entries, pl.concat([account.sources.filter(~is_part), moved])


def _is_same(standing: Standing, last: Edition, account: Account, entries: pl.DataFrame, sources: pl.DataFrame) -> bool:
    is_part, order = pl.col("level") == "part", ["source", "level", "period"]
    heads = [rows.filter(~is_part).sort(order) for rows in (sources, standing.sources(last))]
    return (
        last.as_of == account.as_of
        and entries.is_empty()
        and sources.filter(is_part).is_empty()
        and heads[0].equals(heads[1])
        and account.values.drop("edition").equals(standing.values(last).drop("edition"))
    )


def _disguised(folder: Path, account: Account) -> Account:
    from saasmetrics.history.disguise import disguised

    return replace(account, entries=disguised(folder, account.entries))
