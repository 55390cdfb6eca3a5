"""Facts that nobody needs, since what comes of them is known from an earlier run: `Sparing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Protocol

from saasmetrics.facts.cache import Cache
from saasmetrics.facts.request import Request

Needed = Mapping[Request, date]
"""From which local day on the facts of a request are needed; those of a request that is not named never are."""


@dataclass(frozen=True)
class Known:
    """What a cache has of the logs, and what is new, before anything that it has is taken.

    `plan` names everything beside the files that decides the facts. `seals` are those of the parcels that stand for
    files as they were, by name; `read` names the files that none stands for, which are new or read again.
    `first` is the first local day of a row that is in these files, or that one of them may have changed by repeating
    its id; `first_of_runs` that of a run to which such a row belongs. Both are None where no file was read.
    """

    cache: Cache
    plan: str
    seals: Mapping[str, int]
    read: frozenset[str]
    first: date | None
    first_of_runs: date | None


class Sparing(Protocol):
    """Says which facts are needed."""

    def needed(self, known: Known) -> Needed | None:
        """From which day on the facts of each request are needed; None: everything is."""

    def bar(self) -> None:
        """What is there does not fit: everything is needed from now on."""
