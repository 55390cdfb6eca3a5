"""The audit: what a file and its editions have let slip: idle, alike, quiet or retired metrics, dates, reviews."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from pathlib import Path

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.finding import Finding
from saasmetrics.frames.values import OK
from saasmetrics.history.edition import FILES, Edition
from saasmetrics.history.folder import by_time, editions, last_day, read
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint.audit.record import SAYS, Record, nothing
from saasmetrics.lint.index import audit as audited
from saasmetrics.lint.index import lint

STALE = "SM323"
"""What only a day can tell of the definitions alone: a target that was due."""


def audit(
    path: Path, today: date, *, locked: frozenset[str] | None = None, data_root: Path | None = None
) -> tuple[Finding, ...]:
    """What has to be looked after on a day, from the definitions and what was published until then.

    Edges: no data is read and nothing is computed; what cannot be told from so little is told to be unrecorded. Raises:
    InputError, exit 2 for definitions that cannot be understood, 3 for editions of a later layout.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    dated = [finding for finding in lint(definitions, locked, today=today) if finding.code == STALE]
    return (*dated, *audited(definitions, recorded(definitions, today), locked))


def recorded(definitions: Definitions, today: date) -> Record:
    """What editions said until a day, of complete periods of the whole company."""
    calendar = definitions.settings.calendar
    found = by_time(editions(definitions.path.parent / definitions.settings.published.path), calendar)
    there = [(edition, day) for edition in found if (day := last_day(edition, calendar)) <= today]
    return Record(today, _said(there), tuple(day for _, day in there))


def _said(there: Iterable[tuple[Edition, date]]) -> pl.DataFrame:
    parts = [
        read(edition, FILES[0])
        .filter("complete", pl.col("segment").is_null(), pl.col("status") == OK, pl.col("value").is_not_null())
        .with_columns(day=pl.lit(day), edition=pl.lit(edition.number, pl.Int64))
        .select(list(SAYS))
        for edition, day in there
    ]
    return pl.concat([nothing(), *parts])
