"""`views`, `lint` and `notes.yaml`: how numbers are shown, checked and remembered."""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import Field, GetJsonSchemaHandler, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.scalars import Day, GrainName, Label, Labels, shown
from saasmetrics.definitions.settings import Stage

Bundle = Literal["weekly", "revenue", "acquisition", "adoption", "quality", "all"]
Level = Literal["north_star", "core", "supporting", "operational"]
_RULE = re.compile(r"SM[0-9](?:[0-9]{2})?")


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


class View(Model):
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


def rule(code: str) -> str:
    """A rule's code, or a family of them. Raises: a fault for any other text."""
    if not _RULE.fullmatch(code):
        raise fault("SM005", f"`{code}` is not a rule", "write a code like SM106")
    return code


def reasons(given: dict[str, str]) -> dict[str, str]:
    """Suppressed rules, each with its reason. Raises: a fault for a rule without one."""
    for code, reason in given.items():
        rule(code)
        if not reason.strip():
            raise fault("SM007", f"`{code}` is ignored without a reason", "write why", at=code)
    return given


class Lint(Model):
    """Which rules run, which are suppressed and why."""

    select: tuple[str, ...] = ()
    ignore: dict[str, str] = Field(default_factory=dict)
    limits: Limits = Limits()

    @field_validator("select")
    @classmethod
    def _known(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(rule(code) for code in value)

    @field_validator("ignore")
    @classmethod
    def _with_reason(cls, value: dict[str, str]) -> dict[str, str]:
        return reasons(value)


class Note(Model):
    """Something that happened and may explain a number; a line of `notes.yaml`."""

    date: Day
    kind: Literal["release", "price", "campaign", "other"] = "other"
    text: Label
    workflow: str | None = None
