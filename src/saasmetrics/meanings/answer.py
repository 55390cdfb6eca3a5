"""An answer with versions: each period as it was defined, or the version before beside the one that holds."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from saasmetrics.definitions.load import load
from saasmetrics.definitions.scalars import Duration
from saasmetrics.engine.ask import Ask, of_view, wishes
from saasmetrics.engine.run import Wish
from saasmetrics.engine.values import judged_periods
from saasmetrics.frames.values import KEYS
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.meanings.beside import Beside, along, besides, told
from saasmetrics.meanings.defined import parts, stitched, versions
from saasmetrics.meanings.in_force import InForce
from saasmetrics.meanings.passes import under_meanings
from saasmetrics.pipeline import Result, caching_of
from saasmetrics.review.targets import held

if TYPE_CHECKING:
    from saasmetrics.engine.read import Progress


def compute(
    path: Path,
    ask: Ask,
    *,
    as_defined: bool = False,
    overlap: Duration | None = None,
    data_root: Path | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    progress: Progress | None = None,
) -> Result:
    """The numbers asked for; with `as_defined` every period under the definition that was in force on its first day.

    Edges: while an overlap that was accepted lasts, on the last day that the data knows, the version before is told
    beside; with `overlap` it is told on any day, as if it had been accepted with that.
    Raises: as `pipeline.compute`; InputError (exit 2) for a lock or a closed document that cannot be read.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    ask, caching = of_view(definitions, ask), caching_of(cache, no_cache)
    force, asked, wanted = InForce(definitions), list[Wish](), wishes(definitions, ask)[1]
    found = parts(force, wanted, asked) if as_defined else []
    before = besides(force, wanted, asked, overlap)
    done = under_meanings(definitions, ask, asked, caching, progress)
    result = done.result
    if as_defined:
        result = _as_defined(result, stitched(result.values, found, done.others))
        result = replace(result, versions={key: span.version for key, span in versions(found)})
    on = [each for each in before if overlap is not None or each.is_on(last_day(result))]
    return with_before(result, on, told(on, done.others))


def last_day(result: Result) -> date:
    """The last local day that the data knows."""
    return result.definitions.settings.calendar.local_day(result.as_of - timedelta(microseconds=1))


def _as_defined(result: Result, values: pl.DataFrame) -> Result:
    """The same question answered by other values: judged and held against the targets again."""
    definitions = result.definitions
    verdicts = {
        address.text: held(definitions, values, address, result.as_of, result.ask.where).verdict
        for address in result.addresses
    }
    judged = judged_periods(definitions, values, result.addresses)
    return replace(result, values=values, verdicts=verdicts, judged=judged)


def with_before(result: Result, found: list[Beside], values: list[pl.DataFrame]) -> Result:
    """A result with the versions before told beside."""
    if not found:
        return result
    if "version" in result.values.columns:
        numbered = zip(found, values, strict=True)
        values = [rows.with_columns(version=pl.lit(each.version.number, pl.Int64)) for each, rows in numbered]
    whole = pl.concat([result.values, *values]).sort(KEYS)
    return replace(result, values=whole, along=along(found))
