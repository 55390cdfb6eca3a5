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
    State,
    is_complete,
    shaped,
)
from saasmetrics.history.folder import LOCK, editions, place, state, sweep
from saasmetrics.history.lock import alone

CURRENT = "current"


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
    before = state(found, last) if last is not None and not last.broken else None
    entries, sources = _fresh(before, account)
    if before is not None and last is not None and not last.altered and _is_same(before, account, entries, sources):
        return Published(last, False, before.values.height, 0, swept)
    number = last.number + 1 if last else 1
    values = account.values.with_columns(edition=pl.lit(number, dtype=pl.Int64))
    fresh = replace(account, values=values, entries=entries, sources=sources)
    edition = place(folder, number, fresh, last, whole=before is None)
    return Published(edition, True, values.height, entries.height, swept)


def _fresh(before: State | None, account: Account) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Entries and lines of sources as changes since the edition before, where there is one to rest on."""
    entries = shaped(account.entries, ENTRIES)
    if before is None:
        return entries, account.sources
    said = account.values.filter("complete", pl.col("segment").is_null())
    domain = said.select("metric", "cut", "grain", "period").unique()
    upright = changes(before.entries, entries, ENTRY_KEY, "amount", domain)
    parts = account.sources.filter(pl.col("level") == "part")
    was = before.sources.filter(pl.col("level") == "part")
    moved = changes(was, parts, PART_KEY, "rows", parts.select("source").unique())
    return upright, pl.concat([account.sources.filter(pl.col("level") != "part"), moved])


def _is_same(before: State, account: Account, entries: pl.DataFrame, sources: pl.DataFrame) -> bool:
    parts = sources.filter(pl.col("level") == "part")
    heads = sources.filter(pl.col("level") != "part")
    order = ["source", "level", "period"]
    return (
        before.edition.as_of == account.as_of
        and entries.is_empty()
        and parts.is_empty()
        and heads.sort(order).equals(before.sources.filter(pl.col("level") != "part").sort(order))
        and account.values.drop("edition").equals(before.values.drop("edition"))
    )


def _disguised(folder: Path, account: Account) -> Account:
    from saasmetrics.history.disguise import disguised

    return replace(account, entries=disguised(folder, account.entries))
