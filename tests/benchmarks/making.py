"""Making: the companies that are measured, written once by the product's own generator and used again."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from pathlib import Path

MONTHS = 24
SEED = 3
WRITE = """
import sys
from pathlib import Path
from saasmetrics.demo import company
folder, accounts, months, seed, events, layout = sys.argv[1:]
company.write(Path(folder), accounts=int(accounts), months=int(months), seed=int(seed), events=int(events), layout=layout)
"""


def made(
    folder: Path, events: float, accounts: int = 20_000, months: int = MONTHS, layout: str = "monthly", seed: int = SEED
) -> Path:
    """The folder of a company, written now unless it is there: the definition file is written last."""
    if not (folder / "metrics.yaml").exists():
        numbers = [str(int(number)) for number in (accounts, months, seed, events)]
        # In a process of its own, so that what it holds does not count as the memory of those that are measured.
        subprocess.run([sys.executable, "-c", WRITE, str(folder), *numbers, layout], check=True)
    return folder


def scratch() -> Path:
    """A new folder for answers."""
    return Path(tempfile.mkdtemp(prefix="saasmetrics-benchmark-"))


def add_options(parser: argparse.ArgumentParser, events: float = 5e6) -> None:
    """Options of everything that measures one company."""
    parser.add_argument("--events", type=float, default=events, help="rows of both logs")
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--months", type=int, default=MONTHS)
    parser.add_argument("--layout", choices=["monthly", "daily"], default="monthly")
    parser.add_argument("--folder", type=Path, default=None, help="keep the company here, and use it again")
    parser.add_argument("--pairs", type=int, default=3, help="rounds in which everybody runs once")


def chosen(options: argparse.Namespace) -> Path:
    """The company that the options name."""
    folder = options.folder or scratch() / "company"
    return made(folder, options.events, options.accounts, options.months, options.layout)
