"""What was accepted, computed again: restored from the lock, held against what is written, and in force by period.

The company of `cases/cli/company`: runs of July to October are 2, 3, 2 and 4, of which 2, 2, 2 and 3 are posted, each
ten minutes after it was started; MRR is 100, 150, 350 and 340.
"""

from __future__ import annotations

import shutil
from datetime import date
from pathlib import Path

import polars as pl
import pytest

from conftest import ROOT
from lock_edits import MEANING
from saasmetrics.definitions.load import load
from saasmetrics.definitions.scalars import Duration
from saasmetrics.engine.ask import Ask
from saasmetrics.examination import check, examined, lock
from saasmetrics.finding import Change, Impact
from saasmetrics.frames.values import VALUES
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.accept import accepted
from saasmetrics.lock.asking import Given
from saasmetrics.lock.entry import Entry, Version
from saasmetrics.lock.fingerprint import fulls, nodes
from saasmetrics.lock.held import held
from saasmetrics.lock.keeping import keep
from saasmetrics.lock.node import Node
from saasmetrics.lock.reading import read_lock
from saasmetrics.lock.restored import restored
from saasmetrics.lock.spans import spans
from saasmetrics.meanings.answer import compute
from saasmetrics.meanings.effect import effects, paired
from saasmetrics.pipeline import Result
from saasmetrics.pipeline import compute as compute_now

COMPANY = ROOT / "tests" / "cases" / "cli" / "company"
WHY = "We asked those who use it"
GONE = "its source `subscriptions` is not in the file any more"
QUARTERLY = "it is told by quarter now, and was told by month; it was $340 in Oct 2026"
JULY, AUGUST, SEPTEMBER, OCTOBER = (date(2026, month, 1) for month in (7, 8, 9, 10))


