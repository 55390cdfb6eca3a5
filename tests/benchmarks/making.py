"""Making: the companies that are measured, written once by the product's own generator and used again."""

from __future__ import annotations

import argparse
import subprocess
import sys
import tempfile
from dataclasses import dataclass, replace
from pathlib import Path

SEED = 3
WRITE = """
import sys
from pathlib import Path
from saasmetrics.demo import company
folder, accounts, months, seed, events, layout = sys.argv[1:]
company.write(Path(folder), accounts=int(accounts), months=int(months), seed=int(seed), events=int(events), layout=layout)
"""


@dataclass(frozen=True)
class Company:
    """What a company is made of: rows of both logs, accounts, months of history, a file for each month or day."""

    events: int
    accounts: int = 20_000
    months: int = 24
    layout: str = "monthly"

    @property
    def name(self) -> str:
        """A folder name that says all of it."""
        return f"{self.events}-rows-{self.accounts}-accounts-{self.months}-months-{self.layout}"


def made(folder: Path, company: Company) -> Path:
    """The folder of a company, written now unless it is there: the definition file is written last."""
    if not (folder / "metrics.yaml").exists():
        numbers = [str(number) for number in (company.accounts, company.months, SEED, company.events)]
        folder.parent.mkdir(parents=True, exist_ok=True)
        # In a process of its own, so that what it holds does not count as the memory of those that are measured.
        subprocess.run([sys.executable, "-c", WRITE, str(folder), *numbers, company.layout], check=True)
    return folder


def scratch() -> Path:
    """A new folder for answers."""
    return Path(tempfile.mkdtemp(prefix="saasmetrics-benchmark-"))


def add_options(parser: argparse.ArgumentParser, usual: Company, pairs: int = 3) -> None:
    """Options of everything that measures companies, at first as `usual`."""
    parser.add_argument("--events", type=float, default=usual.events, help="rows of both logs")
    parser.add_argument("--accounts", type=int, default=usual.accounts)
    parser.add_argument("--months", type=int, default=usual.months)
    parser.add_argument("--layout", choices=["monthly", "daily"], default=usual.layout)
    parser.add_argument("--folder", type=Path, default=None, help="this company; it is made when it is not there")
    parser.add_argument(
        "--root", type=Path, default=None, help="keep companies here by what they are, and use them again"
    )
    parser.add_argument("--pairs", type=int, default=pairs, help="rounds in which everybody runs once")


def wanted(options: argparse.Namespace, **other: int | str) -> Company:
    """The company that the options describe, other in something."""
    described = Company(int(options.events), options.accounts, options.months, options.layout)
    return replace(described, **other)  # type: ignore[arg-type]  # fields of the class, by their names


def chosen(options: argparse.Namespace, **other: int | str) -> Path:
    """Its folder; one that is named by itself is taken as it is."""
    company = wanted(options, **other)
    if options.folder is not None and not other:
        return made(options.folder, company)
    return made((options.root or scratch()) / company.name, company)
