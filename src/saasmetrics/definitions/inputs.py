"""Inputs: how one metric, or a part of a score, names the number it is made of."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.rows import FORMS
from saasmetrics.definitions.scalars import Duration, Labels, shown

NAMED = ("metric", "where", "offset", "total")
INLINE_TYPES = ("simple", "stock", "ratio")


class Input(Model):
    """An address; an address with `where`, `offset`, `total`; or an unnamed simple, stock or ratio.

    Edges: exactly one of `metric` and `inline` is filled; `inline` is kept as written until the types are known.
    """

    metric: str | None = None
    where: dict[str, Labels] = Field(default_factory=dict)
    offset: Duration | None = None
    total: bool = False
    # Key of the catalogue: as `where`, and it keeps what `where` would leave out.
    unless: dict[str, Labels] = Field(default_factory=dict)
    inline: Mapping[str, Any] | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_written(cls, value: Any) -> Any:
        if isinstance(value, Input):
            return value
        if isinstance(value, str):
            return {"metric": value}
        if not isinstance(value, dict):
            raise fault("SM005", f"expected an input, got {shown(value)}", "write an address or rows")
        if "metric" in value:
            if "inline" in value:
                raise fault("SM001", "`inline` is not a key here", "remove it", at="inline")
            return value
        if not any(key in value for key in (*FORMS, "numerator")):
            raise fault("SM007", "nothing says which number: `metric` or rows are needed")
        return {"inline": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        block = dict(handler.resolve_ref_schema(handler(schema)))
        keys = {key: value for key, value in block["properties"].items() if key in NAMED}
        named = {"type": "object", "properties": keys, "required": ["metric"], "additionalProperties": False}
        forms = [{"required": [key]} for key in (*FORMS, "numerator")]
        return {"anyOf": [{"type": "string", "title": "an address"}, named, {"type": "object", "anyOf": forms}]}


@dataclass(frozen=True)
class ResolvedInput:
    """An input whose metric is known.

    Edges: an inline input is the address of a hidden metric `OWNER#ALIAS`. `where` narrows, `unless` leaves out,
    `offset` goes back in time, `total` takes the value undivided when the asker is split by a segment.
    """

    address: Address
    where: Mapping[str, tuple[str, ...]]
    offset: Duration | None = None
    total: bool = False
    unless: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def segments(self) -> tuple[str, ...]:
        """Segments that decide which entries are kept."""
        return tuple(dict.fromkeys([*self.where, *self.unless]))

    def __hash__(self) -> int:
        return hash((self.address, tuple(self.where.items()), self.offset, self.total, tuple(self.unless.items())))
