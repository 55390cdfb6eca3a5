"""What a row is about: everything an address says of itself before it has a number."""

from __future__ import annotations

from dataclasses import dataclass

from saasmetrics.frames.ledger import How
from saasmetrics.output.number import Number
from saasmetrics.period import Grain

SECTIONS = ("Value Delivery", "Adoption", "Retention & Revenue", "Quality", "Acquisition", "Own metrics")
"""The sections of the weekly stack in reading order, then money spent to win accounts, then the file's own metrics."""

OWN = SECTIONS[-1]
FAMILIES = {
    "value_delivery": "Value Delivery",
    "adoption": "Adoption",
    "retention": "Retention & Revenue",
    "revenue": "Retention & Revenue",
    "quality": "Quality",
    "acquisition": "Acquisition",
}


@dataclass(frozen=True)
class Verdict:
    """How a value stands against its target: the word, the target as written in the metric's unit, the reason."""

    word: str = "no target"
    target: str = ""
    reason: str | None = None


@dataclass(frozen=True)
class Subject:
    """One printed address.

    `cut` and `stat` are as in the values frame; `path` is the cut in words, `depth` how many words a whole one has, and
    `statistic` the stat where the metric has several; `own_name` is what the file calls this very cut. `kind` says
    which table the metric prints as when it is named: `cohort`, `funnel` (`as_done` when each step counts in the period
    it was done in) or `movement` (then `part` and `of` are its label and the balance it moves). `star` marks the North
    Star, `is_pointer` a name that only points to it. Cuts that no key and no target of the file names (`is_named`)
    stand back where many metrics are printed.
    `splits` are the metric's own segments that can split it, told where it is printed alone.
    """

    metric: str
    label: str
    section: str
    number: Number
    grain: Grain
    how: How = "sum"
    cut: str | None = None
    stat: str | None = None
    short_label: str = ""
    own_name: str = ""
    path: tuple[str, ...] = ()
    depth: int = 0
    statistic: str = ""
    description: str = ""
    kind: str = ""
    part: str = ""
    of: str = ""
    as_done: bool = False
    splits: tuple[str, ...] = ()
    direction: str | None = None
    flat: float | None = None
    owner: str = ""
    star: bool = False
    is_pointer: bool = False
    is_named: bool = True
    verdict: Verdict = Verdict()
    before: str = ""
    """Of a version before that is told beside: the metric it belongs to."""
    versions: tuple[tuple[int, str], ...] = ()
    """What there is to say of each version that the shown periods may have."""

    def said_of(self, version: int | None) -> str:
        """A version in words: `v2 since 2026-10-05: Bulk posting has no attempt`."""
        return dict(self.versions).get(version or 0, "not locked" if version is None else f"v{version}")

    @property
    def own_metric(self) -> str:
        """The metric, without the version that is told beside it."""
        return self.before or self.metric

    @property
    def address(self) -> str:
        """The text that names this number on the command line."""
        return ".".join(part for part in (self.metric, self.cut, self.stat) if part)

    @property
    def name(self) -> str:
        """The metric, the cut and the stat in words."""
        if self.own_name:
            return self.part_name
        return ", ".join(part for part in (self.label, self.part_name) if part)

    @property
    def short_name(self) -> str:
        """The same from the short label."""
        if self.own_name:
            return self.part_name
        return ", ".join(part for part in (self.short_label or self.label, self.part_name) if part)

    @property
    def part_name(self) -> str:
        """What sets this address apart from the others of its metric."""
        words = (self.own_name,) if self.own_name else self.path
        return ", ".join(part for part in (*words, self.statistic) if part)

    @property
    def title(self) -> str:
        """What a table is called that this address is a row or a column of."""
        return ", ".join([self.label, *self.path[: max(self.depth - 1, 0)]])

    @property
    def is_whole(self) -> bool:
        """Whether the cut is written to its end; a shorter one is a headline."""
        return len(self.path) == self.depth
