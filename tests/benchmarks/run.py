"""Time the weekly stack against its rivals in one run: `python tests/benchmarks/run.py --events 20e6`.

Makes the demo company once, checks that every answer the rivals give is ours too, then runs whole processes in turn
(ours, DuckDB, scan floor; again and again) and prints medians of CPU, wall and peak memory, and the ratios.
"""

from __future__ import annotations

import argparse
import csv
import math
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from saasmetrics.demo import company

HERE = Path(__file__).parent
METRICS = (
    "workflow_successes", "completion_rate", "waa", "time_to_value", "activation_rate", "tier_share", "save_failure_rate",
    "load_time_p95", "api_error_rate", "tickets_per_100",
)  # fmt: skip
Key = tuple[str, str, date]


@dataclass(frozen=True)
class Cost:
    """What one whole process took: CPU and wall seconds, peak memory in megabytes."""

    cpu: float
    wall: float
    memory: float


def timed(command: Sequence[str], output: Path) -> Cost:
    """Run a command, its output into a file. Raises: RuntimeError when it fails."""
    with output.open("wb") as stream:
        begin = time.perf_counter()
        process = subprocess.Popen(command, stdout=stream)
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - begin
    if status != 0:
        raise RuntimeError(f"{' '.join(command)} ended with {status}")
    return Cost(usage.ru_utime + usage.ru_stime, wall, usage.ru_maxrss / 1024)


def ours(folder: Path, periods: int) -> list[str]:
    """The command of this project, over the whole history."""
    tool = [sys.executable, "-m", "saasmetrics", "compute", *METRICS, "--periods", str(periods)]
    return [*tool, "-f", str(folder / "metrics.yaml"), "--format", "csv", "-q"]


def answers(path: Path) -> dict[Key, float]:
    """Values of a CSV by metric, cut and period; those of one stat only, and only where there is a number."""
    out: dict[Key, float] = {}
    with path.open(encoding="utf-8") as stream:
        for row in csv.DictReader(stream):
            headline = row.get("stat") in (None, "", "median", "p95")
            if row["value"] and headline and row.get("status", "ok") in ("ok", "low_n"):
                out[row["metric"], row["cut"], date.fromisoformat(row["period"])] = float(row["value"])
    return out


def compared(mine: dict[Key, float], theirs: dict[Key, float]) -> tuple[int, list[str]]:
    """How many numbers both have, and those that differ."""
    both = sorted(set(mine) & set(theirs))
    wrong = [f"{key}: {mine[key]!r}, DuckDB {theirs[key]!r}" for key in both if not _same(mine[key], theirs[key])]
    return len(both), wrong


def _same(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=1e-9, abs_tol=1e-9)


def table(costs: dict[str, list[Cost]]) -> Iterable[str]:
    """Medians, and ratios pair by pair."""
    yield f"{'':10}{'CPU s':>9}{'wall s':>9}{'peak MB':>9}"
    for name, runs in costs.items():
        cells = [statistics.median(getattr(cost, part) for cost in runs) for part in ("cpu", "wall", "memory")]
        yield f"{name:10}{cells[0]:9.2f}{cells[1]:9.2f}{cells[2]:9.0f}"
    pairs = list(zip(costs["ours"], costs["duckdb"], costs["floor"], strict=True))
    yield f"CPU, DuckDB / ours  {statistics.median(duck.cpu / own.cpu for own, duck, _ in pairs):.2f}"
    yield f"CPU, ours / floor   {statistics.median(own.cpu / floor.cpu for own, _, floor in pairs):.2f}"


def main() -> None:
    """Data, answers, times."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=float, default=5e6)
    parser.add_argument("--accounts", type=int, default=20_000)
    parser.add_argument("--pairs", type=int, default=3)
    parser.add_argument("--layout", choices=["monthly", "daily"], default="monthly")
    parser.add_argument("--folder", type=Path, default=None, help="keep the company here, and use it again")
    options = parser.parse_args()
    folder = options.folder or Path(tempfile.mkdtemp(prefix="saasmetrics-benchmark-")) / "company"
    if not (folder / "metrics.yaml").exists():
        company.write(
            folder, accounts=options.accounts, months=24, seed=3, events=int(options.events), layout=options.layout
        )
    scratch = Path(tempfile.mkdtemp(prefix="saasmetrics-benchmark-"))
    commands = {
        "ours": ours(folder, 110),
        "duckdb": [sys.executable, str(HERE / "sql.py"), str(folder)],
        "floor": [sys.executable, str(HERE / "floor.py"), str(folder)],
    }
    for name, command in commands.items():
        timed(command, scratch / name)
    count, wrong = compared(answers(scratch / "ours"), answers(scratch / "duckdb"))
    print(f"{count:,} numbers compared with DuckDB, {len(wrong)} differ")
    if wrong:
        raise SystemExit("\n".join(wrong[:20]))
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for _ in range(options.pairs):
        for name, command in commands.items():
            costs[name].append(timed(command, scratch / name))
    print("\n".join(table(costs)))


if __name__ == "__main__":
    main()
