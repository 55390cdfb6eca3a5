"""Rows, resolved: which rows of which role a selector in the file comes down to."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Outcome = Literal["attempt", "success", "failure"]


@dataclass(frozen=True)
class Selector:
    """Rows of one role (or of one source of it).

    `event` is the exact event name when the role is events. `filter` is SQL on the canonical row. `at` is the time
    column; rows where it is null are not chosen. `run` is the column that holds the run or object id when the rows
    are those of a workflow that declares one, or of `same_run`.
    """

    role: str
    at: str
    source: str | None = None
    event: str | None = None
    filter: str | None = None
    run: str | None = None
    workflow: str | None = None
    outcome: Outcome | None = None


@dataclass(frozen=True)
class Milestone:
    """Once per account: `created`, `first_success`, `activated`, `first_paid`, `churned`, or a tier.

    `of` is the workflow of a tier, or the product of a product's milestone.
    """

    name: str
    of: str | None = None


@dataclass(frozen=True)
class Selection:
    """What a rows selector comes down to.

    Edges: with `join` any the rows are those of any part, and counting means counting rows (different runs where all
    parts have a run); with all, the moment is that of the last part to be met. `at_least` counts in what the asker
    gives: the period, since entry, ever, the window.
    """

    parts: tuple[Selector | Milestone | Selection, ...]
    join: Literal["any", "all"] = "any"
    at_least: int = 1
    same_run: bool = False

    @property
    def selectors(self) -> tuple[Selector, ...]:
        """All selectors at any depth, in reading order."""
        out: list[Selector] = []
        for part in self.parts:
            if isinstance(part, Selector):
                out.append(part)
            elif isinstance(part, Selection):
                out.extend(part.selectors)
        return tuple(out)

    @property
    def is_plain(self) -> bool:
        """Whether this is a union of plain selectors that rows can be counted of."""
        return self.join == "any" and all(isinstance(part, Selector) for part in self.parts)
