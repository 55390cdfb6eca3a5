"""Derived: arithmetic over other numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from saasmetrics.books.given import Given
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.scalars import Duration, GrainName
from saasmetrics.definitions.scope import Scope
from saasmetrics.expression import ExpressionError, gate_arithmetic
from saasmetrics.frames.ledger import Ledger, Shape
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Grain, Periods

MONTH = 365 / 12 * 86_400
"""Seconds of a mean month."""


class Derived(MetricType):
    """Arithmetic over other numbers.

    Grain: it has no entries of its own: it opens into its inputs.
    Formula: `expr`, with the names of `input_metrics` (or of metrics) standing for their values in the same period
    and segment value; `offset` moves an input back in time, `total` takes it undivided, `where` filters it.
    Edges: a value that an input lacks, or a division by zero, is `undefined`; a period is only as complete as the least
    complete of its inputs. `positive` names formulas that must be above zero, with what is said where they are not;
    `lasting` names inputs that are monthly rates and count as if nothing lasted longer than its duration; `grains` are
    the only ones for which the formula holds; with `by_last_month` a quarter or a year has the number of its last
    month; with `running` there is a number only while the period lasts.
    Unit: what the arithmetic says; declare it with `unit`.
    """

    type: Literal["derived"] = "derived"
    expr: str
    input_metrics: dict[str, Input] = Field(default_factory=dict)
    # Keys of the catalogue.
    positive: dict[str, str] = Field(default_factory=dict)
    lasting: dict[str, Duration] = Field(default_factory=dict)
    grains: tuple[GrainName, ...] = ()
    by_last_month: bool = False
    running: bool = False

    @model_validator(mode="after")
    def _arithmetic(self) -> Derived:
        try:
            gate_arithmetic(self.expr)
        except ExpressionError as error:
            hint = error.hint or "give it an alias in input_metrics"
            raise fault("SM006", error.message, hint, at="expr", offset=error.offset) from None
        return self

    def inputs(self) -> dict[str, Input]:
        """Every name of the expression with the input it stands for."""
        names = sorted(gate_arithmetic(self.expr).columns)
        return {name: self.input_metrics.get(name, Input(metric=name)) for name in names}

    def floor(self, name: str) -> float | None:
        """The least value that an input may have in the formula."""
        longest = self.lasting.get(name)
        if longest is None:
            return None
        months = longest.months if longest.is_calendar else longest.microseconds / (MONTH * 1_000_000)
        return 1 / months if months else None

    def refusal(self, grain: Grain) -> str | None:
        """Why there is no number by that grain; null where there is one."""
        coarse = self.by_last_month and grain.rank > Grain.MONTH.rank
        if not self.grains or grain.value in self.grains or coarse:
            return None
        return f"it is read by {' or '.join(self.grains)}"

    def shape(self, scope: Scope) -> Shape:
        """A number without entries; its scale is that of its arithmetic."""
        return Shape(how="sum", time="window")

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Raises: always; the engine evaluates the arithmetic over reduced inputs."""
        raise TypeError("a derived metric has no ledger: its inputs have")
