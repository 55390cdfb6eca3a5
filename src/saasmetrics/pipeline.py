"""The street: a definition file and exports in, right numbers out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from pathlib import Path

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask, wishes
from saasmetrics.engine.read import Progress, SourceRead
from saasmetrics.engine.run import compute as run
from saasmetrics.engine.values import judged_period, of_address
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.period import Calendar
from saasmetrics.review.targets import Verdict, held
from saasmetrics.sources.open import open_sources


@dataclass(frozen=True)
class Result:
    """One computation: values, whose they are, how far they reach, how they stand, and what was wrong."""

    definitions: Definitions
    values: pl.DataFrame
    addresses: tuple[Address, ...]
    as_of: datetime
    sources: Mapping[str, SourceRead]
    findings: tuple[Finding, ...] = ()
    verdicts: Mapping[str, Verdict] = field(default_factory=dict)
    judged: Mapping[str, date] = field(default_factory=dict)


def compute(
    path: Path, ask: Ask, *, data_root: Path | None = None, progress: Progress | None = None
) -> Result:
    """Read the definitions, open the sources, compute what is asked, hold it against the targets.

    Raises: InputError, exit 2 for definitions or questions that cannot be understood, 3 where no source can be used.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    addresses, wanted = wishes(definitions, ask)
    sources = open_sources(definitions)
    findings = [*definitions.findings, *sources.findings]
    if not sources.tables and not sources.logs:
        raise InputError([finding for finding in findings if finding.severity is Severity.ERROR] or findings, 3)
    as_of = instant(definitions.settings.calendar, ask.as_of)
    done = run(
        definitions, sources, wanted, as_of=as_of, count=ask.periods, since=ask.since, until=ask.until, progress=progress
    )
    judged = {
        address.text: day for address in addresses if (day := judged_period(of_address(done.values, address)))
    }
    verdicts = {address.text: held(definitions, done.values, address, done.as_of) for address in addresses}
    return Result(
        definitions, done.values, addresses, done.as_of, done.read.sources, (*findings, *done.read.findings),
        verdicts, judged,
    )


def instant(calendar: Calendar, as_of: date | datetime | None) -> datetime | None:
    """The first instant that is not visible: a day is visible as a whole, an instant up to itself."""
    if as_of is None or isinstance(as_of, datetime):
        return as_of
    return calendar.start_of(as_of + timedelta(days=1))
