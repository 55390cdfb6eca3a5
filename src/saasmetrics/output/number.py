"""A number as people read it: one function per kind, half up, the unit chosen after rounding."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Context, Decimal
from typing import Literal

Kind = Literal["count", "money", "rate", "small_rate", "duration", "latency", "ratio", "months"]

MINUS = "\u2212"
SIGNS = {"USD": "$", "EUR": "€", "GBP": "£", "JPY": "¥"}
SECONDS = {"ms": 0.001, "seconds": 1, "minutes": 60, "hours": 3600, "days": 86_400, "weeks": 604_800}
_EXACT = Context(prec=400, rounding=ROUND_HALF_UP)


@dataclass(frozen=True)
class Number:
    """How the values of one metric are written.

    Unit: `unit` is what the raw value counts, of durations and latencies a key of `SECONDS`; `currency` an ISO code.
    """

    kind: Kind = "count"
    unit: str = ""
    currency: str | None = None

    def text(self, value: float) -> str:
        """The value, rounded for reading."""
        match self.kind:
            case "count":
                return count(value)
            case "money":
                return money(value, self.currency)
            case "rate" | "small_rate":
                return rate(value, self.decimals)
            case "duration":
                return duration(value * self.seconds)
            case "latency":
                return latency(value * self.seconds * 1000)
            case "ratio":
                return ratio(value)
            case "months":
                return months(value)

    @property
    def decimals(self) -> int:
        """Decimals of a rate, the same for all its values and changes."""
        return 2 if self.kind == "small_rate" else 1

    @property
    def seconds(self) -> float:
        """Seconds in one raw unit of a duration; a latency without a unit is in milliseconds."""
        return SECONDS.get(self.unit, 0.001 if self.kind == "latency" else 1)

    def comparison(self, op: str, low: float, high: float | None = None) -> str:
        """A target or a benchmark: `≥ 45.0%`, `≤ 12d`, `20.0% to 40.0%`."""
        if op == "band" and high is not None:
            return f"{self.text(low)} to {self.text(high)}"
        return f"{ {'>=': '≥', '<=': '≤'}.get(op, op) } {self.text(low)}"


def exact(value: float) -> Decimal:
    """The decimal number that the shortest text of a float says."""
    return Decimal(repr(float(value)))


def half_up(number: Decimal, places: int) -> Decimal:
    """Rounded as spreadsheets do: halves go away from zero."""
    return number.quantize(Decimal(1).scaleb(-places), context=_EXACT)


def signed(number: Decimal, body: str) -> str:
    """Put the minus before a magnitude, and none before a nought: there is no `−0`."""
    if not any(digit in body for digit in "123456789"):
        return body
    return MINUS + body if number < 0 else body


def count(value: float) -> str:
    """Separators under 10,000; then k, M, B: k with one decimal, M and B with two under 10, else one."""
    number = exact(value)
    return signed(number, _size(abs(number)))


def _size(size: Decimal) -> str:
    whole = half_up(size, 0)
    if whole < 10_000:
        return f"{whole:,}"
    thousands = half_up(size.scaleb(-3, _EXACT), 1)
    if thousands < 1000:
        return f"{thousands}k"
    millions = _three_digits(size.scaleb(-6, _EXACT))
    return f"{millions}M" if millions < 1000 else f"{_three_digits(size.scaleb(-9, _EXACT)):,}B"


def _three_digits(size: Decimal) -> Decimal:
    fine = half_up(size, 2)
    return fine if fine < 10 else half_up(size, 1)


def whole(value: float) -> str:
    """A sample size: separators, never compact."""
    number = exact(value)
    return signed(number, f"{half_up(abs(number), 0):,}")


def money(value: float, currency: str | None) -> str:
    """The count rule with the sign of the currency before it, or its code after it; without a currency a count."""
    number = exact(value)
    size = _size(abs(number))
    sign = SIGNS.get(currency or "")
    body = f"{sign}{size}" if sign else f"{size} {currency}" if currency else size
    return signed(number, body)


def rate(value: float, decimals: int = 1) -> str:
    """A share of one as percent."""
    number = exact(value)
    return signed(number, f"{half_up(abs(number).scaleb(2, _EXACT), decimals):,}%")


def duration(seconds: float) -> str:
    """The two largest units, the smaller dropped when it is nought; tenths under a minute, ms under a second."""
    number = exact(seconds)
    return signed(number, _span(abs(number)))


def _span(size: Decimal) -> str:
    thousandths = half_up(size.scaleb(3, _EXACT), 0)
    if thousandths < 1000:
        return f"{thousandths}ms"
    tenths = half_up(size, 1)
    if tenths < 60:
        return f"{tenths}s"
    for inner, inner_unit, outer, outer_unit in ((1, "s", 60, "m"), (60, "m", 60, "h")):
        total = int(half_up(_EXACT.divide(size, Decimal(inner)), 0))
        if total < outer * (60 if outer_unit == "m" else 24):
            return _two(total, inner_unit, outer, outer_unit)
    return _two(int(half_up(_EXACT.divide(size, Decimal(3600)), 0)), "h", 24, "d")


def _two(total: int, inner_unit: str, outer: int, outer_unit: str) -> str:
    large, small = divmod(total, outer)
    return f"{large:,}{outer_unit} {small}{inner_unit}" if small else f"{large:,}{outer_unit}"


def latency(milliseconds: float) -> str:
    """Milliseconds under a second, else seconds with two decimals."""
    number = exact(milliseconds)
    size = abs(number)
    rounded = half_up(size, 0)
    body = f"{rounded}ms" if rounded < 1000 else f"{half_up(size.scaleb(-3, _EXACT), 2):,}s"
    return signed(number, body)


def ratio(value: float) -> str:
    """One decimal; the unit is in the metric's name."""
    number = exact(value)
    return signed(number, f"{half_up(abs(number), 1):,}")


def months(value: float) -> str:
    """One decimal and `mo`."""
    return f"{ratio(value)} mo"
