"""What somebody who accepts a change has to say, and why that may not be enough."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

from saasmetrics.definitions.model import near
from saasmetrics.definitions.scalars import Duration
from saasmetrics.finding import Change, Finding, InputError, Severity
from saasmetrics.lock.classes import NEEDS_REASON
from saasmetrics.lock.compare import Compared
from saasmetrics.period import Calendar, Grain

SHORTEST = 15
EMPTY = ("update", "updated", "change", "changed", "fix", "fixed", "n/a")
"""Words that give no reason, however often they are said."""


@dataclass(frozen=True)
class Given:
    """What is said with a lock. `names` empty means everything; `today` is the day on which it is said."""

    names: tuple[str, ...] = ()
    reason: str | None = None
    since: date | None = None
    by: str | None = None
    overlap: Duration | None = None
    restate: bool = False
    today: date | None = None


def refuse(message: str, hint: str | None = None) -> InputError:
    """A refusal, as an error of the invocation."""
    return InputError([Finding("SM020", Severity.ERROR, message, hint=hint)])


def chosen(compared: Compared, names: Sequence[str]) -> tuple[str, ...]:
    """The ids of the nodes with changes that the names mean; all of them without names.

    Raises: InputError (exit 2) for a name that means nothing, and for one that changed only because of another.
    """
    ids = [id_ for id_, _ in compared.groups]
    if not names:
        return tuple(ids)
    return tuple(dict.fromkeys(id_ for name in names for id_ in _named(compared, ids, name)))


def _named(compared: Compared, ids: Sequence[str], name: str) -> Iterable[str]:
    found = [id_ for id_ in ids if means(name, id_)]
    if found:
        return found
    causes = [group[-1] for _, group in compared.groups if group[-1].class_ == "inherited"]
    under = [each.object for each in causes if any(means(name, id_) for id_ in each.reaches)]
    if under:
        first = under[0].partition(".")[2]
        raise refuse(f"{name} has changed because of {', '.join(under)}", f"saasmetrics lock {first} accepts both")
    if any(id_.startswith("target.") and means(f"target.{name}", id_) for id_ in ids):
        raise refuse(f"{name} means what it meant; its target has changed", f"saasmetrics lock target.{name}")
    known = {*compared.current, *(id_.partition(".")[2] for id_ in compared.current)}
    if not any(means(name, id_) for id_ in compared.current):
        raise refuse(f"there is nothing called {name}", near(name, known))
    return []


def means(name: str, id_: str) -> bool:
    """Whether a name somebody wrote means a node: its id, its name, the workflow it is a key of, a target's metric."""
    kind, _, own = id_.partition(".")
    names = {id_, own}
    if kind in ("workflow", "active", "activation"):
        names |= {f"{kind}.{own.partition('.')[0]}", own.partition(".")[0]} if kind == "workflow" else {kind}
    if kind == "target":
        metric = own.partition("@")[0].partition("[")[0]
        names = {id_, f"target.{metric}", f"target.{metric.partition('.')[0]}"}
    return name in names


def check_reason(given: Given, changes: Iterable[Change]) -> None:
    """Raises: InputError (exit 2) where a change needs a reason and there is none that says anything."""
    needing = [change for change in changes if change.class_ in NEEDS_REASON or change.class_ == "goalpost"]
    if not needing:
        return
    what = f"{needing[0].class_} changes need a reason"
    if given.reason is None:
        raise refuse(f"{needing[0].object}: {what}", 'say why with --reason "..."')
    said = given.reason.strip()
    if len(said) < SHORTEST or said.lower().strip(".! ") in EMPTY:
        raise refuse(f"--reason {said!r} gives no reason", f"say in {SHORTEST} characters or more what it is good for")


def check_since(given: Given, calendar: Calendar, grains: Sequence[Grain]) -> None:
    """Raises: InputError (exit 2) where metrics get a new version and nobody says from when on, or says it badly.

    `grains` are those of the metrics that get one. Edges: without a day and with `restate` it holds for all periods.
    """
    if not grains:
        return
    if given.since is None:
        if not given.restate:
            raise refuse(
                "from when on does the new meaning hold?", "write --since DATE, or --restate for all periods there are"
            )
        return
    starting = [grain for grain in dict.fromkeys(grains) if calendar.floor(given.since, grain) == given.since]
    if not starting:
        first = min(grains, key=lambda grain: grain.rank)
        near_ = calendar.floor(given.since, first)
        raise refuse(f"--since {given.since} is not the start of a {first.value}", f"write {near_} or a later start")
    earliest = calendar.floor(given.today, min(grains, key=lambda grain: grain.rank)) if given.today else given.since
    if given.since < earliest and not given.restate:
        raise refuse(
            f"--since {given.since} lies in the past", "numbers that were told would change; say --restate too"
        )


def check_lint(findings: Iterable[Finding], names: Iterable[str]) -> None:
    """Raises: InputError (exit 2) for a metric with open lint errors."""
    wanted = set(names)
    opened = [each for each in findings if each.severity is Severity.ERROR and each.object in wanted]
    if opened:
        first = Finding(
            "SM020", Severity.ERROR, f"{opened[0].object} has open errors", hint="put them right, then lock it"
        )
        raise InputError([first, *opened])
