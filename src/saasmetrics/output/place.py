"""Files are written whole or not at all."""

from __future__ import annotations

import os
from pathlib import Path

from saasmetrics.finding import Finding, InputError, Location, Severity


def place(path: Path, content: bytes) -> None:
    """Write under a temporary name beside the target, then rename it over the target.

    Raises: InputError (exit 2) when the folder is missing or cannot be written to; the target is then as it was.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(content)
        os.replace(beside, path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        hint = None if path.parent.is_dir() else f"make the folder {path.parent} first"
        message = f"cannot be written: {error.strerror}"
        raise InputError([Finding("SM021", Severity.ERROR, message, Location(str(path)), hint)]) from error
