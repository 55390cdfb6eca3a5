"""`saasmetrics compute`: the numbers."""

from __future__ import annotations

from typing import Annotated

from typer import Argument, Context

from saasmetrics.cli import asking, flags
from saasmetrics.cli.completion import metrics as metric_names
from saasmetrics.cli.console import Console, Outcome, usage
from saasmetrics.cli.discovery import definitions_path


def compute(
    context: Context,
    metrics: Annotated[
        list[str] | None,
        Argument(
            metavar="METRIC",
            help="Metrics or addresses (nrr, completion_rate.invoicing, tier_share.*); default: the published set.",
            autocompletion=metric_names,
        ),
    ] = None,
    definitions: flags.Definitions = None,
    data_root: flags.DataRoot = None,
    as_of: flags.AsOf = None,
    since: flags.Since = None,
    until: flags.Until = None,
    grain: flags.Grain = None,
    periods: flags.Periods = None,
    by: flags.By = None,
    where: flags.Where = None,
    view: flags.View = None,
    everything: flags.Everything = False,
    publish: flags.Publish = False,
    basis: flags.Basis = "current",
    overlap: flags.Overlap = None,
    form: flags.Form = None,
    output: flags.Output = None,
    manifest: flags.Manifest = None,
    fail_on: flags.FailOn = "never",
    cache: flags.Cache = None,
    no_cache: flags.NoCache = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """The numbers: judged period, change, trend, target.

    Bare, the published set in sections. One address prints as its history; a cohort, a funnel or the movements of a
    balance print as their table; --by splits every metric. --publish remembers what is told.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    destination, severity = console.destination(form, output), asking.threshold(fail_on)
    path, told = definitions_path(definitions), asking.basis(basis)
    if told == "as_published" and (publish or manifest is not None or overlap is not None):
        raise usage("--basis as_published computes nothing", "leave out --publish, --manifest and --overlap")
    if publish and (told != "current" or overlap is not None):
        raise usage(
            "--publish tells what holds now", "leave out --basis and --overlap; lock --overlap 4w publishes both"
        )
    from saasmetrics.engine.ask import Ask

    ask = Ask(
        metrics=tuple(metrics or ()),
        by=asking.breakdowns(by),
        where=asking.narrowing(where),
        grain=asking.grain(grain),
        periods=periods,
        since=asking.day("--from", since),
        until=asking.day_before("--to", until),
        as_of=asking.moment("--as-of", as_of),
        everything=everything,
        view=view,
    )
    from saasmetrics.cli.computing import computed

    with console.progress() as progress:
        result, said = computed(
            path,
            ask,
            publish=publish,
            basis=told,
            overlap=asking.length("--overlap", overlap),
            data_root=data_root,
            cache=cache,
            no_cache=no_cache,
            progress=progress,
        )
    from saasmetrics.cli.answering import answer, sources
    from saasmetrics.cli.recording import record
    from saasmetrics.output.page import printout

    files = {} if manifest is None else {manifest: record(result, ask)}
    page = printout(answer(result))
    return Outcome(page, destination, result.findings, severity, said, sources(result), files)
