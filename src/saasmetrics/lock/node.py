"""Node: one thing that has a meaning of its own, as facts; and what it rests on."""

from __future__ import annotations

import hashlib
import json
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from saasmetrics.document import Path
from saasmetrics.lock.plain import Plain

CANON = 1
"""The rules by which facts become fingerprints. A change of any rule is the next number."""

KINDS = (
    "setting", "policy", "source", "segment", "workflow", "feature", "journey", "product", "activation", "active",
    "score", "metric", "address", "target",
)  # fmt: skip
"""Kinds of nodes, in the order of the lock."""

Facts = Mapping[str, Plain]


@dataclass(frozen=True)
class Node:
    """One setting, policy, source, workflow, metric, target, ...

    `facts` are its meaning, `about` is who answers for it, `words` is how it is called and shown. `needs` are the ids
    of what all of it is made of. Of a metric that fans out, `headline` are those of what its short address sums up,
    `each` those of what its other addresses stand for: one more of the latter adds an address and changes none. `path`
    is where it stands in the definitions; what is only in the catalogue has none.
    """

    kind: str
    name: str
    facts: Facts
    needs: tuple[str, ...] = ()
    headline: tuple[str, ...] = ()
    each: tuple[str, ...] = ()
    about: Facts = field(default_factory=dict)
    words: Facts = field(default_factory=dict)
    path: Path = ()
    renamed_from: str | None = None
    addresses: tuple[str, ...] = ()
    """The addresses of metrics that it reads: it rests on what those stand for."""

    @property
    def id(self) -> str:
        """Kind and name, as `workflow.invoicing`."""
        return f"{self.kind}.{self.name}"

    @property
    def under(self) -> tuple[str, ...]:
        """Ids of all that it rests on in any of its addresses."""
        return (*self.needs, *self.headline, *self.each)

    @property
    def own(self) -> str:
        """Fingerprint of its own meaning; the name is no part of it."""
        return digest("own", self.kind, meaning(self.facts))

    @property
    def meta(self) -> str:
        """Fingerprint of what is said about it and changes no number."""
        return digest("meta", self.about, self.words)


def meaning(facts: Facts) -> Facts:
    """Facts less those that say no: a choice that is off, and one that is not there, mean the same."""
    return {key: value for key, value in facts.items() if value is not False}


def digest(*parts: object) -> str:
    """`f1_` and 12 hexadecimal digits of the SHA-256 of canonical JSON: sorted keys, no layout, one form of accents."""
    text = json.dumps([CANON, *parts], sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return f"f{CANON}_{hashlib.sha256(unicodedata.normalize('NFC', text).encode()).hexdigest()[:12]}"


def full(own: str, needs: Iterable[str], each: Iterable[str]) -> str:
    """Fingerprint of a meaning with everything under it; `needs` and `each` are fingerprints of the same kind."""
    return digest("full", own, sorted(needs), sorted(each))


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} is no plain data")
