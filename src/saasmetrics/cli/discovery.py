"""Where the definitions are."""

from __future__ import annotations

import os
from pathlib import Path

from saasmetrics.cli.console import usage

NAME = "metrics.yaml"


def definitions_path(given: Path | None) -> Path:
    """The file given, `metrics.yaml` in the folder given, or that of this folder or the nearest one above.

    Edges: a path that was found is told as seen from here. Raises: InputError (exit 2) when there is none.
    """
    if given is None:
        found = nearest(Path.cwd())
        path = None if found is None else Path(os.path.relpath(found))
    else:
        path = given / NAME if given.is_dir() else given
    if path is None:
        raise usage(f"there is no {NAME} here or in a folder above", "pass -f PATH")
    if not path.is_file():
        raise usage(f"{path} does not exist", "pass -f PATH")
    return path


def nearest(folder: Path) -> Path | None:
    """`metrics.yaml` in a folder or the nearest one above it."""
    return next((path for each in (folder, *folder.parents) if (path := each / NAME).is_file()), None)
