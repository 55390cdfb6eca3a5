"""Accept: a lock with changes taken over, the versions that end with it, and what was refused."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Change, Finding, InputError
from saasmetrics.lock.asking import Given, check_lint, check_reason, check_since, chosen, refuse
from saasmetrics.lock.blocks import GROUPS, groups
from saasmetrics.lock.compare import Compared
from saasmetrics.lock.entry import Entry, Lock, Version
from saasmetrics.lock.fingerprint import fulls
from saasmetrics.lock.held import Held, accepting, unaccepted
from saasmetrics.lock.history import documents
from saasmetrics.lock.node import Node, meaning
from saasmetrics.lock.telling import object_of
from saasmetrics.period import Grain


@dataclass(frozen=True)
class Accepted:
    """The new lock, the changes that it accepts, and the closed documents, by file name, of what they supersede.

    `ended` is how many versions these hold.
    """

    lock: Lock
    changes: tuple[Change, ...]
    superseded: Mapping[str, str]
    ended: int = 0


def accepted(definitions: Definitions, held: Held, given: Given, lint: Sequence[Finding] = ()) -> Accepted:
    """Take over the changes of what is named.

    Edges: what is new and under something that is accepted comes with it. A metric that means something else gets a
    version; its own reason and day are those given. Where nothing has changed the lock is as it was.
    Raises: InputError (exit 2) for whatever is refused.
    """
    before, compared = held.lock or Lock(), held.compared
    ids = set(chosen(compared, given.names))
    ids |= _new_under(ids, before, compared.current)
    changes = tuple(change for id_, group in compared.groups if id_ in ids for change in group)
    check_lint(lint, {change.object for change in changes if change.object.startswith("metric.")})
    check_reason(given, changes)
    entries = _taken(before, compared, ids)
    bumped = {id_: cause for id_, cause in _bumped(before, compared, ids).items() if id_ in entries}
    grains = [Grain(str(entries[id_].node.facts["grain"])) for id_ in sorted(bumped)]
    check_since(given, definitions.settings.calendar, grains)
    gone = {id_ for id_ in before.entries if id_ not in entries and id_.startswith("metric.") and "#" not in id_}
    gone -= set(compared.renames.new.values())
    after = _stamped(entries, bumped, given, ids)
    was = compared.renames.new
    ended = {was.get(id_, id_): was.get(cause, cause) for id_, cause in bumped.items()} | {id_: id_ for id_ in gone}
    ended = {id_: cause for id_, cause in ended.items() if id_ in before.entries}
    return Accepted(replace(before, entries=after), changes, documents(before.entries, ended), len(ended))


def proposed(
    definitions: Definitions,
    held: Held,
    given: Given | None,
    rules: Sequence[Finding],
    *,
    accept: bool = False,
    upgrade: bool = False,
) -> Accepted:
    """What would be written: changes that are named, fingerprints anew, and the findings there are today.

    Raises: InputError (exit 2) for whatever is refused; also for new fingerprints of a lock that was edited by hand.
    """
    if held.lock is None and given is None:
        raise refuse("there is no lock yet", "saasmetrics lock --all accepts the file as it is")
    done = Accepted(held.lock or Lock(), (), {})
    by_hand = [finding for finding in held.findings if finding.code == "SM948"]
    if by_hand:
        raise InputError(by_hand)
    if upgrade:
        done = Accepted(_upgraded(done.lock, held.compared), (), {})
    if given is not None:
        done = accepted(definitions, replace(held, lock=done.lock), given, unaccepted(rules, held.lock))
    return replace(done, lock=accepting(done.lock, rules)) if accept else done


def _new_under(ids: Iterable[str], before: Lock, current: Mapping[str, Node]) -> set[str]:
    """What accepted things rest on and the lock does not have."""
    found: set[str] = set()
    waiting = [id_ for id_ in ids if id_ in current]
    while waiting:
        node = current[waiting.pop()]
        for need in node.under:
            if need in current and need not in before.entries and need not in found:
                found.add(need)
                waiting.append(need)
    return found


def _taken(before: Lock, compared: Compared, ids: set[str]) -> dict[str, Entry]:
    """The entries with the chosen nodes as they are now; all other meaning is as it was."""
    current, moved = compared.current, compared.renames.new
    entries = dict(before.entries)
    along = {id_ for id_ in {*current, *entries} if _goes_along(id_, ids)}
    along |= {id_ for id_ in compared.silent if id_ not in entries}
    for id_ in sorted(ids | along):
        old = entries.pop(moved[id_], None) if id_ in moved else entries.get(id_)
        if id_ in current and (id_ in compared.wanted or id_ in ids):
            entries[id_] = replace(old or Entry(current[id_]), node=current[id_])
        else:
            entries.pop(id_, None)
    for id_, entry in entries.items():
        now = current.get(id_)
        if now is not None and meaning(now.facts) == meaning(entry.node.facts):
            node = replace(entry.node, needs=now.needs, headline=now.headline, each=now.each)
            entries[id_] = replace(entry, node=entry.node if id_ in GROUPS else node)
    known = {id_: entry.node for id_, entry in entries.items() if id_ not in GROUPS}
    gathered = {node.id: Entry(node) for node in groups(known)}
    entries = {id_: entry for id_, entry in entries.items() if id_ not in GROUPS or id_ in gathered}
    wanted = {need for node in known.values() for need in node.under}
    entries |= {id_: entry for id_, entry in gathered.items() if id_ in wanted}
    return {id_: replace(entry, node=_present(entry.node, entries)) for id_, entry in entries.items()}


def _goes_along(id_: str, ids: set[str]) -> bool:
    """Whether a node is a key of a chosen workflow, or a chosen metric under other policies."""
    kind, owner, *_ = id_.split(".")
    if "#policies." in id_:
        whose, _, of = id_.partition("#policies.")
        return whose in ids or f"metric.{of}" in ids
    return kind == "workflow" and f"workflow.{owner}" in ids


def _present(node: Node, entries: Mapping[str, Entry]) -> Node:
    of = (tuple(need for need in some if need in entries) for some in (node.needs, node.headline, node.each))
    needs, headline, each = of
    return replace(node, needs=needs, headline=headline, each=each)


def _bumped(before: Lock, compared: Compared, ids: set[str]) -> dict[str, str]:
    """Metrics that mean something else than their version says, each with what is to blame: itself, or the first."""
    bumped: dict[str, str] = {}
    for id_, group in compared.groups:
        if id_ not in ids:
            continue
        moving = [change for change in group if change.class_ in ("semantic", "breaking") or change.reaches]
        present = {old: new for new, old in compared.renames.new.items()}
        for reached in (reached for change in moving for reached in change.reaches):
            bumped.setdefault(present.get(reached, reached), object_of(id_))
        if moving:
            bumped[id_] = id_
    moved = compared.renames.new
    return {
        id_: cause
        for id_, cause in bumped.items()
        if id_.startswith("metric.") and (id_ in before.entries or id_ in moved)
    }


def _stamped(entries: Mapping[str, Entry], bumped: Mapping[str, str], given: Given, ids: set[str]) -> dict[str, Entry]:
    """The entries with fingerprints and versions."""
    marks = fulls({id_: entry.node for id_, entry in entries.items()})
    since = given.since.isoformat() if given.since else None
    out: dict[str, Entry] = {}
    for id_, entry in entries.items():
        node, full = entry.node, marks[id_]
        is_taken = id_ in ids or not (entry.own or entry.meta)
        meta = entry.meta if not is_taken else node.meta if node.about or node.words else ""
        stamped = replace(entry, own=node.own if node.facts else "", full=full if node.facts else "", meta=meta)
        if node.kind == "metric" and "#" not in id_:
            stamped = _versioned(stamped, full, bumped.get(id_), given, since)
        out[id_] = stamped
    return out


def _versioned(entry: Entry, full: str, cause: str | None, given: Given, since: str | None) -> Entry:
    if entry.version is None:
        return replace(entry, version=Version(1, full, since, given.reason, given.by))
    if cause is None:
        return replace(entry, version=replace(entry.version, full=full))
    because = cause if cause != entry.node.id else None
    version = Version(entry.version.number + 1, full, since, given.reason, given.by, because)
    overlap = given.overlap.text if given.overlap else None
    return replace(entry, version=version, past=(*entry.past, entry.version), overlap=overlap)


def _upgraded(lock: Lock, compared: Compared) -> Lock:
    """The same meaning under the fingerprints of this tool: nothing that was accepted is added, or lost."""
    entries = _taken(lock, compared, set())
    marks = fulls({id_: entry.node for id_, entry in entries.items()})
    out = {}
    for id_, entry in entries.items():
        own, full = (entry.node.own, marks[id_]) if entry.node.facts else ("", "")
        version = replace(entry.version, full=full) if entry.version else None
        out[id_] = replace(entry, own=own, full=full, version=version)
    return Lock(out, lock.accepted)
