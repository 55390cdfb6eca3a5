"""Engine against oracle over many random companies: `python tests/agree.py --companies 10000 --seed 1 --first 0`.

Companies come in blocks of 20; a block is drawn from the seed and its number, so that a run is taken up again with
`--first`. What is asked of a company is drawn too: some questions, in total or split by one segment or two, by any
grain; choices of single metrics, policies of a whole file, features, what recurs and what is earned, groups of
accounts, selling. A company on which the two differ is printed and written beside the block's number.
"""

from __future__ import annotations

import argparse
import sys
import traceback
from collections import Counter
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field, replace
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, TypeVar

from hypothesis import HealthCheck, Phase, given, seed, settings
from hypothesis import strategies as st

import adopters
import company as companies
import drawn
import earners
import questions
import sellers
import test_agreement
import test_outages
import test_policies
from oracle import Cell, Company, compute
from saasmetrics.definitions.policies import Policies
from saasmetrics.ledgers.index import REGISTRY

BLOCK = 20
T = TypeVar("T")

_of_accounts = [name for name in test_agreement.BY_SIZE if name not in test_agreement.OVERLAPPING]
_of_money = [name for name in questions.METRICS if questions.METRICS[name]["type"] in ("movement", "net_retention")]
SPLITS: dict[str, list[str]] = {
    "size": [*_of_accounts, *(name for name in _of_money if questions.METRICS[name]["of"] == "recurring"), "growth"],
    "role": test_agreement.BY_ROLE,
    "plan": [*test_agreement.BY_PLAN, "recurring", "uses", "uses_by_kind", "amount_sum", "runs_done", "core_done"],
    "size,region": [name for name in _of_accounts if name != "score_last"],
    "size,role": test_agreement.BY_ROLE,
}
"""Segments, one or two that are crossed, with the questions that are split by them."""
NOT_BY_YEAR = {"back"}


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
        grain=st.sampled_from(["month", "month", "week", "quarter", "day", "year"]),
        data=st.data(),
    )
    def each(ask: Ask, company: Company, timezone: str, as_of: datetime, grain: str, data: st.DataObject) -> None:
        drawn_ = Drawn(company, timezone, as_of, grain, data)
        DRAWN[ask.__name__.strip("_")] += 1
        try:
            found = ask(drawn_)
        except AssertionError as error:
            found = [str(error)]
        except Exception:  # an engine that stops is one that differs
            found = [traceback.format_exc()]
        if found:
            named = [ask.__name__, *map(repr, drawn_.told)]
            wrong.append("\n".join([*found, f"{timezone} {as_of} {grain}", *named, repr(company)]))

    each()
    for place, text in enumerate(wrong):
        (folder / f"differs-{number}-{place}.txt").write_text(text, encoding="utf-8")
    return wrong


Ask = Callable[["Drawn"], list[str]]
"""Holds both against each other on a company, and says what differs."""


@dataclass
class Drawn:
    """A company and what was drawn with it: where it is, when it is asked, by which grain; `told` is what more."""

    company: Company
    timezone: str
    as_of: datetime
    grain: str
    data: st.DataObject
    told: list[object] = field(default_factory=list)

    def draw(self, strategy: st.SearchStrategy[T]) -> T:
        """Draw something more, and keep it to be told."""
        found = self.data.draw(strategy)
        self.told.append(found)
        return found

    def some(self, names: Iterable[str], most: int = 12) -> list[str]:
        """Some of the questions: what a company costs is their number."""
        asked = self.draw(st.lists(st.sampled_from(sorted(names)), min_size=3, max_size=most, unique=True))
        ASKED.update(asked)
        return asked


ASKED: Counter[str] = Counter()
"""How often each question was asked."""
DRAWN: Counter[str] = Counter()
"""How many companies were drawn for each kind of question."""


def _plain_questions(drawn_: Drawn) -> list[str]:
    names = drawn_.some([*questions.METRICS, "back"])
    return _checked(drawn_, names, drawn_.grain, None)


def _splits(drawn_: Drawn) -> list[str]:
    by = drawn_.draw(st.sampled_from(sorted(SPLITS)))
    names = drawn_.some(SPLITS[by], 8)
    grain = drawn_.grain if drawn_.grain != "year" else "month"
    if by == "plan":
        drawn_.timezone, drawn_.as_of = "UTC", test_agreement.LATE
    regions = drawn_.draw(st.lists(st.sampled_from(["north", "south", None]), min_size=5, max_size=5))
    accounts = [
        {**row, "region": region} for row, region in zip(drawn_.company.roles["accounts"], regions, strict=True)
    ]
    accounts[0]["region"] = "north"  # a column that is empty in every row has no type
    drawn_.company = replace(drawn_.company, roles={**drawn_.company.roles, "accounts": accounts})
    blocks = {"segments": {**companies.SEGMENTS, "region": {}}}
    return _checked(drawn_, names, grain, by, more={"accounts": ["region"]}, blocks=blocks)


