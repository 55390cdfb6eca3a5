"""The files a source names: found inside their folders, in a fixed order, each with its format."""

from __future__ import annotations

import glob
import re
import zipfile
from collections.abc import Sequence
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


def find_files(
    name: str, source: Source, roots: Sequence[Path] = (), at: Location | None = None
) -> tuple[tuple[DataFile, ...], tuple[Finding, ...]]:
    """All files of a source, sorted by path, each once; and what is wrong with its paths, which stand `at` a place.

    Edges: only files inside one of the `roots` (the source's own folder) are read, wherever links lead; their names in
    messages start from there.
    """
    files: dict[Path, DataFile] = {}
    findings: list[Finding] = []
    folders = [root.resolve() for root in roots or (source.base,)]
    for pattern in source.path:
        found = _matches(source.base.resolve(), pattern)
        inside = [path for path in found if any(path.resolve().is_relative_to(folder) for folder in folders)]
        if len(inside) < len(found):
            message = f"source `{name}`: `{pattern}` leaves the folder of the definitions"
            findings.append(Finding("SM902", Severity.ERROR, message, at, "move the file, or give --data-root"))
        elif not inside:
            message = f"source `{name}`: no file matches `{pattern}`"
            findings.append(Finding("SM901", Severity.ERROR, message, at, _neighbours(source.base, pattern)))
        for path in inside:
            file = data_file(path, _shown(path, folders))
            if file is None:
                message = f"`{path.suffix or path.name}` is not a format that is read"
                hint = "CSV, Parquet, JSON and JSON lines are, also as .gz, .zst or .zip"
                findings.append(Finding("SM903", Severity.ERROR, message, Location(_shown(path, folders)), hint))
            else:
                files[path] = file
    return tuple(files[path] for path in sorted(files)), tuple(findings)


def _matches(base: Path, pattern: str) -> list[Path]:
    if not any(sign in pattern for sign in _MAGIC):
        path = base / pattern
        return [path] if path.is_file() else []
    names = glob.glob(pattern, root_dir=base, recursive=True)
    return [base / name for name in sorted(names) if (base / name).is_file()]


def _neighbours(base: Path, pattern: str) -> str:
    """What there is in the place of a file that is not."""
    folder = base / re.split(r"[^/]*[*?\[]", pattern, maxsplit=1)[0]
    folder = folder if folder.is_dir() else folder.parent
    if not folder.is_dir():
        return f"there is no folder {folder.name}"
    names = sorted(path.name for path in folder.iterdir() if path.is_file())[:5]
    return f"that folder holds {', '.join(names)}" if names else "that folder holds no files"


def data_file(path: Path, name: str) -> DataFile | None:
    """A file by its ending; None for a format that is not read."""
    suffixes = [suffix.lower() for suffix in path.suffixes]
    packed = suffixes.pop() if suffixes and suffixes[-1] in _PACKED else ""
    form = _FORMATS.get(suffixes[-1] if suffixes else "")
    if form is None and packed == ".zip":
        form = _inside(path)
    if form is None or (packed and form == "parquet"):
        return None
    return DataFile(path, form, path.stat().st_size, name, packed)


def _inside(path: Path) -> Format | None:
    """The format of the files in an archive that is not named for it; None where they differ."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = [Path(entry.filename) for entry in archive.infolist() if not entry.is_dir()]
    except (OSError, zipfile.BadZipFile):
        return None
    endings = {(name.with_suffix("") if name.suffix == ".gz" else name).suffix.lower() for name in names}
    return _FORMATS.get(endings.pop()) if len(endings) == 1 else None


def _shown(path: Path, folders: Sequence[Path]) -> str:
    inside = [folder for folder in folders if path.is_relative_to(folder)]
    return path.relative_to(inside[0]).as_posix() if inside else path.name
