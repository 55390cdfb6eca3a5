"""`saasmetrics demo`: a realistic company's exports, to try everything on."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from saasmetrics.cli import flags
from saasmetrics.cli.console import Console, Outcome

HERE = Path("demo")


def demo(
    context: Context,
    directory: Annotated[Path, Argument(metavar="DIR", help="A new folder, or that of an earlier demo.")] = HERE,
    accounts: Annotated[int, Option("--accounts", metavar="N", help="How many accounts.")] = 220,
    months: Annotated[int, Option("--months", metavar="N", help="How many months of history.")] = 17,
    seed: Annotated[int, Option("--seed", metavar="N", help="The same seed, the same files.")] = 7,
    events: Annotated[int, Option("--events", metavar="N", help="Rows of the two big logs, about.")] = 330_000,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """Write a realistic company's exports, to try things on.

    With a metrics.yaml that reads them, and STORIES.md, which says what was planted in them to be found.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    from saasmetrics.demo.company import write

    with console.progress() as progress:
        write(directory, accounts=accounts, months=months, seed=seed, events=events, progress=progress)
    files = sum(path.is_file() for path in directory.rglob("*"))
    return Outcome(said=(f"Wrote {files} files to {directory}; STORIES.md says what to look for",))
