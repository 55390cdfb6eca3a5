"""Tracking drift: what is seen of the logs is what SQL counts, and every rule finds its planted fault and no other."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from functools import cache
from pathlib import Path

import duckdb
import polars as pl
import pytest

from conftest import ROOT
from reads import Reads
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.load import load
from saasmetrics.definitions.tracked import tracking_plan
from saasmetrics.engine.linked import linked
from saasmetrics.engine.observed import observed
from saasmetrics.engine.sighted import sighted
from saasmetrics.engine.store import usable
from saasmetrics.examination import check, examined, lock
from saasmetrics.finding import Finding, Severity
from saasmetrics.frames.sightings import Sightings
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lint.index import RULES, by_code, drift
from saasmetrics.lint.rule import PARTS, Rule
from saasmetrics.lint.tracking import rules as rooms
from saasmetrics.lint.tracking.breaks import usual
from saasmetrics.lint.tracking.index import TRACKING
from saasmetrics.lock.asking import Given
from saasmetrics.lock.keeping import keep
from saasmetrics.sources.open import open_sources

# The rules


def test_rules_are_in_the_index_once_and_in_order() -> None:
    codes = [rule.code for rule in TRACKING]
    assert codes == sorted(set(codes))
    assert not {*codes} & {rule.code for rule in RULES}
    files = {path.stem for path in Path(rooms.__path__[0]).glob("*.py")} - {"__init__"}
    assert files == {rule.name.replace("-", "_") for rule in TRACKING}


@pytest.mark.parametrize("rule", TRACKING, ids=lambda rule: rule.code)
def test_a_rule_has_a_manual_page_and_a_case(rule: Rule) -> None:
    assert tuple(rule.parts) == PARTS
    assert by_code(rule.code) is rule is by_code(rule.name)
    assert rule.code in FAULTS


# A company whose log is in order: thirty weeks of three accounts a day, then one fault each

DEFINITIONS = """version: 1
sources:
  events:
    path: events.csv
    ignore_events: ["debug_*"]
  accounts: {path: accounts.csv}
segments:
  size: {buckets: {small: "value = 'S'", large: "value = 'L'"}}
workflows:
  invoicing: {attempt: invoice_started, success: invoice_posted, run: run}
features:
  exports: {any: [export_created]}
north_star: workflow_successes.invoicing
metrics:
  completion_rate: {}
  feature_adoption_rate: {}
