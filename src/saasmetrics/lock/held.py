"""Held: the definitions against their lock, as findings."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Change, Finding, Location, Severity
from saasmetrics.lock.compare import Compared, compare
from saasmetrics.lock.entry import Lock
from saasmetrics.lock.fingerprint import fulls
from saasmetrics.lock.node import CANON
from saasmetrics.lock.reading import edited, lock_path, read_lock


@dataclass(frozen=True)
class Held:
    """The lock of a definition file, null where there is none, and everything that differs from it."""

    path: Path
    lock: Lock | None
    compared: Compared
    findings: tuple[Finding, ...]

    @property
    def objects(self) -> tuple[str, ...]:
        """Ids of all that was looked at: what is locked, and what is written now."""
        return tuple(id_ for id_ in {**(self.lock or Lock()).entries, **self.compared.wanted} if "#" not in id_)


def held(definitions: Definitions, *, strict: bool = False) -> Held:
    """Hold definitions against the lock beside them.

    Edges: with `strict` who answers for a number may not change unseen either. Raises: InputError (exit 2) for a lock
    that cannot be read.
    """
    path = lock_path(definitions.path)
    lock = read_lock(path)
    compared = compare(definitions, lock or Lock())
    if lock is None:
        message = "nothing is locked: whatever the numbers mean, nobody would see it change"
        hint = "saasmetrics lock --all accepts the file as it is"
        return Held(path, None, compared, (Finding("SM949", Severity.ERROR, message, Location(str(path)), hint),))
    changes = (_strict(change) if strict else change for change in compared.changes)
    return Held(path, lock, compared, (*edited(lock), *_stale(path, lock), *changes))


def _strict(change: Change) -> Change:
    return replace(change, severity=Severity.ERROR) if change.class_ == "governance" else change


def _stale(path: Path, lock: Lock) -> Iterator[Finding]:
    """Fingerprints that do not follow from what the lock says, as after a merge, or of an earlier tool."""
    hint = "saasmetrics lock --upgrade writes them anew; it accepts nothing"
    if lock.canon < CANON:
        message = f"the fingerprints of the lock are of canon {lock.canon}, this tool's are of {CANON}"
        yield Finding("SM939", Severity.NOTE, message, Location(str(path)), hint)
        return
    marks = fulls(lock.nodes)
    stale = [id_ for id_, entry in lock.entries.items() if entry.full and entry.full != marks[id_]]
    if stale:
        message = f"{len(stale)} fingerprints of the lock do not follow from its facts, as after a merge: {stale[0]}"
        yield Finding("SM939", Severity.WARNING, message, lock.entries[stale[0]].place, hint)


def unaccepted(findings: Iterable[Finding], lock: Lock | None) -> list[Finding]:
    """Findings of lint less those that were accepted, by rule and object."""
    accepted = lock.accepted if lock else {}
    return [each for each in findings if each.object not in accepted.get(each.code, ())]


def accepting(lock: Lock, findings: Iterable[Finding]) -> Lock:
    """The lock in which the findings there are today may stay; what was accepted before and is gone may not return."""
    objects: dict[str, set[str]] = {}
    for finding in findings:
        if finding.object and finding.severity > Severity.NOTE:
            objects.setdefault(finding.code, set()).add(finding.object)
    return replace(lock, accepted={rule: tuple(sorted(some)) for rule, some in sorted(objects.items())})


def commands(changes: Sequence[Change]) -> tuple[str, ...]:
    """How to accept changes after review: a line for each thing that fails."""
    lines: dict[str, tuple[bool, bool]] = {}
    for change in changes:
        if change.severity is not Severity.ERROR or change.class_ == "inherited":
            continue
        name = change.object.partition(".")[2]
        name = f"target.{name.partition('@')[0].partition('[')[0]}" if change.object.startswith("target.") else name
        name = change.object if change.object.split(".")[0] in ("setting", "policy", "active", "activation") else name
        same = [each for each in changes if each.object == change.object]
        reason = change.class_ not in ("additive", "governance") or any(each.class_ == "inherited" for each in same)
        moves = any(each.class_ in ("semantic", "breaking", "inherited") for each in same)
        said = lines.get(name, (False, False))
        lines[name] = (reason or said[0], moves or said[1])
    why, when = ' --reason "..."', " --since DATE"
    return tuple(
        f"saasmetrics lock {name}{why if reason else ''}{when if moves else ''}"
        for name, (reason, moves) in lines.items()
    )
