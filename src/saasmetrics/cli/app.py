"""The command line: every command, and the door they all leave through."""

from __future__ import annotations

import gc
import sys
from collections.abc import Sequence
from typing import Annotated

import typer

from saasmetrics.cli.check import check
from saasmetrics.cli.compute import compute
from saasmetrics.cli.console import Console, guard, usage
from saasmetrics.cli.demo import demo
from saasmetrics.cli.explain import explain
from saasmetrics.cli.history import history
from saasmetrics.cli.init import init
from saasmetrics.cli.inspect import inspect
from saasmetrics.cli.ledger import ledger
from saasmetrics.cli.lock import lock
from saasmetrics.cli.process import settle

COMMANDS = (compute, ledger, explain, check, lock, history, inspect, init, demo)


def app_for(arguments: Sequence[str]) -> typer.Typer:
    """The command line; where its first word names a command, with that alone: each one costs a hundredth of a second.

    Edges: whoever asks for help, mistypes, or completes words sees all commands.
    """
    app = typer.Typer(
        help="Metrics as code for B2B SaaS, on plain files.",
        epilog="Exit codes: 0 fine, 1 findings, 2 bad invocation or definitions, 3 data, 70 a bug in the tool.",
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        invoke_without_command=True,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    named = [command for command in COMMANDS if arguments and command.__name__ == arguments[0]]
    for command in named or COMMANDS:
        app.command()(command)
    app.callback()(_app)
    return app


def _app(
    context: typer.Context,
    version: Annotated[bool, typer.Option("-V", "--version", help="Show the version and exit.")] = False,
) -> None:
    """Metrics as code for B2B SaaS, on plain files."""
    if version:
        _tell_version(context.obj)
        raise typer.Exit
    if context.invoked_subcommand is None:
        raise usage("no command", f"one of {', '.join(each.__name__ for each in COMMANDS)}; see saasmetrics --help")


def _tell_version(console: Console) -> None:
    from saasmetrics.cli.version import version

    console.answer(f"saasmetrics {version()}")


def run(arguments: Sequence[str]) -> int:
    """Run one command line; the exit code."""

    def command(console: Console) -> object:
        if list(arguments) in (["--version"], ["-V"]):  # reading any option at all costs a tenth of a second
            _tell_version(console)
            return None
        return app_for(arguments)(list(arguments), prog_name="saasmetrics", standalone_mode=False, obj=console)

    return guard(command)


def main() -> None:
    """The `saasmetrics` script."""
    settle(keeps=sys.argv[1:2] in (["check"], ["lock"]))
    code = run(sys.argv[1:])
    gc.freeze()  # at the end the interpreter would search all that is there several times more
    sys.exit(code)
