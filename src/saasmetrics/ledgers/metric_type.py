"""What every metric type has: fields read from YAML, a shape known before any data, and a ledger."""

from __future__ import annotations

from abc import abstractmethod
from typing import TYPE_CHECKING

from saasmetrics.definitions.model import Model

if TYPE_CHECKING:
    from saasmetrics.books.given import Given
    from saasmetrics.definitions.scope import Scope
    from saasmetrics.frames.ledger import Ledger, Shape
    from saasmetrics.period import Periods


class MetricType(Model):
    """A metric type: its fields are the keys it reads, its docstring is its manual page.

    A type sees no file, reads no YAML, collects nothing, formats nothing and sorts nothing. What it asks of `given`
    while it builds its ledger is what gets read: the same code plans and computes, so that the two cannot differ.
    """

    @abstractmethod
    def shape(self, scope: Scope) -> Shape:
        """What the ledger will be; needs no data."""

    @abstractmethod
    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """The two sides, lazily, for the periods asked for."""

    def later(self) -> str | None:
        """Why this definition is read but not computed by this version; None when it is computed."""
        return None
