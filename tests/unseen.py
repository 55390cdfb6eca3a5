"""Looks for drift that the fingerprints do not see: `python tests/unseen.py [--only PATTERN] [--most N]`.

Every edit of `lock_edits.MEANING` is computed on the example's data, whole. A metric that has another number than
before must have another fingerprint. One that has another fingerprint may have the same number; how many do is told.
"""

from __future__ import annotations

import argparse
import re
import sys
import tempfile
from pathlib import Path

import polars as pl

from lock_edits import MEANING
from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask
from saasmetrics.expression import ExpressionError
from saasmetrics.finding import InputError
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.fingerprint import fingerprints
from saasmetrics.pipeline import compute

ROOT = Path(__file__).parent.parent
KEYS = ["metric", "cut", "stat", "grain", "period"]
COLUMNS = ["value", "numerator", "denominator", "entries"]


def numbers(path: Path, text: str) -> tuple[pl.DataFrame, dict[str, str]]:
    """All values of a definition text on the example's data, and the fingerprints."""
    path.write_text(text, encoding="utf-8")
    result = compute(path, Ask(everything=True, periods=6), data_root=ROOT, cache=path.parent / "facts")
    return result.values.select(*KEYS, *COLUMNS), fingerprints(load(path, REGISTRY, data_root=ROOT))


def moved(before: pl.DataFrame, after: pl.DataFrame) -> set[str]:
    """Metrics of which some number is there in both and is another."""
    both = before.join(after, on=KEYS, suffix="_after", nulls_equal=True)
    same = [
        pl.col(name).eq_missing(pl.col(f"{name}_after"))
        | ((pl.col(name) - pl.col(f"{name}_after")).abs() <= 1e-9 * pl.col(name).abs())
        for name in COLUMNS
    ]
    return set(both.filter(~pl.all_horizontal(same).fill_null(value=False))["metric"])


def main() -> int:
    """Every edit, one line each; the exit code says whether anything went unseen."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--only", default="")
    parser.add_argument("--most", type=int, default=len(MEANING))
    asked = parser.parse_args()
    text = (ROOT / "metrics.yaml").read_text(encoding="utf-8")
    unseen = 0
    with tempfile.TemporaryDirectory() as place:
        path = Path(place) / "metrics.yaml"
        values, marks = numbers(path, text)
        for name, (old, new, *_) in [item for item in MEANING.items() if re.search(asked.only, item[0])][: asked.most]:
            try:
                other, fresh = numbers(path, text.replace(old, new))
            except (InputError, ExpressionError, IndexError, pl.exceptions.PolarsError) as error:
                sys.stdout.write(f"{name}: no number at all: {str(error)[:80]}\n")
                continue
            changed = moved(values, other)
            told = {metric for metric in marks if fresh.get(metric) != marks[metric]}
            lost = sorted(changed - told)
            unseen += len(lost)
            sys.stdout.write(f"{name}: {len(changed)} moved, {len(told)} told, unseen: {', '.join(lost) or 'none'}\n")
            sys.stdout.flush()
    return 1 if unseen else 0


if __name__ == "__main__":
    sys.exit(main())
