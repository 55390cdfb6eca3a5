"""The manual page of a class, which is its docstring: a first line, then grain, formula, edges, unit, source."""

from __future__ import annotations

import inspect
import re
from collections.abc import Mapping
from dataclasses import dataclass

_PART = re.compile(r"^(Grain|Formula|Columns|Edges|Unit|Raises|Source): ?", re.MULTILINE)


@dataclass(frozen=True)
class Manual:
    """`first` is the first line; `parts` are the named paragraphs, each on one line."""

    first: str
    parts: Mapping[str, str]


def manual(kind: type) -> Manual:
    """The manual page of a class."""
    text = inspect.getdoc(kind) or ""
    first, _, rest = text.partition("\n")
    _, *found = _PART.split(rest)
    return Manual(first, {name: " ".join(said.split()) for name, said in zip(found[::2], found[1::2], strict=True)})
