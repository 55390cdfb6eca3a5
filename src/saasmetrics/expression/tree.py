"""The tree of an expression: our own, so that no release of the parser can change what is compiled or locked."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

CLOCK = ("as_of", "start", "end")
"""The only clock: `$as_of`, `$start`, `$end`."""

Value = str | bool | tuple[str, ...] | None


@dataclass(frozen=True)
class Node:
    """One operation and what it works on.

    `op` is a comparison (`= <> < <= > >=`), `and or not in like`, `is null`, `is true`, `is false`, `is distinct`,
    arithmetic (`+ - * / % neg`), `case` (condition, value, ..., default), `cast` (`value`: the type), a function in
    lower case, or a leaf: `column` (`value`: the path), `clock`, `text`, `number`, `flag`, `date`, `instant`, `null`.
    """

    op: str
    args: tuple[Node, ...] = ()
    value: Value = None
    offset: int = field(default=0, compare=False)

    def walk(self) -> Iterator[Node]:
        """This node and all under it, in reading order."""
        yield self
        for arg in self.args:
            yield from arg.walk()

    @property
    def spelled(self) -> str:
        """A leaf as people write it, for messages; an operation is named."""
        if self.op == "column" and isinstance(self.value, tuple):
            return f"`{'.'.join(self.value)}`"
        if self.op in ("text", "date", "instant"):
            return f"'{self.value}'"
        if self.op == "clock":
            return f"`${self.value}`"
        return str(self.value).upper() if self.op in ("number", "flag") else f"`{self.op.upper()}`"
