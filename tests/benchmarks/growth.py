"""Growth: what one thing more costs each of us, be it rows, metrics, accounts, segments, months or files."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path

import answers
import asked
import making
from making import Company
from stack import METRICS, SEGMENTS
from timing import Command, Cost, in_turn, median, ratio, script
from weekly import RIVALS, commands, held_together, told

AXES = ("rows", "metrics", "accounts", "segments", "months", "files")
USUAL = Company(events=5_000_000)
Point = tuple[str, Mapping[str, Command], Path]
"""What it is called, what everybody is started with, and where the answers go."""


def _stack(name: str, folder: Path, rivals: list[str], segments: int = len(SEGMENTS)) -> Point:
    """The weekly stack over one company."""
    scratch = making.scratch()
    return name, commands(folder, scratch, ["ours", *rivals, "floor"], "--segments", segments), scratch


def rows(options: argparse.Namespace) -> Iterator[Point]:
    for events in options.sizes or (2e6, 5e6, 20e6):
        yield _stack(f"{events:,.0f} rows", making.chosen(options, events=int(events)), options.rivals)


def accounts(options: argparse.Namespace) -> Iterator[Point]:
    """The same number of rows by more and more accounts; a generator needs thirty rows for each."""
    for count in options.sizes or (2_000, 20_000, 150_000):
        yield _stack(f"{count:,.0f} accounts", making.chosen(options, accounts=int(count)), options.rivals)


def months(options: argparse.Namespace) -> Iterator[Point]:
    """The same number of rows over a longer and longer history, hence more periods."""
    for count in options.sizes or (6, 24, 60):
        yield _stack(f"{count:g} months", making.chosen(options, months=int(count)), options.rivals)


def files(options: argparse.Namespace) -> Iterator[Point]:
    """As many rows in a file for each month, and in one for each day."""
    for layout in ("monthly", "daily"):
        yield _stack(f"{layout} files", making.chosen(options, layout=layout), options.rivals)


def segments(options: argparse.Namespace) -> Iterator[Point]:
    """Six metrics of the stack by none of the segments, one, two ..."""
    folder = making.chosen(options)
    for count in options.sizes or range(len(SEGMENTS) + 1):
        yield _stack(f"{count:g} segments", folder, options.rivals, int(count))


def metrics(options: argparse.Namespace) -> Iterator[Point]:
    """More and more metrics over the same events, in a definition file that holds them and nothing else."""
    folder = making.chosen(options)
    for count in (int(size) for size in options.sizes or (10, 40, asked.MOST)):
        scratch = making.scratch()
        definitions = scratch / "metrics.yaml"
        asked.write_definitions(definitions, count)
        names = [metric.name for metric in asked.metrics(count)]
        own = ["--definitions", definitions, "--segments", 0, "--metrics", *names]
        running = {"ours": script("ours.py", folder, scratch / "ours.csv", *own)}
        for rival in options.rivals:
            running[rival] = script("asked_rival.py", folder, scratch / f"{rival}.csv", count, rival)
        yield f"{count} metrics", running, scratch


POINTS: Mapping[str, Callable[[argparse.Namespace], Iterator[Point]]] = {
    "rows": rows, "metrics": metrics, "accounts": accounts, "segments": segments, "months": months, "files": files,
}  # fmt: skip


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("axis", nargs="?", choices=[*AXES, "all"], default="all", help="what grows")
    parser.add_argument("--sizes", nargs="*", type=float, default=None, help="how large it is, time after time")
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=list(RIVALS))
    making.add_options(parser, USUAL)


def _measured(axis: str, options: argparse.Namespace) -> Iterator[tuple[str, dict[str, list[Cost]]]]:
    for name, running, scratch in POINTS[axis](options):
        costs = in_turn(running, options.pairs)
        compared = METRICS if axis != "metrics" else sorted({cell[0] for cell in answers.read(scratch / "ours.csv")})
        told(held_together(scratch, list(running), compared))
        yield name, costs


def _line(name: str, costs: Mapping[str, list[Cost]], first: Mapping[str, list[Cost]]) -> str:
    cells = [f"{median(runs):12.2f}" for runs in costs.values()]
    cells.append(f"{median(costs['ours'], 'memory'):12,.0f}")
    cells.append(f"{median(costs['ours']) / median(first['ours']):12.2f}")
    cells += [f"{ratio(costs[rival], costs['ours']):12.2f}" for rival in RIVALS if rival in costs]
    return f"{name:20}{''.join(cells)}"


def main(options: argparse.Namespace) -> None:
    """Measure an axis after the other; every point's answers are compared."""
    if options.axis == "all" and options.sizes:
        raise SystemExit("--sizes belongs to one axis: name it")
    for axis in AXES if options.axis == "all" else [options.axis]:
        lines: list[str] = []
        first: Mapping[str, list[Cost]] = {}
        for name, costs in _measured(axis, options):
            first = first or costs
            if not lines:
                titles = [*(f"{each} s" for each in costs), "ours MB", "ours / 1st"]
                titles += [f"{rival} x" for rival in RIVALS if rival in costs]
                lines.append(f"{axis + ', CPU':20}{''.join(f'{title:>12}' for title in titles)}")
            lines.append(_line(name, costs, first))
        print("\n".join(lines))
