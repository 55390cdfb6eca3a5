"""`segments`: partitions of accounts, or of the rows that carry the column themselves."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, WithJsonSchema
from pydantic_core import PydanticCustomError

from saasmetrics.definitions.ignoring import Ignorable
from saasmetrics.definitions.model import fault
from saasmetrics.definitions.scalars import Name, Sql, sql


def _by_role(value: Any) -> Any:
    """One SQL text is on accounts."""
    return value if isinstance(value, dict) else {"accounts": value}


def _condition(value: Any) -> Any:
    return value if value == "else" else sql(value)


Roles = Annotated[
    dict[str, Sql],
    BeforeValidator(_by_role),
    WithJsonSchema({"anyOf": [{"type": "string"}, {"type": "object", "additionalProperties": {"type": "string"}}]}),
]

Condition = Annotated[str, BeforeValidator(_condition), WithJsonSchema({"type": "string"})]


class Segment(Ignorable):
    """One partition.

    Edges: once read, `expr` names a role or source for every SQL text; without it, it is the column of accounts of the
    segment's own name. In `buckets` the first condition that holds wins; the last may be `else`.
    """

    expr: Roles = Field(default_factory=dict)
    buckets: dict[str, Condition] = Field(default_factory=dict)
    as_of: Literal["period_start", "period_end", "latest"] | None = None
    label: str | None = None
    renamed_from: Name | None = None

    def faults(self) -> Iterator[PydanticCustomError]:
        """Nothing follows `else`."""
        for number, (name, condition) in enumerate(self.buckets.items()):
            if condition == "else" and number != len(self.buckets) - 1:
                yield fault("SM008", "`else` takes everything: what follows is never reached", at=f"buckets.{name}")
