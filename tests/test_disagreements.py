"""Rows that say different things of each other: every rule finds what was planted for it, and counts it."""

from __future__ import annotations

import os
from datetime import date
from pathlib import Path

import duckdb
import pytest

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.engine.observed import observed
from saasmetrics.engine.sighted import sighted
from saasmetrics.frames.observed import Observed
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint.data import rules as rooms
from saasmetrics.lint.data.index import ON_ROWS
from saasmetrics.lint.index import RULES, by_code, disagreements
from saasmetrics.lint.rule import PARTS, Rule
from saasmetrics.lint.tracking.index import TRACKING
from saasmetrics.sources.open import open_sources

DEFINITIONS = """version: 1
settings: {currency: USD}
sources:
  accounts: {path: accounts.csv}
  subscriptions: {path: subscriptions.csv}
  events: {path: events.csv}
  tickets: {path: tickets.csv}
  opportunities: {path: deals.csv}
  fx: {rows: [{currency: EUR, rate: 1.1}]}
"""
SOUND = {
    "accounts.csv": """account,created,closed,is_churned,valid_from,valid_to
a1,2025-01-01,,false,,
a2,2025-02-01,2025-06-30,true,,
a3,2025-03-01,,false,2025-03-01,2025-09-01
a3,2025-03-01,,false,2025-09-01,
""",
    "subscriptions.csv": """id,account,start,end,mrr,plan,currency,status
s1,a1,2025-01-01,2025-05-01,10,pro,USD,canceled
s2,a1,2025-05-01,,20,pro,USD,active
s3,a2,2025-02-01,2025-06-30,30,pro,USD,expired
s4,a3,2025-03-01,,5,pro,EUR,active
s5,a3,2025-03-01,,7,addon,EUR,active
""",
    "events.csv": """event,at,account
done,2025-01-01T08:00:00Z,a1
done,2026-01-09T09:00:00Z,a3
""",
    "tickets.csv": """id,at,account
t1,2025-12-01T09:00:00Z,a1
t2,2025-12-02T09:00:00Z,
""",
    "deals.csv": """opportunity,opened,amount,status,account
d1,2025-01-01,100,won,a1
d2,2025-01-01,50,lost,
d3,2025-01-01,60,lost,
d4,2025-01-01,0,lost,
d5,2025-01-01,70,lost,prospect
d6,2025-01-01,80,lost,
""",
}
TODAY = date(2026, 1, 10)


def looked(definitions: Definitions, today: date, *, asked: bool = False) -> Observed:
    """What there is to hold against itself, of files that nothing has read yet."""
    sources = open_sources(definitions)
    return observed(sources, definitions.settings.calendar, today, sighted(definitions, sources), asked=asked)


def told(folder: Path, samples: int = 0, **changed: str) -> list[tuple[str, str]]:
    """Code and message of what is found over the company, with lines added to some of its files."""
    for name, content in SOUND.items():
        (folder / name).write_text(content + changed.get(name.partition(".")[0], ""), encoding="utf-8")
    (folder / "metrics.yaml").write_text(DEFINITIONS, encoding="utf-8")
    definitions = load(folder / "metrics.yaml", REGISTRY)
    seen = looked(definitions, TODAY)
    found = disagreements(definitions, seen, samples=samples)
    assert all(finding.rows for finding in found)
    return [(finding.code, finding.message) for finding in found]


