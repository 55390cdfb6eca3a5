"""Engine against oracle over many random companies: `python tests/agree.py --companies 10000 --seed 1 --first 0`.

Companies come in blocks of 20; a block is drawn from the seed and its number, so that a run is taken up again with
`--first`. A company on which the two differ is printed and written beside the block's number.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import company as companies
import questions
import test_agreement
import test_policies
from oracle import Company
from saasmetrics.definitions.policies import Policies

BLOCK = 20


def block(number: int, folder: Path) -> list[str]:
    """Draw the companies of a block and hold both against each other. Returns what differs, one text a company."""
    wrong: list[str] = []

    @seed(number)
    @settings(
        max_examples=BLOCK, deadline=None, database=None, phases=[Phase.generate], suppress_health_check=[*HealthCheck]
    )
    @given(
        company=companies.companies(),
        timezone=test_agreement.zones,
        as_of=test_agreement.moments,
        grain=st.sampled_from(["month", "week", "quarter"]),
    )
    def each(company: Company, timezone: str, as_of: datetime, grain: str) -> None:
        found = test_policies.disagreements(company, timezone, as_of)
        try:
            test_agreement.check(company, [*questions.METRICS, "back"], grain, as_of, timezone, None)
        except AssertionError as error:
            found.append(str(error))
        if found:
            wrong.append("\n".join([*found, f"{timezone} {as_of} {grain}", repr(company)]))

    each()
    for place, text in enumerate(wrong):
        (folder / f"differs-{number}-{place}.txt").write_text(text, encoding="utf-8")
    return wrong


def coverage() -> str:
    """What is drawn: metric types, and policies that no question leaves the default of."""
    asked = [*questions.METRICS.values(), *test_policies.METRICS.values()]
    types = Counter(metric["type"] for metric in asked)
    touched = {name for metric in asked for name in metric.get("policies", {})}
    missing = sorted(set(Policies.model_fields) - touched)
    lines = [f"types: {', '.join(f'{name} {count}' for name, count in sorted(types.items()))}"]
    return "\n".join([*lines, f"policies drawn: {', '.join(sorted(touched))}", f"not drawn: {', '.join(missing)}"])


def main() -> int:
    """Run the blocks, tell how far it is, and what was drawn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="block to begin with")
    parser.add_argument("--folder", type=Path, default=Path())
    asked = parser.parse_args()
    differ = 0
    blocks = range(asked.first, asked.first + -(-asked.companies // BLOCK))
    for number in blocks:
        wrong = block(asked.seed * 1_000_000 + number, asked.folder)
        differ += len(wrong)
        for text in wrong:
            sys.stdout.write(text[:2000] + "\n")
        sys.stdout.write(f"block {number} of {blocks[-1]}: {differ} companies differ\n")
        sys.stdout.flush()
    sys.stdout.write(coverage() + "\n")
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
