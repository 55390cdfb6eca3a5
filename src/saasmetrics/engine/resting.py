"""The sources that numbers rest on."""

from __future__ import annotations

from collections.abc import Sequence

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.run import Wish, draw_up
from saasmetrics.sources.open import Sources

ALL = ("aliases", "fx")
"""Roles that lead ids and amounts of all others elsewhere."""


def resting(
    definitions: Definitions, sources: Sources, wishes: Sequence[Wish]
) -> dict[tuple[str, str | None], frozenset[str]]:
    """The sources of every number wished for, by its metric and the segments it is split by, comma-joined.

    Edges: what a split reads beside is no source of the number undivided.
    """
    found: dict[tuple[str, str | None], frozenset[str]] = {}
    for by in dict.fromkeys(wish.by for wish in wishes):
        some = [Wish(wish.metric, wish.addresses, wish.grain, by) for wish in wishes if wish.by == by]
        for metric, asked in draw_up(definitions, sources, some).items():
            roles = {*asked.roles, *asked.lookups, *ALL}
            names = frozenset(name for name, source in definitions.sources.items() if source.role in roles)
            found[metric, ",".join(by) or None] = names
    return found
