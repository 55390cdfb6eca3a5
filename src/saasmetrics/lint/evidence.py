"""Evidence: what rules that need data look at, computed by somebody else."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import polars as pl

from saasmetrics.frames.values import empty


@dataclass(frozen=True)
class Evidence:
    """Numbers, and a few facts about the rows behind them.

    Columns: `values` are those of a Values frame, of any grains and segments. `linked` has, for accounts of several
    cohorts, `cohort` (a date), `account`, `amount` of the North Star in the cohort's first period, and whether the
    account was `kept`. `tested` are the names of scores that were held against what came of them. `currencies` are
    the currencies in the rows of a source. `types` is, by source and canonical column, the type of the file's column
    as Polars names it. Edges: what is left out is not judged.
    """

    values: pl.DataFrame = field(default_factory=empty)
    linked: pl.DataFrame | None = None
    tested: frozenset[str] | None = None
    currencies: Mapping[str, frozenset[str]] = field(default_factory=dict)
    types: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
