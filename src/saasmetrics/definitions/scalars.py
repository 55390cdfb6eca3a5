"""The values of the language: durations, percents, comparisons, dates, names, SQL."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from datetime import date, timedelta
from typing import TYPE_CHECKING, Annotated, Any, Literal, get_args

from pydantic import AfterValidator, BeforeValidator, GetJsonSchemaHandler, WithJsonSchema
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, core_schema

from saasmetrics.definitions import slips
from saasmetrics.definitions.model import fault
from saasmetrics.document import Number
from saasmetrics.expression import ExpressionError, parse
from saasmetrics.period import Grain, add_months

if TYPE_CHECKING:
    import polars as pl

Unit = Literal["s", "m", "h", "d", "w", "mo", "q", "y"]
Kind = Literal["number", "percent", "duration"]
Operator = Literal[">=", ">", "<=", "<", "=", "band"]

_SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
_MONTHS = {"mo": 1, "q": 3, "y": 12}
_TIME_UNITS = {"ms": 0.001, "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
_DURATION = re.compile(r"(0|[1-9][0-9]{0,5})(mo|[smhdwqy])")
_PERCENT = re.compile(r"(-?[0-9]+(?:\.[0-9]+)?)%")
_DECIMAL = re.compile(r"-?[0-9]+(?:\.[0-9]+)?")
_COMPARISON = re.compile(r"\s*(>=|<=|>|<|=)\s*(\S+)\s*")
_BAND = re.compile(r"\s*(\S+)\s+to\s+(\S+)\s*")
NAME = re.compile(r"[a-z][a-z0-9_]*")
_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")


def shown(value: object) -> str:
    """A value as a message names it."""
    if value is None:
        return "nothing"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, list | tuple):
        return "a list"
    return f"`{value.text if isinstance(value, Number) else value}`"


@dataclass(frozen=True)
class Duration:
    """A length of time as it is written: `90s 30m 24h 14d 8w 12mo 1q 1y`.

    Edges: months, quarters and years follow the calendar and have no fixed length; a day is 24 hours.
    """

    count: int
    unit: Unit

    @property
    def text(self) -> str:
        """As written."""
        return f"{self.count}{self.unit}"

    @property
    def is_calendar(self) -> bool:
        """Whether its length depends on where it starts."""
        return self.unit in _MONTHS

    @property
    def microseconds(self) -> int:
        """Raises: ValueError for months, quarters and years."""
        if self.is_calendar:
            raise ValueError(f"{self.text} has no fixed length")
        return self.count * _SECONDS[self.unit] * 1_000_000

    @property
    def months(self) -> int:
        """Raises: ValueError for units up to a week."""
        if not self.is_calendar:
            raise ValueError(f"{self.text} is not a number of months")
        return self.count * _MONTHS[self.unit]

    @property
    def rough_seconds(self) -> float:
        """Length with a month of 30.4375 days: for ordering only."""
        return self.months * 2_629_800 if self.is_calendar else self.count * _SECONDS[self.unit]

    def add_expr(self, at: pl.Expr) -> pl.Expr:
        """The instants, or dates, this much after a column of them."""
        return at.dt.offset_by(self.text)

    def after(self, day: date) -> date:
        """The date this much after a day; parts of a day count as a whole one."""
        if self.is_calendar:
            return add_months(day, self.months)
        return day + timedelta(days=math.ceil(self.microseconds / 86_400_000_000))

    @classmethod
    def parse(cls, value: object) -> Duration:
        """Raises: a fault for anything but a duration's text."""
        if isinstance(value, Duration):
            return value
        match = _DURATION.fullmatch(value) if isinstance(value, str) else None
        if not match:
            raise fault("SM005", f"{shown(value)} is not a duration", slips.duration(value))
        return cls(int(match[1]), match[2])  # type: ignore[arg-type]  # the pattern allows no other unit

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "pattern": f"^{_DURATION.pattern}$", "examples": ["24h", "14d", "12mo"]}


