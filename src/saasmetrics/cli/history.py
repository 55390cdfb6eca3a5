"""`saasmetrics history`: what was told, and what is told otherwise now."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Context, Option

from saasmetrics.cli import asking, flags
from saasmetrics.cli.completion import metrics as metric_names
from saasmetrics.cli.console import Console, Outcome
from saasmetrics.cli.discovery import definitions_path


def history(
    context: Context,
    metric: Annotated[
        str | None,
        Argument(metavar="METRIC", help="One number: nrr, completion_rate.invoicing.", autocompletion=metric_names),
    ] = None,
    restated: Annotated[
        bool, Option("--restated", help="Numbers that were told and are others now, with why and whose.")
    ] = False,
    against: Annotated[
        str | None,
        Option(
            "--against", metavar="DATE", help="From the edition that stood then, or its number; default: the first."
        ),
    ] = None,
    metrics: Annotated[
        list[str] | None,
        Option("--metric", metavar="METRIC", help="Only this one; repeatable.", autocompletion=metric_names),
    ] = None,
    definitions: flags.Definitions = None,
    form: flags.Form = None,
    output: flags.Output = None,
    fail_on: flags.FailOn = "error",
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """What published editions say: bare, the editions; of a metric, what was told first and last.

    With --restated every number that was told and is another one now: late data, an edit, a deletion, a changed
    definition, or unexplained. No data is read.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    destination, severity = console.destination(form, output), asking.threshold(fail_on)
    since = asking.edition("--against", against)
    path = definitions_path(definitions)
    from saasmetrics.cli import recalling
    from saasmetrics.output import restated as restated_page
    from saasmetrics.output import told as told_page
    from saasmetrics.recall import memory

    named = [*([metric] if metric else []), *(metrics or ())]
    if restated or len(named) > 1:
        found = recalling.restated(memory.restated(path, against=since, metrics=named))
        return Outcome(restated_page.printout(found), destination, found.findings, severity)
    if named:
        told = recalling.told(memory.told_of(path, named[0], against=since))
        return Outcome(told_page.printout(told), destination, told.findings, severity)
    listed = recalling.listed(*memory.listed(path, against=since))
    return Outcome(told_page.listing(listed), destination, listed.findings, severity)