class Company:
    """A folder of its own whose definitions are locked, edited, and locked again."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / "metrics.yaml"
        shutil.copytree(COMPANY, folder, dirs_exist_ok=True)

    def edit(self, old: str, new: str, file: str = "metrics.yaml") -> None:
        """Write something else in a file; it must stand there once."""
        text = self.path.with_name(file).read_text(encoding="utf-8")
        assert text.count(old) == 1, f"{text.count(old)} times in {file}: {old}"
        self.path.with_name(file).write_text(text.replace(old, new), encoding="utf-8")

    def lock(self, *names: str, since: date | None = None, overlap: str | None = None) -> None:
        """Accept what has changed."""
        length = Duration.parse(overlap) if overlap else None
        given = Given(names, WHY, since, None, length, restate=True)
        keep(self.path, lock(self.path, given)[1])

    def impact(self) -> dict[str, Impact]:
        """What unlocked changes do, by address; targets that have moved themselves under their own metric."""
        found = examined(check(self.path)).findings
        return {each.address: each for finding in found if isinstance(finding, Change) for each in finding.impact}


@pytest.fixture
def company(tmp_path: Path) -> Company:
    """Locked as it is."""
    made = Company(tmp_path)
    made.lock()
    return made


# Restoring


@pytest.mark.parametrize("number", range(2))
def test_whatever_was_accepted_means_the_same_when_it_is_restored(number: int, tmp_path: Path) -> None:
    """Many edits at once, accepted; then the file is the old one again, and says nothing of them."""
    text = (ROOT / "metrics.yaml").read_text(encoding="utf-8")
    now, done = load(ROOT / "metrics.yaml", REGISTRY), 0
    for old, new, *_ in list(MEANING.values())[number::2]:
        if text.count(old) == 1:
            text, done = text.replace(old, new), done + 1
    assert done >= 30
    path = tmp_path / "metrics.yaml"
    path.write_text(text, encoding="utf-8")
    edited = load(path, REGISTRY, data_root=ROOT)
    kept = accepted(edited, held(edited), Given()).lock.nodes
    found = restored(kept, now, REGISTRY)
    assert found.definitions is not None
    assert {name: why for name, why in found.lost.items() if "is not in the file any more" not in why} == {}
    was, again = fulls(kept), fulls(nodes(found.definitions))
    names = [id_ for id_ in kept if id_.startswith("metric.") and id_.partition(".")[2] not in found.lost]
    assert len(names) >= 100
    assert {id_: again[id_] for id_ in names} == {id_: was[id_] for id_ in names}


def test_a_file_without_workflows_is_restored_too(tmp_path: Path) -> None:
    """The rule of active that stands there unwritten names core workflows, of which there are none."""
    path = tmp_path / "metrics.yaml"
    source = "{path: s.csv, columns: {account: a, start: s, end: e, mrr: m}}"
    path.write_text(
        f"version: 1\nproduct: p\nsources: {{subscriptions: {source}}}\npublish: [revenue]\n", encoding="utf-8"
    )
    now = load(path, REGISTRY)
    found = restored(nodes(now), now, REGISTRY)
    assert found.definitions is not None
    assert not found.lost


def test_restored_definitions_give_the_same_numbers(company: Company) -> None:
    """As the file is, and as the lock has it: cell by cell."""
    company.edit('keep: ">= 90%"', 'keep: ">= 80%"')
    found = examined(check(company.path)).findings
    [moved] = [each for finding in found if isinstance(finding, Change) for each in finding.impact]
    assert (moved.periods, moved.moved) == (4, 0)
    assert moved.flips == ()


# Impact: differences by hand


def values(*rows: tuple[str, date, float | None, str]) -> pl.DataFrame:
    """Values of a metric by month."""
    wanted = {"metric": "m", "grain": "month"}
    return pl.DataFrame(
        [{**wanted, "cut": cut or None, "period": period, "value": value, "status": status}
         for cut, period, value, status in rows], schema=VALUES,
    )  # fmt: skip


def test_differences_by_hand() -> None:
    """10, 20, 40, 0 become 12, 20, 30, 5: differences are 2, 0, -10, 5; shares 20 %, 0 and -25 % of what was not 0."""
    before = values(
        ("", JULY, 10, "ok"), ("", AUGUST, 20, "ok"), ("", SEPTEMBER, 40, "low_n"), ("", OCTOBER, 0, "ok"),
        ("", date(2026, 11, 1), 7, "partial"),
        ("x", JULY, 1, "ok"), ("x", AUGUST, 1, "ok"), ("x", SEPTEMBER, None, "undefined"),
    )  # fmt: skip
    after = values(
        ("", JULY, 12, "ok"), ("", AUGUST, 20, "ok"), ("", SEPTEMBER, 30, "ok"), ("", OCTOBER, 5, "ok"),
        ("", date(2026, 11, 1), 9, "partial"),
        ("x", JULY, None, "undefined"), ("x", AUGUST, 1, "ok"), ("x", SEPTEMBER, 3, "ok"),
    )  # fmt: skip
    rows = effects(paired(before, after)).sort("cut", nulls_last=False)
    numbers = ["periods", "moved", "median", "median_share", "period", "largest", "largest_share", "before", "after"]
    assert rows.select(numbers).row(0) == (4, 3, 1.0, 0.0, SEPTEMBER, -10.0, -0.25, 40.0, 30.0)
    assert rows.select("periods", "moved", "median", "gone", "come").row(1) == (1, 0, 0.0, 1, 1)


def test_only_the_last_periods_are_looked_at() -> None:
    before = values(*(("", date(2026, month, 1), 1.0, "ok") for month in range(1, 8)))
    after = values(*(("", date(2026, month, 1), float(month), "ok") for month in range(1, 8)))
    [row] = effects(paired(before, after, span=3)).iter_rows(named=True)
    assert (row["periods"], row["median"], row["period"]) == (3, 5.0, JULY)


def test_an_edit_under_numbers_is_told_in_numbers(company: Company) -> None:
    """Posted within five minutes was no run: 100, 67, 100 and 75 % become 0; of pro 100, 50, 100 and 100 %."""
    company.edit("within: 24h", "within: 5m")
    found = company.impact()
    assert set(found) == {"completion_rate"}
    rate = found["completion_rate"]
    assert (rate.periods, rate.moved, rate.median, rate.largest, rate.period) == (4, 4, -0.875, -1.0, "2026-09-01")
    assert (rate.before, rate.after) == (1.0, 0.0)
    assert {flip.target: (flip.met, flip.missed) for flip in rate.flips} == {
        "completion_rate": ((), ("2026-07-01", "2026-09-01")),
        "completion_rate[plan=pro]": ((), ("2026-07-01", "2026-09-01", "2026-10-01")),
    }


def test_a_target_that_was_eased_turns(company: Company) -> None:
    """Of 100, 150, 350 and 340 none is 400; two are 300."""
    company.edit('reach: ">= 400"', 'reach: ">= 300"')
    [mrr] = company.impact().values()
    assert [(flip.target, flip.met, flip.missed) for flip in mrr.flips] == [
        ("mrr@2026-12-31", ("2026-09-01", "2026-10-01"), ())
    ]


def test_a_source_that_is_filtered_otherwise_has_a_pass_of_its_own(company: Company) -> None:
    """Without C, MRR is 100, 150, 150 and 140: 200 less in September and October."""
    company.edit("{path: subscriptions.csv}", "{path: subscriptions.csv, filter: \"account <> 'C'\"}")
    found = company.impact()
    assert (found["mrr"].median, found["mrr"].largest, found["mrr"].moved) == (-100.0, -200.0, 2)
    assert "completion_rate" not in found


@pytest.mark.parametrize(
    ("old", "new", "metric", "why"),
    [
        ("  subscriptions: {path: subscriptions.csv}\n", "", "mrr", GONE),
        ("  mrr: {}\n", "  mrr: {grain: quarter}\n", "mrr", QUARTERLY),
    ],
)  # fmt: skip
def test_what_cannot_be_held_against_what_was_says_why(
    old: str, new: str, metric: str, why: str, company: Company
) -> None:
    company.edit(old, new)
    if "subscriptions" in old:
        company.edit("  plan: {expr: {subscriptions: plan}}\n", "  plan: {expr: {accounts: account}}\n")
    assert company.impact()[metric].why == why


def test_a_column_that_is_gone_from_the_export_is_named(company: Company) -> None:
    """The lock reads `account`, the export has `workspace` by now, and the definitions follow it."""
    company.edit("event,at,account,run_id", "event,at,workspace,run_id", "events.csv")
    company.edit("events: {path: events.csv}", "events: {path: events.csv, columns: {account: workspace}}")
    why = company.impact()["completion_rate"].why
    assert why.startswith("what was accepted cannot be computed: ")
    assert "account" in why


# Versions in force


def spanned(*versions: tuple[int, str | None]) -> list[tuple[int | str | None, ...]]:
    """The days on which versions hold, of number and `since` in order."""
    said = [Version(number, f"f{number}", since) for number, since in versions]
    entry = Entry(Node("metric", "m", {}), version=said[-1], past=tuple(said[:-1]))
    days = [(span.since, span.until) for span in spans(entry)]
    texts = [tuple(day.isoformat() if day else None for day in pair) for pair in days]
    return [(span.version.number, *pair) for span, pair in zip(spans(entry), texts, strict=True)]


def test_a_version_holds_until_the_next_one_does() -> None:
    assert spanned((1, None)) == [(1, None, None)]
    assert spanned((1, "2026-01-05"), (2, "2026-10-01")) == [(1, None, "2026-10-01"), (2, "2026-10-01", None)]
    assert spanned((1, None), (2, None)) == [(2, None, None)]
    assert spanned((1, None), (2, "2026-10-01"), (3, "2026-09-01")) == [
        (1, None, "2026-09-01"),
        (3, "2026-09-01", None),
    ]


def cells(result: Result, metric: str = "completion_rate") -> dict[date, float | None]:
    """The values of a metric at the total."""
    rows = result.values.filter((pl.col("metric") == metric) & pl.col("cut").is_null() & pl.col("segment").is_null())
    return dict(rows.filter(pl.col("status") == "ok").select("period", "value").iter_rows())


def test_each_period_is_computed_as_it_was_defined(company: Company) -> None:
    """Before the edit the numbers of the file as it was, then those of the file as it is; three versions."""
    ask = Ask(("completion_rate", "mrr"), as_of=date(2026, 11, 10), by=(("plan",),))
    first = compute_now(company.path, ask)
    company.edit("within: 24h", "within: 5m")
    company.lock("invoicing", since=AUGUST)
    second = compute_now(company.path, ask)
    company.edit("within: 5m", "within: 20m")
    company.lock("invoicing", since=OCTOBER)
    third = compute_now(company.path, ask)
    found = compute(company.path, ask, as_defined=True)
    assert cells(found) == {JULY: 1.0, AUGUST: 0.0, SEPTEMBER: 0.0, OCTOBER: 0.75}
    assert cells(found, "mrr") == {JULY: 100.0, AUGUST: 150.0, SEPTEMBER: 350.0, OCTOBER: 340.0}
    period, own = pl.col("period"), pl.col("metric") == "completion_rate"
    parts = [
        first.values.filter(own & (period < AUGUST)),
        second.values.filter(own & (period >= AUGUST) & (period < OCTOBER)),
        third.values.filter(own & (period >= OCTOBER)),
        third.values.filter(~own),
    ]
    key = ["metric", "cut", "segment", "segment_value", "period"]
    assert found.values.drop("version").sort(key).equals(pl.concat(parts).sort(key))
    versions = found.values.filter(own).group_by("period").agg(pl.col("version").unique()).sort("period")
    assert {day: only for day, [only] in versions.tail(5).iter_rows()} == {
        JULY: 1, AUGUST: 2, SEPTEMBER: 2, OCTOBER: 3, date(2026, 11, 1): 3,
    }  # fmt: skip


def test_an_unlocked_edit_is_no_version(company: Company) -> None:
    """What is in force is what was accepted, whatever is written."""
    company.edit("within: 24h", "within: 5m")
    ask = Ask(("completion_rate",), as_of=date(2026, 11, 10))
    assert set(cells(compute(company.path, ask)).values()) == {0.0}
    assert cells(compute(company.path, ask, as_defined=True))[OCTOBER] == 0.75


def test_a_version_whose_document_is_gone_leaves_no_number(company: Company) -> None:
    company.edit("within: 24h", "within: 5m")
    company.lock("invoicing", since=OCTOBER)
    shutil.rmtree(company.path.with_name("metrics.history"))
    found = compute(company.path, Ask(("completion_rate",), as_of=date(2026, 11, 10)), as_defined=True)
    assert cells(found) == {OCTOBER: 0.0}
    september = found.values.filter(pl.col("period") == SEPTEMBER)
    assert september["reason"].unique().to_list() == ["version 1: it is in no document under metrics.history"]


def test_an_edit_of_what_many_rest_on_closes_one_document(company: Company) -> None:
    company.edit("success: invoice_posted", "success: {any: [invoice_posted, invoice_sent]}")
    company.lock("invoicing", since=OCTOBER)
    [document] = company.path.with_name("metrics.history").iterdir()
    found = read_lock(company.path.with_name("metrics.lock"))
    assert found is not None
    because = {entry.node.name: entry.version.because for entry in found.entries.values() if entry.version}
    assert {name for name, cause in because.items() if cause} == {
        "completion_rate", "north_star", "waa", "workflow_successes",
    }  # fmt: skip
    assert set(because.values()) == {None, "workflow.invoicing"}
    assert document.read_text(encoding="utf-8").count("invoice_posted") == 1


def test_a_metric_that_was_called_otherwise_is_found_under_its_old_name(company: Company) -> None:
    company.edit("  mrr: {}\n", "  mrr: {}\n  posts: {event: invoice_posted, grain: month}\n")
    company.lock("posts")
    company.edit("  posts: {event: invoice_posted", "  sends: {renamed_from: posts, event: invoice_started")
    company.lock("sends", since=OCTOBER)
    ask = Ask(("sends",), as_of=date(2026, 11, 10))
    # Posted until September, started in October: 2, 2, 2 and 4.
    assert cells(compute(company.path, ask, as_defined=True), "sends") == {JULY: 2, AUGUST: 2, SEPTEMBER: 2, OCTOBER: 4}


def test_old_and_new_are_told_side_by_side_while_it_was_agreed(company: Company) -> None:
    company.edit("within: 24h", "within: 5m")
    company.lock("invoicing", since=OCTOBER, overlap="4w")
    for day, beside in (
        (date(2026, 9, 30), False),
        (OCTOBER, True),
        (date(2026, 10, 28), True),
        (date(2026, 10, 29), False),
    ):
        found = compute(company.path, Ask(("completion_rate",), as_of=day))
        assert ("completion_rate@1" in found.values["metric"].unique()) is beside, day
    found = compute(company.path, Ask(("completion_rate",), as_of=date(2026, 11, 10)), overlap=Duration(4, "w"))
    assert cells(found, "completion_rate@1") == {JULY: 1.0, AUGUST: 2 / 3, SEPTEMBER: 1.0, OCTOBER: 0.75}
    assert set(cells(found).values()) == {0.0}
    assert [(each.name, each.beside) for each in found.along][:1] == [("completion_rate@1", "completion_rate")]
