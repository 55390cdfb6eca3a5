"""The weekly stack against its rivals: answers first, cell by cell, then whole processes in turn."""

from __future__ import annotations

import argparse
from collections.abc import Mapping, Sequence
from pathlib import Path

import answers
import making
from making import Company
from stack import METRICS, SEGMENTS
from timing import Command, Cost, FailedError, in_turn, ratios, script, table, timed

SCRIPTS = {"ours": "ours.py", "duckdb": "sql.py", "polars": "lazy.py", "floor": "floor.py"}
RIVALS = ("duckdb", "polars")
USUAL = Company(events=5_000_000)
PAIRS = (("duckdb", "ours"), ("polars", "ours"), ("ours", "floor"), ("duckdb", "floor"), ("polars", "floor"))


def commands(folder: Path, scratch: Path, names: Sequence[str], *options: object) -> dict[str, Command]:
    """What everybody is started with; answers go to `scratch`."""
    out: dict[str, Command] = {}
    for name in names:
        wanted = [] if name == "floor" else [scratch / f"{name}.csv", *options]
        out[name] = script(SCRIPTS[name], folder, *wanted)
    return out


def held_together(
    scratch: Path, names: Sequence[str], metrics: Sequence[str] = METRICS
) -> dict[str, answers.Comparison]:
    """Our answers against those of each rival that ran."""
    ours = answers.read(scratch / "ours.csv")
    return {
        name: answers.compared(ours, answers.read(scratch / f"{name}.csv"), metrics) for name in names if name in RIVALS
    }


def told(comparisons: Mapping[str, answers.Comparison]) -> None:
    """Say how many cells were compared. Raises: SystemExit when one differs, or a metric was not compared."""
    for name, comparison in comparisons.items():
        print(
            f"{comparison.total:,} numbers of {len(comparison.cells)} metrics compared with {name}, "
            f"{len(comparison.wrong)} differ"
        )
    wrong = [line for comparison in comparisons.values() for line in comparison.wrong]
    if wrong:
        raise SystemExit("\n".join(wrong[:20]))


def add_options(parser: argparse.ArgumentParser) -> None:
    making.add_options(parser, USUAL)
    parser.add_argument("--rivals", nargs="*", choices=RIVALS, default=list(RIVALS))
    parser.add_argument("--segments", type=int, default=len(SEGMENTS), help="segments of the six split metrics, 0 to 4")
    parser.add_argument("--limit", type=float, default=None, help="GiB of private memory that each process may have")
    parser.add_argument("--answers-only", action="store_true", help="compare, and time nothing")


def main(options: argparse.Namespace) -> None:
    """Data, answers, times; without a pair, the times of the round whose answers were compared."""
    folder, scratch = making.chosen(options), making.scratch()
    limit = None if options.limit is None else int(options.limit * 2**30)
    names = ["ours", *options.rivals, "floor"]
    running = commands(folder, scratch, names, "--segments", options.segments)
    first: dict[str, list[Cost]] = {}
    for name in names:
        try:
            first[name] = [timed(running[name], limit=limit)]
        except FailedError as error:
            if name == "ours" or limit is None:
                raise SystemExit(str(error)) from error
            print(f"{name} does not finish within {options.limit:g} GiB")
            del running[name]
    told(held_together(scratch, list(running)))
    if options.answers_only:
        return
    costs = in_turn(running, options.pairs, limit) if options.pairs else first
    print("\n".join([*table(costs), *ratios(costs, PAIRS)]))
