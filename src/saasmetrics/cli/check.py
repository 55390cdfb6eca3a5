"""`saasmetrics check`: whether the definitions still mean what was accepted, and whether the data is as they say."""

from __future__ import annotations

import os
from datetime import UTC, date, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from typer import Context, Option

from saasmetrics.cli import asking, flags
from saasmetrics.cli.console import Console, Outcome, usage
from saasmetrics.cli.discovery import definitions_path
from saasmetrics.cli.waiting import let_wait
from saasmetrics.finding import Finding, InputError

if TYPE_CHECKING:
    from saasmetrics.examination import Checked
    from saasmetrics.output.reports.report import Report


def check(
    context: Context,
    definitions: flags.Definitions = None,
    data_root: flags.DataRoot = None,
    reports: Annotated[
        list[str] | None,
        Option(
            "--report",
            metavar="FORMAT[=PATH]",
            help="text, json, github, sarif, junit or markdown, to a file or to stdout; repeatable.",
        ),
    ] = None,
    strict: Annotated[
        bool, Option("--strict", help="Changes of owner, team, level, direction or action fail too.")
    ] = False,
    data: Annotated[
        bool, Option("--data", help="Hold the exports against the definitions too: quality, numbers, tracked events.")
    ] = False,
    fix: Annotated[
        bool, Option("--fix", help="Correct slips that can mean one thing only; no number moves, no remark is lost.")
    ] = False,
    diff: Annotated[bool, Option("--diff", help="Show what --fix would change, as a patch; change nothing.")] = False,
    audit: Annotated[
        bool,
        Option("--audit", help="Tell what has to be looked after too, today or on --as-of: idle metrics, reviews."),
    ] = False,
    samples: Annotated[
        int, Option("--samples", metavar="N", min=0, help="With --data, name so many of the rows that are told of.")
    ] = 0,
    as_of: flags.AsOf = None,
    cache: flags.Cache = None,
    no_cache: flags.NoCache = False,
    fail_on: flags.FailOn = "error",
    quiet: flags.Quiet = False,
    verbose: flags.Verbose = False,
    color: flags.Color = "auto",
    no_progress: flags.NoProgress = False,
    debug: flags.Debug = False,
) -> Outcome:
    """Whether the definitions are sound and still mean what was accepted.

    Reads no network and no git, and no data unless told to. Exits 1 when a number means something else than
    metrics.lock says, or a rule is broken.
    """
    console: Console = context.obj.talk(quiet, verbose, color, no_progress, debug)
    severity, wanted = asking.threshold(fail_on), destinations(reports)
    moment = asking.moment("--as-of", as_of)
    if moment is not None and not data and not audit:
        raise usage("--as-of without --data or --audit", "definitions mean the same on every day")
    path = definitions_path(definitions)
    if not data and not audit:
        let_wait("polars", "numpy")
    from saasmetrics import examination
    from saasmetrics.output.reports.report import Report

    if fix or diff:
        _mend(console, path, data_root, write=fix and not diff)
    try:
        checked = examination.check(path, data_root=data_root, strict=strict)
        if data:
            with console.progress() as progress:
                checked = examination.examined(
                    checked, as_of=moment, cache=cache, no_cache=no_cache, samples=samples, progress=progress
                )
        if audit:
            checked = checked.beside(_audited(checked, moment, data_root))
    except InputError as error:
        console.finish(Outcome(report=(), files=_files(Report(error.findings), wanted)))
        raise
    from saasmetrics.cli.reporting import report_of

    report = report_of(checked)
    return _outcome(report, wanted, Outcome(findings=checked.findings, fail_on=severity))


def _audited(checked: Checked, moment: date | datetime | None, data_root: Path | None) -> tuple[Finding, ...]:
    """What has to be looked after on the day asked for; without one, today."""
    from saasmetrics.auditing import audit
    from saasmetrics.examination import locked_in

    calendar = checked.definitions.settings.calendar
    day = moment if moment is not None else datetime.now(UTC)
    today = calendar.local_day(day) if isinstance(day, datetime) else day
    return audit(checked.definitions.path, today, locked=locked_in(checked.held), data_root=data_root)


def _mend(console: Console, path: Path, data_root: Path | None, *, write: bool) -> None:
    """Correct what can be corrected, or show how; then what is left is checked as ever."""
    from saasmetrics.mending.mend import mend

    mended = mend(path, data_root=data_root)
    if not write:
        console.finish(Outcome(report=(), raw=mended.diff.encode()))
        return
    console.finish(Outcome(report=(), files=mended.files))
    for line in mended.said:
        console.say(line)
    if not mended.followed:
        console.say("Nothing to correct")


def destinations(reports: list[str] | None) -> dict[Path | None, list[str]]:
    """Formats by where they go; null is stdout. Raises: InputError (exit 2) for a format that is none.

    Edges: text goes to stdout unless another format does; in a workflow of GitHub its commands, and the summary of the
    step, come by themselves.
    """
    from saasmetrics.output.reports.index import REPORTS

    wanted: dict[Path | None, list[str]] = {}
    for text in reports or ():
        form, equals, place = text.partition("=")
        if form not in REPORTS:
            raise usage(f"--report {text}: there is no format {form}", f"one of {', '.join(REPORTS)}")
        if equals and not place:
            raise usage(f"--report {text} names no file", f"write {form}=PATH")
        wanted.setdefault(Path(place) if place and place != "-" else None, []).append(form)
    on_stdout = wanted.setdefault(None, [])
    if os.environ.get("GITHUB_ACTIONS") == "true" and "github" not in on_stdout:
        on_stdout.append("github")
    if len([form for form in on_stdout if form not in ("text", "github")]) > 1:
        raise usage("two reports for one stdout", "give all but one a file: --report json=check.json")
    return wanted


def _files(report: Report, wanted: dict[Path | None, list[str]]) -> dict[Path, bytes]:
    from saasmetrics.output.reports.index import REPORTS

    files = {path: b"".join(REPORTS[form](report) for form in forms) for path, forms in wanted.items() if path}
    summary = os.environ.get("GITHUB_STEP_SUMMARY")
    if os.environ.get("GITHUB_ACTIONS") == "true" and summary:
        before = Path(summary).read_bytes() if Path(summary).is_file() else b""
        files[Path(summary)] = before + REPORTS["markdown"](report)
    return files


def _outcome(report: Report, wanted: dict[Path | None, list[str]], outcome: Outcome) -> Outcome:
    from dataclasses import replace

    from saasmetrics.output.reports.index import REPORTS
    from saasmetrics.output.reports.text import lines

    forms = wanted[None]
    shown = tuple(lines(report)) if not set(forms) - {"text", "github"} else ()
    raw = b"".join(REPORTS[form](report) for form in forms if form != "text")
    return replace(outcome, report=shown, raw=raw, files=_files(report, wanted))
