"""What explaining asks of the street: values of a question, and a number opened."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import TYPE_CHECKING, Protocol

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.engine.ask import Ask
from saasmetrics.review.targets import Part, Verdict

if TYPE_CHECKING:
    from saasmetrics.engine.read import SourceRead


class Numbers(Protocol):
    """One computation."""

    @property
    def values(self) -> pl.DataFrame:
        """The values frame."""
        ...

    @property
    def addresses(self) -> tuple[Address, ...]:
        """Whose they are, in print order."""
        ...

    @property
    def as_of(self) -> datetime:
        """The instant from which on nothing is known."""
        ...

    @property
    def sources(self) -> Mapping[str, SourceRead]:
        """What was read of every source."""
        ...

    @property
    def verdicts(self) -> Mapping[str, Verdict]:
        """How each address stands."""
        ...

    @property
    def parts(self) -> tuple[Part, ...]:
        """How parts of the company stand that have targets of their own."""
        ...

    @property
    def judged(self) -> Mapping[str, date]:
        """The judged period of each address that has one."""
        ...


@dataclass(frozen=True)
class Answers:
    """Two questions that can be asked: values, and the entries of an address in a period, one by one.

    Raises: InputError (exit 3) where no source can be used, or a number has no input.
    """

    values: Callable[[Ask], Numbers]
    entries: Callable[[str, str], pl.DataFrame]
