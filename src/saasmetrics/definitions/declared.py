"""Types of the language that are read and checked, and not computed by this version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saasmetrics.definitions.model import Model
from saasmetrics.definitions.scalars import Duration
from saasmetrics.frames.ledger import Part, Shape

if TYPE_CHECKING:
    from saasmetrics.definitions.scope import Scope


class Declared(Model):
    """A type whose keys and addresses are known, and whose numbers are not made yet."""

    def later(self) -> str:
        """Why it is not computed."""
        return f"metrics of type {type(self).__name__.lower()} are read, and not computed by this version"

    def shape(self, scope: Scope) -> Shape:
        """Parts of its addresses."""
        raise NotImplementedError


class Impact(Declared):
    """Accounts reached and successes lost while incidents lasted."""

    workflow: str
    baseline: Duration = Duration(4, "w")

    def shape(self, _: Scope) -> Shape:
        """One part, the effect; a shortened address counts accounts."""
        effects = ("accounts", "lost")
        return Shape("sum", "flow", (Part("effect", frozenset({"accounts"}), "separate", effects),))


DECLARED: Mapping[str, type[Declared]] = {
    "impact": Impact,
}
"""By type; a type that the registry has comes first."""
