"""What may be said about any metric: who answers for it, how it is read, and the few choices of meaning all share."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, field_validator

from saasmetrics.definitions.ignoring import reasons
from saasmetrics.definitions.model import Model
from saasmetrics.definitions.scalars import Amount, GrainName, Name
from saasmetrics.definitions.settings import Stage

Direction = Literal["up", "down", "band"]
Timing = Literal["leading", "lagging"]
Review = Literal["daily", "weekly", "monthly", "quarterly", "yearly"]
Format = Literal["count", "money", "rate", "small_rate", "duration", "latency", "ratio", "months"]

REVIEW_OF_LEVEL: dict[str, Review] = {
    "north_star": "weekly",
    "core": "weekly",
    "supporting": "monthly",
    "operational": "daily",
}


class Action(Model):
    """What will be done when the number goes down, or up."""

    down: str | None = None
    up: str | None = None


class Governance(Model):
    """Everything about a metric that does not change its numbers."""

    label: str | None = None
    short_name: str | None = Field(None, max_length=22)
    description: str | None = None
    level: Literal["core", "supporting", "operational"] | None = None
    timing: Timing | None = None
    direction: Direction | None = None
    team: tuple[str, ...] | None = None
    stage: tuple[Stage, ...] | None = None
    owner: str | None = None
    action: Action | None = None
    drivers: tuple[str, ...] | None = None
    review: Review | None = None
    segments: tuple[str, ...] | None = None
    min_sample: int | None = Field(None, ge=0)
    status: Literal["draft", "approved", "retired"] | None = None
    format: Format | None = None
    flat: Amount | None = None
    edition: Literal["values", "accounts"] | None = None
    publish: bool | None = None
    ignore: dict[str, str] | None = None

    @field_validator("ignore")
    @classmethod
    def _with_reason(cls, value: dict[str, str] | None) -> dict[str, str] | None:
        return value and reasons(value)


class Meaning(Model):
    """Semantic keys that any metric may have beside those of its type."""

    grain: GrainName | None = None
    unit: str | None = None
    renamed_from: Name | None = None


GOVERNANCE = frozenset(Governance.model_fields)
MEANING = frozenset({*Meaning.model_fields, "policies"})
EXTRAS = frozenset(
    {"family", "each", "headline", "requires", "product", "address", "of_north_star", "total", "by_policy"}
)
"""Keys that only entries of the catalogue have."""
