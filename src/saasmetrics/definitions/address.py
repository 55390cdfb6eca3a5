"""Addresses: the one way to name a number, `metric` or `metric.cut`."""

from __future__ import annotations

import re
from dataclasses import dataclass

from saasmetrics.definitions.model import fault

_PART = re.compile(r'"([^"]*)"|([^".]+)')
_PLAIN = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, order=True)
class Address:
    """One number of a metric.

    Edges: `cut` may be shorter than the metric's cut path: the rest is its headline. `stat` is null for the first one.
    A part of `cut` that is `*` stands for all values that only the data knows.
    """

    metric: str
    cut: tuple[str, ...] = ()
    stat: str | None = None

    @property
    def text(self) -> str:
        """As it is written, parts quoted where they have to be."""
        parts = [part if part == "*" or _PLAIN.fullmatch(part) else f'"{part}"' for part in self.cut]
        return ".".join([self.metric, *parts, *([self.stat] if self.stat else [])])

    def __str__(self) -> str:
        return self.text


def split(text: str) -> tuple[str, ...]:
    """The parts of an address, unquoted. Raises: a fault for a text that is no address."""
    parts: list[str] = []
    position = 0
    while True:
        match = _PART.match(text, position)
        if not match:
            hint = 'write metric or metric.cut; quote parts with blanks: top_issues."invoice PDF"'
            raise fault("SM005", f"`{text}` is not an address", hint, offset=position)
        parts.append(match[1] if match[1] is not None else match[2].strip())
        position = match.end()
        if position == len(text):
            return tuple(parts)
        if text[position] != ".":
            raise fault("SM005", f"`{text}` is not an address", "parts are split by dots", offset=position)
        position += 1
