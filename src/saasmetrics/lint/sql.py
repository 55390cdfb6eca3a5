"""Every SQL text that a file writes, with the table whose columns it reads."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.document import Path
from saasmetrics.expression import Expression, ExpressionError, parse
from saasmetrics.frames.canonical import ROLES

_CONDITIONS = ("filter", "eligible")
_VALUES = ("cut", "area")


@dataclass(frozen=True)
class Written:
    """One SQL text. `role` is that of the rows it reads; `raw` tells that it reads the columns of the file itself."""

    path: Path
    expression: Expression
    role: str
    raw: bool
    condition: bool

    @property
    def object(self) -> str:
        """What a finding about it is about."""
        kinds = {"metrics": "metric", "workflows": "workflow", "segments": "segment", "sources": "source",
                 "features": "feature", "journeys": "journey", "scores": "score", "products": "product"}  # fmt: skip
        kind = kinds.get(str(self.path[0]))
        return f"{kind}.{self.path[1]}" if kind else str(self.path[0])


def written(definitions: Definitions) -> Iterator[Written]:
    """Every SQL text, in the order in which blocks are written."""
    for key, block in definitions.written.data.items():
        if key == "sources":
            for name, source in definitions.sources.items():
                yield from _of_source(block.get(name), ("sources", name), source.role)
        elif key == "segments":
            for name, segment in definitions.segments.items():
                yield from _of_segment(definitions, block.get(name), ("segments", name), segment.expr)
        else:
            yield from _walked(definitions, block, (key,), "events")


def _of_source(block: Any, path: Path, role: str) -> Iterator[Written]:
    if not isinstance(block, Mapping):
        return
    yield from _text(block.get("filter"), (*path, "filter"), role, raw=True, condition=True)
    columns = block.get("columns")
    for name, column in columns.items() if isinstance(columns, Mapping) else ():
        if isinstance(column, Mapping):
            yield from _text(column.get("expr"), (*path, "columns", name, "expr"), role, raw=True, condition=False)


def _of_segment(definitions: Definitions, block: Any, path: Path, exprs: Mapping[str, str]) -> Iterator[Written]:
    given = block.get("expr") if isinstance(block, Mapping) else None
    if isinstance(given, Mapping):
        for role in exprs:
            yield from _text(given.get(role), (*path, "expr", role), _role(definitions, role), condition=False)
    else:
        yield from _text(given, (*path, "expr"), "accounts", condition=False)


def _walked(definitions: Definitions, value: Any, path: Path, role: str) -> Iterator[Written]:
    if isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _walked(definitions, inner, (*path, number), role)
    if not isinstance(value, Mapping):
        return
    if isinstance(value.get("source"), str):
        role = _role(definitions, value["source"])
    for key, inner in value.items():
        spot = (*path, key)
        if key in _CONDITIONS:
            yield from _text(inner, spot, "accounts" if key == "eligible" else role, condition=True)
        elif key in _VALUES or _is_value(value, path, key):
            yield from _text(inner, spot, role, condition=False)
        elif key != "ignore":
            yield from _walked(definitions, inner, spot, role)


def _is_value(block: Mapping[str, Any], path: Path, key: str) -> bool:
    """Whether a key holds SQL on rows: `expr` beside rows, and the value of a workflow, however it is written."""
    if path[0] == "workflows" and len(path) == 2:
        return key == "value" and not isinstance(block[key], Mapping)
    return key == "expr" and (path[0] == "workflows" or (_has_rows(block) and "input_metrics" not in block))


def _has_rows(value: Mapping[str, Any]) -> bool:
    return any(form in value for form in ("event", "workflow", "feature", "source", "any"))


def _role(definitions: Definitions, name: str) -> str:
    source = definitions.sources.get(name)
    return source.role if source else name


def _text(value: Any, path: Path, role: str, *, raw: bool = False, condition: bool) -> Iterator[Written]:
    if isinstance(value, str):
        try:
            yield Written(path, parse(value), role, raw, condition)
        except ExpressionError:
            return  # a formula of metrics, or a text that is no SQL in this place


def nullable(definitions: Definitions, text: Written, column: str) -> bool:
    """Whether a column may hold nothing: not where the role needs it, or the source gives a default."""
    if text.raw:
        return True
    known = ROLES.get(text.role)
    if known is not None and column in known.columns and known.columns[column].needed:
        return False
    given = [s.columns[column] for s in definitions.sources.values() if s.role == text.role and column in s.columns]
    return not given or any(each.default is None for each in given)
