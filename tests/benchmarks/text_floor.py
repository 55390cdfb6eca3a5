"""The floor of CSV: Polars scans the needed columns and reads their times, and does nothing with them.

`python tests/benchmarks/text_floor.py FOLDER [--untimed]`; untimed, times are texts like all others.
"""

from __future__ import annotations

import sys
from pathlib import Path

import polars as pl
from stack import EVENTS, REQUESTS


def main(folder: Path, *, timed: bool = True) -> None:
    """Count the nulls of every column."""
    for name, columns in (("events", EVENTS), ("requests", REQUESTS)):
        text = pl.scan_csv(folder / "data" / name / "*.csv", infer_schema=False).select(columns)
        numbers = [pl.col("duration_ms").cast(pl.Int32)] if name == "requests" else []
        at = pl.col("ts").str.to_datetime("%Y-%m-%dT%H:%M:%S%.6fZ", time_unit="us")
        rows = text.with_columns(at, *numbers) if timed else text
        print(rows.null_count().collect(engine="streaming").row(0))


if __name__ == "__main__":
    main(Path(sys.argv[1]), timed="--untimed" not in sys.argv)
