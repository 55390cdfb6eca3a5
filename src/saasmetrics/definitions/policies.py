"""`policies`: choices of formula that several metrics share, and which of them a metric reads."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, Field, WithJsonSchema, field_validator
from pydantic_core import PydanticCustomError

from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.scalars import Amount, Day, Duration, Label, Percent, percent, shown
from saasmetrics.definitions.settings import Weekday, zone

Bucket = Literal["paid", "organic", "salaries", "tools", "overhead"]
AttributionModel = Literal[
    "position", "first", "last", "last_non_direct", "linear", "u", "w", "full_path", "decay"
]  # fmt: skip


def _clock(value: str) -> str:
    if not re.fullmatch("(?:[01][0-9]|2[0-3]):[0-5][0-9]|24:00", value):
        raise fault("SM005", f"`{value}` is not a time of day", 'write it like "08:30"')
    return value


Clock = Annotated[str, AfterValidator(_clock)]


class BusinessHours(Model):
    """The hours in which answers are expected."""

    days: tuple[Weekday, ...] = ("monday", "tuesday", "wednesday", "thursday", "friday")
    from_: Clock = Field(alias="from")
    to: Clock
    timezone: str | None = None
    holidays: tuple[Day, ...] = ()

    @field_validator("timezone")
    @classmethod
    def _zone(cls, value: str | None) -> str | None:
        return value and zone(value)

    @property
    def text(self) -> str:
        """The hours in few words: `mon tue wed thu fri 09:00-17:00 Europe/Berlin, less 2 days`."""
        days = " ".join(day[:3] for day in self.days)
        zone_ = f" {self.timezone}" if self.timezone else ""
        less = f", less {len(self.holidays)} day{'s' * (len(self.holidays) > 1)}" if self.holidays else ""
        return f"{days} {self.from_}-{self.to}{zone_}{less}"

    def faults(self) -> Iterator[PydanticCustomError]:
        """Hours end after they begin."""
        if self.from_ >= self.to:
            yield fault("SM005", f"business hours end at {self.to}, before they begin", at="to")


def _word(word: str, otherwise: Callable[[Any], Any], meaning: Any) -> BeforeValidator:
    """A policy that is one word, which stands for `meaning`, or a value of another kind."""

    def read(value: Any) -> Any:
        if value == word:
            return meaning
        try:
            return otherwise(value)
        except PydanticCustomError as error:
            context = error.context or {}
            message, hint = str(context["message"]), context["hint"]
            raise fault("SM005", message, f"or write `{word}`; {hint}" if hint else f"or write `{word}`") from None

    return BeforeValidator(read)


def _schema(*words: str, **otherwise: Any) -> WithJsonSchema:
    """Words, or a value of another kind."""
    return WithJsonSchema({"anyOf": [{"enum": list(words)}, otherwise or {"type": "string"}]})


def _mapping(value: Any) -> Any:
    if not isinstance(value, dict):
        raise fault("SM005", f"expected a mapping, got {shown(value)}")
    return value


OptionalDuration = Annotated[Duration | None, _word("none", Duration.parse, None), _schema("none")]
Margin = Annotated[Literal["costs"] | float, _word("costs", percent, "costs"), _schema("costs")]
Memory = Annotated[Literal["ever"] | Duration, _word("ever", Duration.parse, "ever"), _schema("ever")]
Weights = Annotated[dict[str, Percent] | None, _word("none", _mapping, None), _schema("none", type="object")]
Hours = Annotated[BusinessHours | None, _word("none", _mapping, None), _schema("none", type="object")]


class Policies(Model):
    """Every choice of formula, with its default; where null is a choice it is written `none`."""

    account: Literal["own", "root"] = "own"
    recurring_from: Literal["subscriptions", "invoices"] = "subscriptions"
    discounts: Literal["recurring", "list_price", "forever_only", "all"] = "recurring"
    usage: Literal["exclude", "committed", "trailing"] = "exclude"
    usage_months: int = Field(3, ge=1)
    mrr_statuses: tuple[Label, ...] = ("active", "past_due")
    end_inclusive: bool = False
    fx: Literal["constant", "monthly", "row_start"] = "constant"
    movement_grain: Literal["month", "day", "report"] = "month"
    churn_at: Literal["service_end", "request", "billing_end"] = "service_end"
    grace: Duration = Duration(0, "d")
    reactivation_window: OptionalDuration = None
    retention: Literal["cohort", "continuous", "movements", "chained"] = "cohort"
    reactivation_in_net: bool = False
    churn_annualised: bool = False
    cac_lag: Duration = Duration(0, "mo")
    cac_buckets: tuple[Bucket, ...] = ("paid", "organic", "salaries", "tools", "overhead")
    acquisition_segment: str = "channel"
    paid_channels: tuple[Label, ...] = ()
    margin: Margin = "costs"
    ltv_churn: Literal["logo", "revenue"] = "logo"
    ltv_window: Duration = Duration(6, "mo")
    lifetime_cap: OptionalDuration = None
    qualified_stages: tuple[Label, ...] = ()
    win_excludes: tuple[Label, ...] = ()
    win_by: Literal["count", "value"] = "count"
    velocity_window: Duration = Duration(365, "d")
    pipeline_weights: Weights = None
    attribution: AttributionModel = "position"
    lookback: Duration = Duration(90, "d")
    half_life: Duration = Duration(7, "d")
    direct: str = "direct"
    order: Literal["ordered", "strict", "any"] = "ordered"
    window_anchor: Literal["first_step", "previous_step"] = "first_step"
    entry: Literal["any", "first", "latest", "every"] = "any"
    ties: Literal["allowed", "strict"] = "allowed"
    exclusion: Literal["drop_off", "drop_entity"] = "drop_off"
    funnel_by: Literal["cohort", "period"] = "cohort"
    immature: Literal["exclude", "dropped", "converters"] = "exclude"
    tiers: Literal["cumulative", "independent"] = "cumulative"
    tier_memory: Memory = "ever"
    rolling: Duration = Duration(28, "d")
    stickiness_days: Literal["all", "working"] = "all"
    lifecycle_new: Literal["first_success", "created"] = "first_success"
    session_gap: Duration = Duration(30, "m")
    feature_uses: int = Field(3, ge=1)
    feature_days: int = Field(2, ge=1)
    cohort_clock: Literal["calendar", "rolling"] = "calendar"
    came_back: Literal["on", "on_or_after", "streak"] = "on"
    cohort_average: Literal["pooled", "mean", "weighted"] = "pooled"
    trend_drop: Percent = 0.5
    trend_weeks: int = Field(4, ge=1)
    trend_floor: Amount = 3.0
    client_errors: Literal["exclude", "include"] = "exclude"
    self_serve_within: Duration = Duration(24, "h")
    business_hours: Hours = None
    missing: Literal["renormalise", "zero", "no_score"] = "renormalise"
    min_coverage: Percent = 0.6


_MONEY = frozenset(
    {"recurring_from", "discounts", "usage", "usage_months", "mrr_statuses", "end_inclusive", "fx", "churn_at", "grace"}
)
_FUNNEL = frozenset({"order", "window_anchor", "entry", "ties", "exclusion", "funnel_by", "immature"})
BY_TYPE: Mapping[str, frozenset[str]] = {
    "simple": frozenset({"fx"}),
    "stock": frozenset({"fx"}),
    "movement": frozenset({"movement_grain", "reactivation_window", "churn_at", "grace", "fx"}),
    "net_retention": frozenset(
        {"retention", "reactivation_in_net", "churn_annualised", "reactivation_window", "grace"}
    ),
    "active": frozenset(
        {"rolling", "stickiness_days", "lifecycle_new", "feature_uses", "feature_days", "trend_drop", "trend_weeks",
         "trend_floor", "reactivation_window"}
    ),
    "conversion": _FUNNEL,
    "duration": frozenset({"entry", "ties", "immature", "funnel_by"}),
    "retention": frozenset({"cohort_clock", "came_back", "cohort_average", "immature"}),
    "tiers": frozenset({"tiers", "tier_memory"}),
    "sessions": frozenset({"session_gap"}),
    "score": frozenset({"missing", "min_coverage"}),
    "attribution": frozenset({"attribution", "lookback", "half_life", "direct", "fx"}),
    "lift": frozenset({"immature"}),
}  # fmt: skip
"""Which policies a metric of a type reads, whatever its rows."""

BY_ROLE: Mapping[str, frozenset[str]] = {
    "subscriptions": _MONEY,
    "invoices": frozenset({"fx", "recurring_from"}),
    "opportunities": frozenset({"fx"}),
    "spend": frozenset({"fx"}),
    "costs": frozenset({"fx"}),
    "requests": frozenset({"client_errors"}),
    "tickets": frozenset({"self_serve_within"}),
    "touches": frozenset({"attribution", "lookback", "half_life", "direct"}),
}
"""Which policies a metric reads because of a role it reads."""

ACCOUNTLESS = frozenset({"spend", "costs", "fx", "quotas", "market", "incidents"})
"""Roles whose rows belong to no account: policy `account` does nothing to them."""

BY_METRIC: Mapping[str, frozenset[str]] = {
    "self_serve_rate": frozenset({"self_serve_within"}),
    "stickiness": frozenset({"stickiness_days", "rolling"}),
}
"""Policies that catalogue formulas read by their own name."""


def read_by(metric: str, types: Iterable[str], roles: Iterable[str]) -> frozenset[str]:
    """Policies that a metric reads, given the types and roles of itself and of everything under it."""
    roles = frozenset(roles)
    read = set(BY_METRIC.get(metric, frozenset()))
    for type_ in types:
        read |= BY_TYPE.get(type_, frozenset())
    for role in roles:
        read |= BY_ROLE.get(role, frozenset())
    if roles - ACCOUNTLESS:
        read.add("account")
    return frozenset(read)
