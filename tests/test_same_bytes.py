"""The same rows give the same bytes: shuffled, split over files, in another format, with one thread or many."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from saasmetrics.demo import company


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("company") / "ledgerly"
    company.write(folder, accounts=40, months=8, seed=5, events=30_000)
    return folder


def computed(folder: Path, threads: str | None = None) -> bytes:
    environment = {**os.environ, **({"POLARS_MAX_THREADS": threads} if threads else {})}
    command = [sys.executable, "-m", "saasmetrics", "compute", "--all", "--by", "plan", "--format", "csv", "-q"]
    done = subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr.decode()
    return done.stdout


def shuffled(folder: Path, target: Path) -> Path:
    """A copy in which every log is cut into three shuffled files and every CSV table is shuffled."""
    for path in sorted(folder.rglob("*")):
        copy = target / path.relative_to(folder)
        copy.parent.mkdir(parents=True, exist_ok=True)
        if path.suffix == ".parquet" and path.parent.name in ("events", "requests"):
            rows = pl.read_parquet(path).sample(fraction=1.0, shuffle=True, seed=7)
            for part in range(3):
                rows.gather_every(3, part).write_parquet(copy.with_name(f"{2 - part}-{path.name}"))
        elif path.suffix == ".parquet":
            pl.read_parquet(path).sample(fraction=1.0, shuffle=True, seed=8).write_parquet(copy)
        elif path.suffix == ".csv":
            head, *lines = path.read_text(encoding="utf-8").splitlines()
            table = pl.DataFrame({"line": lines}).sample(fraction=1.0, shuffle=True, seed=9)["line"]
            copy.write_text("\n".join([head, *table]) + "\n", encoding="utf-8")
        elif path.is_file():
            copy.write_bytes(path.read_bytes())
    return target


def test_one_thread_or_many(home: Path) -> None:
    assert computed(home, "1") == computed(home, "4")


def test_shuffled_rows_and_split_files(home: Path, tmp_path: Path) -> None:
    assert computed(shuffled(home, tmp_path / "again")) == computed(home)


def test_tables_as_parquet(home: Path, tmp_path: Path) -> None:
    target = tmp_path / "parquet"
    shuffled(home, target)
    text = (target / "metrics.yaml").read_text(encoding="utf-8")
    for name in ("accounts", "users"):
        source = target / "data" / f"{name}.csv"
        pl.read_csv(source, infer_schema=False).write_parquet(source.with_suffix(".parquet"))
        text = text.replace(f"data/{name}.csv", f"data/{name}.parquet")
    (target / "metrics.yaml").write_text(text, encoding="utf-8")
    assert computed(target) == computed(home)
