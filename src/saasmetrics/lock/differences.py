"""Differences: fact by fact, what the lock holds against what is written now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.policies import Policies
from saasmetrics.lock.blocks import GROUPS
from saasmetrics.lock.classes import class_of, explained, is_additional
from saasmetrics.lock.entry import Entry, Lock
from saasmetrics.lock.node import Node, meaning
from saasmetrics.lock.plain import Plain
from saasmetrics.lock.renames import Renames

DEFAULTS = ("policy", "setting")
"""Kinds that are always there: what the lock does not know of them is news only where the file says it."""
ADDED_KEYS = frozenset({"attempt", "failure", "tiers", "value", "reason", "help", "dismissed", "refund"})
"""Keys of a workflow that add numbers where they are new; every other key changes numbers that are there."""


@dataclass(frozen=True)
class Difference:
    """One fact that differs. `entry` is null for what is new, `node` for what is gone, `field` empty for the whole.

    `moves` says whether what rests on it means something else by it.
    """

    class_: str
    entry: Entry | None
    node: Node | None
    field: str = ""
    old: Plain = None
    new: Plain = None
    moves: bool = True

    @property
    def id(self) -> str:
        """The node it is about, by its present name where it has one."""
        if self.node is not None:
            return self.node.id
        return self.entry.node.id if self.entry else ""


def differences(
    definitions: Definitions, lock: Lock, current: Mapping[str, Node], wanted: Mapping[str, Node], renames: Renames
) -> Iterator[Difference]:
    """Every difference; those of one node stand together.

    Edges: what other nodes say already is passed over: groups, keys of workflows that come or go as a whole, and
    metrics under the policies of others.
    """
    for id_, entry in lock.entries.items():
        if id_ in GROUPS or id_ in renames.old or "#" in id_:
            continue
        if id_ not in current:
            yield from _gone(entry, current)
            continue
        yield from _edits(entry, current[id_], renames)
        if entry.node.kind == "metric" and id_ not in wanted:
            yield Difference("governance", entry, current[id_], "publish", True, False, moves=False)
    for id_, node in wanted.items():
        if id_ in GROUPS or id_ in lock.entries or "#" in id_:
            continue
        if id_ in renames.new:
            yield from _renamed(lock.entries[renames.new[id_]], node, renames)
        elif node.kind == "address":
            yield from _about(Entry(Node("address", node.name, {})), node)
        elif not _goes_along(id_, lock.entries) and (node.kind not in DEFAULTS or _is_chosen(definitions, node)):
            yield _added(node, lock)


def _renamed(entry: Entry, node: Node, renames: Renames) -> Iterator[Difference]:
    if "." not in node.name:
        yield Difference("additive", entry, node, "renamed_from", entry.node.name, node.name, moves=False)
    yield from _edits(entry, node, renames)


def _goes_along(id_: str, others: Mapping[str, object]) -> bool:
    """Whether it is a key of a workflow that is itself not on the other side: then the workflow says it all."""
    kind, owner, *key = id_.split(".")
    return kind == "workflow" and bool(key) and f"workflow.{owner}" not in others


def _is_chosen(definitions: Definitions, node: Node) -> bool:
    """Whether a policy that the lock does not know is anything but the default."""
    return node.kind == "policy" and getattr(definitions.policies, node.name) != getattr(Policies(), node.name)


def _added(node: Node, lock: Lock) -> Difference:
    owner, _, key = node.name.partition(".")
    of_known = node.kind == "workflow" and f"workflow.{owner}" in lock.entries
    return Difference("semantic" if of_known and key not in ADDED_KEYS else "additive", None, node)


def _gone(entry: Entry, current: Mapping[str, Node]) -> Iterator[Difference]:
    node = entry.node
    if node.kind in (*DEFAULTS, "address") or _goes_along(node.id, current):
        return
    key = node.name.partition(".")[2]
    if node.kind == "workflow" and key and key not in ADDED_KEYS:
        yield Difference("semantic", entry, None)
    else:
        yield Difference("goalpost" if node.kind == "target" else "breaking", entry, None)


def _edits(entry: Entry, node: Node, renames: Renames) -> Iterator[Difference]:
    old, new = renames.applied(meaning(entry.node.facts)), meaning(node.facts)
    keys = [key for key in dict.fromkeys([*new, *old]) if old.get(key) != new.get(key)]
    for key in keys:
        if explained(key, old.get(key), new.get(key)):
            continue
        class_ = class_of(node, key, old.get(key), new.get(key), old, new)
        moves = class_ in ("semantic", "breaking") or (class_ == "additive" and not is_additional(key))
        yield Difference(class_, entry, node, key, old.get(key), new.get(key), moves)
    yield from _about(entry, node)


def _about(entry: Entry, node: Node) -> Iterator[Difference]:
    old, new = entry.node.about, node.about
    changed = [key for key in dict.fromkeys([*new, *old]) if old.get(key) != new.get(key)]
    for key in changed:
        yield Difference("governance", entry, node, key, old.get(key), new.get(key), moves=False)
    if not changed and entry.meta and entry.meta != node.meta:
        yield Difference("label", entry, node, "words", moves=False)
