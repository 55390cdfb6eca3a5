"""`scores`: weighted parts that make a number, or signals that make a milestone."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from saasmetrics.definitions.ignoring import Ignorable
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.scalars import Amount, Comparison, Day, Duration, Name, Sql, shown


def _split(value: Any, own: frozenset[str]) -> Any:
    """Keys of the part beside those of its input."""
    if not isinstance(value, dict):
        raise fault("SM005", f"expected a mapping, got {shown(value)}", "write {metric: ..., ...} or rows")
    keys: Mapping[str, Any] = value
    mine = {key: item for key, item in keys.items() if key in own}
    return {**mine, "input": {key: item for key, item in keys.items() if key not in own}}


def _beside_input(schema: CoreSchema, handler: GetJsonSchemaHandler) -> dict[str, Any]:
    """The block's own keys; those of its input stand beside them."""
    block = dict(handler.resolve_ref_schema(handler(schema)))
    block["properties"] = {key: value for key, value in block["properties"].items() if key != "input"}
    block["required"] = [key for key in block.get("required", []) if key != "input"]
    return {**block, "additionalProperties": True}


class Part(Model):
    """One weighted part: 0 at `zero_at`, 1 at `full_at`, straight between."""

    input: Input
    weight: Amount
    zero_at: Amount
    full_at: Amount
    change: bool = False
    group: str | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_written(cls, value: Any) -> Any:
        return _split(value, frozenset({"weight", "zero_at", "full_at", "change", "group"}))

    def faults(self) -> Iterator[PydanticCustomError]:
        """A slope, and a weight that counts."""
        if self.zero_at == self.full_at:
            yield fault("SM005", "`zero_at` and `full_at` are equal: nothing lies between", at="full_at")
        if self.weight <= 0:
            yield fault("SM005", "`weight` must be above 0", at="weight")

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return _beside_input(schema, handler)


class Signal(Model):
    """One sign: shown when the input meets `is`."""

    input: Input
    is_: Comparison = Field(Comparison.parse(">= 1"), alias="is")
    change: bool = False

    @model_validator(mode="before")
    @classmethod
    def _from_written(cls, value: Any) -> Any:
        return _split({"event": value} if isinstance(value, str) else value, frozenset({"is", "change"}))

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string", "title": "an event"}, _beside_input(schema, handler)]}


class Override(Model):
    """Columns of accounts: a score set by hand, and until when."""

    from_: str = Field(alias="from")
    until: str | Day


class Score(Ignorable):
    """Either `parts` and `bands`, a metric of the same name; or `signals` and `at_least`, a milestone."""

    window: Duration = Duration(28, "d")
    entity: str = "account"
    override: Override | None = None
    eligible: Sql | None = None
    parts: dict[Name, Part] = Field(default_factory=dict)
    bands: dict[Name, Amount] = Field(default_factory=dict)
    signals: dict[Name, Signal] = Field(default_factory=dict)
    at_least: int | None = Field(None, ge=1)
    label: str | None = None
    renamed_from: Name | None = None

    def faults(self) -> Iterator[PydanticCustomError]:
        """Parts with bands, or signals with a number of them; not both; of accounts."""
        if self.entity != "account":
            yield fault("SM005", f"`{self.entity}`: scores are of accounts", "remove it", at="entity")
        if not self.parts and not self.signals:
            yield fault("SM007", "a score needs `parts` with `bands`, or `signals` with `at_least`")
        elif self.parts and self.signals:
            yield fault("SM008", "`parts` make a number, `signals` a milestone: not both", at="signals")
        else:
            yield from self._of_parts() if self.parts else self._of_signals()

    def _of_parts(self) -> Iterator[PydanticCustomError]:
        if self.at_least is not None:
            yield fault("SM008", "`at_least` does nothing to `parts`", "remove it", at="at_least")
        if not self.bands:
            yield fault("SM007", "a score of `parts` needs `bands`", "write bands: {green: 70, yellow: 40, red: 0}")
        edges = list(self.bands.values())
        if edges != sorted(edges, reverse=True) or len(set(edges)) < len(edges):
            yield fault("SM005", "`bands` are lower edges, highest first", at="bands")

    def _of_signals(self) -> Iterator[PydanticCustomError]:
        if self.bands:
            yield fault("SM008", "`bands` do nothing to `signals`", "remove them", at="bands")
        if self.at_least is None:
            yield fault("SM007", "a score of `signals` needs `at_least`", "write how many signals must show")
        elif self.at_least > len(self.signals):
            number = len(self.signals)
            yield fault("SM005", f"`at_least` is {self.at_least}, there are {number} signals", at="at_least")