@dataclass(frozen=True)
class Quantity:
    """A number, a percent (`45%` is 0.45) or a duration (in seconds, or months) as written."""

    value: float
    kind: Kind
    text: str

    @classmethod
    def parse(cls, value: object) -> Quantity:
        """Raises: a fault for anything but a number, percent or duration."""
        if isinstance(value, Quantity):
            return value
        if isinstance(value, int | float) and not isinstance(value, bool):
            return cls(float(value), "number", value.text if isinstance(value, Number) else str(value))
        if isinstance(value, str):
            if _DECIMAL.fullmatch(value):
                return cls(float(value), "number", value)
            if match := _PERCENT.fullmatch(value):
                return cls(float(match[1]) / 100, "percent", value)
            if _DURATION.fullmatch(value):
                length = Duration.parse(value)
                return cls(length.months if length.is_calendar else length.rough_seconds, "duration", value)
        raise fault("SM005", f"{shown(value)} is not a number, percent or duration", "write 20, 45% or 48h")

    def convert(self, unit: str) -> float:
        """The value in a metric's unit.

        Raises: a fault where the two do not go together: a plain number for a rate, a percent for a count.
        """
        if self.kind == "duration":
            return self._time(unit)
        if self.kind == "percent" and (unit in _TIME_UNITS or unit in ("months", "count", "currency", "score")):
            raise fault("SM005", f"`{self.text}` is a percent, the metric is in {unit}")
        if self.kind == "number" and unit == "%" and self.value:
            raise fault("SM005", f"`{self.text}` is a plain number, the metric is a rate", "write a percent like 45%")
        return self.value

    def _time(self, unit: str) -> float:
        length = Duration.parse(self.text)
        if unit == "months" and length.is_calendar:
            return float(length.months)
        if unit in _TIME_UNITS and not length.is_calendar:
            return length.rough_seconds / _TIME_UNITS[unit]
        raise fault("SM005", f"`{self.text}` does not convert to {unit or 'a number'}")

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": ["string", "number"]}


@dataclass(frozen=True)
class Comparison:
    """What a value is held against: `>= 45%`, `< 50`, `<= 48h`, or a band `20% to 40%`.

    Unit: percents are 0-1, durations are in seconds (or months) until `convert` puts them in a metric's unit. Edges:
    a band holds both its edges; `=` allows for the last digits of a float.
    """

    op: Operator
    low: float
    high: float | None
    kind: Kind
    text: str
    edges: tuple[Quantity, ...] = ()

    @property
    def bound(self) -> float:
        """The value to reach or keep to; of a band its lower edge."""
        return self.low

    def holds(self, value: float) -> bool:
        """Whether a value in the same unit meets it."""
        if self.op == "band":
            return self.low <= value <= (self.low if self.high is None else self.high)
        if self.op == "=":
            return math.isclose(value, self.low, rel_tol=1e-9, abs_tol=1e-12)
        if self.op == ">=":
            return value >= self.low
        if self.op == "<=":
            return value <= self.low
        return value > self.low if self.op == ">" else value < self.low

    def convert(self, unit: str) -> Comparison:
        """The same with its values in a metric's unit. Raises: a fault where they do not go together."""
        values = [edge.convert(unit) for edge in self.edges]
        high = values[1] if len(values) > 1 else None
        return Comparison(self.op, values[0], high, self.kind, self.text, self.edges)

    @classmethod
    def parse(cls, value: object) -> Comparison:
        """Raises: a fault for anything but a comparison's text."""
        if isinstance(value, Comparison):
            return value
        text = value if isinstance(value, str) else ""
        if match := _COMPARISON.fullmatch(text):
            edge = Quantity.parse(match[2])
            return cls(match[1], edge.value, None, edge.kind, text.strip(), (edge,))  # type: ignore[arg-type]  # by the pattern
        if match := _BAND.fullmatch(text):
            low, high = Quantity.parse(match[1]), Quantity.parse(match[2])
            if low.kind != high.kind or low.value > high.value:
                raise fault("SM005", f"`{text}` is not a band from low to high")
            return cls("band", low.value, high.value, low.kind, text.strip(), (low, high))
        hint = 'write ">= 45%", "< 50", "<= 48h" or "20% to 40%"'
        raise fault("SM005", f"{shown(value)} is not a comparison", hint)

    @classmethod
    def __get_pydantic_core_schema__(cls, source: Any, handler: Any) -> CoreSchema:
        return core_schema.no_info_plain_validator_function(cls.parse)

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"type": "string", "examples": [">= 45%", "<= 48h", "20% to 40%"]}


