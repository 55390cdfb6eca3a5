"""Reading CSV, and no more: ids, then canonical rows with all traps looked for, batch by batch as a pass takes them.

`python tests/benchmarks/text_read.py FOLDER` opens the logs of the stack in one process and forgets what it reads.
"""

from __future__ import annotations

import sys
from collections.abc import Collection
from pathlib import Path

from saasmetrics.cli.process import settle

settle()  # as the command does, before NumPy is there

# ruff: noqa: E402
from stack import EVENTS, REQUESTS

from saasmetrics.definitions.load import load
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.feed import batches, readers, units, wish
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.sources.log import Log
from saasmetrics.sources.open import open_sources


def wanted(log: Log, columns: Collection[str]) -> tuple[str, ...]:
    """The canonical columns that are made of these of the file, without the id."""
    made = [name for name, origin in log.how.origins.items() if name != "id" and {*origin.reads(columns)} <= {*columns}]
    return (*made, *(name for name in log.how.others if name in columns))


def main(folder: Path) -> None:
    """Count the rows that can be used."""
    definitions = load(folder / "metrics.yaml", REGISTRY, data_root=folder)
    logs = open_sources(definitions, wanted=frozenset({"events", "requests"})).logs
    asked = {"events": EVENTS, "requests": REQUESTS}
    demands = {name: Demand(logs[name], wanted(logs[name], columns), frozenset()) for name, columns in asked.items()}
    for unit in units(demands, readers(demands)):
        [name] = unit.sources
        demand, ids, rows, usable = demands[name], 0, 0, 0
        if demand.log.id:
            ids = sum(demand.ids(raw).len() for raw in batches(unit, wish([demand], ids=True), demand))
        for raw in batches(unit, wish([demand]), demand):
            rows += raw.height
            usable += demand.conform(raw)["_fault"].null_count()
        print(name, rows, ids, usable)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
