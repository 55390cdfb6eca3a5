"""Classes: what kind of change an edited fact is. Everything is semantic that is not known to be something else."""

from __future__ import annotations

from typing import Any

from saasmetrics.lock.goalposts import eased
from saasmetrics.lock.node import Facts, Node
from saasmetrics.lock.plain import ORDERED
from saasmetrics.period import Grain

CODES = {
    "semantic": "SM941",
    "inherited": "SM942",
    "additive": "SM945",
    "goalpost": "SM946",
    "governance": "SM947",
    "label": "SM947",
}
"""Code of every class but breaking, which has two: what is gone, and what counts something else."""
GONE, ANOTHER_KIND = "SM943", "SM944"

TITLES = {
    "SM939": "Fingerprints of the lock that do not follow from its facts",
    "SM940": "A lock that cannot be read",
    "SM941": "A definition that means something else than was accepted",
    "SM942": "Numbers that mean something else because of what is under them",
    "SM943": "Something that was accepted and is gone",
    "SM944": "A number that counts another kind of thing",
    "SM945": "Something new that is not accepted yet",
    "SM946": "A target that has become easier to meet",
    "SM947": "Another name, or somebody else who answers for a number",
    "SM948": "A lock that was edited by hand",
    "SM949": "There is no lock",
}
"""What each code of the lock is about."""

NEEDS_REASON = frozenset({"semantic", "inherited", "breaking"})
FAILS = frozenset({"semantic", "inherited", "breaking", "additive", "goalpost"})

_KIND = frozenset({"type", "unit", "value.unit", "entity", "role"})
"""Facts that say what is counted at all: another account, another unit, another kind of number."""
_ADDRESSES = frozenset({"ages", "windows", "stat"})
"""Lists of which every item is a number of its own."""


def class_of(node: Node, key: str, old: Any, new: Any, before: Facts, after: Facts) -> str:
    """The class of one changed fact; `before` and `after` are all facts of its node."""
    if node.kind == "target":
        return "goalpost" if eased(key, old, new) else "governance"
    if key in _KIND:
        return "breaking"
    if key == "grain" and old is not None and new is not None:
        return "breaking" if Grain(new).rank > Grain(old).rank else "semantic"
    if key in _ADDRESSES and isinstance(old, list) and isinstance(new, list):
        return _of_addresses(key, old, new)
    if key.startswith("tiers.") and old is None and _keeps_order(before.get("tiers"), after.get("tiers")):
        return "additive"
    return "semantic"


def _of_addresses(key: str, old: list[Any], new: list[Any]) -> str:
    if key == "stat" and new[:1] != old[:1]:
        return "semantic"
    return "additive" if set(old) <= set(new) else "breaking"


def is_additional(key: str) -> bool:
    """Whether an additive fact leaves everything else as it was; a new last tier becomes the headline."""
    return key in _ADDRESSES


def explained(key: str, old: Any, new: Any) -> bool:
    """Whether a changed order only says that names came or went, which their own facts tell."""
    return key in ORDERED and isinstance(old, list) and isinstance(new, list) and _keeps_order(old, new)


def _keeps_order(old: Any, new: Any) -> bool:
    if not isinstance(old, list) or not isinstance(new, list):
        return False
    return [name for name in old if name in new] == [name for name in new if name in old]
