"""A change between two periods: in points, in percent or in the metric's own unit, and whether it counts as one."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

from saasmetrics.output.number import MINUS, Number, count, exact, rate

Judgement = Literal["better", "worse", ""]

FLAT = {
    "rate": Decimal("0.0005"),
    "small_rate": Decimal("0.00005"),
    "duration": Decimal(60),
    "latency": Decimal("0.005"),
    "months": Decimal("0.05"),
}
"""Changes smaller than these count as none. Unit: rates as a share of one, durations and latencies in seconds."""
FLAT_SHARE = Decimal("0.0005")
SMALL_COUNT = 20


@dataclass(frozen=True)
class Change:
    """What a value did since the period before.

    `step` is 1 up, -1 down, 0 within the flat band. The arrow shows the direction of the number, never the judgement.
    """

    text: str
    step: Literal[-1, 0, 1]

    @property
    def arrow(self) -> str:
        """`▲`, `▼` or `→`."""
        return "→▲▼"[self.step]

    def judged(self, direction: str | None) -> Judgement:
        """Better or worse for a metric whose good direction is `up` or `down`; nothing for any other, or when flat."""
        if not self.step or direction not in ("up", "down"):
            return ""
        return "better" if (self.step > 0) == (direction == "up") else "worse"


def change(number: Number, now: float, before: float, flat: float | None = None) -> Change:
    """From `before` to `now`, computed from unrounded values.

    Unit: rates change in percentage points; counts, money and ratios in percent of the value before, or by the
    difference itself when that is nought, of the other sign, or a count under 20; durations and months by the
    difference. `flat` is a share of one for rates and for what changes in percent, else in the metric's unit.
    """
    difference = exact(now) - exact(before)
    if number.kind in ("rate", "small_rate"):
        text = rate(float(difference), number.decimals).replace("%", " pp")
        return _change(text, difference, _band(flat, FLAT[number.kind]))
    if number.kind in ("duration", "latency", "months"):
        unit = exact(number.seconds) if number.kind != "months" else Decimal(1)
        return _change(number.text(float(difference)), difference, _band(flat, FLAT[number.kind] / unit))
    if _absolute(number, now, before):
        return _change(number.text(float(difference)), difference, _band(None, Decimal(0)))
    share = difference / abs(exact(before))
    return _change(_percent(float(share)), share, _band(flat, FLAT_SHARE))


def by(number: Number, difference: float) -> str:
    """A difference as it is, with its sign: rates in percentage points, everything else in its own unit."""
    if number.kind in ("rate", "small_rate"):
        return plus(rate(difference, number.decimals).replace("%", " pp"))
    return plus(number.text(difference))


def _absolute(number: Number, now: float, before: float) -> bool:
    small = number.kind == "count" and abs(before) < SMALL_COUNT
    return small or before == 0 or (now < 0) != (before < 0)


def _percent(share: float) -> str:
    """One decimal, and the count rule from 1,000 % on, so that a jump from next to nothing still fits its column."""
    return rate(share) if abs(share) < 9.9995 else f"{count(share * 100)}%"


def _band(flat: float | None, default: Decimal) -> Decimal:
    return default if flat is None else exact(flat)


def _change(text: str, difference: Decimal, band: Decimal) -> Change:
    if not difference or abs(difference) < band:
        return Change(plus(text), 0)
    return Change(plus(text), 1 if difference > 0 else -1)


def plus(text: str) -> str:
    """Write the sign of a positive number too; a nought has none."""
    nought = not any(digit in text for digit in "123456789")
    return text if nought or text.startswith(MINUS) else f"+{text}"
