"""Rows: the one selector, used wherever the language chooses rows."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Literal

from pydantic import Field, GetJsonSchemaHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.scalars import Sql, shown

FORMS = ("event", "workflow", "feature", "source", "milestone", "any", "all")
OPTIONS: Mapping[str, tuple[str, ...]] = {"outcome": ("workflow",), "at": ("source",), "same_run": ("all",)}
"""Options that only some forms have."""
ROWS_KEYS = frozenset((*FORMS, *OPTIONS, "filter", "at_least"))


class Rows(Model):
    """Which rows: exactly one of event, workflow, feature, source, milestone, any, all; and options.

    Edges: a bare word is an event. `at_least` null is 1 (or, in a feature, the policy). A milestone is a moment of an
    account, not a row: it takes no filter.
    """

    bare: ClassVar[bool] = True
    """Whether a bare word may stand for the whole block."""

    event: str | None = None
    workflow: str | None = None
    outcome: Literal["attempt", "success", "failure"] | None = None
    feature: str | None = None
    source: str | None = None
    at: str | None = None
    milestone: str | None = None
    any: tuple[Rows, ...] | None = None
    all: tuple[Rows, ...] | None = None
    filter: Sql | None = None
    at_least: int | None = Field(None, ge=1)
    same_run: bool = False

    @property
    def form(self) -> str:
        """Which of the seven forms it has; empty where it has none."""
        return next((form for form in FORMS if getattr(self, form) is not None), "")

    @property
    def rows(self) -> Rows:
        """The selector alone, without the keys of the block that it stands in."""
        return Rows.model_construct(**{name: getattr(self, name) for name in Rows.model_fields})

    @model_validator(mode="before")
    @classmethod
    def _from_bare(cls, value: Any) -> Any:
        if isinstance(value, str) and cls.bare:
            return {"event": value}
        if isinstance(value, tuple):
            written = ", ".join(str(item) for item in value if isinstance(item, str)) or "..."
            hint = f"any or all? write {{any: [{written}]}} or {{all: [{written}]}}"
            raise fault("SM005", "a bare list does not say which rows are meant", hint)
        if not isinstance(value, dict | Rows):
            raise fault("SM005", f"expected rows, got {shown(value)}", "write an event's name or {event: ...}")
        return value

    def faults(self) -> Iterator[PydanticCustomError]:
        """One form; options that the form has; members; a milestone without options of rows."""
        forms = [form for form in FORMS if getattr(self, form) is not None]
        if not forms:
            yield fault("SM007", f"nothing says which rows: one of {', '.join(FORMS)} is needed")
            return
        for other in forms[1:]:
            yield fault("SM008", f"`{forms[0]}` and `{other}` both say which rows", "keep one", at=other)
        for option, owners in OPTIONS.items():
            if getattr(self, option) not in (None, False) and forms[0] not in owners:
                yield fault("SM008", f"`{option}` does nothing beside `{forms[0]}`", "remove it", at=option)
        if forms[0] == "milestone" and self.filter is not None:
            yield fault("SM008", "a milestone is no row that a filter could choose", "remove it", at="filter")
        if forms[0] == "milestone" and self.at_least is not None:
            yield fault("SM008", "a milestone happens once: `at_least` does nothing", "remove it", at="at_least")
        if () in (self.any, self.all):
            yield fault("SM007", f"`{forms[0]}` has no members", at=forms[0])

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        block = handler.resolve_ref_schema(handler(schema))
        return {"anyOf": [{"type": "string", "title": "an event"}, dict(block)]} if cls.bare else block


def uncountable(rows: Rows | None, key: str = "") -> Iterator[PydanticCustomError]:
    """Why rows under a key cannot be counted: moments are no rows, and there is nothing to count them within."""
    if rows is None:
        return
    under = f"{key}." if key else ""
    if rows.at_least is not None:
        yield fault("SM008", "`at_least` has nothing to count within here", "remove it", at=f"{under}at_least")
    if rows.all is not None:
        hint = "use any, or name the deciding row"
        yield fault("SM008", "`all` is a moment, here rows are counted", hint, at=f"{under}all")
    if rows.milestone is not None:
        hint = "name the rows, like {source: accounts} for `created`"
        yield fault("SM008", "a milestone is a moment, here rows are counted", hint, at=f"{under}milestone")
    for number, member in enumerate(rows.any or ()):
        yield from uncountable(member, f"{under}any.{number}")


def composed(rule: Rows) -> bool:
    """Whether a rule of being active has parts that are met each by themselves: counting rows says nothing of it."""
    return rule.all is not None or any(composed(part) or part.at_least is not None for part in rule.any or ())


def several(rule: Rows) -> bool:
    """Whether a rule of being active asks for more than one row of anything."""
    parts = (*(rule.any or ()), *(rule.all or ()))
    return (rule.at_least or 1) > 1 or any(several(part) for part in parts)


def unmet(rule: Rows) -> Iterator[str]:
    """What a rule of being active asks for that no window can tell."""
    if rule.milestone is not None:
        yield "chooses rows, and a milestone is a moment: name the rows, like {source: accounts} for `created`"
    if rule.same_run:
        yield "knows no run: `same_run` is for steps and tiers"
    for part in (*(rule.any or ()), *(rule.all or ())):
        yield from unmet(part)
