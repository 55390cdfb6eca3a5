"""Ours: the stack asked of this project in one process, as `compute` would do it: definitions, one pass, values, CSV.

The command line splits every metric of a question or none; the stack splits six of twenty-five. So the two questions
are put together here, and from there on it is the product: `python tests/benchmarks/ours.py FOLDER OUTPUT`.
"""

from __future__ import annotations

import argparse
from dataclasses import replace
from pathlib import Path

from saasmetrics.cli.process import settle

settle()  # as the command does, before NumPy is there

# ruff: noqa: E402
import polars as pl
from answers import COLUMNS
from stack import METRICS, SEGMENTS, SPLIT, begin

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask, wishes
from saasmetrics.engine.run import Wish, compute
from saasmetrics.facts.cache import Caching
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.sources.open import open_sources


def questions(definitions: Definitions, metrics: tuple[str, ...], segments: tuple[str, ...]) -> list[Wish]:
    """The stack undivided, and the six by each segment."""
    _, whole = wishes(definitions, Ask(metrics=metrics))
    split: list[Wish] = []
    for text in SPLIT if segments else ():
        (address, *_), (wish, *_) = wishes(definitions, Ask(metrics=(text,)))
        split += [replace(wish, addresses=(address,), by=(segment,)) for segment in segments]
    return [*whole, *split]


def main(
    folder: Path,
    output: Path,
    metrics: tuple[str, ...] = METRICS,
    segments: tuple[str, ...] = SEGMENTS,
    definitions_path: Path | None = None,
) -> None:
    """From the definition file to a CSV of cells and values."""
    definitions = load(definitions_path or folder / "metrics.yaml", REGISTRY, data_root=folder)
    done = compute(
        definitions,
        open_sources(definitions),
        questions(definitions, metrics, segments),
        as_of=None,
        since=begin(folder),
        caching=Caching(off=True),
    )
    # A metric with a single stat names it; nobody else has a word for it.
    several = pl.col("metric").is_in([name for name in metrics if len(definitions.stats(name)) > 1])
    stat = pl.when(several).then(pl.col("stat"))
    done.values.with_columns(stat=stat).select(*COLUMNS, "value").write_csv(output)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    parser.add_argument("output", type=Path)
    parser.add_argument("--definitions", type=Path, default=None, help="another definition file than the folder's")
    parser.add_argument("--metrics", nargs="*", default=METRICS)
    parser.add_argument("--segments", type=int, default=len(SEGMENTS), help="how many segments, 0 to 4")
    options = parser.parse_args()
    asked = SEGMENTS[: options.segments]
    main(options.folder, options.output, tuple(options.metrics), asked, options.definitions)
