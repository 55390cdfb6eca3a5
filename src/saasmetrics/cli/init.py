"""`saasmetrics init`: a first metrics.yaml from a folder of exports."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from saasmetrics.cli import flags
from saasmetrics.cli.console import Console, Outcome, usage

HERE = Path()


def init(
    context: Context,
    directory: Annotated[Path, Argument(metavar="DIR", help="The folder of the exports.")] = HERE,
    product: Annotated[
        str | None, Option("--product", metavar="NAME", help="What the product is called; default: the folder.")
    ] = None,
    currency: Annotated[
        str | None, Option("--currency", metavar="CODE", help="Currency of the numbers; default: most rows'.")
    ] = None,
    timezone: Annotated[
        str | None, Option("--timezone", metavar="ZONE", help="Where days begin; default: UTC.")
    ] = None,
    exported_in: Annotated[
        str | None,
        Option("--exported-in", metavar="ZONE", help="Zone of exports that name none; default: UTC, marked."),
    ] = None,
    force: Annotated[bool, Option("--force", help="Replace a metrics.yaml that is there.")] = False,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """Write a first metrics.yaml from the exports in a folder; it runs at once.

    What is guessed is marked in it, and what to decide next is said. On a terminal it asks; every answer is a flag too.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    path = directory / "metrics.yaml"
    if not directory.is_dir():
        raise usage(f"there is no folder {directory}")
    if path.exists() and not force:
        raise usage(f"{path} is there already", "use --force to replace it")
    from saasmetrics.starting.begin import begin, currency_of
    from saasmetrics.starting.folder import exports

    with console.progress() as progress:
        found = exports(directory, progress)
    called = product or console.ask("Product", directory.resolve().name)
    coin = (currency or console.ask("Currency", currency_of(found) or "USD")).upper()
    days = timezone or console.ask("Time zone in which days begin", "UTC")
    zone = exported_in
    if zone is None and any(kind.zoned for kind in found.kinds):
        zone = console.ask("Time zone of exports that name none", "") or None
    begun = begin(directory, found, product=called, currency=coin, timezone=days, zone=zone)
    said = [*begun.said, "Next: saasmetrics compute" + ("" if directory == HERE else f" -f {path}")]
    return Outcome(files={path: begun.text.encode()}, said=tuple(said))
