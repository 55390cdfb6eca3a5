"""A search led by the lines that a read passes: what goes a way that nothing went before is kept, and broken again.

Both fuzzers are this loop, with seeds, changes and a read of their own. A fault is whatever the read raises but a
refusal, what it takes beyond the bounds of time and memory, and what it says that has no place.
"""

from __future__ import annotations

import argparse
import random
import resource
import signal
import sys
import tempfile
import time
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from types import CodeType, FrameType
from typing import Any

ROOT = Path(__file__).parent.parent.parent
SOURCES = ROOT / "src" / "saasmetrics"
SECONDS, MEGABYTES = 10, 400
"""What one small file may take, of the time of the processor; memory by how far the peak of the process grows."""
_MINUTE, _LATELY, _FIRST, _AT_LAST = 60, 100, 31, 6


class TooSlow(BaseException):
    """Raised where a read is after its time."""


class NoPlace(Exception):  # noqa: N818 - what was found, not an error of this
    """A finding of a definition that has no line and column."""


@dataclass(frozen=True)
class Seed:
    """One input: the kind of file it began as (`preset/export.csv`), and its bytes."""

    kind: str
    content: bytes


@dataclass
class Ways:
    """Steps from line to line that reads went, within the watched modules."""

    watched: Sequence[Path]
    steps: set[int] = field(default_factory=set)
    lines: set[tuple[str, int]] = field(default_factory=set)
    new: int = 0
    _numbers: dict[CodeType, tuple[int, str] | None] = field(default_factory=dict)
    _files: dict[str, int] = field(default_factory=dict)
    _calls: dict[CodeType, int] = field(default_factory=dict)

    @contextmanager
    def followed(self) -> Iterator[None]:
        """Follow what runs inside; `new` is then the number of steps that were never gone before."""
        self.new = 0
        self._calls.clear()
        sys.settrace(self._enter)
        try:
            yield
        finally:
            sys.settrace(None)

    def _enter(self, frame: FrameType, _event: str, _value: Any) -> Callable[..., Any] | None:
        """Follow a call: the first of a function in a read, then one of so many, since following takes time."""
        code = frame.f_code
        if code not in self._numbers:
            inside = any(code.co_filename.startswith(str(folder)) for folder in self.watched)
            number = self._files.setdefault(code.co_filename, len(self._files) + 1) if inside else 0
            self._numbers[code] = (number << 16, code.co_filename) if inside else None
        known = self._numbers[code]
        if known is None:
            return None
        calls = self._calls[code] = self._calls.get(code, 0) + 1
        if calls > _FIRST and calls % _FIRST:
            return None
        base, file = known
        last = 0

        def line(frame: FrameType, event: str, _value: Any) -> Any:
            nonlocal last
            if event == "line":
                step = (last << 32) | (base + frame.f_lineno)
                last = frame.f_lineno
                if step not in self.steps:
                    self.steps.add(step)
                    self.lines.add((file, frame.f_lineno))
                    self.new += 1
            return line

        return line

    def said(self) -> str:
        """How much of the watched modules was reached."""
        total = {(str(path), line) for path in self._modules() for line in _lines_of(path)}
        share = len(self.lines & total) / max(len(total), 1)
        return f"{len(self.lines & total):,} of {len(total):,} lines ({share:.0%}), {len(self.steps):,} steps"

    def _modules(self) -> list[Path]:
        return sorted(path for each in self.watched for path in ([each] if each.is_file() else each.rglob("*.py")))


def _lines_of(path: Path) -> set[int]:
    """Lines inside functions: those at the top of a module run once, when it is read."""
    found: set[int] = set()
    stack = [(compile(path.read_text(encoding="utf-8"), str(path), "exec"), False)]
    while stack:
        code, inside = stack.pop()
        inner = inside or bool(code.co_flags & 0x02)  # a function, or what is in one
        if inner:
            found.update(line for _, _, line in code.co_lines() if line and line != code.co_firstlineno)
        stack.extend((each, inner) for each in code.co_consts if isinstance(each, CodeType))
    return found


