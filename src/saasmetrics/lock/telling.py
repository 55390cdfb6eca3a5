"""Telling: a difference as a finding: where it stands, what it is, what it was."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.document import Path
from saasmetrics.finding import Change, Location, Severity, counted
from saasmetrics.lock.classes import ANOTHER_KIND, CODES, FAILS, GONE
from saasmetrics.lock.differences import Difference
from saasmetrics.lock.direction import direction
from saasmetrics.lock.node import Node
from saasmetrics.lock.plain import Plain
from saasmetrics.lock.renames import Renames
from saasmetrics.lock.scalars import spell

_WORDS = {"address": "metric", "active": "rule of active"}
_ALONE = ("setting", "policy")


def told(definitions: Definitions, difference: Difference, renames: Renames) -> Change:
    """One difference as a finding."""
    severity = Severity.ERROR if difference.class_ in FAILS else Severity.NOTE
    moved = ""
    if difference.class_ in ("semantic", "breaking") and difference.field and difference.entry and difference.node:
        moved = direction(difference.field, difference.old, difference.new)
    return Change(
        _code(difference),
        severity,
        _message(definitions, difference),
        place_of(definitions, difference),
        _hint(difference, renames),
        object=object_of(difference.id),
        class_=difference.class_,
        field=difference.field,
        old=shown(difference.old, difference.new),
        new=shown(difference.new, difference.old),
        direction=moved,
    )


def inherited(cause: Change, reached: tuple[str, ...]) -> Change:
    """What rests on a change, as one finding at its place."""
    metrics = [id_.partition(".")[2] for id_ in reached if id_.startswith("metric.")]
    message = f"{called(cause.object)} is under {summary(reached)}"
    return Change(
        CODES["inherited"],
        Severity.ERROR,
        message,
        cause.location,
        object=cause.object,
        class_="inherited",
        field=", ".join(metrics),
        reaches=reached,
    )


def summary(reached: tuple[str, ...]) -> str:
    """`6 metrics (a, b, c, ...), 3 scores, 2 targets`."""
    parts = []
    for kind in ("metric", "score", "target"):
        names = [id_.partition(".")[2] for id_ in reached if id_.startswith(f"{kind}.")]
        if names:
            some = f" ({', '.join([*names[:3], *(['...'] if len(names) > 3 else [])])})" if kind == "metric" else ""
            parts.append(f"{counted(len(names), kind)}{some}")
    return ", ".join(parts)


def object_of(id_: str) -> str:
    """What a finding is about and `lock` takes: the keys of a workflow go with the workflow."""
    kind, _, name = id_.partition(".")
    return f"workflow.{name.partition('.')[0]}" if kind == "workflow" else id_


def called(object_: str) -> str:
    """An object as a sentence names it: `workflow invoicing`."""
    kind, _, name = object_.partition(".")
    return f"{_WORDS.get(kind, kind)} {name}"


def _code(difference: Difference) -> str:
    if difference.class_ != "breaking":
        return CODES[difference.class_]
    return ANOTHER_KIND if difference.node is not None and difference.field not in ("windows", "ages", "stat") else GONE


def _message(definitions: Definitions, difference: Difference) -> str:
    what, field = called(object_of(difference.id)), difference.field
    key = (
        "" if difference.node is None or difference.node.kind != "workflow" else difference.node.name.partition(".")[2]
    )
    if difference.node is None:
        return _gone(definitions, difference)
    if field == "renamed_from":
        return f"{what} was called {difference.old}"
    if difference.entry is None:
        return f"{what}: `{key}` is new" if key else f"{what} is new"
    if field == "words":
        return f"{what} is called or shown in another way"
    if field == "publish":
        return f"{what} is no longer published, and nothing that is locked reads it"
    if difference.class_ == "goalpost":
        return f"{what} has moved its goalposts: `{field}`"
    if difference.node.kind in _ALONE:
        return f"{what} has another value"
    old, new = shown(difference.old, difference.new), shown(difference.new, difference.old)
    verb = "has changed" if old and new else "is new" if new else "is gone"
    return f"{what}: `{field}` {verb}"


def _gone(definitions: Definitions, difference: Difference) -> str:
    what = called(object_of(difference.id))
    kind, _, name = difference.id.partition(".")
    metric = definitions.metrics.get(name) if kind == "metric" else None
    if metric is not None and metric.missing:
        return f"{what} cannot be computed any more: {metric.missing}"
    owner, _, key = name.partition(".")
    if kind == "workflow" and key and owner in definitions.workflows:
        return f"{what}: `{key}` is gone"
    return f"{what} is gone"


def _hint(difference: Difference, renames: Renames) -> str | None:
    if difference.node is None and (new := renames.likely.get(difference.id)):
        name = difference.id.partition(".")[2]
        return f"it means the same as {called(new)}: if it was renamed, write renamed_from: {name} there"
    return None


def shown(value: Plain, other: Plain) -> str:
    """One side of a changed fact; `other` is the other side."""
    if value is None:
        return "false" if other is True else ""
    return value if isinstance(value, str) else spell(value)


def place_of(definitions: Definitions, difference: Difference) -> Location | None:
    """Where the changed fact stands; of what the file does not say, the line of the lock."""
    node = difference.node
    if node is None:
        return difference.entry.place if difference.entry else None
    for path in paths(node, difference.field, difference.old, difference.new):
        if _knows(definitions, path):
            return definitions.written.key_at(path)
    return difference.entry.place if difference.entry else None


def _knows(definitions: Definitions, path: Path) -> bool:
    try:
        return bool(path) and definitions.written.knows(path)
    except KeyError:
        return False


def paths(node: Node, field: str, old: Plain, new: Plain) -> Iterator[Path]:
    """Paths of a fact in the definitions, the deepest that differs first."""
    steps: list[str | int] = [*field.split(".", 1)] if field else []
    if node.kind in _ALONE or field in ("words", "publish", "value"):
        steps = []
    if steps[:1] == ["rows"] and len(steps) > 1:
        steps = ["rows", int(str(steps[1]))]
    if node.kind == "address" or steps[:1] in (["action"],):
        steps = [step for step in steps if step]
    deep = (*node.path, *steps, *_deepest(old, new))
    for length in range(len(deep), len(node.path) - 1, -1):
        yield deep[:length]
    if field == "publish":
        yield ("publish",)


def _deepest(old: Any, new: Any) -> Path:
    """The key in which two values differ, as long as it is one."""
    if not isinstance(old, Mapping) or not isinstance(new, Mapping):
        return ()
    changed = [key for key in dict.fromkeys([*new, *old]) if old.get(key) != new.get(key)]
    if not changed:
        return ()
    return (changed[0], *(_deepest(old.get(changed[0]), new.get(changed[0])) if len(changed) == 1 else ()))
