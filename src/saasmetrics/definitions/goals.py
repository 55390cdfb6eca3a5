"""`targets` and `benchmarks`: what a number is held against."""

from __future__ import annotations

from collections.abc import Iterator

from pydantic import Field
from pydantic_core import PydanticCustomError

from saasmetrics.definitions.ignoring import Ignorable
from saasmetrics.definitions.model import Model, fault
from saasmetrics.definitions.scalars import Comparison, Day, GrainName, Labels, Quantity


class Target(Ignorable):
    """A value to reach by a day, or to keep.

    Edges: identity is metric, where and `by`. Values are as written until the metric's unit is known.
    """

    metric: str
    where: dict[str, Labels] = Field(default_factory=dict)
    reach: Comparison | None = None
    by: Day | None = None
    keep: Comparison | None = None
    from_: Quantity | None = Field(None, alias="from")
    set: Day | None = None
    grain: GrainName | None = None
    owner: str | None = None
    supports: str | None = None

    def faults(self) -> Iterator[PydanticCustomError]:
        """A goal with its day, or a guard-rail."""
        if self.reach is None and self.keep is None:
            yield fault("SM007", "a target needs `reach` with `by`, or `keep`")
        if self.reach is not None and self.keep is not None:
            yield fault("SM008", "`reach` is a goal, `keep` a guard-rail: not both", at="keep")
        elif self.reach is not None and self.by is None:
            yield fault("SM007", "`reach` needs `by`", "write by: 2026-12-31")
        elif self.keep is not None and self.by is not None:
            yield fault("SM008", "`by` does nothing beside `keep`", "remove it", at="by")
        if self.set is not None and self.by is not None and self.set >= self.by:
            yield fault("SM005", "the target was set after it is due", at="by")

    @property
    def comparison(self) -> Comparison:
        """The value to reach or keep."""
        comparison = self.reach or self.keep
        if comparison is None:
            raise ValueError("a target without a value")
        return comparison


class Benchmark(Model):
    """What others have: a range with its source and date."""

    metric: str
    range: Comparison
    where: dict[str, Labels] = Field(default_factory=dict)
    source: str
    date: Day
