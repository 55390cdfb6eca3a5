"""CSV: reading it, and the stack over it, against bare scans of the needed columns, with their times read and without.

Reading is the whole process: opening, ids, canonical rows with all traps looked for.
"""

from __future__ import annotations

import argparse
import os
import shutil
import subprocess
import sys
from pathlib import Path

import answers
import making
from making import Company
from stack import METRICS
from timing import Command, in_turn, ratios, script, table, timed

USUAL = Company(events=5_000_000)
PAIRS = [("read", "scan"), ("read", "untimed"), ("ours", "scan")]
WRITE = """
import sys
from pathlib import Path
import polars as pl
source, target = map(Path, sys.argv[1:])
pl.scan_parquet(source / "*.parquet").sink_csv(target, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
"""


def written(folder: Path, target: Path) -> Path:
    """The same company with both logs as one CSV each, small exports beside them."""
    if not (target / "metrics.yaml").exists():
        (target / "data").mkdir(parents=True, exist_ok=True)
        for path in (folder / "data").iterdir():
            if path.is_file():
                shutil.copy(path, target / "data")
        for log in ("events", "requests"):
            (target / "data" / log).mkdir(exist_ok=True)
            command = [sys.executable, "-c", WRITE, str(folder / "data" / log)]
            # Named for the month that the history begins in, as the files it is made of are.
            name = min(path.stem for path in (folder / "data" / log).glob("*.parquet"))
            subprocess.run([*command, str(target / "data" / log / f"{name}.csv")], check=True)
        text = (folder / "metrics.yaml").read_text(encoding="utf-8").replace("/*.parquet", "/*.csv")
        (target / "metrics.yaml").write_text(text, encoding="utf-8")
    return target


def add_options(parser: argparse.ArgumentParser) -> None:
    making.add_options(parser, USUAL)


def main(options: argparse.Namespace) -> None:
    """CSV answers as Parquet does, and then what it costs."""
    folder, scratch = making.chosen(options), making.scratch()
    company = written(folder, (options.root or scratch) / f"{folder.name}-csv")
    commands: dict[str, Command] = {
        "ours": script("ours.py", company, scratch / "csv.csv"),
        "read": script("text_read.py", company),
        "scan": script("text_floor.py", company),
        "untimed": script("text_floor.py", company, "--untimed"),
    }
    timed(script("ours.py", folder, scratch / "parquet.csv"))
    timed(commands["ours"])
    comparison = answers.compared(answers.read(scratch / "parquet.csv"), answers.read(scratch / "csv.csv"), METRICS)
    print(f"{comparison.total:,} numbers of CSV compared with those of Parquet, {len(comparison.wrong)} differ")
    if comparison.wrong:
        raise SystemExit("\n".join(comparison.wrong[:20]))
    size = sum(os.path.getsize(path) for path in (company / "data").rglob("*.csv"))
    print(f"{size / 1e6:,.0f} MB of CSV")
    costs = in_turn(commands, options.pairs)
    print("\n".join([*table(costs), *ratios(costs, PAIRS)]))