def _checked(drawn_: Drawn, names: list[str], grain: str, by: str | None, **written: Any) -> list[str]:
    names = [name for name in names if grain != "year" or name not in NOT_BY_YEAR]
    test_agreement.check(drawn_.company, names, grain, drawn_.as_of, drawn_.timezone, by, **written)
    return []


def _choices_of_metrics(drawn_: Drawn) -> list[str]:
    names = drawn_.some(test_policies.METRICS)
    metrics = {name: test_policies.METRICS[name] for name in names}
    return test_policies.disagreements(drawn_.company, drawn_.timezone, drawn_.as_of, metrics)


def _choices_of_the_file(drawn_: Drawn) -> list[str]:
    chosen, fx = drawn_.draw(drawn.policies), drawn_.draw(drawn.rates)
    names = drawn_.some([*drawn.METRICS, *(name for name, _ in drawn.CATALOGUE)])
    grain = drawn_.grain if drawn_.grain in ("month", "week", "quarter") else "month"
    return drawn.disagreements(drawn_.company, drawn_.timezone, drawn_.as_of, grain, chosen, fx, names)


def _catalogue(drawn_: Drawn) -> list[str]:
    names = drawn_.some({name for name, _ in questions.CATALOGUE}, 8)
    return test_agreement.of_catalogue(drawn_.company, drawn_.as_of, drawn_.timezone, names)


def _features(drawn_: Drawn) -> list[str]:
    blocks, chosen = drawn_.draw(adopters.features), drawn_.draw(adopters.policies)
    ASKED.update(["feature_adoption_rate", "user_feature_adoption_rate", "feature_depth"])
    grain = drawn_.grain if drawn_.grain != "year" else "month"
    return adopters.disagreements(drawn_.company, drawn_.timezone, drawn_.as_of, grain, blocks, chosen)


def _rules_of_being_active(drawn_: Drawn) -> list[str]:
    active = {"account": drawn_.draw(st.sampled_from(RULES)), "user": drawn_.draw(st.sampled_from(RULES))}
    company = replace(drawn_.company, active=active)
    chosen = drawn_.draw(st.fixed_dictionaries({}, optional={"came_back": st.sampled_from(["on_or_after", "streak"])}))
    back = questions.COHORTS.get(drawn_.grain, questions.COHORTS["month"])
    grain = drawn_.grain if drawn_.grain in ("month", "week", "quarter") else "month"
    asks: dict[str, dict[str, Any]] = {
        "waa": {"type": "active", "entity": "account"},
        "dau": {"type": "active", "entity": "user", "window": "1d"},
        "wau": {"type": "active", "entity": "user"},
        "lifecycle": {"type": "lifecycle", "rule": active["account"]},
        "stickiness": {"type": "stickiness", "rule": active["user"]},
        "back": back,
    }
    with TemporaryDirectory() as folder:
        blocks = {"active": questions.for_file(active), "scores": {}}
        own = {"back": back}
        path = companies.write(company, Path(folder), own, drawn_.timezone, policies=chosen, blocks=blocks)
        values = test_agreement.engine(path, list(asks), grain, drawn_.as_of, None)
    cells: dict[test_agreement.Key, Cell] = {}
    for name, ask in asks.items():
        asked = {**ask, "policies": chosen}
        periods = test_agreement.SPANS[grain]
        answer = compute(company, asked, grain=grain, periods=periods, as_of=drawn_.as_of, timezone=drawn_.timezone)
        kept = {key: cell for key, cell in answer.items() if name != "lifecycle" or key[0] is not None}
        cells |= {(name, *key): cell for key, cell in kept.items()}
    return test_agreement.differences(values, cells, only=frozenset((key[0], key[1]) for key in cells))


RULES: list[dict[str, Any]] = [
    {"all": [{"event": "use"}, {"event": "invite"}]},
    {"all": [{"event": "use", "at_least": 2}, {"workflow": "core"}]},
    {"any": [{"event": "use", "at_least": 3}, {"event": "invite"}]},
    {"any": [{"all": [{"event": "use"}, {"workflow": "invoicing"}]}, {"event": "begin", "at_least": 2}]},
    {"event": "use", "filter": {"kind": "a"}},
]
"""Rules of being active: of several things, of several rows, of one."""


def _what_recurs(drawn_: Drawn) -> list[str]:
    chosen = drawn_.draw(st.sampled_from(test_policies.RECURRING))
    lines, closed = drawn_.draw(test_policies.billed_lines), drawn_.draw(test_policies.closed_days)
    billed = test_policies.billed_by(drawn_.company, lines, closed)
    more = {"subscriptions": ["closed_at"]}
    grain = drawn_.grain if drawn_.grain in ("month", "week", "quarter") else "month"
    metrics = test_policies.of_revenue(**chosen)
    return test_policies.disagreements(billed, drawn_.timezone, drawn_.as_of, metrics, grain, more=more)


