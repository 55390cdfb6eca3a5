"""Files that look sound at the start and break further in: found again, with the line, when reading has failed."""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import polars as pl
import pyarrow as pa

from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.sources.files import DataFile
from saasmetrics.sources.packed import opened
from saasmetrics.sources.quotes import stray
from saasmetrics.sources.text import layout_of

_QUOTES = re.compile("CSV malformed|could not parse")
_LONG = 40
_HINTS = {
    "csv": "save it as UTF-8",
    "jsonl": "remove the line, or export again: each line is one JSON object",
    "json": "export it again",
    "parquet": "export it again",
}


@contextmanager
def broken_files_told(files: Iterable[DataFile]) -> Iterator[None]:
    """Stands around whatever reads the rows of these files.

    Raises: InputError (exit 3) in place of a reader's error, when one of the files is what broke.
    """
    try:
        yield
    except (pl.exceptions.PolarsError, pa.ArrowException, OSError) as error:
        findings = [finding for file in dict.fromkeys(files) for finding in _fault(file, str(error))]
        if not findings:
            raise
        raise InputError(findings, 3) from error


def _fault(file: DataFile, error: str) -> list[Finding]:
    """What is wrong with one file, read to its end."""
    if file.format == "parquet":
        return [_told(file, 0, "cannot be read")] if file.path.name in error else []
    try:
        with opened(file) as stream:
            for number, line in enumerate(stream, 1):
                if message := _wrong(file, line):
                    return [_told(file, number, message)]
        if file.format == "csv" and _QUOTES.search(error):
            layout = layout_of(file, (), sampled=False)
            found = stray(file, layout.encoding, layout.separator)
            return [found] if found else []
    except InputError as unreadable:
        return list(unreadable.findings)
    return []


def _wrong(file: DataFile, line: bytes) -> str | None:
    try:
        text = line.decode()
        if file.format == "jsonl" and text.strip():
            written = json.loads(text, parse_int=_finite, parse_float=_finite, parse_constant=_finite)
            json.dumps(written, ensure_ascii=False).encode()
    except UnicodeDecodeError:
        return "is not UTF-8 from here on"
    except UnicodeEncodeError:
        return "holds one half of a character (`\\ud8…`)"
    except json.JSONDecodeError as error:
        return f"is not JSON: {error.msg}"
    except OverflowError as error:
        return f"holds a number that is none or too large: `{error}`"
    return None


def _finite(number: str) -> float:
    """Raises: OverflowError for what JSON readers take for infinite, and for the words that only some of them know."""
    value = float(number)
    if not math.isfinite(value):
        raise OverflowError(number if len(number) <= _LONG else f"{number[: _LONG - 1]}…")
    return value


def _told(file: DataFile, line: int, message: str) -> Finding:
    return Finding("SM904", Severity.ERROR, message, Location(file.name, line), _HINTS[file.format])
