"""`workflows` and what hangs on them: features, journeys, activation, the rule of active, products."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, GetJsonSchemaHandler, ModelWrapValidatorHandler, model_validator
from pydantic.json_schema import JsonSchemaValue
from pydantic_core import CoreSchema, PydanticCustomError

from saasmetrics.definitions.ignoring import Ignorable
from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.rows import Rows, uncountable
from saasmetrics.definitions.scalars import Day, Duration, Label, Name, Sql, shown

Order = Literal["ordered", "strict", "any"]


class WorkflowValue(Model):
    """The value that a success carries; money of the reporting currency unless `unit` says otherwise."""

    expr: Sql
    currency: str | None = None
    unit: str = "currency"

    @model_validator(mode="before")
    @classmethod
    def _from_expr(cls, value: Any) -> Any:
        return value if isinstance(value, dict) else {"expr": value}

    @classmethod
    def __get_pydantic_json_schema__(cls, schema: CoreSchema, handler: GetJsonSchemaHandler) -> JsonSchemaValue:
        return {"anyOf": [{"type": "string"}, dict(handler.resolve_ref_schema(handler(schema)))]}


class Workflow(Ignorable):
    """A job that customers do: its attempt, its outcome, and how deep they go.

    Edges: without `attempt` successes are counted and nothing can complete. Without `run` attempt and outcome are
    matched by time within `within`. Tiers are lowest first.
    """

    attempt: Rows | None = None
    success: Rows
    failure: Rows | None = None
    reason: str | None = None
    run: str | None = None
    within: Duration | None = None
    core: bool = True
    value: WorkflowValue | None = None
    tiers: dict[Name, Rows] = Field(default_factory=dict)
    module: str | None = None
    screens: tuple[Label, ...] = ()
    jobs: tuple[Label, ...] = ()
    help: Rows | None = None
    dismissed: Rows | None = None
    refund: Rows | None = None
    label: str | None = None
    renamed_from: Name | None = None

    def faults(self) -> Iterator[PydanticCustomError]:
        """Options that nothing reads; rows that cannot be counted."""
        if self.attempt is not None and self.run is None and self.within is None:
            hint = "write within: 24h, or run: the column of the run's id"
            yield fault("SM007", "attempts are matched by time here: `within` is required", hint)
        if self.attempt is None and self.within is not None:
            yield fault("SM008", "`within` does nothing without `attempt`", "name the attempt", at="within")
        if self.failure is None and self.reason is not None:
            yield fault("SM008", "`reason` does nothing without `failure`", "name the failure", at="reason")
        for key in ("attempt", "success", "failure", "help", "dismissed", "refund"):
            yield from uncountable(getattr(self, key), key)


class Feature(Rows, Ignorable):
    """A feature or an integration: its uses, who may use it, and what counts as adopted.

    Edges: `at_least` and `on_days` null mean the policies `feature_uses` and `feature_days`.
    """

    kind: Literal["feature", "integration"] = "feature"
    eligible: Sql | None = None
    released: Day | None = None
    on_days: int | None = Field(None, ge=1)
    label: str | None = None
    renamed_from: Name | None = None

    def faults(self) -> Iterator[PydanticCustomError]:
        """A feature's uses are counted."""
        yield from super().faults()
        if self.all is not None or self.milestone is not None:
            hint = "use any, or name the deciding row"
            yield fault("SM008", f"a feature's uses are counted, `{self.form}` is a moment", hint, at=self.form)
        for number, member in enumerate(self.any or ()):
            yield from uncountable(member, f"any.{number}")


def _steps(value: Any) -> Any:
    if isinstance(value, tuple):
        raise fault("SM005", "steps have names: a mapping of name to rows", "write steps: {draft: ..., posted: ...}")
    if not isinstance(value, dict):
        raise fault("SM005", f"expected steps, got {shown(value)}", "write steps: {draft: ..., posted: ...}")
    if not value:
        raise fault("SM007", "there are no steps")
    return value


Steps = Annotated[dict[Name, Rows], BeforeValidator(_steps)]
"""Named rows in the order in which they happen."""


class Journey(Ignorable):
    """A path that customers should finish."""

    steps: Steps
    within: Duration
    entity: str = "account"
    order: Order = "ordered"
    label: str | None = None
    renamed_from: Name | None = None


class Activation(Ignorable):
    """When an account is activated: every step, within the judged window. `windows` always holds `within`."""

    steps: Steps
    within: Duration
    windows: tuple[Duration, ...] = (Duration(7, "d"), Duration(14, "d"), Duration(30, "d"))
    order: Order = "any"

    @property
    def all_windows(self) -> tuple[Duration, ...]:
        """The windows to show, shortest first, the judged one always among them."""
        return tuple(sorted({*self.windows, self.within}, key=lambda window: window.rough_seconds))


class Active(Ignorable):
    """The one rule of active: for accounts, for their users (the same unless written), the expected roles."""

    account: Rows = Rows(workflow="core")
    user: Rows = Rows(workflow="core")
    roles: tuple[Label, ...] | None = None

    @model_validator(mode="wrap")
    @classmethod
    def _user_follows_account(cls, value: Any, handler: ModelWrapValidatorHandler[Self]) -> Self:
        active = handler(value)
        return active if "user" in active.model_fields_set else active.model_copy(update={"user": active.account})


class Product(Ignorable):
    """One of several products: its workflows and its own north star, activation and rule of active."""

    label: str | None = None
    workflows: tuple[str, ...]
    north_star: str | None = None
    activation: Activation | None = None
    active: Active | None = None
    renamed_from: Name | None = None
