"""Files by themselves: what each is, and the rows of one that count."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.settings import Settings
from saasmetrics.engine.examine import examined, usable
from saasmetrics.explain.file import file_page
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.output.explanation import Explanation
from saasmetrics.sources.look import Look, look, looks_of


def inspect(
    paths: Sequence[Path],
    *,
    preset: str | None = None,
    timezone: str | None = None,
    definitions: Definitions | None = None,
) -> tuple[list[Explanation], tuple[Finding, ...]]:
    """What each file is, by itself; and what is wrong with those that cannot be read, where others can.

    Edges: what is no file and the name of a source of the `definitions` stands for all files of that source.

    Raises: InputError, exit 2 for an unknown preset, 3 where no file can be read.
    """
    pages: list[Explanation] = []
    refused: list[Finding] = []
    for path in paths:
        try:
            seen = _looks(path, definitions, preset, timezone)
            pages.extend(file_page(examined(each)) for each in seen)
        except InputError as error:
            if error.exit_code != 3:
                raise
            refused.extend(error.findings)
    if not pages:
        raise InputError(refused, 3)
    return pages, tuple(refused)


def _looks(path: Path, definitions: Definitions | None, preset: str | None, timezone: str | None) -> tuple[Look, ...]:
    if definitions is not None and not path.exists() and str(path) in definitions.sources:
        return looks_of(definitions, str(path))
    return (look(path, Settings(), chosen=preset, timezone=timezone),)


def canonical(
    path: Path, *, preset: str | None = None, timezone: str | None = None, definitions: Definitions | None = None
) -> tuple[Look, pl.DataFrame, tuple[Finding, ...]]:
    """The rows of a file that count, with the columns of their role; and what was wrong with it.

    Edges: of a source of several files those of the first. Raises: InputError as `inspect` does, and (exit 3) where
    nothing says how to read it.
    """
    seen = _looks(path, definitions, preset, timezone)[0]
    told = seen.entry.findings if seen.entry else ()
    found = usable(seen)
    if found is None:
        hint = "name a preset with --preset; saasmetrics inspect says what it is"
        raise InputError(told or [Finding("SM903", Severity.ERROR, f"{path}: no preset reads it", hint=hint)], 3)
    return seen, found, told
