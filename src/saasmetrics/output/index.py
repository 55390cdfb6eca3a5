"""The formats, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from saasmetrics.output.markdown import markdown
from saasmetrics.output.plain import plain
from saasmetrics.output.printout import Printout
from saasmetrics.output.table import csv, json, jsonl, parquet


@dataclass(frozen=True)
class Format:
    """How a printout becomes bytes, and the file name endings that ask for it."""

    write: Callable[[Printout], bytes]
    suffixes: tuple[str, ...]
    is_text: bool = True


FORMATS: Mapping[str, Format] = {
    "table": Format(plain, (".txt",)),
    "csv": Format(csv, (".csv",)),
    "json": Format(json, (".json",)),
    "jsonl": Format(jsonl, (".jsonl", ".ndjson")),
    "parquet": Format(parquet, (".parquet",), is_text=False),
    "markdown": Format(markdown, (".md", ".markdown")),
}


def of_suffix(suffix: str) -> str | None:
    """Name of the format that a file name ending asks for."""
    return next((name for name, each in FORMATS.items() if suffix.lower() in each.suffixes), None)
