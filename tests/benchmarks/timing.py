"""Timing: whole processes, one after the other in turn, what each took, and how that compares pair by pair.

This module and those that start processes import nothing large: the peak of a child counts from what its parent holds
when it is started.
"""

from __future__ import annotations

import os
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

HERE = Path(__file__).parent
Command = Sequence[str]


class FailedError(RuntimeError):
    """A process that did not end well."""


@dataclass(frozen=True)
class Cost:
    """What one whole process took: CPU and wall seconds, peak memory in megabytes."""

    cpu: float
    wall: float
    memory: float

    def part(self, name: str) -> float:
        """CPU, wall or memory by its name."""
        return {"cpu": self.cpu, "wall": self.wall, "memory": self.memory}[name]


def script(name: str, *arguments: object) -> list[str]:
    """The command of a script of this folder."""
    return [sys.executable, str(HERE / name), *[str(argument) for argument in arguments]]


def product(*arguments: object) -> list[str]:
    """The command of the product itself."""
    return [sys.executable, "-m", "saasmetrics", *[str(argument) for argument in arguments]]


def timed(command: Command, output: Path | None = None, limit: int | None = None) -> Cost:
    """Run a command, its output into a file; with at most `limit` bytes of private memory where that is given.

    Raises: FailedError when it ends badly, by itself or by a signal.
    """

    def limited() -> None:
        if limit is not None:
            resource.setrlimit(resource.RLIMIT_DATA, (limit, limit))

    with (output or Path(os.devnull)).open("wb") as stream:
        start = time.perf_counter()
        process = subprocess.Popen(command, stdout=stream, env=_environment(), preexec_fn=limited if limit else None)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode != 0:
        raise FailedError(f"{' '.join(command)} ended with {process.returncode}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def _environment() -> dict[str, str]:
    """With modules compiled once, as they are where something is installed, whatever is said here."""
    return {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}


def in_turn(commands: Mapping[str, Command], pairs: int, limit: int | None = None) -> dict[str, list[Cost]]:
    """Every command once, then every command again, as often as there are pairs."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(pairs):
        for name, command in commands.items():
            costs[name].append(timed(command, limit=limit))
    return costs


def median(costs: Iterable[Cost], part: str = "cpu") -> float:
    return statistics.median(cost.part(part) for cost in costs)


def ratio(top: Sequence[Cost], bottom: Sequence[Cost], part: str = "cpu") -> float:
    """Median of the ratios pair by pair: what was noisy in one round was noisy for both."""
    return statistics.median(a.part(part) / b.part(part) for a, b in zip(top, bottom, strict=True))


def table(costs: Mapping[str, Sequence[Cost]], digits: int = 2) -> Iterator[str]:
    """Medians, one line for each command."""
    width = max([len(name) for name in costs])
    yield f"{'':{width}}{'CPU s':>10}{'wall s':>10}{'peak MB':>10}"
    for name, runs in costs.items():
        yield f"{name:{width}}{median(runs):10.{digits}f}{median(runs, 'wall'):10.{digits}f}{median(runs, 'memory'):10,.0f}"


def ratios(costs: Mapping[str, Sequence[Cost]], pairs: Iterable[tuple[str, str]]) -> Iterator[str]:
    """Ratios of those that ran, with the smallest and the largest of the pairs."""
    for top, bottom in pairs:
        if top in costs and bottom in costs:
            each = [a.cpu / b.cpu for a, b in zip(costs[top], costs[bottom], strict=True)]
            spread = f"{min(each):.2f} to {max(each):.2f}"
            wall = ratio(costs[top], costs[bottom], "wall")
            yield f"CPU {top} / {bottom}: {statistics.median(each):.2f} ({spread}); wall {wall:.2f}"
