"""Files that survive a power cut: written beside their place, flushed to the disk, then renamed."""

from __future__ import annotations

import os
from pathlib import Path

from saasmetrics.finding import Finding, InputError, Location, Severity

_UNFINISHED = ".unfinished"


def place(path: Path, text: str) -> None:
    """Put a file in its place whole: whoever reads it meanwhile, or after a crash, finds the old one or the new.

    Raises: InputError (exit 2) when the folder cannot be written to; what was there is then still there.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}{_UNFINISHED}")
    try:
        path.parent.mkdir(exist_ok=True)
        with beside.open("w", encoding="utf-8", newline="\n") as stream:
            stream.write(text)
            stream.flush()
            os.fsync(stream.fileno())
        os.replace(beside, path)
        _settle(path.parent)
    except OSError as error:
        beside.unlink(missing_ok=True)
        message = f"cannot be written: {error.strerror}"
        raise InputError([Finding("SM021", Severity.ERROR, message, Location(str(path)))]) from error


def tidy(folder: Path) -> None:
    """Take away what runs that were killed left in a folder."""
    for left in folder.glob(f".*{_UNFINISHED}"):
        left.unlink(missing_ok=True)


def _settle(folder: Path) -> None:
    """The renaming itself to the disk, where a folder can be flushed."""
    try:
        handle = os.open(folder, os.O_RDONLY)
    except OSError:  # Windows opens no folders; there a rename is on the disk when it returns
        return
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
