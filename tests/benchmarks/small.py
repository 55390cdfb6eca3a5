"""A small company: how long its weekly numbers take from the command line to the page, end to end."""

from __future__ import annotations

import argparse
from pathlib import Path

import making
from making import Company
from timing import Command, in_turn, product, table

USUAL = Company(events=600_000, accounts=1_000)


def size(folder: Path) -> int:
    """Bytes of all exports."""
    return sum(path.stat().st_size for path in (folder / "data").rglob("*") if path.is_file())


def add_options(parser: argparse.ArgumentParser) -> None:
    making.add_options(parser, USUAL)


def main(options: argparse.Namespace) -> None:
    """The published set as it is printed, the weekly bundle, and one metric."""
    folder = making.chosen(options)
    tail = ["-f", folder / "metrics.yaml", "-q"]
    commands: dict[str, Command] = {
        "compute, the published set": product("compute", *tail),
        "compute --view weekly": product("compute", "--view", "weekly", *tail),
        "compute waa": product("compute", "waa", *tail),
    }
    print(f"exports of {size(folder) / 1e6:.1f} MB")
    print("\n".join(table(in_turn(commands, options.pairs))))
