"""Incremental: the same numbers again when one file is new, against all of it from the beginning.

The facts of files that were read before lie in a cache (`compute --cache DIR`); one new file of each log is what a
month, or a day, brings. Every warm run starts from the same cache: the one that a run without the new files left.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
from pathlib import Path

import making
from making import Company
from stack import METRICS, begin
from timing import Cost, product, ratios, script, table, timed

USUAL = Company(events=20_000_000)
LOGS = ("events", "requests")


def linked(folder: Path, target: Path) -> Path:
    """The same company by links: its logs can lose and win files without touching the original."""
    for path in folder.rglob("*"):
        copy = target / path.relative_to(folder)
        if path.is_dir():
            copy.mkdir(parents=True, exist_ok=True)
            continue
        copy.parent.mkdir(parents=True, exist_ok=True)
        try:
            os.link(path, copy)
        except OSError:  # another disk
            shutil.copy2(path, copy)
    return target


class Logs:
    """The last file of each log, taken away and put back."""

    def __init__(self, company: Path, aside: Path) -> None:
        newest = [max((company / "data" / log).glob("*.parquet")) for log in LOGS]
        self.places = {path: aside / path.name for path in newest}
        aside.mkdir(parents=True, exist_ok=True)

    def take_away(self) -> None:
        for path, aside in self.places.items():
            if path.exists():
                path.rename(aside)

    def put_back(self) -> None:
        for path, aside in self.places.items():
            if aside.exists():
                aside.rename(path)


def add_options(parser: argparse.ArgumentParser) -> None:
    making.add_options(parser, USUAL)
    parser.add_argument("--by", nargs="*", default=[], help="segments by which every metric is split besides")


def _refuse_without_cache() -> None:
    told = subprocess.run(product("compute", "--help"), check=True, capture_output=True, text=True).stdout
    if "--cache" not in told or "--no-cache" not in told:
        raise SystemExit("this version has no `compute --cache`: there is nothing incremental to measure")


def main(options: argparse.Namespace) -> None:
    """Cold with everything, warm with one new file, warm with nothing new; the answers are the same bytes."""
    _refuse_without_cache()
    scratch = making.scratch()
    company = linked(making.chosen(options), scratch / "company")
    logs, cache, kept = Logs(company, scratch / "aside"), scratch / "cache", scratch / "kept"
    split = [word for segment in options.by for word in ("--by", segment)]
    question = ["compute", *METRICS, *split, "--from", begin(company), "-f", company / "metrics.yaml", "-q"]
    asked = product(*question, "--format", "csv")
    logs.take_away()
    first = timed([*asked, "--cache", str(kept)])
    print(
        f"all but the newest files, into an empty cache: {first.cpu:.2f} CPU s, {first.wall:.2f} wall s; "
        f"cache {sum(path.stat().st_size for path in kept.rglob('*') if path.is_file()) / 1e6:,.1f} MB"
    )
    logs.put_back()
    costs: dict[str, list[Cost]] = {"cold": [], "one new": [], "nothing new": [], "floor": []}
    for _ in range(options.pairs):
        costs["cold"].append(timed([*asked, "--no-cache"], scratch / "cold.csv"))
        shutil.rmtree(cache, ignore_errors=True)
        shutil.copytree(kept, cache)
        costs["one new"].append(timed([*asked, "--cache", str(cache)], scratch / "new.csv"))
        costs["nothing new"].append(timed([*asked, "--cache", str(cache)], scratch / "again.csv"))
        costs["floor"].append(timed(script("floor.py", company)))
        for name in ("new", "again"):
            if (scratch / f"{name}.csv").read_bytes() != (scratch / "cold.csv").read_bytes():
                raise SystemExit(f"the cache changes the answers: compare {scratch}/{name}.csv and cold.csv")
    print("\n".join(table(costs)))
    pairs = [("cold", "one new"), ("cold", "nothing new"), ("nothing new", "floor")]
    print("\n".join(ratios(costs, pairs)))