def test_rules_are_in_the_index_once_and_in_order() -> None:
    codes = [rule.code for rule in ON_ROWS]
    assert codes == sorted(set(codes))
    assert not {*codes} & {rule.code for rule in (*RULES, *TRACKING)}
    files = {path.stem for path in Path(rooms.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == {rule.name.replace("-", "_") for rule in ON_ROWS}


@pytest.mark.parametrize("rule", ON_ROWS, ids=lambda rule: rule.code)
def test_a_rule_has_a_manual_page_and_a_case(rule: Rule) -> None:
    assert tuple(rule.parts) == PARTS
    assert by_code(rule.code) is rule is by_code(rule.name)
    assert rule.code in {code for _, expected in FAULTS.values() for code, _ in expected}


def test_a_company_in_order_is_told_of_nothing(tmp_path: Path) -> None:
    assert told(tmp_path) == []


FAULTS: dict[str, tuple[dict[str, str], list[tuple[str, str]]]] = {
    "rows of accounts that are not there": (
        {"tickets": "t3,2025-12-03T09:00:00Z,gone\n", "events": "done,2025-12-01T08:00:00Z,x\n" * 2},
        [
            ("SM952", "2 rows of `events` belong to 1 account that accounts has not: x"),
            ("SM952", "1 row of `tickets` belongs to 1 account that accounts has not: gone"),
        ],
    ),
    "a subscription that begins before the other has ended": (
        {"subscriptions": "s6,a1,2025-04-01,2025-04-20,3,pro,USD,canceled\n"},
        [
            (
                "SM953",
                "1 row of `subscriptions` begins before another of the same account and plan has ended: 1 account: a1",
            )
        ],
    ),
    "an account that is two things at once": (
        {"accounts": "a4,2025-03-01,,false,2025-03-01,\na4,2025-03-01,,false,2025-08-01,2025-10-01\n"},
        [("SM953", "1 row of `accounts` holds while another of the same account does: 1 of them: a4")],
    ),
    "a ticket of another century": (
        {"tickets": "t3,2062-12-03T09:00:00Z,a1\n"},
        [("SM954", "1 row of `tickets` lies in the future of the others, the last on 2062-12-03: 2062-12-03")],
    ),
    "an event before its account": (
        {"events": "done,2025-01-31T08:00:00Z,a2\n"},
        [("SM955", "1 account of `events` began before it was created, by up to 1 day: a2")],
    ),
    "an account that is closed and pays": (
        {
            "accounts": "a5,2025-03-01,2025-06-01,true,,\n",
            "subscriptions": "s7,a5,2025-03-01,,9,pro,USD,active\n",
        },
        [
            (
                "SM956",
                "of 4 accounts 1 left by `closed` and not by the end of subscriptions, 0 by the end of "
                "subscriptions and not by `closed`: a5",
            ),
            (
                "SM956",
                "of 4 accounts 1 left by `is_churned` and not by the end of subscriptions, 0 by the end of "
                "subscriptions and not by `is_churned`: a5",
            ),
        ],
    ),
    "a subscription that is cancelled and has no end": (
        {"subscriptions": "s8,a1,2025-05-01,,1,addon,USD,Cancelled\ns9,a1,2025-01-01,2025-05-01,1,addon,USD,active\n"},
        [
            ("SM957", "1 row of `subscriptions` is over by status and has no end: it earns for ever: s8"),
            ("SM957", "1 row of `subscriptions` is active by status and ended a month ago or earlier: s9"),
        ],
    ),
    "an account that pays in two currencies": (
        {"subscriptions": "s8,a1,2025-05-01,,1,addon,EUR,active\n"},
        [("SM959", "1 account of `subscriptions` pays in several currencies: a1")],
    ),
    "lost deals without an amount": (
        {"opportunities": ""},
        [
            (
                "SM958",
                "9 of 10 lost opportunities of `opportunities` have the amount 0: a win rate by amount says nothing",
            )
        ],
    ),
}


@pytest.mark.parametrize("name", FAULTS)
def test_a_planted_fault_is_found_and_counted_and_no_other(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed, expected = FAULTS[name]
    if name.startswith("lost"):
        lost = "".join(f"d{number},2025-01-01,{0 if number else 5},lost,\n" for number in range(10))
        monkeypatch.setitem(
            SOUND, "deals.csv", "opportunity,opened,amount,status,account\nw,2025-01-01,9,won,a1\n" + lost
        )
        assert told(tmp_path) == expected
        assert told(tmp_path, 2)[0][1].endswith("says nothing: d1, d2 and 7 more")
        return
    assert told(tmp_path, 2, **changed) == expected


def test_a_year_too_far_is_found_though_it_moves_the_end_of_the_data(tmp_path: Path) -> None:
    rows = "".join(f"r{number},2025-11-{1 + number % 28:02}T09:00:00Z,a1\n" for number in range(200))
    late = "far,2026-12-25T09:00:00Z,a1\n"
    (tmp_path / "late").mkdir()
    assert told(tmp_path, tickets=rows) == []
    moved = dict(SOUND, **{"tickets.csv": SOUND["tickets.csv"] + rows + late})
    for name, content in moved.items():
        (tmp_path / "late" / name).write_text(content, encoding="utf-8")
    (tmp_path / "late" / "metrics.yaml").write_text(DEFINITIONS, encoding="utf-8")
    definitions = load(tmp_path / "late" / "metrics.yaml", REGISTRY)
    seen = looked(definitions, date(2027, 1, 1))
    (found,) = [each for each in disagreements(definitions, seen) if each.code == "SM954"]
    assert (found.rows, found.object) == (1, "source.tickets")
    asked = looked(definitions, date(2025, 1, 1), asked=True)
    assert "SM954" not in {each.code for each in disagreements(definitions, asked)}


def test_without_accounts_there_is_nothing_to_hold_rows_against(tmp_path: Path) -> None:
    for name, content in SOUND.items():
        (tmp_path / name).write_text(content, encoding="utf-8")
    (tmp_path / "metrics.yaml").write_text("version: 1\nsources: {tickets: {path: tickets.csv}}\n", encoding="utf-8")
    definitions = load(tmp_path / "metrics.yaml", REGISTRY)
    seen = looked(definitions, TODAY)
    assert seen.active.height == 0
    assert disagreements(definitions, seen) == []


DATA = os.environ.get("SAASMETRICS_TEST_DATA", "")
CHURN = """
with subscriptions as (
  select account_id, bool_and(coalesce(end_date + interval 31 day <= date '2024-12-31', false)) as gone
  from '{0}/ravenstack_subscriptions.csv' group by 1
)
select count(*) filter (churn_flag <> gone) from '{0}/ravenstack_accounts.csv' join subscriptions using (account_id)
"""
OVERLAPS = """
with spans as (
  select *, max(coalesce(end_date, date '9999-12-31')) over (
    partition by account_id, plan_tier order by start_date, coalesce(end_date, date '9999-12-31')
    rows between unbounded preceding and 1 preceding) as earlier
  from '{0}/ravenstack_subscriptions.csv' where end_date is null or end_date > start_date
)
select count(*) from spans where start_date < earlier
"""


@pytest.mark.skipif(not DATA, reason="SAASMETRICS_TEST_DATA is not set")
def test_what_a_real_company_disagrees_with_itself_on_is_what_sql_counts(tmp_path: Path) -> None:
    folder = Path(DATA) / "ravenstack"
    columns = (
        "{id: subscription_id, account: account_id, start: start_date, end: end_date, mrr: mrr_amount, plan: plan_tier}"
    )
    (tmp_path / "metrics.yaml").write_text(
        "version: 1\nsources:\n"
        "  accounts: {path: ravenstack_accounts.csv, columns: {account: account_id, created: signup_date}}\n"
        f"  subscriptions:\n    path: ravenstack_subscriptions.csv\n    columns: {columns}\n",
        encoding="utf-8",
    )
    definitions = load(tmp_path / "metrics.yaml", REGISTRY, data_root=folder)
    seen = looked(definitions, date(2024, 12, 31))
    found = {finding.code: finding.rows for finding in disagreements(definitions, seen)}
    counted = [duckdb.connect().execute(query.format(folder)).fetchall()[0][0] for query in (OVERLAPS, CHURN)]
    assert found == dict(zip(("SM953", "SM956"), counted, strict=True))
