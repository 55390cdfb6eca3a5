"""Suppression: which findings a file's `ignore` keeps quiet, and which of its ignores keep nothing quiet."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from saasmetrics.document import Path
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told


@dataclass
class Suppression:
    """The ignores of one file, by the node that they stand on, and how often each was of use.

    Edges: an ignore holds for its node and all inside it, on an address also for what hangs on the address; under
    `lint` it holds for the file. A family (`SM4`) stands for its rules.
    """

    given: Mapping[Path, Mapping[str, str]]
    used: set[tuple[Path, str]] = field(default_factory=set)

    @classmethod
    def of(cls, reading: Reading) -> Suppression:
        """All ignores of a file."""
        return cls(dict(_ignores(reading.definitions.written.data, ())))

    def quiet(self, rule: Rule, told: Told) -> bool:
        """Whether what a rule tells is suppressed; remembers what suppressed it."""
        hit = False
        for node in dict.fromkeys(_nodes(told)):
            for code in (rule.code, rule.code[:3]):
                if code in self.given.get(node, {}):
                    self.used.add((node, code))
                    hit = True
        return hit

    def stale(self, ran: Iterable[Rule], known: Iterable[str]) -> Iterator[tuple[Path, str, bool]]:
        """Ignores without effect: node, code, and whether there is a rule of that code at all.

        Edges: only rules that ran can tell; codes of data (`SM9`) are nobody's here.
        """
        asked, known = {rule.code for rule in ran}, tuple(known)
        for node, codes in self.given.items():
            for code in codes:
                members = {each for each in known if each.startswith(code)}
                if code.startswith("SM9") or (node, code) in self.used:
                    continue
                if not members or members <= asked:
                    yield (*node, "ignore", code), code, bool(members)


def _nodes(told: Told) -> Iterator[Path]:
    yield ("lint",)
    yield from (told.path[:length] for length in range(1, len(told.path) + 1))
    kind, _, name = told.object.partition(".")
    while kind == "metric" and name:
        yield ("metrics", name)
        yield ("scores", name)
        name = name.rpartition(".")[0]


def _ignores(value: Any, path: Path) -> Iterator[tuple[Path, Mapping[str, str]]]:
    if isinstance(value, Mapping):
        if path and path[-1] == "rows" and path[0] == "sources":
            return
        for key, inner in value.items():
            if key == "ignore" and isinstance(inner, Mapping):
                yield path, inner
            else:
                yield from _ignores(inner, (*path, key))
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _ignores(inner, (*path, number))
