"""`saasmetrics ledger`: the entries behind a number."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Context, Option

from saasmetrics.cli import asking, flags
from saasmetrics.cli.completion import metrics as metric_names
from saasmetrics.cli.console import Console, Outcome
from saasmetrics.cli.discovery import definitions_path


def ledger(
    context: Context,
    address: Annotated[
        str,
        Argument(metavar="METRIC", help="One number: nrr, completion_rate.invoicing.", autocompletion=metric_names),
    ],
    period: Annotated[
        str | None,
        Option("--period", metavar="PERIOD", help="2026-10-31, 2026-W42, 2026-10, 2026-Q4, 2026; default: the judged."),
    ] = None,
    against: Annotated[
        str | None, Option("--against", metavar="PERIOD", help="Show what each account adds to the change since then.")
    ] = None,
    account: Annotated[str | None, Option("--account", metavar="ID", help="Only this account.")] = None,
    depth: Annotated[str, Option("--depth", metavar="DEPTH", help="account, entry or row.")] = "account",
    where: flags.Where = None,
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
    """The entries behind a number, and what they reduce to."""
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    destination, path = console.destination(form, output), definitions_path(definitions)
    from saasmetrics import pipeline

    with console.progress() as progress:
        result = pipeline.ledger(
            path,
            address,
            period=period,
            against=against,
            where=asking.narrowing(where),
            account=account,
            depth=asking.depth(depth),
            as_of=asking.moment("--as-of", as_of),
            data_root=data_root,
            cache=cache,
            no_cache=no_cache,
            progress=progress,
        )
    from saasmetrics.cli.answering import opened
    from saasmetrics.output.entries import printout

    return Outcome(printout(opened(result, against)), destination, result.findings)
