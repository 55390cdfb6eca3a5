"""What a name stands for: everything that has one, and the nearest names where nothing does."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from difflib import get_close_matches

from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.kinds import TYPES
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.settings import Settings
from saasmetrics.explain.words import page
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.canonical import ROLES
from saasmetrics.lint.audit.index import AUDIT
from saasmetrics.lint.data.index import ON_ROWS
from saasmetrics.lint.index import RULES
from saasmetrics.lint.tracking.index import TRACKING
from saasmetrics.sources.presets import preset_names

SHELVES: Mapping[str, str] = {
    "metric": "metrics",
    "score": "scores",
    "workflow": "workflows",
    "feature": "features",
    "journey": "journeys",
    "product": "products",
    "segment": "segments",
    "source": "sources",
    "type": "types",
    "policy": "policies",
    "setting": "settings",
    "block": "blocks",
    "role": "roles",
    "preset": "presets",
    "bundle": "bundles",
    "view": "views",
    "column": "columns",
    "rule": "rules",
    "verdict": "verdicts",
    "change": "changes",
}
"""Kinds in the order in which a name is looked for, each with the word that stands before a name to mean just that:
`policies.retention` where `retention` is a metric type as well."""

BLOCKS = ("activation", "active")
"""Blocks of the file that have no name of their own."""


@dataclass(frozen=True)
class Topic:
    """One thing that a name stands for."""

    kind: str
    name: str

    @property
    def path(self) -> str:
        """The name that means this and nothing else."""
        return f"{SHELVES[self.kind]}.{self.name}"


def topics(definitions: Definitions, text: str) -> tuple[Topic, ...]:
    """Everything that a text names, the likeliest first; an address counts as its metric's.

    Raises: InputError (exit 2) with the nearest names when it names nothing, or no number of its metric.
    """
    shelf, _, rest = text.partition(".")
    named = {shelf_: kind for kind, shelf_ in SHELVES.items()}.get(shelf)
    known = _known(definitions)
    if named is not None and rest in known[named]:
        return (Topic(named, rest),)
    if named == "metric" and rest.partition(".")[0] in known["metric"]:
        return (Topic(named, rest),)
    found = tuple(Topic(kind, text) for kind in SHELVES if text in known[kind])
    if rest and not found and shelf in known["metric"]:
        return (Topic("metric", text),)
    if not found:
        raise _unknown(text, known)
    return found


def _known(definitions: Definitions) -> Mapping[str, tuple[str, ...]]:
    rules = (*RULES, *AUDIT, *ON_ROWS, *TRACKING)
    return {
        "metric": tuple(name for name in definitions.metrics if "#" not in name),
        "score": tuple(definitions.scores),
        "workflow": tuple(definitions.workflows),
        "feature": tuple(definitions.features),
        "journey": tuple(definitions.journeys),
        "product": tuple(definitions.products),
        "segment": tuple(definitions.segments),
        "source": tuple(definitions.sources),
        "type": TYPES,
        "policy": tuple(Policies.model_fields),
        "setting": tuple(Settings.model_fields),
        "block": tuple(name for name in BLOCKS if getattr(definitions, name) is not None),
        "role": tuple(ROLES),
        "preset": preset_names(),
        "bundle": tuple(catalogue().bundles),
        "view": tuple(definitions.views),
        "column": tuple(_columns(definitions)),
        "rule": (*(rule.code for rule in rules), *(rule.name for rule in rules)),
        "verdict": tuple(page("verdicts")),
        "change": tuple(page("changes")),
    }


def _columns(definitions: Definitions) -> Iterable[str]:
    """`ROLE.COLUMN`, and `SOURCE.COLUMN` with the columns that a source adds."""
    for role, shape in ROLES.items():
        yield from (f"{role}.{column}" for column in shape.columns)
    for name, source in definitions.sources.items():
        for column in dict.fromkeys([*ROLES[source.role].columns, *source.columns]):
            if name != source.role or column not in ROLES[source.role].columns:
                yield f"{name}.{column}"


def _unknown(text: str, known: Mapping[str, tuple[str, ...]]) -> InputError:
    names = dict.fromkeys(name for kind in known.values() for name in kind)
    shelved = [f"{SHELVES[kind]}.{name}" for kind, found in known.items() for name in found]
    near = _nearest(text.lower(), shelved if text.partition(".")[0] in SHELVES.values() else list(names))
    hint = f"did you mean {' or '.join(f'`{name}`' for name in near)}?" if near else None
    kinds = "metrics, types, policies, settings, sources, roles, columns, presets, segments, workflows and features"
    fault = Finding("SM003", Severity.ERROR, f"nothing is called `{text}`", None, hint or f"names are those of {kinds}")
    return InputError([fault])


def _nearest(text: str, names: list[str]) -> list[str]:
    """The names spelled most alike; after a first part that is right, by the last part alone."""
    first, _, last = text.rpartition(".")
    beside = {name.rpartition(".")[2]: name for name in names if name.rpartition(".")[0] == first and first}
    return [beside[name] for name in get_close_matches(last, beside, 3, 0.6)] or get_close_matches(text, names, 3, 0.7)
