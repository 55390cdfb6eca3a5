"""Slips: spellings that the language does not have and that can only mean one value of it."""

from __future__ import annotations

import re
from datetime import date

from saasmetrics.document import Number
from saasmetrics.finding import Meant

_UNITS = {
    **dict.fromkeys(("s", "sec", "secs", "second", "seconds"), "s"),
    **dict.fromkeys(("min", "mins", "minute", "minutes"), "m"),
    **dict.fromkeys(("h", "hr", "hrs", "hour", "hours"), "h"),
    **dict.fromkeys(("d", "day", "days"), "d"),
    **dict.fromkeys(("w", "wk", "wks", "week", "weeks"), "w"),
    **dict.fromkeys(("mo", "month", "months"), "mo"),
    **dict.fromkeys(("q", "quarter", "quarters"), "q"),
    **dict.fromkeys(("y", "yr", "yrs", "year", "years"), "y"),
}
"""How units of time are written elsewhere; a lone `m` between blanks may be a minute or a month."""
_GRAINS = {
    **dict.fromkeys(("daily", "days"), "day"),
    **dict.fromkeys(("weekly", "weeks"), "week"),
    **dict.fromkeys(("monthly", "months"), "month"),
    **dict.fromkeys(("quarterly", "quarters"), "quarter"),
    **dict.fromkeys(("yearly", "annually", "annual", "years"), "year"),
}
_WORDS = {"yes": "true", "on": "true", "true": "true", "no": "false", "off": "false", "false": "false"}
_LENGTH = re.compile(r"(0|[1-9][0-9]{0,5})\s*([A-Za-z]+)")
_PERCENT = re.compile(r"(-?[0-9]+)(?:[.,]([0-9]+))?\s*%")
_DAY = re.compile(r"([0-9]{4})([-/.])([0-9]{1,2})\2([0-9]{1,2})")


def duration(value: object) -> str:
    """What is to be said of a duration that is none."""
    found = _LENGTH.fullmatch(value.strip()) if isinstance(value, str) else None
    unit = _UNITS.get(found[2].lower()) if found and found[2] != "M" else None
    if found and unit:
        return _meant(value, f"{found[1]}{unit}")
    return "write one like 30m, 24h, 14d, 8w, 12mo"


def percent(value: object) -> str:
    """What is to be said of a percent that is none."""
    found = _PERCENT.fullmatch(value.strip()) if isinstance(value, str) else None
    return _meant(value, f"{found[1]}{f'.{found[2]}' if found[2] else ''}%") if found else "write it like 45%"


def day(value: object) -> str:
    """What is to be said of a date that is none."""
    found = _DAY.fullmatch(value.strip()) if isinstance(value, str) else None
    try:
        meant = date(int(found[1]), int(found[3]), int(found[4])) if found else None
    except ValueError:
        meant = None
    return _meant(value, meant.isoformat()) if meant else "write it like 2026-12-31"


def grain(value: object) -> str:
    """What is to be said of a grain that is none."""
    word = value.strip().lower() if isinstance(value, str) else ""
    word = _GRAINS.get(word, word)
    return _meant(value, word) if word in _GRAINS.values() else "write day, week, month, quarter or year"


def flag(value: object) -> str | None:
    """What is to be said of a yes or no that is neither."""
    word = _WORDS.get(value.lower()) if isinstance(value, str) else None
    return _meant(value, word) if word else None


def quoting(value: object) -> str | None:
    """What is to be said of a text that reads as something else."""
    if not isinstance(value, bool | int | float):
        return None if value is None else "put it in quotes"
    written = value.text if isinstance(value, Number) else str(value).lower()
    return Meant("put it in quotes", written, f'"{written}"')


def _meant(value: object, right: str) -> Meant:
    return Meant(f"write {right}", str(value), right, whole=True)