def _what_is_earned(drawn_: Drawn) -> list[str]:
    detailed = earners.detailed(drawn_.company, drawn_.draw(earners.all_details))
    chosen = drawn_.draw(earners.policies)
    fx = drawn_.draw(drawn.rates)
    detailed = replace(detailed, roles={**detailed.roles, "fx": fx})
    grain = drawn_.grain if drawn_.grain in ("month", "week", "quarter") else "month"
    names = drawn_.some(earners.METRICS, 8)
    known = questions.needed(names, earners.METRICS)
    metrics = {name: metric for name, metric in known.items() if drawn.fits(metric, chosen, grain)}
    more = {"subscriptions": earners.COLUMNS}
    return test_policies.disagreements(
        detailed, drawn_.timezone, drawn_.as_of, metrics, grain, more=more, chosen=chosen
    )


def _groups_of_accounts(drawn_: Drawn) -> list[str]:
    group, more = (
        test_policies.with_parents(drawn_.company, drawn_.draw(test_policies.parents)),
        {"accounts": ["parent"]},
    )
    metrics = {name: questions.METRICS[name] for name in drawn_.some(test_policies.OF_ACCOUNTS)}
    grain = drawn_.grain if drawn_.grain in ("month", "week", "quarter") else "month"
    return test_policies.disagreements(group, drawn_.timezone, drawn_.as_of, metrics, grain, more=more, root=True)


def _selling(drawn_: Drawn) -> list[str]:
    seller, chosen = drawn_.draw(sellers.sellers()), drawn_.draw(drawn.selling)
    names = drawn_.some([*sellers.CATALOGUE, *sellers.CREDITS])
    return drawn.selling_disagreements(seller, drawn_.timezone, drawn_.as_of, chosen, "month", names)


def _trouble(drawn_: Drawn) -> list[str]:
    if drawn_.draw(st.booleans()):
        return test_outages.stalls(drawn_.company, drawn_.timezone, drawn_.as_of)
    return test_outages.impact(drawn_.company, drawn_.draw(test_outages.incidents), drawn_.timezone, drawn_.as_of)


ASKS: list[Ask] = [
    _plain_questions, _plain_questions, _splits, _splits, _choices_of_metrics, _choices_of_metrics, _catalogue,
    _choices_of_the_file, _choices_of_the_file, _choices_of_the_file, _features, _rules_of_being_active, _what_recurs,
    _what_is_earned,
    _what_is_earned, _trouble, _groups_of_accounts, _selling, _selling,
]  # fmt: skip


def coverage() -> str:
    """What is drawn: metric types, and policies that no question leaves the default of."""
    asked = [*questions.METRICS.values(), *test_policies.METRICS.values(), *sellers.OWN.values()]
    asked += [dict(metric) for metric in test_outages.METRICS.values()]
    asked = [{"type": "derived", **metric} for metric in asked]
    types = Counter(metric["type"] for metric in asked)
    touched = {name for metric in asked for name in metric.get("policies", {})}
    touched |= {name for chosen in test_policies.RECURRING for name in chosen} | {"account"}
    touched |= {*drawn.CHOICES, *drawn.SELLING, *earners.CHOICES, *adopters.CHOICES}
    touched |= {name for metric in sellers.OWN.values() for name in metric.get("policies", {})}
    missing = sorted(set(Policies.model_fields) - touched)
    lines = [f"types: {', '.join(f'{name} {count}' for name, count in sorted(types.items()))}"]
    lines += [f"companies: {', '.join(f'{name} {count}' for name, count in sorted(DRAWN.items()))}"]
    lines += [f"questions: {len(ASKED)} different, {sum(ASKED.values())} asked"]
    without = sorted(set(REGISTRY) - set(types))
    lines += [f"types not drawn: {', '.join(without) or 'none'}"]
    return "\n".join(
        [*lines, f"policies drawn: {', '.join(sorted(touched))}", f"not drawn: {', '.join(missing) or 'none'}"]
    )


def main() -> int:
    """Run the blocks, tell how far it is, and what was drawn."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--companies", type=int, default=200)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--first", type=int, default=0, help="block to begin with")
    parser.add_argument("--folder", type=Path, default=Path())
    asked = parser.parse_args()
    asked.folder.mkdir(parents=True, exist_ok=True)
    differ = 0
    blocks = range(asked.first, asked.first + -(-asked.companies // BLOCK))
    for number in blocks:
        wrong = block(asked.seed * 1_000_000 + number, asked.folder)
        differ += len(wrong)
        for text in wrong:
            sys.stdout.write(text[:3000] + "\n")
        sys.stdout.write(f"block {number} of {blocks[-1]}: {differ} companies differ\n")
        sys.stdout.flush()
    sys.stdout.write(coverage() + "\n")
    return 1 if differ else 0


if __name__ == "__main__":
    raise SystemExit(main())
