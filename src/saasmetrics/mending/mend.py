"""A definition file mended: findings that leave no choice are followed, as far as that moves no number."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from difflib import unified_diff
from pathlib import Path

from saasmetrics.definitions.load import load
from saasmetrics.document import read
from saasmetrics.finding import Finding, InputError, Location, Meant, Severity
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint.index import lint
from saasmetrics.lock.fingerprint import fulls, nodes
from saasmetrics.lock.reading import lock_path, read_lock
from saasmetrics.mending.edit import Edit, edit_for, edited

ROUNDS = 5
"""A slip may hide another; more often than this nobody has been seen to hide one behind the other."""


@dataclass(frozen=True)
class Mended:
    """What was done: findings that were followed, and files with another text than before.

    Edges: `left` are findings that say what they ask for and could not be followed alone. `texts` are by the name that
    findings give a file, as it was and as it is; every line of both ends with a line feed.
    """

    followed: tuple[Finding, ...] = ()
    left: tuple[Finding, ...] = ()
    texts: Mapping[str, tuple[str, str]] = field(default_factory=dict)

    @property
    def diff(self) -> str:
        """What changes, as a patch."""
        parts = [
            unified_diff(old.splitlines(keepends=True), new.splitlines(keepends=True), f"a/{name}", f"b/{name}")
            for name, (old, new) in self.texts.items()
        ]
        last = "\n\\ No newline at end of file\n"
        return "".join(line if line.endswith("\n") else line + last for lines in parts for line in lines)

    @property
    def said(self) -> tuple[str, ...]:
        """A line for each finding that was followed, and for each that was not."""
        done = [
            f"`{each.hint.old}` is now `{each.hint.new}`" if isinstance(each.hint, Meant) else f"gone: {each.message}"
            for each in self.followed
        ]
        lines = [f"{each.location}: {each.code} {what}" for each, what in zip(self.followed, done, strict=True)]
        why = "not corrected: a number would move, or another fault would show"
        return (*lines, *(f"{each.location}: {each.code} {why}" for each in self.left))

    @property
    def files(self) -> dict[Path, bytes]:
        """The files as they are to be written: with the line ends, and the mark before the first one, that they had.

        Raises: InputError (exit 2) for a file that has changed meanwhile, or that ends its lines in several ways.
        """
        return {Path(name): _as_before(Path(name), old, new) for name, (old, new) in self.texts.items()}


@dataclass(frozen=True)
class _Seen:
    """What reading finds in texts: faults, findings of rules, and the fingerprints of what can be read."""

    faults: tuple[Finding, ...]
    told: tuple[Finding, ...] = ()
    marks: Mapping[str, str] | None = None

    @property
    def ids(self) -> set[str]:
        return {finding.id for finding in (*self.faults, *self.told)}


def mend(path: Path, *, data_root: Path | None = None) -> Mended:
    """Follow what findings ask for, in memory.

    Edges: a finding is followed only if it is gone afterwards, no other has come, and no fingerprint has changed of a
    file that could be read; all at once if that holds for all, else one after the other. Raises: InputError (exit 2)
    for a file that is not there, or a lock that cannot be read.
    """
    mender = _Mender(path, data_root)
    followed: list[Finding] = []
    for _ in range(ROUNDS):
        made = mender.round()
        if not made:
            break
        followed += made
    changed = {name: (old, mender.texts[name]) for name, old in mender.before.items() if mender.texts[name] != old}
    return Mended(tuple(followed), mender.left, changed)


class _Mender:
    """Texts on their way: as they were, as they are now, and what reading them finds."""

    def __init__(self, path: Path, data_root: Path | None) -> None:
        self.path, self.data_root = path, data_root
        self.lock = read_lock(lock_path(path))
        self.before: dict[str, str] = {}
        self.texts: dict[str, str] = {}
        self.seen = self._look({})

    @property
    def left(self) -> tuple[Finding, ...]:
        """What still asks for something that can be done."""
        return tuple(each for each in (*self.seen.faults, *self.seen.told) if self._edit(each, self.texts))

    def round(self) -> list[Finding]:
        """Follow all that can be followed now; what was."""
        asked = [each for each in (*self.seen.faults, *self.seen.told) if self._edit(each, self.texts)]
        if len(asked) > 1 and (done := self._follow(asked)):
            return done
        for number, one in enumerate(asked):
            if done := self._follow([one]):
                return [*done, *(self.round() if number + 1 < len(asked) else [])]
        return []

    def _edit(self, finding: Finding, texts: Mapping[str, str]) -> Edit | None:
        """What a finding in these texts asks for."""
        name = finding.location.file if finding.location else ""
        if not name or not self._knows(name):
            return None
        return edit_for(finding, read(texts.get(name, self.texts[name]), name))

    def _knows(self, name: str) -> bool:
        """Whether a file can be read; if so it is there."""
        if name not in self.texts:
            try:
                text = Path(name).read_text(encoding="utf-8").removeprefix("\ufeff")
            except (OSError, UnicodeDecodeError):
                return False
            self.before[name] = self.texts[name] = text
        return True

    def _follow(self, asked: Sequence[Finding]) -> list[Finding]:
        """Follow these, and what they bring to light; all that was followed, or nothing if anything new would stay."""
        texts, followed, waiting = dict(self.texts), list[Finding](), list(asked)
        for _ in range(ROUNDS):
            edits = [(each.location.file, self._edit(each, texts)) for each in waiting if each.location]
            for name in {name for name, _ in edits}:
                here = [edit for other, edit in edits if edit and other == name]
                texts[name] = edited(texts.get(name, self.texts[name]), here)
            followed += waiting
            after = self._look(texts)
            if {finding.id for finding in followed} & after.ids:
                return []
            if self.seen.marks is not None and after.marks != self.seen.marks:
                return []
            waiting = self._new(after)
            if not waiting:
                self.texts, self.seen = {**self.texts, **texts}, after
                return followed
            if not all(self._edit(each, texts) for each in waiting):
                return []
        return []

    def _new(self, after: _Seen) -> list[Finding]:
        """What was not found before: faults, and in a file that could be read also what rules find."""
        found = after.faults if self.seen.marks is None else (*after.faults, *after.told)
        return [finding for finding in found if finding.id not in self.seen.ids]

    def _look(self, texts: Mapping[str, str]) -> _Seen:
        try:
            definitions = load(self.path, REGISTRY, data_root=self.data_root, instead=texts)
        except InputError as error:
            return _Seen(tuple(finding for finding in error.findings if finding.severity is Severity.ERROR))
        told = lint(definitions, self.lock.metrics if self.lock else None)
        return _Seen((), (*definitions.findings, *told), fulls(nodes(definitions)))


def _as_before(path: Path, old: str, new: str) -> bytes:
    raw = path.read_bytes().decode("utf-8")
    mark = "\ufeff" if raw.startswith("\ufeff") else ""
    end = "\r\n" if "\r\n" in raw else "\n"
    if f"{mark}{old.replace(chr(10), end)}" != raw:
        message = "the file has changed meanwhile, or ends its lines in several ways"
        raise InputError([Finding("SM021", Severity.ERROR, message, Location(str(path)), "nothing was written")])
    return f"{mark}{new.replace(chr(10), end)}".encode()
