"""The program that computes, told from every other one: its files and the libraries it computes with."""

from __future__ import annotations

import platform
from functools import cache
from pathlib import Path

import numpy as np
import polars as pl
import pyarrow as pa


@cache
def program() -> str:
    """A text that changes whenever the program does.

    Edges: a file counts by its name, size and time of change, so that a program under development is told apart too.
    """
    root = Path(__file__).parents[1]
    files = sorted(path for path in root.rglob("*") if path.suffix in (".py", ".yaml"))
    stamps = [(str(path.relative_to(root)), (status := path.stat()).st_size, status.st_mtime_ns) for path in files]
    return repr((stamps, pl.__version__, np.__version__, pa.__version__, platform.python_version()))
