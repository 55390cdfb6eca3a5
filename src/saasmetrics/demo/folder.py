"""The folder a demo is written to: free, or left by an earlier demo."""

from __future__ import annotations

from fnmatch import fnmatch
from pathlib import Path

from saasmetrics.finding import Finding, InputError, Location, Severity

OURS = (
    "STORIES.md", "metrics.yaml", "data/accounts.csv", "data/users.csv", "data/subscriptions.csv",
    "data/invoices.parquet", "data/leads.csv", "data/opportunities.csv", "data/stages.parquet",
    "data/touches.csv.zst", "data/spend.csv", "data/costs.csv", "data/tickets.csv.gz", "data/incidents.jsonl",
    "data/surveys.csv", "data/fx.csv", "data/quotas.csv", "data/events/events-*.parquet",
    "data/requests/requests-*.parquet",
)  # fmt: skip
"""All that a demo writes."""


def _inside(directory: Path) -> dict[str, Path]:
    return {path.relative_to(directory).as_posix(): path for path in sorted(directory.rglob("*")) if not path.is_dir()}


def _is_ours(name: str) -> bool:
    return any(fnmatch(name.removesuffix(".part"), pattern) for pattern in OURS)


def refuse_unless_free(directory: Path) -> None:
    """Raises: InputError (SM951) when the path is a file, or holds a file that a demo did not write."""
    if directory.exists() and not directory.is_dir():
        raise InputError([_taken(directory, "is a file")])
    strangers = [name for name in _inside(directory) if not _is_ours(name)]
    if strangers:
        more = f" and {len(strangers) - 1} more" if len(strangers) > 1 else ""
        raise InputError([_taken(directory, f"already holds {strangers[0]}{more}")])


def _taken(directory: Path, why: str) -> Finding:
    hint = "choose a new folder; only an earlier demo is replaced"
    return Finding("SM951", Severity.ERROR, f"the folder {why}", Location(str(directory)), hint)


def clear(directory: Path) -> None:
    """Make the folder, without the files of an earlier demo."""
    directory.mkdir(parents=True, exist_ok=True)
    for path in _inside(directory).values():
        path.unlink()
