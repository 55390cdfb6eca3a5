"""`settings`: the calendar and the house."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import AfterValidator, Field, GetJsonSchemaHandler, WithJsonSchema, field_validator, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema

from saasmetrics.definitions.ignoring import Ignorable
from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.scalars import Duration, GrainName, Name, Percent
from saasmetrics.period import Calendar, Grain

Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
Month = Literal[
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
]  # fmt: skip
Stage = Literal["early", "growth", "mature"]
STAGES: tuple[Stage, ...] = ("early", "growth", "mature")
_WEEKDAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
_MONTHS = (
    "january", "february", "march", "april", "may", "june", "july", "august", "september", "october", "november",
    "december",
)  # fmt: skip
TEAM_GRAINS = {
    "customer_success": Grain.DAY,
    "product": Grain.DAY,
    "sales": Grain.WEEK,
    "executive": Grain.MONTH,
    "marketing": Grain.MONTH,
}
"""The teams there are without being declared, and the grain each looks at."""


def zone(name: str) -> str:
    """A time zone that exists. Raises: a fault for any other name."""
    try:
        ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):
        raise fault("SM005", f"`{name}` is not a time zone", "write an IANA name like Europe/Berlin") from None
    return name


def _currency(code: str) -> str:
    if not re.fullmatch("[A-Z]{3}", code):
        raise fault("SM005", f"`{code}` is not a currency", "write three capitals like EUR")
    return code


Currency = Annotated[str, AfterValidator(_currency), WithJsonSchema({"type": "string", "pattern": "^[A-Z]{3}$"})]
"""A currency by its ISO code."""


class Team(Ignorable):
    """One team: who owns its numbers, and the grain it looks at."""

    owner: str | None = None
    grain: GrainName | None = None


class Published(Model):
    """Where published editions are kept, and how accounts are named in them."""

    path: str = "published/"
    accounts: Literal["plain", "hashed"] = "plain"

    @model_validator(mode="before")
    @classmethod
    def _from_path(cls, value: Any) -> Any:
        return {"path": value} if isinstance(value, str) else value

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, dict(handler.resolve_ref_schema(handler(schema)))]}


class Settings(Model):
    """Time zone, calendar, currency, teams, and the house's habits.

    Edges: `teams` always holds the built-in ones; a declared one without a grain keeps the built-in's, else week.
    """

    timezone: str = "UTC"
    week_start: Weekday = "monday"
    fiscal_year_start: Month = "january"
    currency: Currency | None = None
    stage: Stage = "growth"
    segments: tuple[str, ...] = ()
    min_sample: int = Field(20, ge=0)
    baseline: int = Field(26, ge=2)
    settle: Duration = Duration(14, "d")
    tolerance: Percent = Field(0.005, ge=0)
    published: Published = Published()
    teams: dict[Name, Team] = Field(default_factory=dict, validate_default=True)

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str) -> str:
        return zone(value)

    @field_validator("teams", mode="after")
    @classmethod
    def _all_teams(cls, value: dict[str, Team]) -> dict[str, Team]:
        teams = {name: Team(grain=grain) for name, grain in TEAM_GRAINS.items()}
        for name, team in value.items():
            grain = team.grain or TEAM_GRAINS.get(name, Grain.WEEK)
            teams[name] = Team.model_construct(owner=team.owner, grain=grain)
        return teams

    @property
    def calendar(self) -> Calendar:
        """Where days begin and how they gather into periods."""
        return Calendar(self.timezone, _WEEKDAYS.index(self.week_start), _MONTHS.index(self.fiscal_year_start) + 1)
