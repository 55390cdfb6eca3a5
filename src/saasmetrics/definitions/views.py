"""`views`, `lint` and `notes.yaml`: how numbers are shown, checked and remembered."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from saasmetrics.definitions.ignoring import Ignorable, rule
from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.scalars import Day, GrainName, Label, Labels, shown
from saasmetrics.definitions.settings import Stage

Bundle = Literal["weekly", "revenue", "acquisition", "adoption", "quality", "all"]
Level = Literal["north_star", "core", "supporting", "operational"]


class Shown(Model):
    """One line of `show`: an address or glob, or all metrics of a team, level, stage or bundle."""

    address: str | None = None
    team: str | None = None
    level: Level | None = None
    stage: Stage | None = None
    bundle: Bundle | None = None

    @model_validator(mode="before")
    @classmethod
    def _from_address(cls, value: Any) -> Any:
        if isinstance(value, str):
            return {"address": value}
        if not isinstance(value, dict):
            raise fault("SM005", f"expected an address, got {shown(value)}", "or {team: ...}, {bundle: ...}")
        if not value:
            raise fault("SM007", "nothing is chosen: one of team, level, stage, bundle is needed")
        return value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, dict(handler.resolve_ref_schema(handler(schema)))]}


class View(Ignorable):
    """A named selection of metrics and how it is broken down."""

    show: tuple[Shown, ...] = Field(min_length=1)
    by: tuple[str, ...] = ()
    where: dict[str, Labels] = Field(default_factory=dict)
    grain: GrainName | None = None
    periods: int | None = Field(None, ge=1)
    label: str | None = None


class Limits(Model):
    """How many metrics are too many."""

    weekly: int = Field(15, ge=1)
    total: int = Field(40, ge=1)


class Lint(Ignorable):
    """Which rules run, which are suppressed and why."""

    select: tuple[str, ...] = ()
    limits: Limits = Limits()

    @field_validator("select")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(rule(code) for code in value)


class Note(Model):
    """Something that happened and may explain a number; a line of `notes.yaml`."""

    date: Day
    kind: Literal["release", "price", "campaign", "other"] = "other"
    text: Label
    workflow: str | None = None
