"""What a metric type or a book may read: tables, facts, other books, other ledgers. Nothing else exists for them."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import TYPE_CHECKING, Protocol

import polars as pl

from saasmetrics.expression import compile_polars, parse
from saasmetrics.facts.request import Request
from saasmetrics.frames.ledger import Ledger
from saasmetrics.period import Calendar, Grain, Periods

if TYPE_CHECKING:
    from saasmetrics.books.numbers import Numbers
    from saasmetrics.definitions.inputs import ResolvedInput
    from saasmetrics.definitions.scope import Scope


class Book(Protocol):
    """A small shared table: hashable, made once however many metrics read it.

    Edges: a book with `lends = True` only lends attributes to rows of other roles: how far its own rows reach says
    nothing about the numbers. One with `light = True` is a fact nearly as it is: kept beside it, it would be there
    twice, so everybody who reads it makes it anew.
    """

    def make(self, given: Given) -> pl.LazyFrame:
        """The book as a plan over what is given."""
        ...


class Given(ABC):
    """Hands out what was asked for; the planner's version records the asking, the engine's answers it.

    `by` are the segments that rows shall carry as columns `@segment` where they can. `as_of` is the instant from
    which on nothing is visible.
    """

    scope: Scope
    by: tuple[str, ...]
    as_of: datetime
    since: datetime | None = None
    """From when on what the metric counts tells anything; None while nobody knows."""
    fine: bool = False
    """Whether entries are wanted one by one, where a type would fold them to their account."""

    @property
    def calendar(self) -> Calendar:
        """The calendar of the file."""
        return self.scope.calendar

    @property
    def as_of_day(self) -> date:
        """The first local day that is not fully visible."""
        return self.calendar.local_day(self.as_of)

    @property
    def unseen_day(self) -> date:
        """The first local day of which nothing is visible; a row that is known by its day is visible before it."""
        day = self.as_of_day
        return day + timedelta(days=1) if self.as_of > self.calendar.start_of(day) else day

    @abstractmethod
    def schema(self, role: str) -> Mapping[str, pl.DataType]:
        """Columns of a role's table."""

    @abstractmethod
    def lacks(self, role: str) -> bool:
        """Whether the sources of a role cannot be used, so that nobody knows which columns they have."""

    @abstractmethod
    def table(self, role: str) -> pl.LazyFrame:
        """Usable rows of a role that is not a log, visible at the as-of."""

    @abstractmethod
    def fact(self, request: Request, columns: Sequence[str] = ()) -> pl.LazyFrame:
        """The answer to a request of the logs; of runs, `columns` names those that are read."""

    def counting(self, numbers: Numbers) -> None:  # noqa: B027 - who only draws up plans need not know
        """Say that rows of a table are read as numbers, so that cells which are none are told."""

    @abstractmethod
    def made(self, book: Book) -> pl.LazyFrame:
        """A book, made once."""

    @abstractmethod
    def ledger(self, wanted: ResolvedInput, periods: Periods) -> Ledger:
        """The ledger of another metric, cut, filtered and shifted as the input says."""

    @abstractmethod
    def begins(self, role: str) -> datetime | None:
        """The first moment that a role's rows tell of; None where that is not known."""

    @property
    def accounts_change(self) -> bool:
        """Whether rows of accounts say since when they hold; while nobody has looked, they may."""
        return True

    @abstractmethod
    def history(self, grain: Grain) -> Periods:
        """All periods of a grain from the first fact known to the as-of."""

    @abstractmethod
    def narrowed(self, *by: str) -> Given:
        """The same, with other segments to carry."""

    @abstractmethod
    def finely(self) -> Given:
        """The same, with entries one by one."""

    @property
    def nobody(self) -> pl.Expr:
        """The account of rows that have none, in the type that accounts have everywhere."""
        return pl.lit(None, dtype=self.schema("accounts")["account"])

    def sql(self, text: str, schema: Mapping[str, pl.DataType], **clock: date | datetime) -> pl.Expr:
        """A SQL text of the file as an expression over a frame of that schema."""
        moments = {"as_of": self.as_of, **clock}
        return compile_polars(parse(text), schema, clock=moments, timezone=self.calendar.timezone)

    def amount(self, text: str, schema: Mapping[str, pl.DataType], **clock: date | datetime) -> pl.Expr:
        """The same as a Float64; null where there is no number."""
        moments = {"as_of": self.as_of, **clock}
        return compile_polars(parse(text), schema, clock=moments, timezone=self.calendar.timezone, kind="amount")
