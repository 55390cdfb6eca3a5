"""References of the catalogue: `$path` stands for what the file says there, `$[path]` for that inside SQL."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel

from saasmetrics.definitions.scalars import Duration

_REFERENCE = re.compile(r"\$([a-z_]+(?:\.[a-z_0-9]+)*)(\?)?")
_INSIDE = re.compile(r"\$\[([a-z_]+(?:\.[a-z_0-9]+)*)\]")
_BLOCKS = {"workflow": "workflows", "feature": "features", "journey": "journeys", "window": "activation"}


class Absent(Exception):  # noqa: N818 - an answer, not an error: the file does not say it
    """What a reference names is not in the file."""

    def __init__(self, path: str) -> None:
        self.path = path
        super().__init__(path)

    @property
    def sentence(self) -> str:
        """Why a metric that needs it cannot be computed."""
        block, _, key = self.path.partition(".")
        if block in _BLOCKS and key:
            return f"no {block} declares `{key}`"
        if block in ("workflows", "features", "journeys"):
            return f"no {block[:-1]} is declared"
        if block == "product_features":
            return "no feature is declared that is not an integration"
        if block == "integrations":
            return "no feature of kind integration is declared"
        if block == "help":
            return "no workflow declares `help`"
        if block == "scores":
            return f"the score `{key}` is not declared"
        if block == "acquisition":
            names = {"segment": "the segment of policy `acquisition_segment` is not declared"}
            return names.get(key, "policy `paid_channels` names no channel")
        return f"`{block}` is not declared"


class Label(dict[str, Any]):
    """What a label stands for: its text where it is named alone, the keys of its block below."""

    def __init__(self, text: str, block: Any) -> None:
        super().__init__(_attributes(block))
        self.text = text


def _attributes(block: Any) -> dict[str, Any]:
    if isinstance(block, Mapping):
        return dict(block)
    return {name: getattr(block, name) for name in getattr(type(block), "model_fields", {})}


def look_up(path: str, context: Mapping[str, Any]) -> Any:
    """What stands at a reference's path. Raises: Absent when nothing does."""
    value: Any = context
    for step in path.split("."):
        if isinstance(value, Mapping):
            value = value.get(step)
        elif isinstance(value, BaseModel):
            value = getattr(value, step, None)
        else:
            value = None
        if value is None or (isinstance(value, Mapping | tuple) and not value and not isinstance(value, Label)):
            raise Absent(path)
    return value


def fill(data: Any, context: Mapping[str, Any]) -> Any:
    """Data with every reference replaced; a key or item whose reference ends in `?` goes when it is absent.

    Edges: keys of mappings may be references too. Inside SQL a list is written as SQL has it, an empty one as a list
    that nothing is in; a mapping as the branches of a CASE.
    Raises: Absent for any other reference to what the file does not say.
    """
    if isinstance(data, str) and (match := _REFERENCE.fullmatch(data)):
        value = look_up(match[1], context)
        return value.text if isinstance(value, Label) else value
    if isinstance(data, str):
        return _INSIDE.sub(lambda match: _spelled(match[1], context), data)
    if isinstance(data, Mapping):
        return {fill(key, context): fill(value, context) for key, value in data.items() if not _gone(value, context)}
    if isinstance(data, tuple):
        return tuple(fill(value, context) for value in data if not _gone(value, context))
    return data


def _spelled(path: str, context: Mapping[str, Any]) -> str:
    """What stands at a path, as SQL."""
    try:
        value = look_up(path, context)
    except Absent:
        value = ()
    if isinstance(value, Mapping):
        return " ".join(f"WHEN {_quoted(label)} THEN {float(share)!r}" for label, share in value.items())
    if isinstance(value, tuple):
        return f"({', '.join(map(_quoted, value)) or _quoted('')})"
    return repr(value) if isinstance(value, int | float) else _quoted(value)


def _quoted(text: Any) -> str:
    return "'" + str(text).replace("'", "''") + "'"


def _gone(value: Any, context: Mapping[str, Any]) -> bool:
    match = _REFERENCE.fullmatch(value) if isinstance(value, str) else None
    if not match or not match[2]:
        return False
    try:
        look_up(match[1], context)
    except Absent:
        return True
    return False


def references(data: Any) -> frozenset[str]:
    """Paths of all references in data."""
    if isinstance(data, str):
        match = _REFERENCE.fullmatch(data)
        return frozenset({match[1]}) if match else frozenset(_INSIDE.findall(data))
    if isinstance(data, Mapping):
        return frozenset().union(*(references(item) for pair in data.items() for item in pair))
    if isinstance(data, tuple):
        return frozenset().union(*(references(value) for value in data))
    return frozenset()


def labelled(collection: Any) -> dict[str, Any]:
    """The labels that a block, a mapping or a list fans out over, with what each stands for."""
    if isinstance(collection, Mapping):
        return dict(collection)
    return {item.text if isinstance(item, Duration) else str(item): item for item in collection}
