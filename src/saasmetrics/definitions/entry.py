"""Entry: what is said of one metric, by the catalogue and by the file, and where."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from saasmetrics.definitions.governance import EXTRAS, GOVERNANCE, MEANING, Meaning
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.rows import FORMS, ROWS_KEYS
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path


@dataclass(frozen=True)
class Entry:
    """The keys of one metric before they are read.

    Edges: `policies` are those of the metric that reads this one, where they hold for it too.
    """

    id: str
    catalogue: Mapping[str, Any]
    keys: Mapping[str, Any]
    written: Written
    path: Path
    policies: Policies | None = None

    @property
    def own(self) -> dict[str, Any]:
        """The keys of the file that belong to the metric's type."""
        return {key: value for key, value in self.keys.items() if key not in GOVERNANCE | MEANING | EXTRAS}

    @property
    def merged(self) -> dict[str, Any]:
        """The keys of its type, the file's laid over the catalogue's; and a unit that is a reference.

        Edges: rows of the file replace the catalogue's rows whole.
        """
        given = {key: value for key, value in self.catalogue.items() if key not in GOVERNANCE | MEANING | EXTRAS}
        if any(form in self.own for form in FORMS):
            given = {key: value for key, value in given.items() if key not in ROWS_KEYS}
        unit = self.meaning.get("unit")
        return {**given, **self.own, **({"unit": unit} if "$" in str(unit) else {})}

    def under(self, policies: Policies) -> dict[str, Any]:
        """As `merged`, with the keys that the catalogue gives it under the policies in force.

        Edges: of `by_policy` the keys under a policy's value are taken, or those under `other` for a value that has
        none of its own and is not the default.
        """
        merged, default = self.merged, Policies()
        for name, values in self.catalogue.get("by_policy", {}).items():
            value = getattr(policies, name)
            other = {} if value == getattr(default, name) else values.get("other", {})
            chosen: Mapping[str, Any] = values.get(value, other) if isinstance(value, str) else other
            merged |= {key: item for key, item in chosen.items() if key not in self.own}
        return merged

    @property
    def meaning(self) -> dict[str, Any]:
        """Grain, unit and earlier name, the file's before the catalogue's."""
        both = {**self.catalogue, **self.keys}
        return {key: both[key] for key in Meaning.model_fields if key in both}
