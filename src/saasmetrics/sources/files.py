"""The files a source names: found inside their folder, in a fixed order, each with its format."""

from __future__ import annotations

import glob
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from saasmetrics.definitions.sources import Source
from saasmetrics.finding import Finding, Location, Severity

Format = Literal["csv", "jsonl", "json", "parquet"]

_FORMATS: dict[str, Format] = {
    ".csv": "csv", ".tsv": "csv", ".txt": "csv", ".jsonl": "jsonl", ".ndjson": "jsonl", ".json": "json",
    ".parquet": "parquet", ".pq": "parquet",
}  # fmt: skip
_PACKED = (".gz", ".zst", ".zip")
_MAGIC = "*?["


@dataclass(frozen=True)
class DataFile:
    """One file of a source. `packed` is the suffix of its compression or empty, `name` what messages call it."""

    path: Path
    format: Format
    size: int
    name: str
    packed: str = ""


def find_files(name: str, source: Source) -> tuple[tuple[DataFile, ...], tuple[Finding, ...]]:
    """All files of a source, sorted by path, each once; and what is wrong with its paths."""
    files: dict[Path, DataFile] = {}
    findings: list[Finding] = []
    base = source.base.resolve()
    for pattern in source.path:
        found = _matches(base, pattern)
        inside = [path for path in found if path.resolve().is_relative_to(base)]
        if len(inside) < len(found):
            message = f"source `{name}`: `{pattern}` leaves the folder of the definitions"
            findings.append(Finding("SM902", Severity.ERROR, message, None, "move the file, or give --data-root"))
        elif not inside:
            findings.append(_absent(name, base, pattern))
        for path in inside:
            file = _data_file(path, base)
            if file is None:
                message = f"`{path.suffix or path.name}` is not a format that is read"
                hint = "CSV, Parquet, JSON and JSON lines are, also as .gz, .zst or .zip"
                findings.append(Finding("SM903", Severity.ERROR, message, Location(_shown(path, base)), hint))
            else:
                files[path] = file
    return tuple(files[path] for path in sorted(files)), tuple(findings)


def _matches(base: Path, pattern: str) -> list[Path]:
    if not any(sign in pattern for sign in _MAGIC):
        path = base / pattern
        return [path] if path.is_file() else []
    names = glob.glob(pattern, root_dir=base, recursive=True)
    return [base / name for name in sorted(names) if (base / name).is_file()]


def _absent(name: str, base: Path, pattern: str) -> Finding:
    folder = base / re.split(r"[^/]*[*?\[]", pattern, maxsplit=1)[0]
    folder = folder if folder.is_dir() else folder.parent
    hint = f"there is no folder {_shown(folder, base)}"
    if folder.is_dir():
        names = sorted(path.name for path in folder.iterdir() if path.is_file())[:5]
        hint = f"that folder holds {', '.join(names)}" if names else "that folder holds no files"
    return Finding("SM901", Severity.ERROR, f"source `{name}`: no file matches `{pattern}`", Location(pattern), hint)


def _data_file(path: Path, base: Path) -> DataFile | None:
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in _PACKED else ""
    form = _FORMATS.get(suffixes[-1] if suffixes else "")
    if form is None or (packed and form == "parquet"):
        return None
    return DataFile(path, form, path.stat().st_size, _shown(path, base), packed)


def _shown(path: Path, base: Path) -> str:
    return path.relative_to(base).as_posix() if path.is_relative_to(base) else path.as_posix()
