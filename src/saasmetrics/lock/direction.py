"""Direction: whether a changed fact lets less through than before, or more, where that can be proved."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pydantic_core import PydanticCustomError

from saasmetrics.definitions.scalars import Comparison, Duration
from saasmetrics.expression import ExpressionError, parse
from saasmetrics.lock.plain import SETS, Plain

NARROWS, WIDENS, MOVES = "narrows", "widens", "moves"
_ROWS = frozenset(
    {"attempt", "success", "failure", "rule", "cohort", "help", "dismissed", "refund", "exclude", "outcome"}
)
_CONDITIONS = frozenset({"filter", "eligible"})
_LONGER_WIDENS = frozenset({"within", "lookback"})
_MORE_NARROWS = frozenset({"at_least", "on_days"})
_REVERSED = frozenset({"win_excludes", "exclude"})


def direction(field: str, old: Plain, new: Plain) -> str:
    """What a change of a fact does. Edges: in doubt it moves."""
    key = field.partition(".")[0]
    try:
        compared = _compare(key, old, new)
    except (ExpressionError, PydanticCustomError):  # a reference of the catalogue stands where a value would
        return MOVES
    if compared in (NARROWS, WIDENS) and key in _REVERSED:
        return NARROWS if compared == WIDENS else WIDENS
    return compared


def _compare(key: str, old: Any, new: Any) -> str:
    if key in _CONDITIONS:
        return conditions(old, new)
    if key in _LONGER_WIDENS and isinstance(old, str) and isinstance(new, str):
        return _ordered(Duration.parse(old).rough_seconds, Duration.parse(new).rough_seconds, WIDENS)
    if key in _MORE_NARROWS:
        return _ordered(old or 1, new or 1, NARROWS)
    if key in SETS and isinstance(old, list) and isinstance(new, list):
        return _sets(set(map(repr, old)), set(map(repr, new)), WIDENS)
    if key in _ROWS or key in ("steps", "tiers", "any", "signals", "parts"):
        return _rows(old, new)
    return MOVES


def _ordered(old: float, new: float, more: str) -> str:
    if old == new:
        return MOVES
    less = NARROWS if more == WIDENS else WIDENS
    return more if new > old else less


def _sets(old: set[str], new: set[str], more: str) -> str:
    if old == new or not (old < new or new < old):
        return MOVES
    less = NARROWS if more == WIDENS else WIDENS
    return more if old < new else less


def _rows(old: Plain, new: Plain) -> str:
    """Selectors: members of a union, members that all must be met, a condition, a number of rows."""
    if old is None or new is None:
        return MOVES
    before, after = _selector(old), _selector(new)
    if "all" in before and "all" in after and _rest(before, "all") == _rest(after, "all"):
        return _sets(set(map(repr, before["all"])), set(map(repr, after["all"])), NARROWS)
    for key, compare in _OPTIONS.items():
        if before.get(key) != after.get(key) and _rest(before, key) == _rest(after, key):
            return compare(before.get(key), after.get(key))
    one, other = ({repr(member) for member in each.get("any", [each])} for each in (_bare(before), _bare(after)))
    return _sets(one, other, WIDENS)


def _selector(rows: Plain) -> dict[str, Any]:
    return dict(rows) if isinstance(rows, dict) else {"event": rows}


def _bare(rows: dict[str, Any]) -> dict[str, Any]:
    """With members as selectors, so that `a` and `{any: [a, b]}` can be held against each other."""
    return {**rows, "any": [_selector(member) for member in rows["any"]]} if "any" in rows else rows


def _rest(rows: dict[str, Any], key: str) -> dict[str, Any]:
    return {name: value for name, value in rows.items() if name != key}


def conditions(old: Any, new: Any) -> str:
    """Two conditions on rows; none lets everything through."""
    before, after = (_members(_form(each), "and") for each in (old, new))
    if compared := _proper(before, after, NARROWS):
        return compared
    lost, gained = before - after, after - before
    if len(lost) == len(gained) == 1:
        return _single(next(iter(lost)), next(iter(gained)))
    return MOVES


def _proper(before: frozenset[Any], after: frozenset[Any], more: str) -> str | None:
    if before < after:
        return more
    return (NARROWS if more == WIDENS else WIDENS) if after < before else None


def _form(text: Any) -> Any:
    return parse(text).canonical[1] if isinstance(text, str) else ("flag", True)


def _members(form: Any, op: str) -> frozenset[Any]:
    if form == ("flag", True) and op == "and":
        return frozenset()
    return frozenset(form[1:]) if form[0] == op else frozenset({form})


def _single(old: Any, new: Any) -> str:
    """One condition against another: lists, alternatives, bounds."""
    before, after = _listed(old), _listed(new)
    if before and after and before[0] == after[0]:
        return _proper(before[1], after[1], WIDENS) or MOVES
    compared = _proper(_members(old, "or"), _members(new, "or"), WIDENS)
    return compared or _bound(old, new)


def _listed(form: Any) -> tuple[Any, frozenset[Any]] | None:
    """Subject and values of `x IN (...)` or `x = value`."""
    if form[0] == "in":
        return form[1], frozenset(form[2:])
    if form[0] == "=" and form[1][0] == "column" and form[2][0] in ("text", "number"):
        return form[1], frozenset({form[2]})
    return None


def _bound(old: Any, new: Any) -> str:
    """`3 <= x` against `5 <= x`: a lower bound that rises, or an upper one that falls, narrows."""
    if old[0] != new[0] or old[0] not in ("<", "<="):
        return MOVES
    for at, more in ((1, NARROWS), (2, WIDENS)):
        one, other = old[at], new[at]
        if one[0] == other[0] == "number" and old[3 - at] == new[3 - at]:
            return _ordered(float(one[1]), float(other[1]), more)
    return MOVES


def _is(old: Any, new: Any) -> str:
    before, after = Comparison.parse(old), Comparison.parse(new)
    if before.op != after.op or before.op in ("band", "="):
        return MOVES
    return _ordered(before.low, after.low, NARROWS if before.op in (">", ">=") else WIDENS)


def _number(old: Any, new: Any) -> str:
    return _ordered(old or 1, new or 1, NARROWS)


_OPTIONS: dict[str, Callable[[Any, Any], str]] = {"filter": conditions, "at_least": _number, "is": _is}