"""

START = datetime(2026, 1, 5, 9, tzinfo=UTC)
WEEKS = 30
LAST = datetime(2026, 7, 27, tzinfo=UTC)
"""The Monday of the last week; it and the one before are complete, since the log ends on the Sunday after it."""


def log() -> pl.DataFrame:
    """Grain: a row of the log. Each day three of twelve accounts begin, post and export once; each week all twelve."""
    days = pl.DataFrame({"day": range(WEEKS * 7)})
    turns = days.join(pl.DataFrame({"turn": range(3)}), how="cross")
    steps = pl.DataFrame({"event": ["invoice_started", "invoice_posted", "export_created"], "minute": [0, 5, 30]})
    number = (pl.col("day") * 3 + pl.col("turn")) % 12
    rows = turns.join(steps, how="cross").with_columns(
        at=pl.lit(START) + pl.duration(days="day", hours="turn", minutes="minute"),
        account=pl.format("a{}", number),
        run=pl.when(pl.col("event") != "export_created").then(pl.format("r{}-{}", "day", "turn")),
    )
    return rows.select("event", "at", "account", "run")


def accounts() -> pl.DataFrame:
    names = [f"a{number}" for number in range(12)]
    return pl.DataFrame({"account": names, "created": ["2025-12-01"] * 12, "size": ["S"] * 6 + ["L"] * 6})


def written(
    folder: Path, rows: pl.DataFrame, text: str = DEFINITIONS, known: pl.DataFrame | None = None
) -> Definitions:
    rows.sort("at").with_columns(pl.col("at").dt.to_string("iso:strict")).write_csv(folder / "events.csv")
    (accounts() if known is None else known).write_csv(folder / "accounts.csv")
    (folder / "metrics.yaml").write_text(text, encoding="utf-8")
    return load(folder / "metrics.yaml", REGISTRY)


def found(definitions: Definitions) -> list[Finding]:
    seen = sighted(definitions, open_sources(definitions))
    assert seen is not None
    return drift(definitions, seen)


def renamed(name: str, weeks: int = 6) -> Callable[[pl.DataFrame], pl.DataFrame]:
    """The export goes by another name for the last weeks."""
    late = pl.col("at") >= LAST - timedelta(weeks=weeks - 1)

    def edit(rows: pl.DataFrame) -> pl.DataFrame:
        turned = pl.when((pl.col("event") == "export_created") & late).then(pl.lit(name)).otherwise("event")
        return rows.with_columns(event=turned)

    return edit


def silenced(rows: pl.DataFrame) -> pl.DataFrame:
    return rows.filter((pl.col("event") != "export_created") | (pl.col("at") < LAST))


def doubled(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([rows, rows.filter(pl.col("event") == "export_created", pl.col("at") >= LAST)])


def emptied(rows: pl.DataFrame) -> pl.DataFrame:
    """In the last four weeks one posting a day of three has lost its run."""
    lost = (pl.col("event") == "invoice_posted") & (pl.col("at") >= LAST - timedelta(weeks=3))
    lost &= pl.col("at").dt.hour() == 9
    return rows.with_columns(run=pl.when(~lost).then("run"))


def strange(rows: pl.DataFrame) -> pl.DataFrame:
    new = rows.filter(pl.col("event") == "export_created", pl.col("at") >= LAST - timedelta(weeks=3)).head(20)
    return pl.concat([rows, new.with_columns(event=pl.lit("quote_accepted"))])


def unattempted(rows: pl.DataFrame) -> pl.DataFrame:
    """In the last four weeks one run of three is posted from elsewhere, on working days."""
    gone = (pl.col("event") == "invoice_started") & (pl.col("at") >= LAST - timedelta(weeks=3))
    return rows.filter(~(gone & (pl.col("at").dt.hour() == 9) & (pl.col("at").dt.weekday() <= 5)))


def holed(rows: pl.DataFrame) -> pl.DataFrame:
    return pl.concat([rows.filter(pl.col("at").dt.date() != LAST.date() - timedelta(days=3))] * 2)


Edit = Callable[[pl.DataFrame], pl.DataFrame]
FAULTS: dict[str, tuple[Edit, str, str]] = {
    "SM981": (silenced, "exports: {any", "`export_created` is silent since the period of 2026-07-27"),
    "SM982": (doubled, "exports: {any", "`export_created` came 42 times in the week of 2026-07-27, 21 are usual"),
    "SM983": (lambda rows: rows.drop("run"), "invoicing: {att", "no log of events has the column `run`"),
    "SM984": (emptied, "invoicing: {att", "`run` of `invoice_posted` is empty in 33% of the rows, 0% before"),
    "SM985": (strange, "events:", "`quote_accepted` makes up 7.4% of the events, and no definition knows it"),
    "SM986": (renamed("report_exported"), "exports: {any", "`export_created` is most likely called `report_exported`"),
    "SM987": (
        lambda rows: rows,
        "size: {buckets",
        "no bucket of `size` takes 2 of 12 accounts, such as those with `M`",
    ),
    "SM988": (lambda rows: rows, "accounts: {", "91.7% of the events come from accounts of `accounts`, 100.0% before"),
    "SM989": (unattempted, "invoicing: {att", "20 of 84 runs of `invoicing` succeeded without an attempt"),
    "SM990": (holed, "events:", "`events` has no row on 2026-07-24"),
}
"""By code: what is done to the log, how the line that is told of begins, and how the message does."""


def test_a_log_in_order_has_no_drift(tmp_path: Path) -> None:
    assert [str(finding) for finding in found(written(tmp_path, log()))] == []


@pytest.mark.parametrize("code", FAULTS)
def test_a_rule_finds_its_planted_fault_and_no_other_does(code: str, tmp_path: Path) -> None:
    edit, line, message = FAULTS[code]
    rows, known = edit(log()), accounts()
    if code == "SM987":
        known = known.with_columns(
            size=pl.when(pl.col("account").is_in(["a0", "a1"])).then(pl.lit("M")).otherwise("size")
        )
    if code == "SM988":
        # A thirteenth account takes the place of one, from then on.
        late = (pl.col("account") == "a3") & (pl.col("at") >= LAST - timedelta(weeks=3))
        rows = rows.with_columns(account=pl.when(late).then(pl.lit("a12")).otherwise("account"))
    (finding,) = found(written(tmp_path, rows, known=known))
    assert finding.code == code
    assert finding.message.startswith(message)
    assert finding.location is not None
    assert DEFINITIONS.splitlines()[finding.location.line - 1].lstrip().startswith(line)
    assert finding.hint
    assert finding.object


def test_a_finding_says_which_metrics_it_reaches(tmp_path: Path) -> None:
    (silent,) = found(written(tmp_path, silenced(log())))
    assert silent.message.endswith("; it reaches feature_adoption_rate (supporting)")
    (gone,) = found(written(tmp_path, log().drop("run")))
    assert gone.message.endswith("; it reaches workflow_successes (north star), completion_rate (core)")
    assert gone.severity is Severity.ERROR


def test_an_event_that_was_never_seen_is_told(tmp_path: Path) -> None:
    text = DEFINITIONS.replace("[export_created]", "[export_created, exprot_done]")
    (finding,) = found(written(tmp_path, log(), text))
    assert (finding.code, finding.object) == ("SM981", "event.exprot_done")
    assert finding.message.startswith("`exprot_done` was never seen")


def test_a_month_without_a_rare_event_is_silence(tmp_path: Path) -> None:
    """Three a week are too few to miss in a week, and twelve a month are not too few in a month."""
    rare = (pl.col("event") != "export_created") | (
        (pl.col("at").dt.weekday() == 2) & (pl.col("at") < START + timedelta(weeks=17))
    )
    (finding,) = found(written(tmp_path, log().filter(rare)))
    assert finding.code == "SM981"
    assert "silent since the period of 2026-06-01" in finding.message or "2026-05-01" in finding.message


def test_another_event_that_begins_elsewhere_is_no_rename(tmp_path: Path) -> None:
    """The old one stops and a new one begins, at other accounts: a silence and an unknown event."""
    rows = renamed("report_exported")(log())
    rows = rows.with_columns(
        account=pl.when(pl.col("event") == "report_exported").then(pl.lit("a0")).otherwise("account")
    )
    assert {finding.code for finding in found(written(tmp_path, rows))} == {"SM981", "SM985"}


def test_what_is_ignored_or_filtered_by_is_known(tmp_path: Path) -> None:
    rows = strange(log())
    quiet = DEFINITIONS.replace('["debug_*"]', '["quote_*"]')
    assert found(written(tmp_path, rows, quiet)) == []
    other = "  quotes: {role: requests, path: events.csv, filter: \"event = 'quote_accepted'\"}\n"
    assert found(written(tmp_path, rows, DEFINITIONS.replace("  accounts:", f"{other}  accounts:"))) == []


def test_select_and_ignore_hold_for_drift(tmp_path: Path) -> None:
    text = f"{DEFINITIONS}lint: {{ignore: {{SM981: the beta ended}}}}\n"
    assert found(written(tmp_path, silenced(log()), text)) == []
    text = f"{DEFINITIONS}lint: {{select: [SM982]}}\n"
    assert found(written(tmp_path, silenced(log()), text)) == []


def test_an_earlier_end_sees_what_was_there_then(tmp_path: Path) -> None:
    definitions = written(tmp_path, silenced(log()))
    seen = sighted(definitions, open_sources(definitions), LAST)
    assert seen is not None
    assert seen.as_of == LAST
    assert drift(definitions, seen) == []


def test_without_a_log_of_events_nothing_is_seen(tmp_path: Path) -> None:
    (tmp_path / "metrics.yaml").write_text("version: 1\nsources: {accounts: {path: accounts.csv}}\n", encoding="utf-8")
    accounts().write_csv(tmp_path / "accounts.csv")
    definitions = load(tmp_path / "metrics.yaml", REGISTRY)
    assert sighted(definitions, open_sources(definitions)) is None


def test_what_is_usual_follows_a_trend_and_allows_for_scatter() -> None:
    grown = [100, 110, 121, 133, 146, 161, 177, 195, 214]  # a tenth more each week
    assert usual(pl.Series(grown[:7])) is None
    trend = usual(pl.Series(grown))
    assert trend is not None
    assert trend.expected == pytest.approx(214, abs=2)
    assert trend.holds(214)
    assert not trend.holds(180)


# With numbers


def test_what_new_accounts_did_is_held_beside_whether_they_were_kept(tmp_path: Path) -> None:
    """a1 posted twice in its first four weeks and once in the ninth; a2 three times, and then too late; a3 never."""
    day = datetime(2026, 1, 10, 12, tzinfo=UTC)
    moments = {"a0": [-9], "a1": [0, 27, 28, 56], "a2": [1, 2, 3, 84]}
    rows = [("invoice_posted", day + timedelta(days=n), name, "r") for name, ns in moments.items() for n in ns]
    log_ = pl.DataFrame(rows, ["event", "at", "account", "run"], orient="row")
    known = pl.DataFrame({"account": ["a0", "a1", "a2", "a3"], "created": ["2025-01-01", *["2026-01-10 12:00:00"] * 3]})
    definitions = written(tmp_path, log_, known=known.with_columns(size=pl.lit("S")))
    sources = open_sources(definitions)
    told = linked(definitions, sources, day + timedelta(days=85))
    assert told is not None
    assert told.select("account", "amount", "kept").rows() == [("a1", 2, True), ("a2", 3, False), ("a3", 0, False)]
    assert told["cohort"].unique().to_list() == [date(2026, 1, 1)]
    young = linked(definitions, sources, day + timedelta(days=83))
    assert young is not None
    assert young.height == 0


def test_a_north_star_that_is_no_workflow_has_no_link(tmp_path: Path) -> None:
    definitions = written(tmp_path, log(), DEFINITIONS.replace("workflow_successes.invoicing", "waa"))
    assert linked(definitions, open_sources(definitions), LAST) is None


def looked_at(definitions: Definitions, as_of: date | None = None) -> list[Finding]:
    """What the data adds to a check."""
    checked = check(definitions.path)
    return [finding for finding in examined(checked, as_of=as_of).findings if finding not in checked.findings]


def test_an_examination_looks_at_numbers_rows_and_logs(tmp_path: Path) -> None:
    """A log that fell silent, money in two currencies that nothing converts, held as floats in a Parquet file."""
    paid = pl.DataFrame(
        {"account": ["a0", "a1"], "start": ["2026-01-01"] * 2, "mrr": [10.0, 20.0], "currency": ["EUR", "usd"]}
    )
    paid.write_parquet(tmp_path / "subscriptions.parquet")
    text = DEFINITIONS.replace("segments:", "  subscriptions: {path: subscriptions.parquet}\nsegments:", 1)
    definitions = written(tmp_path, silenced(log()), text)
    findings = looked_at(definitions)
    assert {(finding.code, finding.object) for finding in findings} == {
        ("SM505", "source.subscriptions"),
        ("SM808", "source.subscriptions"),
        ("SM981", "event.export_created"),
    }
    (mixed,) = [finding for finding in findings if finding.code == "SM505"]
    assert "amounts in EUR, USD" in mixed.message
    assert mixed.severity is Severity.WARNING
    keep(definitions.path, lock(definitions.path, Given())[1])
    locked = looked_at(definitions)
    assert [finding.severity for finding in locked if finding.code == "SM505"] == [Severity.ERROR]


@pytest.mark.parametrize("as_of", [None, LAST])
def test_all_that_is_seen_of_logs_and_tables_takes_one_reading(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, as_of: datetime | None
) -> None:
    definitions = written(tmp_path, log())
    reads = Reads()
    reads.watch(monkeypatch)
    sources = open_sources(definitions)
    tables = {"accounts": usable(sources.tables["accounts"].frame.collect())}
    seen = sighted(definitions, sources, as_of, tables)
    held = observed(sources, definitions.settings.calendar, LAST.date(), seen, tables)
    assert held.active["rows"].sum() == log().height
    for file in ("events.csv", "accounts.csv"):
        assert set(reads.often(file).values()) == {1}, file


def test_an_examination_as_of_an_earlier_day_sees_what_was_there_then(tmp_path: Path) -> None:
    definitions = written(tmp_path, silenced(log()))
    assert looked_at(definitions, LAST.date() - timedelta(days=1)) == []


# The example


@cache
def example() -> tuple[Definitions, Sightings]:
    definitions = load(ROOT / "metrics.yaml", REGISTRY)
    seen = sighted(definitions, open_sources(definitions))
    assert seen is not None
    return definitions, seen


def test_the_planted_rename_of_the_example_is_found_and_nothing_else() -> None:
    definitions, seen = example()
    (finding,) = drift(definitions, seen)
    assert (finding.code, finding.object, finding.severity) == ("SM986", "event.export_created", Severity.ERROR)
    assert "`report_exported`" in finding.message
    assert finding.hint == "write {any: [export_created, report_exported]} in its place"
    assert finding.location == definitions.written.at(("features", "exports", "any", 0))


def test_with_both_names_written_the_example_has_no_drift(tmp_path: Path) -> None:
    text = (ROOT / "metrics.yaml").read_text(encoding="utf-8")
    both = text.replace("{any: [export_created]", "{any: [export_created, report_exported]")
    (tmp_path / "metrics.yaml").write_text(both, encoding="utf-8")
    definitions = load(tmp_path / "metrics.yaml", REGISTRY, data_root=ROOT)
    assert drift(definitions, example()[1]) == []


def test_the_plan_of_the_example_is_all_that_it_refers_to() -> None:
    plan = tracking_plan(example()[0])
    text = (ROOT / "metrics.yaml").read_text(encoding="utf-8")
    assert len(plan.events) == 32
    assert all(event in text for event in plan.events)
    assert plan.columns["invoice_posted"].keys() == {"invoice_id", "amount_eur"}
    assert plan.columns["help_opened"].keys() == {"area"}


def test_what_is_seen_of_the_example_is_what_sql_counts() -> None:
    _, seen = example()
    engine = duckdb.connect()
    engine.sql("SET TimeZone = 'Europe/Berlin'")
    files = ROOT / "examples" / "ledgerly" / "data"
    engine.sql(
        f"CREATE VIEW rows AS SELECT *, date_trunc('week', ts)::DATE AS week FROM '{files}/events/*.parquet' "
        "WHERE is_test IS DISTINCT FROM TRUE"
    )
    engine.sql(f"CREATE VIEW accounts AS SELECT id FROM '{files}/accounts.csv' WHERE is_internal IS DISTINCT FROM TRUE")
    known = "count(*) FILTER (workspace_id IN (FROM accounts))"
    weeks = f"SELECT name, week, count(*), {known} FROM rows GROUP BY ALL ORDER BY ALL"
    assert seen.weeks.rows() == engine.sql(weeks).fetchall()
    actives = "SELECT week, count(DISTINCT workspace_id) FROM rows GROUP BY ALL ORDER BY ALL"
    assert seen.actives.rows() == engine.sql(actives).fetchall()
    pairs = "SELECT name, workspace_id, count(*) FROM rows WHERE workspace_id IS NOT NULL GROUP BY ALL ORDER BY ALL"
    assert seen.pairs.select("event", "account", "rows").rows() == engine.sql(pairs).fetchall()
    days = "SELECT 'events', ts::DATE, count(*) FROM rows GROUP BY ALL ORDER BY ALL"
    assert seen.days.filter(pl.col("source") == "events").rows() == engine.sql(days).fetchall()
    posted = "FROM rows WHERE name = 'invoice_posted' GROUP BY ALL ORDER BY ALL"
    nulls = f"SELECT week, count(*) FILTER (invoice_id IS NULL) {posted}"
    mine = seen.nulls.filter(pl.col("event") == "invoice_posted", pl.col("column") == "invoice_id").sort("week")
    assert mine.select("week", "nulls").rows() == engine.sql(nulls).fetchall()
    runs = """
        WITH runs AS (
            SELECT workspace_id, order_id, min(week) FILTER (name = 'order_received') AS week,
                bool_or(name = 'order_started') AS tried
            FROM rows WHERE name IN ('order_started', 'order_received') AND order_id IS NOT NULL GROUP BY ALL
        )
        SELECT week, count(*), count(*) FILTER (NOT tried) FROM runs WHERE week IS NOT NULL GROUP BY ALL ORDER BY ALL"""
    mine = seen.runs.filter(pl.col("workflow") == "purchase").select("week", "successes", "orphans")
    assert mine.rows() == engine.sql(runs).fetchall()
