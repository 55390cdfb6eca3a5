"""`saasmetrics explain`: what a name means."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Context

from saasmetrics.cli import asking, flags
from saasmetrics.cli.completion import names
from saasmetrics.cli.console import Console, Outcome
from saasmetrics.cli.discovery import definitions_path


def explain(
    context: Context,
    name: Annotated[
        str, Argument(metavar="NAME", help="A metric, source, preset, type, column or policy.", autocompletion=names)
    ],
    definitions: flags.Definitions = None,
    data_root: flags.DataRoot = None,
    as_of: flags.AsOf = None,
    form: flags.Form = None,
    output: flags.Output = None,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """What a name means here, where it is said, who answers for it.

    A metric with its formula and today's numbers; a source, preset, type, column or policy.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    destination, path = console.destination(form, output), definitions_path(definitions)
    from saasmetrics import pipeline
    from saasmetrics.output.explanation import printout

    with console.progress() as progress:
        moment = asking.moment("--as-of", as_of)
        explanation = pipeline.explain(path, name, as_of=moment, data_root=data_root, progress=progress)
    return Outcome(printout(explanation), destination)