def attempt(read: Callable[[Path], None], seed: Seed, folder: Path, refused: type[Exception]) -> str:
    """Read one input; what was wrong with that, or nothing: a result and a refusal are both right."""
    path = folder / seed.kind
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(seed.content)
    began, before = time.process_time(), _peak()
    try:
        signal.setitimer(signal.ITIMER_PROF, _AT_LAST * SECONDS)
        try:
            read(path)
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
    except refused:
        pass
    except KeyboardInterrupt:
        raise
    except TooSlow:
        return f"TooSlow: more than {_AT_LAST * SECONDS} seconds, at\n{traceback.format_exc(limit=-4)}"
    except BaseException:  # whatever else comes out is what is looked for; a panic of the engine is no Exception
        return traceback.format_exc()
    if (took := time.process_time() - began) > SECONDS:
        return f"TooSlow: {took:.1f} seconds"
    if (grown := _peak() - before) > MEGABYTES:
        return f"TooLarge: {grown} megabytes more"
    return ""


def _peak() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


@dataclass
class Search:
    """One run of a fuzzer: what it starts from, how it breaks, how it reads."""

    seeds: Sequence[Seed]
    broken: Callable[[Seed, random.Random, Sequence[Seed]], bytes]
    read: Callable[[Path], None]
    refused: type[Exception]
    watched: Sequence[Path]

    def run(self, arguments: argparse.Namespace) -> int:
        """Break files until the time is over; the number of faults is the exit code.

        Edges: faults that end in the same line count once; the input of each is kept. What is being read lies in
        `last` of the same folder, for when the process itself dies.
        """
        signal.signal(signal.SIGPROF, _too_slow)
        ways, kept, faults = Ways(self.watched), list(self.seeds), dict[str, int]()
        arguments.keep.mkdir(exist_ok=True, parents=True)
        began = told = time.monotonic()
        worked = time.process_time()
        tried = 0
        with tempfile.TemporaryDirectory() as folder:
            for tried, seed in enumerate(self._drawn(kept, arguments.seed)):
                now = time.monotonic()
                if now - began > arguments.seconds:
                    break
                if now - told > _MINUTE:
                    told = now
                    sys.stderr.write(f"{now - began:.0f} s, {tried:,} read, {len(kept):,} kept, {ways.said()}\n")
                (arguments.keep / "last").write_bytes(seed.kind.encode() + b"\n" + seed.content)
                with ways.followed():
                    wrong = attempt(self.read, seed, Path(folder), self.refused)
                if wrong:
                    sign = _sign(wrong)
                    faults[sign] = faults.get(sign, 0) + 1
                    if faults[sign] == 1:
                        _keep(arguments.keep, f"{arguments.seed}-{tried}", seed, wrong)
                elif ways.new and tried >= len(self.seeds):
                    kept.append(seed)
        sys.stdout.write(
            f"{time.monotonic() - began:.0f} seconds, {time.process_time() - worked:.0f} of them at work: "
            f"{tried:,} files read, {len(kept) - len(self.seeds):,} of them "
            f"kept for going a new way, {ways.said()}; {len(faults)} faults\n"
        )
        return min(len(faults), 100)

    def _drawn(self, kept: Sequence[Seed], number: int) -> Iterator[Seed]:
        """The seeds as they are, then broken ones without end: of what was kept last as often as of all."""
        yield from self.seeds
        for tried in count():
            draw = random.Random(f"{number}/{tried}")
            seed = draw.choice(kept[-_LATELY:] if draw.random() < 0.5 else kept)
            yield Seed(seed.kind, self.broken(seed, draw, kept))


def asked(about: str | None) -> argparse.Namespace:
    """What the command line of a fuzzer says."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-kept"))
    return parser.parse_args()


def _too_slow(_signal: int, _frame: FrameType | None) -> None:
    raise TooSlow


def _keep(folder: Path, name: str, seed: Seed, wrong: str) -> None:
    name = f"{name}-{seed.kind.replace('/', '-')}"
    (folder / name).write_bytes(seed.content)
    (folder / f"{name}.txt").write_text(wrong, encoding="utf-8")
    sys.stderr.write(f"{name}\n{wrong}\n")


def _sign(wrong: str) -> str:
    """What makes two faults the same: the kind of the error, and the last place of ours it came from."""
    *above, last = [line for line in wrong.splitlines() if line.strip()]
    ours = [line for line in above if str(SOURCES) in line]
    return f"{last.split(':')[0]} {ours[-1].strip() if ours else ''}"
