"""A metric type explained: its manual page, its keys with their defaults, the policies it reads, who is of it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from pydantic import BaseModel

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.policies import BY_TYPE
from saasmetrics.definitions.rows import ROWS_KEYS, Rows
from saasmetrics.explain import words
from saasmetrics.explain.manual import manual
from saasmetrics.explain.resting import shown
from saasmetrics.explain.takes import default, takes
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.output.explanation import Explanation, Facts, Section, Table

KINDS: Mapping[str, type[BaseModel]] = REGISTRY
"""The class of every type."""

IMPLIED = {
    "simple": "a rows key (event, workflow, feature, source, any)",
    "conversion": "`steps`",
    "duration": "`from` and `to`",
    "ratio": "`numerator` and `denominator`",
    "derived": "`expr` without a rows key",
    "cumulative": "`metric`",
}
"""Keys that say the type, so that `type` may be left out."""


def type_page(definitions: Definitions, name: str) -> Explanation:
    """What a metric type computes and which keys it reads."""
    kind = KINDS[name]
    page = manual(kind)
    told = [(part.lower(), said) for part, said in page.parts.items()]
    if name in IMPLIED:
        told.append(("implied by", IMPLIED[name]))
    read = sorted(BY_TYPE.get(name, frozenset()))
    named = [metric.id for metric in shown(definitions) if metric.type == name]
    told += [("policies", ", ".join(read))] if read else []
    told += [("metrics", ", ".join(named))] if named else []
    keys = Table(("key", "default", "meaning and what it takes"), tuple(_keys(name, kind)))
    rows = Table(("rows key", "meaning"), tuple(_rows(name, kind)))
    sections = [Section("", (page.first, Facts(tuple(told)))), Section("Keys", (keys,))]
    if rows.rows:
        sections.append(Section("Rows", ("One of the first seven chooses the rows.", rows)))
    return Explanation(name, "metric type", "", tuple(sections))


def _keys(name: str, kind: type[BaseModel]) -> Iterator[tuple[str, ...]]:
    for field_name, field in kind.model_fields.items():
        key = field.alias or field_name.rstrip("_")
        if key != "type" and not _of_rows(kind, key):
            yield key, default(field), f"{words.key(name, key)} ({takes(key, field)})"


def _rows(name: str, kind: type[BaseModel]) -> Iterator[tuple[str, str]]:
    for key in kind.model_fields:
        if _of_rows(kind, key):
            yield key, words.key(name, key)


def _of_rows(kind: type[BaseModel], key: str) -> bool:
    return issubclass(kind, Rows) and key in ROWS_KEYS
