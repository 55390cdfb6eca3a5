"""Facts that nobody needs, since what comes of them is known from an earlier run: `Sparing`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

from saasmetrics.facts.cache import Cache
from saasmetrics.facts.request import Request


@dataclass(frozen=True)
class Known:
    """What is there to be taken from a cache, before any of it is taken.

    `plan` names everything beside the files that decides the facts, `seals` are those of all parcels that stand for
    files, by name; `whole` says that they stand for all files.
    """

    cache: Cache
    plan: str
    seals: Mapping[str, int]
    whole: bool


class Sparing(Protocol):
    """Says which facts are needed."""

    def needed(self, known: Known) -> frozenset[Request] | None:
        """The requests whose facts are needed; None: all."""
