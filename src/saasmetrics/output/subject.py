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

    `cut` and `stat` are as in the values frame. `title` is the metric's own name and `path` its cut in words, for
    tables that stand under the title. `kind` says which table the metric prints as when it is named: `cohort`,
    `funnel` or `movement` (then `part` and `of` are its label and the balance it moves).
    """

    metric: str
    name: str
    short_name: str
    section: str
    number: Number
    grain: Grain
    how: How = "sum"
    cut: str | None = None
    stat: str | None = None
    title: str = ""
    path: str = ""
    description: str = ""
    kind: str = ""
    part: str = ""
    of: str = ""
    direction: str | None = None
    flat: float | None = None
    owner: str = ""
    star: bool = False
    verdict: Verdict = Verdict()

    @property
    def address(self) -> str:
        """The text that names this number on the command line."""
        return ".".join(part for part in (self.metric, self.cut, self.stat) if part)
