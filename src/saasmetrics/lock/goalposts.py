"""Goalposts: whether an edited target has become easier to meet."""

from __future__ import annotations

from typing import Any

from saasmetrics.definitions.scalars import Comparison
from saasmetrics.lock.node import Facts


def eased(field: str, old: Any, new: Any) -> bool:
    """Whether a changed fact of a target can make it easier; a tighter one cannot.

    Edges: where it starts from and since when are what progress is measured against: any edit of them counts. So does
    an edge of a band, unless the band only gets narrower; and a comparison of another kind.
    """
    if field not in ("reach", "keep") or old is None or new is None:
        return not (field == "by" and old is not None and new is not None and str(new) < str(old))
    before, after = Comparison.parse(old), Comparison.parse(new)
    if before.op != after.op:
        return True
    if before.op == "band":
        return not (before.low <= after.low and (after.high or 0) <= (before.high or 0))
    if before.op in (">", ">="):
        return after.low < before.low
    return after.low > before.low if before.op in ("<", "<=") else True


def same_goal(one: Facts, other: Facts) -> bool:
    """Whether two targets are about the same number in the same place, by another day."""
    return all(one.get(key) == other.get(key) for key in ("metric", "where"))
