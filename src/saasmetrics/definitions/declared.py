"""Types of the language that are read and checked, and not computed by this version."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from saasmetrics.definitions.model import Model
from saasmetrics.frames.ledger import Shape

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


DECLARED: Mapping[str, type[Declared]] = {}
"""By type; a type that the registry has comes first."""
