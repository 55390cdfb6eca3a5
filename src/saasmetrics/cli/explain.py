"""`saasmetrics explain`: what a name means."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from saasmetrics.cli import asking, flags
from saasmetrics.cli.completion import names
from saasmetrics.cli.console import Console, Outcome, usage
from saasmetrics.cli.discovery import definitions_path


def explain(
    context: Context,
    name: Annotated[
        str | None,
        Argument(metavar="NAME", help="A metric, source, preset, type, column, policy or rule.", autocompletion=names),
    ] = None,
    schema: Annotated[bool, Option("--schema", help="Print the JSON schema of metrics.yaml, for editors.")] = False,
    definitions: flags.Definitions = None,
    data_root: flags.DataRoot = None,
    as_of: flags.AsOf = None,
    form: flags.Form = None,
    output: flags.Output = None,
    cache: flags.Cache = None,
    no_cache: flags.NoCache = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """What a name means here, where it is said, who answers for it.

    A metric with its formula and today's numbers; a source, preset, type, column or policy; a rule by its code.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    if schema:
        return _schema(console, output)
    if name is None:
        raise usage("no name", "write what to explain, as in saasmetrics explain nrr")
    destination = console.destination(form, output)
    from saasmetrics import pipeline
    from saasmetrics.explain.rule import rule_called
    from saasmetrics.output.explanation import printout

    if definitions is None and (page := rule_called(name)) is not None:
        return Outcome(printout(page), destination)
    path = definitions_path(definitions)
    with console.progress() as progress:
        moment = asking.moment("--as-of", as_of)
        explanation = pipeline.explain(
            path, name, as_of=moment, data_root=data_root, cache=cache, no_cache=no_cache, progress=progress
        )
    return Outcome(printout(explanation), destination)


def _schema(console: Console, output: Path | None) -> Outcome:
    """The JSON schema of the definition file, on stdout or in a file."""
    from json import dumps

    from saasmetrics.definitions.schema import json_schema
    from saasmetrics.ledgers.index import REGISTRY

    text = dumps(json_schema(REGISTRY), indent=2, ensure_ascii=False)
    if output is not None and output != Path("-"):
        return Outcome(files={output: f"{text}\n".encode()})
    console.answer(text)
    return Outcome()
