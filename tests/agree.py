"""Engine against oracle over many random companies: `python tests/agree.py --companies 10000 --seed 1 --first 0`.

Companies come in blocks of 20; a block is drawn from the seed and its number, so that a run is taken up again with
`--first`. What is asked of a company is drawn too: all questions, choices of single metrics, policies of a whole file,
what recurs, groups of accounts, selling. A company on which the two differ is printed and written beside the block's
number.
"""

from __future__ import annotations

import argparse
import sys
from collections import Counter
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import company as companies
import drawn
import questions
import sellers
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
        ask=st.sampled_from(ASKS),
        company=companies.companies(),
        timezone=test_agreement.zones,
        as_of=test_agreement.moments,
        grain=st.sampled_from(["month", "week", "quarter"]),
        data=st.data(),
    )
    def each(ask: Ask, company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject) -> None:
        asked: list[object] = []
        try:
            found = ask(company, timezone, as_of, grain, data, asked)
        except AssertionError as error:
            found = [str(error)]
        if found:
            named = [ask.__name__, *map(repr, asked)]
            wrong.append("\n".join([*found, f"{timezone} {as_of} {grain}", *named, repr(company)]))

    each()
    for place, text in enumerate(wrong):
        (folder / f"differs-{number}-{place}.txt").write_text(text, encoding="utf-8")
    return wrong


Ask = Callable[[Company, str, datetime, str, st.DataObject, list[object]], list[str]]
"""Holds both against each other on a company, and says what it drew beside."""


def _all_questions(
    company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject, asked: list[object]
) -> list[str]:
    test_agreement.check(company, [*questions.METRICS, "back"], grain, as_of, timezone, None)
    return []


def _choices_of_metrics(
    company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject, asked: list[object]
) -> list[str]:
    return test_policies.disagreements(company, timezone, as_of)


def _choices_of_the_file(
    company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject, asked: list[object]
) -> list[str]:
    chosen, fx = data.draw(drawn.policies), data.draw(drawn.rates)
    asked += [chosen, fx]
    return drawn.disagreements(company, timezone, as_of, grain, chosen, fx)


def _what_recurs(
    company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject, asked: list[object]
) -> list[str]:
    asked += [chosen := data.draw(st.sampled_from(test_policies.RECURRING))]
    asked += [lines := data.draw(test_policies.billed_lines), closed := data.draw(test_policies.closed_days)]
    billed = test_policies.billed_by(company, lines, closed)
    more = {"subscriptions": ["closed_at"]}
    return test_policies.disagreements(billed, timezone, as_of, test_policies.of_revenue(**chosen), grain, more=more)


def _groups_of_accounts(
    company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject, asked: list[object]
) -> list[str]:
    asked += [above := data.draw(test_policies.parents)]
    group, more = test_policies.with_parents(company, above), {"accounts": ["parent"]}
    metrics = {name: questions.METRICS[name] for name in test_policies.OF_ACCOUNTS}
    return test_policies.disagreements(group, timezone, as_of, metrics, grain, more=more, root=True)


def _selling(
    company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject, asked: list[object]
) -> list[str]:
    asked += [seller := data.draw(sellers.sellers()), chosen := data.draw(drawn.selling)]
    return drawn.selling_disagreements(seller, timezone, as_of, chosen)


ASKS: list[Ask] = [
    _all_questions, _choices_of_metrics, _choices_of_the_file, _choices_of_the_file, _what_recurs, _groups_of_accounts,
    _selling,
]  # fmt: skip


def coverage() -> str:
    """What is drawn: metric types, and policies that no question leaves the default of."""
    asked = [*questions.METRICS.values(), *test_policies.METRICS.values()]
    types = Counter(metric["type"] for metric in asked)
    touched = {name for metric in asked for name in metric.get("policies", {})}
    touched |= {name for chosen in test_policies.RECURRING for name in chosen} | {"account"}
    touched |= {*drawn.CHOICES, *drawn.SELLING}
    touched |= {name for metric in sellers.OWN.values() for name in metric.get("policies", {})}
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
