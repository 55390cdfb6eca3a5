"""`saasmetrics inspect`: what a file is, before anything is written about it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Argument, Context, Option

from saasmetrics.cli import flags
from saasmetrics.cli.console import Console, Outcome, usage
from saasmetrics.cli.discovery import definitions_path, nearest
from saasmetrics.finding import Severity

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions


def inspect(
    context: Context,
    files: Annotated[
        list[Path], Argument(metavar="FILE...", help="Exports, any tables, or sources of metrics.yaml by their names.")
    ],
    definitions: flags.Definitions = None,
    canonical: Annotated[
        bool, Option("--canonical", help="Write the rows that count, with the columns of their role.")
    ] = False,
    preset: Annotated[
        str | None, Option("--preset", metavar="NAME", help="Read it as this export, whatever it looks like.")
    ] = None,
    timezone: Annotated[
        str | None, Option("--timezone", metavar="ZONE", help="Zone of times without an offset, as Europe/Berlin.")
    ] = None,
    form: flags.Form = None,
    output: flags.Output = None,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """What a file is, how sure, what it maps to, what is left out and why.

    It reads the file, and files that it is read with; metrics.yaml only for what is the name of a source there.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    destination = console.destination(form, output)
    if canonical and len(files) > 1:
        raise usage(f"--canonical with {len(files)} files", "write the rows of one file at a time")
    from saasmetrics.explain import inspecting
    from saasmetrics.output.inspection import inspections, rows

    known = _definitions(definitions, files)
    with console.progress():
        if canonical:
            looked, found, told = inspecting.canonical(files[0], preset=preset, timezone=timezone, definitions=known)
            return Outcome(rows(looked.file.name, found), destination, told)
        pages, refused = inspecting.inspect(files, preset=preset, timezone=timezone, definitions=known)
    return Outcome(inspections(pages), destination, refused, Severity.ERROR)


def _definitions(given: Path | None, files: list[Path]) -> Definitions | None:
    """The definitions, where something asked for is no file, or they are named. Raises: InputError (exit 2)."""
    if given is None and (all(path.exists() for path in files) or nearest(Path.cwd()) is None):
        return None
    from saasmetrics.definitions.load import load
    from saasmetrics.ledgers.index import REGISTRY

    return load(definitions_path(given), REGISTRY)
