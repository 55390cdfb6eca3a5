"""Observed: the rows that count, as data checks look at them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date

import polars as pl


@dataclass(frozen=True)
class Observed:
    """What there is to hold against itself.

    `tables` are the rows that count, by role, with `source` and without faults. Columns: `active` has, by `source` of a
    log of events and by `account`, the `rows`, the local days of the `first` and the `last`. `today` is the day up to
    which the data reaches, or the one that was `asked` for, after which there may be any rows.
    """

    tables: Mapping[str, pl.DataFrame]
    active: pl.DataFrame
    today: date
    days: Mapping[str, pl.DataFrame] = field(default_factory=dict)
    """By role, the local day of each row by the role's own time: `source`, `account` where there is one, `day`."""
    asked: bool = False
