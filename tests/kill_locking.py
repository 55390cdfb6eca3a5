"""Kills a run in the middle of writing the lock, over and over: `python tests/kill_locking.py --rounds 200 [--whole]`.

Each round a process goes back and forth between two locks of the example, the second of which supersedes sixty
versions, and is killed after a random while; then the folder must hold one of the two locks, whole, with every document
that it names. `--whole` kills whole runs of `saasmetrics lock` instead, from start to end.
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
from pathlib import Path

from saasmetrics.definitions.load import load
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.accept import Accepted, accepted
from saasmetrics.lock.asking import Given
from saasmetrics.lock.held import held
from saasmetrics.lock.history import folder
from saasmetrics.lock.keeping import keep
from saasmetrics.lock.reading import parsed, read_lock
from saasmetrics.lock.writing import written

ROOT = Path(__file__).parent.parent
EDIT = ("success: invoice_posted\n", "success: {any: [invoice_posted, invoice_posted_bulk]}\n")
REASON = "Postings in bulk are invoices too"


def states(path: Path) -> tuple[Accepted, Accepted]:
    """The lock of the example, and that after an edit which much rests on; the definitions are left edited."""
    path.write_text((ROOT / "metrics.yaml").read_text(encoding="utf-8"), encoding="utf-8")
    definitions = load(path, REGISTRY)
    first = accepted(definitions, held(definitions), Given())
    keep(path, first)
    path.write_text(path.read_text(encoding="utf-8").replace(*EDIT), encoding="utf-8")
    definitions = load(path, REGISTRY)
    return first, accepted(definitions, held(definitions), Given(("invoicing",), REASON, restate=True))


def wrong(path: Path, first: Accepted, second: Accepted) -> str | None:
    """What is not as it should be in the folder after a kill; null where all is well."""
    lock = path.with_name("metrics.lock")
    text = lock.read_text(encoding="utf-8")
    if text not in (written(first.lock), written(second.lock)):
        return f"the lock is neither the one nor the other: {len(text)} characters"
    if (read := read_lock(lock)) is None or written(read) != text:
        return "the lock is not read as it was written"
    there = {each.name: each.read_text(encoding="utf-8") for each in folder(path).glob("*.yaml")}
    if text == written(second.lock) and set(there) != set(second.superseded):
        return "documents that the lock names are missing"
    for name, said in there.items():
        if said != second.superseded[name]:
            return f"{name} is not whole"
        parsed(said, name)
    return None


def between(path: Path, first: Accepted, second: Accepted, seconds: float) -> None:
    """A process of its own goes back and forth between two states until it is killed."""
    child = os.fork()
    if child == 0:
        while True:
            keep(path, second)
            keep(path, first)
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)


def whole(path: Path, first: Accepted, seconds: float) -> None:
    """A run of the tool on the old lock, killed somewhere between its start and its end."""
    shutil.rmtree(folder(path), ignore_errors=True)
    keep(path, Accepted(first.lock, (), {}))
    command = [sys.executable, "-m", "saasmetrics", "lock", "invoicing", "--reason", REASON, "--restate", "-q"]
    surroundings = {**os.environ, "PYTHONPATH": str(ROOT / "src")}
    surroundings.pop("CI", None)
    run = subprocess.Popen(command, cwd=path.parent, env=surroundings, stdout=subprocess.DEVNULL)
    try:
        run.wait(seconds)
    except subprocess.TimeoutExpired:
        run.kill()
        run.wait()


def rounds(number: int, seed: int, place: Path, *, is_whole: bool = False, longest: float = 0.4) -> dict[str, int]:
    """Kill so many times; how often the old and the new lock were found. Raises: AssertionError for anything else."""
    draw, path = random.Random(seed), place / "metrics.yaml"
    first, second = states(path)
    found = {"old": 0, "new": 0}
    for _ in range(number):
        if is_whole:
            whole(path, first, draw.uniform(0.0, longest))
        else:
            if draw.random() < 0.5:  # so that the documents are written too; with them there it is the lock alone
                shutil.rmtree(folder(path), ignore_errors=True)
                keep(path, Accepted(first.lock, (), {}))
            between(path, first, second, draw.uniform(0.0, longest))
        fault = wrong(path, first, second)
        assert fault is None, fault
        text = path.with_name("metrics.lock").read_text(encoding="utf-8")
        found["new" if text == written(second.lock) else "old"] += 1
    keep(path, second)
    assert wrong(path, first, second) is None
    assert list(place.rglob("*.unfinished")) == [], "something is left"
    return found


def main() -> None:
    """Rounds from the command line, with what they found."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--rounds", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--whole", action="store_true")
    parser.add_argument("--longest", type=float, default=0.4)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as place:
        found = rounds(asked.rounds, asked.seed, Path(place), is_whole=asked.whole, longest=asked.longest)
    sys.stdout.write(
        f"{asked.rounds} kills: the old lock {found['old']} times, the new one {found['new']}, whole always\n"
    )


if __name__ == "__main__":
    main()
