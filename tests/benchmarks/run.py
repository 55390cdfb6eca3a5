"""Every benchmark of the project: `python tests/benchmarks/run.py [COMMAND] [OPTIONS]`; without a command, `weekly`.

`all` runs one after the other, as each would run by itself; with `--root DIR` they share the companies they make.
"""

from __future__ import annotations

import argparse
import sys
from pathlib import Path
from types import ModuleType

import growth
import incremental
import small
import start
import text
import weekly

COMMANDS: dict[str, ModuleType] = {
    "weekly": weekly,
    "growth": growth,
    "incremental": incremental,
    "text": text,
    "small": small,
    "start": start,
}


def parser() -> argparse.ArgumentParser:
    """One sub-command for each benchmark."""
    out = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = out.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.add_options(commands.add_parser(name, help=(module.__doc__ or "").partition("\n")[0]))
    commands.add_parser("all", help="all of them").add_argument("--root", type=Path, required=True)
    return out


def main(arguments: list[str]) -> None:
    """Hand the options to the command."""
    known = {*COMMANDS, "all", "-h", "--help"}
    options = parser().parse_args(arguments if arguments and arguments[0] in known else ["weekly", *arguments])
    if options.command != "all":
        COMMANDS[options.command].main(options)
        return
    for name, module in COMMANDS.items():
        print(f"\n{name}: {(module.__doc__ or '').partition(chr(10))[0]}")
        rest = [] if name == "start" else ["--root", str(options.root)]
        try:
            module.main(parser().parse_args([name, *rest]))
        except SystemExit as end:
            print(end)


if __name__ == "__main__":
    main(sys.argv[1:])