def _day(value: object) -> date:
    if isinstance(value, date):
        return value
    if isinstance(value, str) and _DAY.fullmatch(value):
        try:
            return date.fromisoformat(value)
        except ValueError:
            raise fault("SM005", f"there is no day `{value}`") from None
    raise fault("SM005", f"{shown(value)} is not a date", slips.day(value))


def percent(value: object) -> float:
    """A percent as a fraction. Raises: a fault for anything else."""
    if isinstance(value, float) and not isinstance(value, Number):
        return value
    match = _PERCENT.fullmatch(value) if isinstance(value, str) else None
    if not match:
        raise fault("SM005", f"{shown(value)} is not a percent", slips.percent(value))
    return float(match[1]) / 100


def _number(value: object) -> float:
    quantity = Quantity.parse(value)
    if quantity.kind == "duration" or (isinstance(value, str) and quantity.kind == "number"):
        raise fault("SM005", f"{shown(value)} is not a number or percent", "write 20 or 45%")
    return quantity.value


def _label(value: object) -> str:
    if isinstance(value, Number):
        return value.text
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str):
        return value
    raise fault("SM005", f"expected text, got {shown(value)}", slips.quoting(value))


def sql(value: object) -> str:
    """An SQL expression that passes the gate. Raises: a fault with the place of the offending character."""
    text = _label(value)
    try:
        parse(text)
    except ExpressionError as error:
        raise fault("SM006", str(error.message), offset=error.offset or 0) from None
    return text


def _name(value: str) -> str:
    if not NAME.fullmatch(value):
        hint = "use small letters, digits and _, a letter first"
        raise fault("SM012", f"`{value}` is not a name", hint)
    return value


def _grain(value: object) -> Grain:
    if isinstance(value, str) and value in list(Grain):
        return Grain(value)
    raise fault("SM005", f"{shown(value)} is not a grain", slips.grain(value))


def _labels(value: object) -> object:
    """One text, or a list of them."""
    return value if isinstance(value, tuple) else (value,)


Day = Annotated[date, BeforeValidator(_day), WithJsonSchema({"type": "string", "format": "date"})]
Percent = Annotated[float, BeforeValidator(percent), WithJsonSchema({"type": "string", "pattern": "%$"})]
Amount = Annotated[float, BeforeValidator(_number), WithJsonSchema({"type": ["number", "string"]})]
"""A number, or a percent as a fraction."""
Label = Annotated[str, BeforeValidator(_label), WithJsonSchema({"type": ["string", "number"]})]
"""A text; a number is taken as it was written."""
Labels = Annotated[
    tuple[Label, ...],
    BeforeValidator(_labels),
    WithJsonSchema(
        {"anyOf": [{"type": ["string", "number"]}, {"type": "array", "items": {"type": ["string", "number"]}}]}
    ),
]
"""One text or a list of them."""
Sql = Annotated[str, BeforeValidator(sql), WithJsonSchema({"type": ["string", "number"], "title": "SQL"})]
"""An SQL expression that passes the gate."""
Name = Annotated[str, AfterValidator(_name), WithJsonSchema({"type": "string", "pattern": f"^{NAME.pattern}$"})]
GrainName = Annotated[
    Grain, BeforeValidator(_grain), WithJsonSchema({"type": "string", "enum": [g.value for g in Grain]})
]

OPERATORS = get_args(Operator)
