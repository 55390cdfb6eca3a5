"""Every benchmark of the project: `python tests/benchmarks/run.py [COMMAND] [OPTIONS]`; without a command, `weekly`."""

from __future__ import annotations

import argparse
import sys

import weekly

COMMANDS = {"weekly": weekly}


def main(arguments: list[str]) -> None:
    """Hand the options to the command."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    for name, module in COMMANDS.items():
        module.add_options(commands.add_parser(name, help=(module.__doc__ or "").partition(":")[0]))
    asked = bool(arguments) and (arguments[0] in COMMANDS or arguments[0] in ("-h", "--help"))
    options = parser.parse_args(arguments if asked else ["weekly", *arguments])
    COMMANDS[options.command].main(options)


if __name__ == "__main__":
    main(sys.argv[1:])
