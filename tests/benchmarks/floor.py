"""The floor: Polars decodes the columns of the logs that the stack needs, file by file, and does nothing with them."""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from stack import EVENTS, REQUESTS


def main(folder: Path) -> None:
    """Count the nulls of every column, so that all of them are decoded."""
    rows = 0
    for name, columns in (("events", EVENTS), ("requests", REQUESTS)):
        for path in sorted((folder / "data" / name).glob("*.parquet")):
            table = pl.read_parquet(path, columns=list(columns))
            rows += table.height
            table.null_count()
    print(rows)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
