"""Examination: the rules that need data, given the numbers and the logs that they look at."""

from __future__ import annotations

from datetime import date, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask
from saasmetrics.finding import Finding
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.pipeline import compute

# As in the pipeline: what reads and computes is imported where that begins.
if TYPE_CHECKING:
    from saasmetrics.engine.read import Progress

UNPUBLISHED = ("acquisition_spend", "paid_spend")
"""Helpers whose values a rule looks at, though nobody publishes them."""


def examine(
    path: Path,
    *,
    locked: frozenset[str] | None = None,
    as_of: date | datetime | None = None,
    data_root: Path | None = None,
    cache: Path | None = None,
    no_cache: bool = False,
    progress: Progress | None = None,
) -> tuple[Finding, ...]:
    """What the rules find in the published numbers and in the logs of events, sorted by rule and place.

    Edges: numbers are those of `settings.baseline` periods, whole and by each of `settings.segments`; which scores were
    tried on what came of them is not gathered.
    Raises: InputError, exit 2 for definitions that cannot be understood, 3 where no source can be used.
    """
    from saasmetrics.engine.currencies import currencies
    from saasmetrics.engine.linked import linked
    from saasmetrics.engine.sighted import sighted
    from saasmetrics.lint.evidence import Evidence
    from saasmetrics.lint.index import drift, lint_values
    from saasmetrics.sources.open import open_sources

    definitions = load(path, REGISTRY, data_root=data_root)
    question = _question(definitions, as_of)
    wide = compute(path, question, data_root=data_root, cache=cache, no_cache=no_cache, progress=progress)
    sources = open_sources(definitions)
    evidence = Evidence(wide.values, linked(definitions, sources, wide.as_of), None, currencies(sources), sources.types)
    today = definitions.settings.calendar.local_day(wide.as_of)
    findings = lint_values(definitions, evidence, locked, today=today)
    seen = sighted(definitions, sources, wide.as_of if as_of is not None else None)
    return (*findings, *(drift(definitions, seen, locked) if seen is not None else ()))


def _question(definitions: Definitions, as_of: date | datetime | None) -> Ask:
    """All that rules look at: the published numbers and a few helpers, over the baseline, whole and split."""
    published = dict.fromkeys(address.metric for address in definitions.published())
    able = [name for name in (*published, *UNPUBLISHED) if definitions.metrics[name].missing is None]
    by = tuple((segment,) for segment in definitions.settings.segments)
    return Ask(tuple(able), by, periods=definitions.settings.baseline + 1, as_of=as_of)
