"""The tracking plan, as definitions imply it: which events and columns they refer to, and where they first do."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.walk import found
from saasmetrics.document import Path
from saasmetrics.expression import parse

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions

_BLOCKS = ("workflows", "features", "journeys", "activation", "active", "products", "scores")


@dataclass(frozen=True)
class Plan:
    """Events by name, and of each the columns that are read beside its time and account; all with their first place."""

    events: dict[str, Path] = field(default_factory=dict)
    columns: dict[str, dict[str, Path]] = field(default_factory=dict)

    def add(self, event: str, path: Path, columns: Mapping[str, Path]) -> None:
        """Note a reference."""
        self.events.setdefault(event, path)
        held = self.columns.setdefault(event, {})
        for column, place in columns.items():
            held.setdefault(column, place)


def tracking_plan(definitions: Definitions) -> Plan:
    """What a file refers to: nobody keeps a second document."""
    plan = Plan()
    for key in _BLOCKS:
        for path, rows in found(Rows, getattr(definitions, key), (key,)):
            if rows.event is not None and definitions.written.knows(path):
                plan.add(rows.event, path, _read_of(definitions, rows, path))
    metrics = definitions.written.data.get("metrics", {})
    for path, event, condition in _written(metrics, ("metrics",)):
        plan.add(event, path, _columns(condition, path))
    return plan


def _read_of(definitions: Definitions, rows: Rows, path: Path) -> dict[str, Path]:
    """Columns of a filter; of a workflow's own rows also its run, its reason and its value."""
    read = _columns(rows.filter, (*path, "filter"))
    if path[0] == "workflows" and len(path) > 2 and path[2] in ("attempt", "success", "failure"):
        block = definitions.workflows[str(path[1])]
        if block.run is not None:
            read[block.run] = (*path[:2], "run")
        if block.reason is not None and path[2] == "failure":
            read[block.reason] = (*path[:2], "reason")
        if block.value is not None and path[2] == "success":
            read |= _columns(block.value.expr, (*path[:2], "value"))
    return read


def _columns(sql: str | None, path: Path) -> dict[str, Path]:
    return {} if sql is None else dict.fromkeys(sorted(parse(sql).columns - {"event", "at", "account"}), path)


def _written(value: Any, path: Path, bare: bool = False) -> Iterator[tuple[Path, str, str | None]]:
    """Events in the rows of metrics, as written: in `event`, and as bare words where rows are listed or are steps."""
    if isinstance(value, str) and bare:
        yield path, value, None
    elif isinstance(value, Mapping):
        if isinstance(value.get("event"), str):
            yield (*path, "event"), value["event"], value.get("filter")
        for key, inner in value.items():
            rows = key in ("any", "all", "steps", "from", "to", "rule", "cohort", "exclude") or path[-1] == "steps"
            yield from _written(inner, (*path, key), rows)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _written(inner, (*path, number), bare)
