"""Kill publishings at any moment, hundreds of times: `python tests/kill_publishing.py --rounds 200 --seed 1`.

Each round publishes a company's numbers as of another day in a process of its own and ends it, without a word, after a
random time that falls anywhere from its start to its end, most often while it writes; now and then two run at once.
After each, every edition that is there must be whole and unaltered, all of them in one unbroken row, the last one must
say what a computation says, and the next publishing must add exactly one. Prints one line; exits 1 at the first breach.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, timedelta
from pathlib import Path

import polars as pl

ROOT = Path(__file__).parent.parent
COMPANY = ROOT / "tests" / "cases" / "cli" / "company"
FIRST = date(2026, 11, 10)

SLOW = """
import sys, time
from saasmetrics.history import folder, publish
def slowly(function):
    def wrapped(*given, **more):
        time.sleep(0.02)
        return function(*given, **more)
    return wrapped
for name in ("_settle", "_digest"):
    setattr(folder, name, slowly(getattr(folder, name)))
honest = publish.publish
def telling(*given, **more):
    print("writing", flush=True)
    return honest(*given, **more)
from saasmetrics.recall import publishing
publishing.append = telling
from saasmetrics.cli.app import run
sys.exit(run(["compute", "--publish", "-q", "-o", sys.argv[2], "--as-of", sys.argv[1]]))
"""
"""A publishing that says when it begins to write, and writes slowly enough to be caught at it."""


def start(folder: Path, day: date, number: int) -> subprocess.Popen[str]:
    """One publishing, in a process of its own."""
    return subprocess.Popen(
        [sys.executable, "-c", SLOW, day.isoformat(), f"out{number}.csv"],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": str(ROOT / "src")},
        stdout=subprocess.PIPE,
        text=True,
    )


def kill(process: subprocess.Popen[str], after: float, from_start: bool) -> str:
    """End a process some time after it began, or after it began to write; what became of it."""
    assert process.stdout is not None
    if not from_start:
        process.stdout.readline()
    time.sleep(after)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    return "killed" if process.returncode < 0 else "finished"


def breaches(folder: Path) -> Iterator[str]:
    """What is wrong with the editions, and with what the last one says."""
    from saasmetrics.engine.ask import Ask
    from saasmetrics.history.folder import alterations, editions, gaps
    from saasmetrics.history.standing import Standing
    from saasmetrics.pipeline import compute

    found = editions(folder / "published")
    yield from (str(finding) for finding in (*alterations(found), *gaps(found)))
    if not found:
        return
    standing = Standing(found)
    kept = (
        standing.entries(found[-1])
        .filter(pl.col("metric") == "mrr")
        .group_by("period")
        .agg(pl.col("amount").sum() / 120_000)
    )
    told = standing.values(found[-1]).filter("complete", pl.col("metric") == "mrr", pl.col("value").is_not_null())
    both = told.join(kept, on="period", how="left").select("value", pl.col("amount").fill_null(0.0))
    if any(value != amount for value, amount in both.iter_rows()):
        yield f"the accounts of edition {found[-1].number} do not add up to its MRR"
    as_of = (found[-1].as_of - timedelta(days=1)).date()
    expected = compute(folder / "metrics.yaml", Ask(as_of=as_of)).values.filter(pl.col("status") != "not_applicable")
    said = standing.values(found[-1]).filter(pl.col("segment").is_null()).select(expected.columns)
    if not said.sort(said.columns).equals(expected.sort(expected.columns)):
        yield f"edition {found[-1].number} does not say what is computed as of {as_of}"


def say(line: str) -> None:
    """A line on stdout."""
    sys.stdout.write(line + "\n")


@contextmanager
def company() -> Iterator[Path]:
    """A folder with the exports of a small company, gone afterwards."""
    with tempfile.TemporaryDirectory() as place:
        shutil.copytree(COMPANY, place, dirs_exist_ok=True)
        yield Path(place)


def run(rounds: int, seed: int) -> int:
    """All rounds; the exit code."""
    from saasmetrics.history.folder import editions

    draw, ends, began = random.Random(seed), Counter[str](), time.monotonic()
    with company() as folder:
        day = FIRST
        for number in range(rounds):
            day += timedelta(days=1)
            from_start = draw.random() < 0.15
            two = draw.random() < 0.2
            running = [start(folder, day + timedelta(days=500 * n), n) for n in range(1 + two)]
            for process in running:
                ends[kill(process, draw.uniform(0, 3.0 if from_start else 0.45), from_start)] += 1
            wrong = list(breaches(folder))
            if wrong:
                say(f"round {number}, seed {seed}: {'; '.join(wrong)}")
                return 1
            if number % 20 == 19:
                before = len(editions(folder / "published"))
                process = start(folder, day + timedelta(days=5000), 0)
                process.communicate()
                left = list((folder / "published").glob(".unfinished*"))
                after = len(editions(folder / "published"))
                if process.returncode or after != before + 1 or left:
                    say(f"round {number}: the next publishing ended with {process.returncode}, {after} after {before}")
                    return 1
        there = len(editions(folder / "published"))
    took = time.monotonic() - began
    say(f"{rounds} rounds, {ends['killed']} killed, {ends['finished']} finished, {there} editions, {took:.0f} s: sound")
    return 0


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    given = parser.parse_args()
    sys.path.insert(0, str(ROOT / "src"))
    sys.exit(run(given.rounds, given.seed))
