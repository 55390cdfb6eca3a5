"""The flags that commands share, each declared once."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from typer import Option

from saasmetrics.cli.completion import segments

Definitions = Annotated[
    Path | None,
    Option(
        "-f",
        "--definitions",
        metavar="PATH",
        help="metrics.yaml, or its folder; default: here or the nearest folder above.",
    ),
]
DataRoot = Annotated[
    Path | None,
    Option(
        "--data-root", metavar="PATH", help="Folder that relative data paths start from, instead of the file's own."
    ),
]
AsOf = Annotated[
    str | None,
    Option(
        "--as-of", metavar="DATE", help="As of the end of this day, or of this instant; default: as far as data goes."
    ),
]
Since = Annotated[str | None, Option("--from", metavar="DATE", help="First day of the periods shown.")]
Until = Annotated[str | None, Option("--to", metavar="DATE", help="First day after the periods shown.")]
Grain = Annotated[
    str | None, Option("--grain", metavar="GRAIN", help="day, week, month, quarter or year; default: the metric's own.")
]
Periods = Annotated[
    int | None, Option("--periods", min=1, metavar="N", help="How many periods, the one in progress included.")
]
By = Annotated[
    list[str] | None,
    Option(
        "--by", metavar="SEGMENT", help="Split by a segment; repeatable; plan,size crosses.", autocompletion=segments
    ),
]
Where = Annotated[
    list[str] | None,
    Option("--where", metavar="SEGMENT=VALUE", help="Only these: plan=pro or plan=pro,enterprise; repeatable."),
]
View = Annotated[str | None, Option("--view", metavar="NAME", help="A view, team, level, stage or bundle.")]
Everything = Annotated[bool, Option("--all", help="Every metric, not only the published ones.")]
Form = Annotated[str | None, Option("--format", metavar="FORMAT", help="table, csv, json, jsonl, parquet or markdown.")]
Output = Annotated[
    Path | None, Option("-o", "--output", metavar="PATH", help="Write to a file; its ending chooses the format.")
]
Publish = Annotated[
    bool, Option("--publish", help="Append what is told to the published editions; the same again appends nothing.")
]
Basis = Annotated[
    str,
    Option(
        "--basis",
        metavar="BASIS",
        help="current; as_defined: each period as it was defined then; as_published: as the latest edition has it.",
    ),
]
Overlap = Annotated[
    str | None,
    Option("--overlap", metavar="4w", help="Show the version before beside, up to so long after it was superseded."),
]
Manifest = Annotated[
    Path | None, Option("--manifest", metavar="PATH", help="Record what the run read, enough to repeat it.")
]
FailOn = Annotated[
    str, Option("--fail-on", metavar="SEVERITY", help="Exit 1 from this finding on: error, warning, note or never.")
]
Cache = Annotated[
    Path | None,
    Option("--cache", metavar="DIR", help="Keep facts of the logs here for the next run; default: for large logs."),
]
NoCache = Annotated[bool, Option("--no-cache", help="Read all logs anew and keep nothing.")]
Quiet = Annotated[bool, Option("-q", "--quiet", help="Results only, no messages.")]
Verbose = Annotated[bool, Option("-v", "--verbose", help="A line per source and stage, with times.")]
Color = Annotated[str, Option("--color", metavar="WHEN", help="auto, always or never.")]
NoProgress = Annotated[bool, Option("--no-progress", help="Never draw progress.")]
Debug = Annotated[bool, Option("--debug", help="Show the traceback of a crash.")]
