"""Start-up: how long a person waits before the tool has read anything."""

from __future__ import annotations

import argparse
import sys

from timing import Command, in_turn, product, table

COMMANDS: dict[str, Command] = {
    "python alone": [sys.executable, "-c", "pass"],
    "--version": product("--version"),
    "--help": product("--help"),
    "compute --help": product("compute", "--help"),
    "explain a policy": product("explain", "grace"),
}


def add_options(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--pairs", type=int, default=7, help="rounds in which everybody runs once")


def main(options: argparse.Namespace) -> None:
    """Medians of all rounds after one that warms up."""
    in_turn(COMMANDS, 1)
    print("\n".join(table(in_turn(COMMANDS, options.pairs), digits=3)))
