"""What the pass gives back: one frame per request, the ids, and what was read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime

import polars as pl

from saasmetrics.facts.request import Request
from saasmetrics.finding import Finding


@dataclass(frozen=True)
class Read:
    """What was read of one source.

    `rows` are those its own filter let through; `used` is what is left without faulty rows (`faults`, by rule), rows
    that the as-of hides (`hidden`) and repeats of an id (`repeats`). `first` and `last` are the times of used rows.
    `unread` counts, by column, cells of used rows that are no numbers where numbers are wanted.
    """

    rows: int = 0
    used: int = 0
    faults: Mapping[str, int] = field(default_factory=dict)
    hidden: int = 0
    repeats: int = 0
    first: datetime | None = None
    last: datetime | None = None
    unread: Mapping[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Facts:
    """Every request answered. Frames are sorted by their grain; `account` and `user` hold all ids, known and seen.

    `runless` counts, by workflow, rows of runs that have no run id.
    """

    frames: Mapping[Request, pl.DataFrame]
    account: pl.Enum
    user: pl.Enum
    reads: Mapping[str, Read]
    runless: Mapping[str, int]
    findings: tuple[Finding, ...] = ()
    seals: Mapping[str, int] | None = None
    """The seals of the parcels that stand for all that was read, by name; None where some could not be kept."""
    files: Mapping[str, list[str]] = field(default_factory=dict)
    """By name of a parcel, the files that it stands for."""
