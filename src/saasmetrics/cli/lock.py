"""`saasmetrics lock`: accept what numbers mean now."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

from typer import Argument, Context, Option

from saasmetrics.cli import asking, flags
from saasmetrics.cli.completion import lockable
from saasmetrics.cli.console import Console, Outcome, usage
from saasmetrics.cli.discovery import definitions_path
from saasmetrics.cli.waiting import let_wait
from saasmetrics.finding import counted


def lock(
    context: Context,
    names: Annotated[
        list[str] | None,
        Argument(metavar="NAME", help="What is accepted: a metric, workflow, source, ...", autocompletion=lockable),
    ] = None,
    reason: Annotated[str | None, Option("--reason", metavar="TEXT", help="Why the meaning changed.")] = None,
    since: Annotated[str | None, Option("--since", metavar="DATE", help="First day of the new meaning.")] = None,
    overlap: Annotated[
        str | None, Option("--overlap", metavar="4w", help="How long old and new are shown side by side.")
    ] = None,
    by: Annotated[str | None, Option("--by", metavar="NAME", help="Who accepts it.")] = None,
    verify_author: Annotated[
        bool, Option("--verify-author", help="Refuse if --by wrote a changed line last, as git has it.")
    ] = False,
    restate: Annotated[bool, Option("--restate", help="The new meaning holds for the past too.")] = False,
    everything: Annotated[bool, Option("--all", help="Accept everything that has changed.")] = False,
    yes: Annotated[bool, Option("--yes", help="Do not ask.")] = False,
    accept: Annotated[
        bool, Option("--accept", help="Let the findings of the rules that there are today stay.")
    ] = False,
    upgrade: Annotated[bool, Option("--upgrade", help="Write fingerprints anew; accepts no change.")] = False,
    allow_ci: Annotated[bool, Option("--allow-ci", help="Accept where CI is set.")] = False,
    definitions: flags.Definitions = None,
    data_root: flags.DataRoot = None,
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """Accept what numbers mean now, by name, with a reason.

    Shows what it accepts and writes metrics.lock; what is superseded is kept under metrics.history.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    _refuse(names, everything=everything, otherwise=accept or upgrade, allow_ci=allow_ci)
    day, length = asking.day("--since", since), asking.length("--overlap", overlap)
    path = definitions_path(definitions)
    let_wait("polars", "numpy")
    from saasmetrics import examination
    from saasmetrics.cli.reporting import lines_of_changes
    from saasmetrics.lock.asking import Given
    from saasmetrics.lock.keeping import keep

    given = Given(tuple(names or ()), reason, day, by, length, restate, datetime.now(UTC).date())
    named = given if names or everything else None
    checked, accepted = examination.lock(path, named, accept=accept, upgrade=upgrade, data_root=data_root)
    if verify_author:
        from saasmetrics.lock.authors import check_author

        check_author(by, accepted.changes, path)
    shown = tuple(lines_of_changes(accepted.changes, is_first=checked.held.lock is None)) if accepted.changes else ()
    console.finish(Outcome(report=shown))
    if everything and not yes and accepted.changes:
        question = f"Accept all {len(accepted.changes)} changes?"
        if not console.confirmed(question, "say --yes, or name what is accepted"):
            return Outcome(said=("Nothing was accepted",))
    wrote = keep(path, accepted)
    return Outcome(said=_said(wrote, accepted.ended))


def _refuse(names: list[str] | None, *, everything: bool, otherwise: bool, allow_ci: bool) -> None:
    """Raises: InputError (exit 2) in CI, and where it is not said what is accepted."""
    if os.environ.get("CI", "").lower() not in ("", "0", "false") and not allow_ci:
        raise usage("CI is set: a machine accepts nothing", "lock on your own machine and commit it, or --allow-ci")
    if names and everything:
        raise usage("--all beside names", "leave out one of them")
    if not names and not everything and not otherwise:
        raise usage("what is accepted?", "name it as saasmetrics check does, or say --all")


def _said(wrote: tuple[Path, ...], ended: int) -> tuple[str, ...]:
    """What was written: the lock by name, and how many versions the closed documents hold."""
    if not wrote:
        return ("Nothing to accept",)
    closed = [path for path in wrote if path.suffix == ".yaml"]
    kept = [f"Kept {counted(ended, 'superseded version')} under {path.parent}" for path in closed[:1]]
    return (*kept, *(f"Wrote {path}" for path in wrote if path not in closed))
