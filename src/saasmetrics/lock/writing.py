"""The lock as text: one fact a line, kinds and names in a fixed order, no clock, no user, no version of the tool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saasmetrics.lock.entry import Entry, Lock, Version
from saasmetrics.lock.node import CANON, KINDS
from saasmetrics.lock.plain import Plain
from saasmetrics.lock.scalars import spell, text

HEAD = """\
# What every number means, as it was accepted. Written by saasmetrics lock, read by saasmetrics check; not edited by
# hand. In a merge take either side of a conflict, then run saasmetrics lock again.
lock: 1
"""
VALUES = ("setting", "policy")
"""Kinds of which a node is one value."""


def written(lock: Lock, *, head: str = HEAD) -> str:
    """The text of a lock. Edges: equal locks have equal texts; an empty line keeps nodes apart in a merge."""
    lines = [head + f"canon: {CANON}"]
    for kind in KINDS:
        entries = sorted((entry for entry in lock.entries.values() if entry.node.kind == kind), key=_name)
        if entries:
            lines += ["", f"{kind}:", *(_values(entries) if kind in VALUES else _nodes(entries))]
    if lock.accepted:
        lines += ["", "accepted:"]
        for rule, objects in sorted(lock.accepted.items()):
            lines += [f"  {rule}:", *(f"    - {text(each)}" for each in sorted(objects))]
    return "\n".join(lines) + "\n"


def _name(entry: Entry) -> str:
    return entry.node.name


def _values(entries: list[Entry]) -> Iterator[str]:
    for entry in entries:
        if entry.node.facts:
            yield f"  {entry.node.name}: {spell(entry.node.facts['value'])}"


def _nodes(entries: list[Entry]) -> Iterator[str]:
    for number, entry in enumerate(entries):
        if number:
            yield ""
        yield f"  {text(entry.node.name)}:"
        yield from (f"    {key}: {value}" for key, value in _head(entry))
        yield from _facts("means", entry.node.facts)
        yield from _facts("about", entry.node.about)
        if entry.past:
            yield "    past:"
            yield from (f"      - {spell(_version(version))}" for version in entry.past)


def _head(entry: Entry) -> Iterator[tuple[str, str]]:
    node, version = entry.node, entry.version
    if version is not None:
        for key, value in _version(version).items():
            if key != "full":
                yield key, spell(value)
    if entry.overlap:
        yield "overlap", entry.overlap
    yield from ((key, mark) for key, mark in (("own", entry.own), ("full", entry.full), ("meta", entry.meta)) if mark)
    if node.needs:
        yield "needs", spell(list(node.needs))
    if node.headline:
        yield "headline", spell(list(node.headline))
    if node.each:
        yield "each", spell(list(node.each))


def _version(version: Version) -> dict[str, Plain]:
    said: dict[str, Plain | None] = {
        "version": version.number,
        "since": version.since,
        "full": version.full,
        "reason": version.reason,
        "by": version.by,
        "because": version.because,
    }
    return {key: value for key, value in said.items() if value is not None}


def _facts(title: str, facts: Mapping[str, Plain]) -> Iterator[str]:
    if facts:
        yield f"    {title}:"
        yield from (f"      {text(key)}: {spell(value)}" for key, value in facts.items())
