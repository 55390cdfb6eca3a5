"""Renames: what the definitions say was called otherwise, and what probably was."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field

from saasmetrics.lock.entry import Lock
from saasmetrics.lock.fingerprint import fulls
from saasmetrics.lock.node import Facts, Node
from saasmetrics.lock.plain import Plain


@dataclass(frozen=True)
class Renames:
    """Present id of every renamed node with the one it was locked under, and the probable ones nobody declared."""

    new: Mapping[str, str] = field(default_factory=dict)
    likely: Mapping[str, str] = field(default_factory=dict)

    @property
    def old(self) -> frozenset[str]:
        """Ids that are no more, because something has another name now."""
        return frozenset(self.new.values())

    def applied(self, facts: Facts) -> Facts:
        """Facts as they would read under the present names."""
        if not self.new:
            return facts
        names = {old.partition(".")[2]: new.partition(".")[2] for new, old in self.new.items()}
        return {key: _renamed(value, names) for key, value in facts.items()}


def _renamed(value: Plain, names: Mapping[str, str]) -> Plain:
    if isinstance(value, dict):
        return {key: _renamed(inner, names) for key, inner in value.items()}
    if isinstance(value, list):
        return [_renamed(inner, names) for inner in value]
    return _spelt(value, names) if isinstance(value, str) else value


def _spelt(text: str, names: Mapping[str, str]) -> str:
    for old, new in names.items():
        if "." not in old:
            text = re.sub(rf"(?<![\w.'\"]){re.escape(old)}(?![\w'\"])", new, text)
    return text


def renames(lock: Lock, current: Mapping[str, Node], wanted: Mapping[str, Node]) -> Renames:
    """What has another name now: by `renamed_from`, with the keys of a workflow; and gone and new of equal meaning."""
    said: dict[str, str] = {}
    for id_, node in current.items():
        old = f"{node.kind}.{node.renamed_from}"
        if node.renamed_from and old in lock.entries and old not in current and id_ not in lock.entries:
            said[id_] = old
            for key in (each for each in current if each.startswith(f"{id_}.")):
                if (facet := old + key[len(id_) :]) in lock.entries:
                    said[key] = facet
    gone = {id_ for id_ in lock.entries if id_ not in current and id_ not in said.values()}
    fresh = {id_ for id_ in wanted if id_ not in lock.entries and id_ not in said}
    if not gone or not fresh:
        return Renames(said)
    was, now = fulls(lock.nodes), fulls(current)
    by_mark = {was[id_]: id_ for id_ in gone if lock.entries[id_].node.facts}
    likely = {
        by_mark[now[id_]]: id_
        for id_ in sorted(fresh)
        if now[id_] in by_mark and current[id_].kind == lock.entries[by_mark[now[id_]]].node.kind
    }
    return Renames(said, likely)
