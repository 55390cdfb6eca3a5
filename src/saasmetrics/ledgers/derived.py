"""Derived: arithmetic over other numbers."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, model_validator

from saasmetrics.books.given import Given
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.scope import Scope
from saasmetrics.expression import ExpressionError, gate_arithmetic
from saasmetrics.frames.ledger import Ledger, Shape
from saasmetrics.ledgers.metric_type import MetricType
from saasmetrics.period import Periods


class Derived(MetricType):
    """Arithmetic over other numbers.

    Grain: it has no entries of its own: it opens into its inputs.
    Formula: `expr`, with the names of `input_metrics` (or of metrics) standing for their values in the same period
    and segment value; `offset` moves an input back in time, `total` takes it undivided, `where` filters it.
    Edges: a value that an input lacks, or a division by zero, is `undefined`; a period is only as complete as the
    least complete of its inputs.
    Unit: what the arithmetic says; declare it with `unit`.
    """

    type: Literal["derived"] = "derived"
    expr: str
    input_metrics: dict[str, Input] = Field(default_factory=dict)

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

    def shape(self, scope: Scope) -> Shape:
        """A number without entries; its scale is that of its arithmetic."""
        return Shape(how="sum", time="window")

    def ledger(self, given: Given, periods: Periods) -> Ledger:
        """Raises: always; the engine evaluates the arithmetic over reduced inputs."""
        raise TypeError("a derived metric has no ledger: its inputs have")
