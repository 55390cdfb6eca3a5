"""The demo: the same seed gives the same files, the stories in them are true, and it needs no more memory for more."""

from __future__ import annotations

import gzip
import hashlib
import json
import os
import re
import subprocess
import sys
import tracemalloc
from datetime import date
from pathlib import Path
from typing import TypedDict

import duckdb
import polars as pl
import pyarrow.parquet as pq
import pytest

from saasmetrics.demo import activity, company
from saasmetrics.demo.activity import Activity
from saasmetrics.demo.company import metrics_yaml, write
from saasmetrics.demo.span import Span
from saasmetrics.finding import InputError
from saasmetrics.frames.canonical import ROLES

ROOT = Path(__file__).parent.parent
EXAMPLE = ROOT / "examples" / "ledgerly"


class Size(TypedDict):
    """Arguments of a demo."""

    accounts: int
    months: int
    seed: int
    events: int


SMALL = Size(accounts=150, months=12, seed=3, events=120_000)


def digests(folder: Path) -> dict[str, str]:
    """Digest of every file under a folder."""
    files = (path for path in sorted(folder.rglob("*")) if path.is_file())
    return {path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    write(folder, **SMALL)
    return folder


@pytest.fixture(scope="module", params=["example", "another seed", "daily files"])
def told(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with STORIES.md: the committed one, and others."""
    if request.param == "example":
        return EXAMPLE
    folder = tmp_path_factory.mktemp("told")
    if request.param == "another seed":
        write(folder, accounts=300, months=15, seed=11, events=300_000)
    else:
        write(folder, accounts=200, months=9, seed=5, events=200_000, layout="daily", until=date(2026, 9, 30))
    return folder


class Exports:
    """The exports of a folder, asked by an engine that shares no code with the tool."""

    def __init__(self, folder: Path) -> None:
        self.data = folder / "data"
        self.stories = (folder / "STORIES.md").read_text(encoding="utf-8")
        self.engine = duckdb.connect()
        self.engine.execute("SET timezone = 'UTC'")
        for name, log in (("delivered", "events"), ("requests", "requests")):
            self.engine.execute(
                f"CREATE TABLE {name} AS SELECT * FROM read_parquet('{self.data}/{log}/*.parquet', filename = 'file')"
            )
        self.engine.execute("CREATE TABLE events AS SELECT DISTINCT * EXCLUDE (file) FROM delivered")
        for name, file in (
            ("accounts", "accounts.csv"),
            ("users", "users.csv"),
            ("items", "subscriptions.csv"),
            ("tickets", "tickets.csv.gz"),
            ("touches", "touches.csv.zst"),
        ):
            self.engine.execute(
                f"CREATE TABLE {name} AS SELECT * FROM read_csv('{self.data}/{file}', sample_size = -1)"
            )

    def one(self, query: str, *values: object) -> tuple[float, ...]:
        """The only row of a query."""
        row = self.engine.execute(query, list(values)).fetchone()
        assert row is not None
        return tuple(row)

    def section(self, story: str) -> str:
        """The text of one story."""
        return self.stories.split(f"## {story} ")[1].split("\n## ")[0]

    def found(self, story: str, pattern: str) -> str:
        """What a pattern captures in a story."""
        match = re.search(pattern, self.section(story))
        assert match, (pattern, self.section(story))
        return match.group(1)

    def number(self, story: str, pattern: str) -> int:
        """A whole number in a story."""
        return int(self.found(story, pattern).replace(",", ""))


@pytest.fixture(scope="module")
def exports(told: Path) -> Exports:
    return Exports(told)


# The same arguments give the same files


def test_same_arguments_give_the_same_bytes_in_another_process(small: Path, tmp_path: Path) -> None:
    call = f"from pathlib import Path; from saasmetrics.demo.company import write; write(Path('again'), **{SMALL})"
    surroundings = {"PYTHONHASHSEED": "99", "TZ": "Asia/Tokyo", "POLARS_MAX_THREADS": "1", "OMP_NUM_THREADS": "1"}
    environment = os.environ | surroundings | {"PYTHONPATH": str(ROOT / "src")}
    subprocess.run([sys.executable, "-c", call], cwd=tmp_path, env=environment, check=True)
    assert digests(tmp_path / "again") == digests(small)


def test_another_seed_is_another_company(small: Path, tmp_path: Path) -> None:
    write(tmp_path, accounts=150, months=12, seed=4, events=120_000)
    first, second = digests(small), digests(tmp_path)
    assert first.keys() == second.keys()
    same = {name for name, digest in first.items() if second[name] == digest}
    assert same == {"metrics.yaml", "data/fx.csv"}


def contents(path: Path) -> object:
    """What a file says, whatever a compressor made of it."""
    if path.suffix == ".parquet":
        return pq.read_table(path)
    if path.suffix == ".gz":
        return gzip.decompress(path.read_bytes())
    if path.suffix == ".zst":
        return pl.read_csv(path).to_dicts()
    return path.read_bytes()


def test_the_example_is_what_its_page_says(tmp_path: Path) -> None:
    page = (EXAMPLE / "README.md").read_text(encoding="utf-8")
    command = re.search(r"saasmetrics demo DIR(.*)", page)
    assert command
    given = {name: int(value) for name, value in re.findall(r"--(\w+) (\d+)", command.group(1))}
    size = Size(accounts=given["accounts"], months=given["months"], seed=given["seed"], events=given["events"])
    assert size == given
    write(tmp_path, **size)
    ours = {name for name in digests(tmp_path) if name != "metrics.yaml"}
    assert ours == set(digests(EXAMPLE)) - {"README.md"}
    for name in sorted(ours):
        assert contents(tmp_path / name) == contents(EXAMPLE / name), name
    assert sum(path.stat().st_size for path in EXAMPLE.rglob("*") if path.is_file()) < 5_000_000


def test_the_definition_file_at_the_top_is_the_template(small: Path) -> None:
    assert (ROOT / "metrics.yaml").read_text(encoding="utf-8") == metrics_yaml("examples/ledgerly/data")
    assert (small / "metrics.yaml").read_text(encoding="utf-8") == metrics_yaml("data")
    assert "DATA_FOLDER" not in metrics_yaml("data")


def test_the_definition_file_names_a_source_for_every_role_and_every_file(small: Path) -> None:
    text = (small / "metrics.yaml").read_text(encoding="utf-8")
    sources = text.split("\nsources:\n")[1].split("\nsegments:\n")[0]
    named = set(re.findall(r"^  (\w+):", sources, re.MULTILINE))
    assert named - {"saves"} == set(ROLES) - {"aliases"}
    paths = re.findall(r"path: (\S+)", sources)
    written = {name for name in digests(small) if name.startswith("data/")}
    assert {name for name in written if any(Path(name).match(path) for path in paths)} == written
    endings = {Path(path).name.split(".", 1)[1] for path in paths}
    assert endings == {"parquet", "csv", "csv.gz", "csv.zst", "jsonl"}


# The stories are true


def test_s1_the_incident_dents_completion(exports: Exports) -> None:
    begin, end = re.findall(r"(\d{4}-\d\d-\d\d \d\d:\d\d) UTC", exports.section("S1"))[:2]
    failures = exports.number("S1", r"([\d,]+) failures in all")
    down = "SELECT COUNT(*) FROM events WHERE error_code = 'pdf_gateway_down'"
    assert exports.one(down) == (failures,)
    lasting = "AND ts >= ?::TIMESTAMPTZ AND ts < ?::TIMESTAMPTZ + INTERVAL 5 MINUTE"
    assert exports.one(f"{down} {lasting}", begin, end)[0] >= 0.97 * failures
    rate = """
        SELECT AVG(CAST(posted AS INT)) FROM (
            SELECT invoice_id, MIN(ts) FILTER (name = 'invoice_started') AS began,
                COALESCE(BOOL_OR(name = 'invoice_posted'), FALSE) AS posted
            FROM events WHERE invoice_id IS NOT NULL GROUP BY 1
        ) WHERE began >= ?::TIMESTAMPTZ AND began < ?::TIMESTAMPTZ"""
    day = date.fromisoformat(begin[:10])
    (during,), (before,) = exports.one(rate, begin, end), exports.one(rate, str(date(day.year, 1, 1)), begin)
    assert during < 0.5 < 0.9 < before
    rows = [json.loads(line) for line in (exports.data / "incidents.jsonl").read_text(encoding="utf-8").splitlines()]
    stated = [(row["started_at"], row["severity"], row["affects"]) for row in rows]
    assert (begin.replace(" ", "T") + ":00Z", "sev1", "invoicing") in stated
    urgent = "SELECT COUNT(*) FROM tickets WHERE priority = 'urgent' AND category = 'invoice PDF' AND created_at >= "
    assert exports.one(f"{urgent} ?::TIMESTAMPTZ AND created_at < ?::TIMESTAMPTZ", begin, end)[0] >= 3


def test_s2_starter_accounts_leave_when_their_discount_ends(exports: Exports) -> None:
    last = exports.one("SELECT MAX(ts)::DATE FROM events")[0]
    ended = """
        FROM items WHERE plan_name = 'starter' AND coupon_ends_on >= started_on
            AND coupon_ends_on < COALESCE(ended_on, DATE '2999-01-01') AND coupon_ends_on <= ?::DATE - 74"""
    left = "AND status = 'canceled' AND ended_on <= coupon_ends_on + 75"
    saw = exports.one(f"SELECT COUNT(DISTINCT workspace_id) {ended}", last)[0]
    lost = exports.one(f"SELECT COUNT(DISTINCT workspace_id) {ended} {left}", last)[0]
    assert saw == exports.number("S2", r"([\d,]+) starter accounts")
    assert lost == exports.number("S2", r"([\d,]+) of them left")
    full_price = """
        SELECT SUM(CAST(status = 'canceled' AND ended_on <= CURRENT_DATE AS INT))
            / SUM(DATE_DIFF('day', started_on, LEAST(COALESCE(ended_on, ?::DATE), ?::DATE))) * 75
        FROM items WHERE plan_name = 'starter' AND charge_type = 'recurring' AND coupon_ends_on IS NULL
            AND trial_ends_on IS NULL"""
    usual = exports.one(full_price, last, last)[0]
    assert saw >= 10
    assert lost / saw > 0.25 > 2 * usual


def test_s3_operations_go_silent(exports: Exports) -> None:
    accounts = re.findall(r"ws-\d+", exports.section("S3"))
    since = exports.found("S3", r"From (\d{4}-\d\d-\d\d)")
    logins = """
        SELECT COUNT(*) FILTER (ts >= ?::TIMESTAMPTZ), COUNT(*) FILTER (ts < ?::TIMESTAMPTZ)
        FROM events JOIN users ON users.id = user_id
        WHERE name = 'login' AND job_role = ? AND list_contains(?, events.workspace_id)"""
    assert len(accounts) >= 3
    assert exports.one(logins, since, since, "operations", accounts)[0] == 0
    assert exports.one(logins, since, since, "operations", accounts)[1] > 20
    assert exports.one(logins, since, since, "finance", accounts)[0] > 10


def test_s4_a_large_account_declines_and_pays(exports: Exports) -> None:
    account, since = exports.found("S4", r"(ws-\d+)"), exports.found("S4", r"from (\d{4}-\d\d-\d\d) on")
    sessions = """
        SELECT COUNT(*) FILTER (ts BETWEEN ?::TIMESTAMPTZ - INTERVAL 35 DAY AND ?::TIMESTAMPTZ),
            COUNT(*) FILTER (ts >= ?::TIMESTAMPTZ + INTERVAL 35 DAY)
        FROM events WHERE name = 'login' AND workspace_id = ?"""
    before, after = exports.one(sessions, since, since, since, account)
    assert before >= 20
    assert after < 0.5 * before
    recurring = "workspace_id = ? AND charge_type = 'recurring'"
    rows, seats = exports.one(f"SELECT COUNT(*), MAX(seats) FROM items WHERE {recurring} AND ended_on IS NULL", account)
    assert (rows, seats) == (1, exports.number("S4", r"\(([\d,]+) seats"))
    rank = "SELECT COUNT(*) FROM accounts WHERE seats > (SELECT seats FROM accounts WHERE id = ?)"
    assert exports.one(rank, account)[0] <= 0.08 * exports.one("SELECT COUNT(*) FROM accounts")[0]


def test_s5_an_event_is_renamed(exports: Exports) -> None:
    at = exports.found("S5", r"begins at (\d{4}-\d\d-\d\d \d\d:\d\d) UTC")
    old, new = (exports.number("S5", rf"([\d,]+) {what}") for what in ("events under", "under the new"))
    count = "SELECT COUNT(*), MIN(ts) >= ?::TIMESTAMPTZ, MAX(ts) < ?::TIMESTAMPTZ FROM events WHERE name = ?"
    assert exports.one(count, at, at, "export_created") == (old, False, True)
    assert exports.one(count, at, at, "report_exported") == (new, True, False)
    assert min(old, new) > 50


def test_s6_a_mix_shift_hides_a_fall(exports: Exports) -> None:
    since = exports.found("S6", r"From (\d{4}-\d\d-\d\d)")
    exports.engine.execute(
        """CREATE OR REPLACE TEMP TABLE counts AS
        SELECT count_id, ANY_VALUE(industry) = 'logistics' AS mixed, MIN(ts) >= ?::TIMESTAMPTZ AS after,
            COALESCE(BOOL_OR(name = 'stock_count_posted'), FALSE)::INT AS posted
        FROM events JOIN accounts ON accounts.id = workspace_id WHERE count_id IS NOT NULL GROUP BY 1
        HAVING MIN(ts) < (SELECT MAX(ts) - INTERVAL 2 DAY FROM events)""",
        [since],
    )

    def rate(after: bool, mixed: bool | None = None) -> float:
        where = "" if mixed is None else f"AND mixed = {mixed}"
        return exports.one(f"SELECT AVG(posted) FROM counts WHERE after = {after} {where}")[0]

    share = "SELECT AVG(mixed::INT) FROM counts WHERE after = ?"
    assert exports.one(share, False)[0] == pytest.approx(0.30, abs=0.03)
    assert exports.one(share, True)[0] == pytest.approx(0.59, abs=0.03)
    assert rate(after=True) == pytest.approx(rate(after=False), abs=0.012)
    assert rate(after=True, mixed=True) < rate(after=False, mixed=True) - 0.01
    assert rate(after=True, mixed=False) < rate(after=False, mixed=False) - 0.02
    assert rate(after=False, mixed=True) == pytest.approx(0.96, abs=0.01)
    assert rate(after=False, mixed=False) == pytest.approx(0.86, abs=0.01)


def test_s7_repeats_and_late_rows_are_counted_exactly(exports: Exports) -> None:
    label = "SELECT *, REPLACE(PARSE_FILENAME(file, TRUE), 'events-', '') AS label FROM delivered"
    rows = f"SELECT *, LEFT(ts::DATE::VARCHAR, LENGTH(label)) AS due FROM ({label})"
    same_file = f"SELECT COUNT(*) - COUNT(DISTINCT event_id || label) FROM ({rows})"
    both = f"SELECT COUNT(*) FROM (SELECT event_id FROM ({rows}) GROUP BY 1 HAVING COUNT(DISTINCT label) = 2)"
    late = f"SELECT COUNT(*) FROM (SELECT event_id FROM ({rows}) GROUP BY 1 HAVING BOOL_AND(due <> label))"
    early = f"SELECT COUNT(*) FROM ({rows}) WHERE due > label"
    assert exports.one(same_file)[0] == exports.number("S7", r"([\d,]+) events are twice")
    assert exports.one(both)[0] == exports.number("S7", r"and ([\d,]+) in theirs")
    assert exports.one(late)[0] == exports.number("S7", r"([\d,]+) further events")
    assert exports.one(early) == (0,)
    distinct, ids = exports.one("SELECT COUNT(*), COUNT(DISTINCT event_id) FROM events")
    assert distinct == ids, "an id with differing content"


# The company looks like one


def test_the_numbers_asked_for_are_the_numbers_given(small: Path) -> None:
    exports = Exports(small)
    events, requests = exports.one("SELECT (SELECT COUNT(*) FROM events), (SELECT COUNT(*) FROM requests)")
    assert events + requests == pytest.approx(SMALL["events"], rel=0.01)
    assert events / (events + requests) == pytest.approx(0.68, abs=0.05)
    assert exports.one("SELECT COUNT(*) FROM accounts") == (SMALL["accounts"],)
    assert len(list((small / "data" / "events").iterdir())) == SMALL["months"]


def test_every_event_of_the_definition_file_happens() -> None:
    text = metrics_yaml("data").split("\nworkflows:\n")[1].split("\nactive:\n")[0]
    words = set(re.findall(r"(?<![\w.'])[a-z]+(?:_[a-z]+)+(?![\w:'])", text))
    exports = Exports(EXAMPLE)
    names = {name for (name,) in exports.engine.execute("SELECT DISTINCT name FROM events").fetchall()}
    routes = {name for (name,) in exports.engine.execute("SELECT DISTINCT route FROM requests").fetchall()}
    columns = {"error_code", "amount_eur", *(f"{run}_id" for run in ("invoice", "count", "order", "checkout"))}
    assert words - columns - names - routes == {"workflow_successes"}
    assert len(words & names) >= 30
    assert {"page_view", "login", "debug_render", "form_saved", "form_save_failed", "invoice_approved"} <= names


def test_rates_are_those_of_a_healthy_company() -> None:
    exports = Exports(EXAMPLE)
    completion = """
        WITH begun AS (SELECT {run} AS run, MIN(ts) AS at FROM events WHERE name = '{attempt}' GROUP BY 1),
        done AS (SELECT {run} AS run, MIN(ts) AS at FROM events WHERE name = '{success}' GROUP BY 1)
        SELECT AVG((done.at IS NOT NULL AND done.at <= begun.at + INTERVAL {within})::INT),
            (SELECT COUNT(*) FROM done ANTI JOIN begun USING (run)) / (SELECT COUNT(*) FROM done)
        FROM begun LEFT JOIN done USING (run) WHERE begun.at < TIMESTAMPTZ '2026-10-20'"""
    for run, attempt, success, within in (
        ("invoice_id", "invoice_started", "invoice_posted", "24 HOUR"),
        ("count_id", "stock_count_started", "stock_count_posted", "48 HOUR"),
        ("order_id", "order_started", "order_received", "30 DAY"),
    ):
        query = completion.format(run=run, attempt=attempt, success=success, within=within)
        rate, orphans = exports.one(query)
        assert 0.85 < rate < 0.95
        assert orphans < 0.02
    activated = """
        WITH steps AS (SELECT workspace_id, MIN(ts) FILTER (name = 'tax_settings_saved') AS a,
            MIN(ts) FILTER (name = 'customer_created') AS b, MIN(ts) FILTER (name = 'invoice_drafted') AS c,
            MIN(ts) FILTER (name = 'invoice_posted') AS d FROM events GROUP BY 1)
        SELECT AVG(COALESCE(a <= due AND b <= due AND c <= due AND d <= due, FALSE)::INT)
        FROM (SELECT id, signed_up_at + INTERVAL 14 DAY AS due FROM accounts WHERE signed_up_at >= '2025-07-01')
        LEFT JOIN steps ON workspace_id = id WHERE due < TIMESTAMPTZ '2026-11-22'"""
    assert 0.30 < exports.one(activated)[0] < 0.45


def test_revenue_is_that_of_a_healthy_company() -> None:
    exports = Exports(EXAMPLE)
    exports.engine.execute("""
        CREATE TEMP TABLE mrr AS
        WITH months AS (SELECT UNNEST(RANGE(DATE '2025-07-01', DATE '2026-11-01', INTERVAL 1 MONTH))::DATE AS first),
        days AS (SELECT LAST_DAY(first) AS day FROM months),
        live AS (
            SELECT day, workspace_id, unit_amount * quantity AS bill, IF(currency = 'USD', 0.92, 1) AS rate,
                CASE billing_cycle WHEN 'monthly' THEN 1 WHEN 'quarterly' THEN 3 ELSE 12 END AS months,
                COALESCE(coupon_ends_on > day, TRUE)::INT AS reduced, COALESCE(coupon_percent, 0) / 100 AS percent,
                COALESCE(coupon_amount, 0) AS amount
            FROM days JOIN items ON GREATEST(started_on, COALESCE(trial_ends_on, started_on)) <= day
                AND day < COALESCE(ended_on, DATE '2999-01-01')
            WHERE charge_type = 'recurring' AND paused_on IS NULL)
        SELECT day, workspace_id, SUM(rate / months * GREATEST(bill - reduced * (bill * percent + amount), 0)) AS mrr
        FROM live GROUP BY ALL""")
    churn = """
        SELECT AVG((now.mrr IS NULL)::INT) FROM mrr AS was LEFT JOIN mrr AS now
            ON now.workspace_id = was.workspace_id AND now.day = LAST_DAY(was.day + INTERVAL 1 DAY)
        WHERE was.day < DATE '2026-10-31'"""
    assert 0.01 < exports.one(churn)[0] < 0.03
    retained = """
        SELECT SUM(COALESCE(now.mrr, 0)) / SUM(was.mrr) FROM mrr AS was LEFT JOIN mrr AS now
            ON now.workspace_id = was.workspace_id AND now.day = LAST_DAY(was.day + INTERVAL 12 MONTH)
        WHERE was.day = ?::DATE"""
    for day in ("2025-07-31", "2025-08-31", "2025-09-30", "2025-10-31"):
        assert 0.95 < exports.one(retained, day)[0] < 1.15
    paying = exports.one("SELECT COUNT(*) FILTER (day = '2025-07-31'), COUNT(*) FILTER (day = '2026-10-31') FROM mrr")
    assert 55 < paying[0] < 80 < 105 < paying[1] < 140


def test_subscriptions_show_every_kind_of_movement(exports: Exports) -> None:
    last = exports.one("SELECT MAX(ts)::DATE FROM events")[0]
    exports.engine.execute("""
        CREATE OR REPLACE TEMP TABLE moves AS
        SELECT *, LAG(COLUMNS('^(plan_name|seats|unit_amount|ended_on|status)$')) OVER earlier AS 'was_\\0'
        FROM items WHERE charge_type = 'recurring'
        WINDOW earlier AS (PARTITION BY workspace_id ORDER BY started_on, item_id)""")
    ranks = "CASE {} WHEN 'starter' THEN 1 WHEN 'pro' THEN 2 ELSE 3 END"
    seen = {
        "trial": "trial_ends_on > started_on AND status <> 'canceled'",
        "trial given up": "status = 'canceled' AND ended_on = trial_ends_on",
        "upgrade": f"{ranks.format('plan_name')} > {ranks.format('was_plan_name')}",
        "downgrade": f"{ranks.format('plan_name')} < {ranks.format('was_plan_name')}",
        "more seats": "seats > was_seats AND plan_name = was_plan_name",
        "fewer seats": "seats < was_seats AND plan_name = was_plan_name",
        "price": "unit_amount > was_unit_amount AND plan_name = was_plan_name AND seats = was_seats",
        "pause": "status = 'paused'",
        "lapse": "status = 'canceled' AND trial_ends_on IS NULL",
        "return": "started_on > was_ended_on + 7 AND was_status = 'canceled'",
        "annual": "billing_cycle = 'annual'",
        "quarterly": "billing_cycle = 'quarterly'",
        "discount for a time": "coupon_percent > 0 AND coupon_ends_on IS NOT NULL",
        "discount for ever": "coupon_percent > 0 AND coupon_ends_on IS NULL",
        "discount by amount": "coupon_amount > 0",
        "dollars": "currency = 'USD'",
        "leaving later": f"ended_on > DATE '{last}' AND cancel_requested_on <= DATE '{last}' AND status = 'active'",
        "behind": "status = 'past_due'",
        "on trial": "status = 'trialing' AND ended_on IS NULL",
    }
    missing = [name for name, where in seen.items() if not exports.one(f"SELECT COUNT(*) FROM moves WHERE {where}")[0]]
    assert not missing
    kinds = exports.one(
        "SELECT COUNT(*) FILTER (charge_type = 'one_off'), COUNT(*) FILTER (charge_type = 'usage') FROM items"
    )
    assert min(kinds) > 0
    gaps = "SELECT COUNT(*) FROM moves WHERE was_status = 'replaced' AND started_on <> was_ended_on"
    assert exports.one(gaps) == (0,), "a change ends one row and starts the next on the same day"
    assert exports.one("SELECT COUNT(*) FROM moves WHERE started_on < was_ended_on") == (0,)
    assert exports.one("SELECT COUNT(*) - COUNT(DISTINCT item_id) FROM items") == (0,)


def test_everything_joins(exports: Exports) -> None:
    known = "SELECT COUNT(*) FROM {} ANTI JOIN {} AS known ON known.id = {}"
    for table, column in (("events", "workspace_id"), ("items", "workspace_id"), ("tickets", "workspace_id")):
        assert exports.one(known.format(table, "accounts", f"{table}.{column}")) == (0,)
    actors = "(SELECT * FROM events WHERE user_id IS NOT NULL) AS events"
    assert exports.one(known.format(actors, "users", "events.user_id")) == (0,)
    assert exports.one(known.format("tickets", "users", "tickets.requester_id")) == (0,)
    before = "SELECT COUNT(*) FROM events JOIN accounts ON accounts.id = workspace_id WHERE ts < signed_up_at"
    assert exports.one(before) == (0,)
    assert exports.one("SELECT COUNT(*) FROM touches WHERE utm_source IS NULL OR lead_id IS NULL") == (0,)


def test_nothing_is_newer_than_the_export(told: Path) -> None:
    exports = Exports(told)
    cutoff = re.search(r"to (\d{4}-\d\d-\d\d \d\d:\d\d) UTC", exports.stories)
    assert cutoff
    tables = {
        "events": "ts",
        "requests": "ts",
        "accounts": "signed_up_at",
        "users": "joined_at",
        "tickets": "created_at",
    }
    for table, column in tables.items():
        newest = f"SELECT MAX({column}) < ?::TIMESTAMPTZ, MAX({column}) > ?::TIMESTAMPTZ - INTERVAL 3 DAY FROM {table}"
        assert exports.one(newest, cutoff.group(1), cutoff.group(1)) == (True, True), table


# It streams


@pytest.fixture
def blocks(monkeypatch: pytest.MonkeyPatch) -> int:
    """Blocks so small that days are cut."""
    monkeypatch.setattr(activity, "BLOCK", 2_000)
    return 2_000


def make(events: int, until: date = company.UNTIL) -> Activity:
    """The activity of a small company."""
    world, _, planned = company._found(60, Span(until, 4), seed=1)
    return Activity(world, planned, events)


def test_blocks_are_small_sorted_and_together_the_whole(blocks: int) -> None:
    sizes, last, events = [], 0, 400_000
    for chapter, rows in make(events).blocks():
        sizes.append(len(rows))
        if len(rows):
            assert last <= rows.at[0]
            assert (rows.at[1:] >= rows.at[:-1]).all()
            assert chapter.start <= rows.at[0]
            assert rows.at[-1] < chapter.end
            last = int(rows.at[-1])
    assert len(sizes) > 150
    assert max(sizes) < 2 * blocks
    assert sum(sizes) == pytest.approx(events, rel=0.01)


def test_more_rows_need_no_more_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(activity, "BLOCK", 20_000)

    def peak(events: int) -> int:
        made = make(events)
        tracemalloc.start()
        for _, _rows in made.blocks():
            pass
        most = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
        return most

    assert peak(600_000) < 1.4 * peak(150_000)


def test_row_groups_are_bounded(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr("saasmetrics.demo.logs.ROW_GROUP", 1_000)
    write(tmp_path, accounts=40, months=4, seed=1, events=30_000)
    for path in sorted((tmp_path / "data").rglob("*-2026-10.parquet")):
        meta = pq.ParquetFile(path).metadata
        sizes = [meta.row_group(group).num_rows for group in range(meta.num_row_groups)]
        assert len(sizes) > 1
        assert max(sizes) <= 1_000
        assert {meta.row_group(0).column(place).compression for place in range(meta.num_columns)} == {"ZSTD"}


def test_daily_files_hold_a_day_each(tmp_path: Path) -> None:
    write(tmp_path, accounts=40, months=4, seed=1, events=20_000, layout="daily", until=date(2026, 11, 30))
    for log in ("events", "requests"):
        names = [path.stem.removeprefix(f"{log}-") for path in sorted((tmp_path / "data" / log).iterdir())]
        assert names == [day.isoformat() for day in pl.date_range(date(2026, 8, 1), date(2026, 11, 30), eager=True)]
    day = pq.read_table(tmp_path / "data" / "requests" / "requests-2026-11-17.parquet")["ts"].to_pylist()
    assert {at.date() for at in day} == {date(2026, 11, 17)}


def test_progress_rises_to_all(tmp_path: Path) -> None:
    seen: list[tuple[str, int, int]] = []
    write(tmp_path, accounts=40, months=4, seed=1, events=10_000, progress=lambda *step: seen.append(step))
    done = [count for _, count, _ in seen]
    assert done == sorted(done)
    assert seen[0] == ("tables", 0, 10_000)
    assert seen[-1] == ("logs", 10_000, 10_000)


# What it refuses


def test_a_folder_with_other_files_is_refused_and_left_alone(tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "budget.csv").write_text("mine")
    with pytest.raises(InputError) as refused:
        write(tmp_path, **SMALL)
    assert refused.value.exit_code == 2
    assert [finding.code for finding in refused.value.findings] == ["SM951"]
    assert "data/budget.csv" in str(refused.value)
    assert digests(tmp_path).keys() == {"data/budget.csv"}


def test_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "demo").write_text("mine")
    with pytest.raises(InputError, match="is a file"):
        write(tmp_path / "demo", **SMALL)


def test_an_earlier_demo_is_replaced_whole(tmp_path: Path) -> None:
    write(tmp_path / "a", accounts=40, months=6, seed=1, events=10_000)
    write(tmp_path / "a", accounts=40, months=4, seed=1, events=10_000)
    write(tmp_path / "b", accounts=40, months=4, seed=1, events=10_000)
    assert digests(tmp_path / "a") == digests(tmp_path / "b")


def test_all_numbers_out_of_range_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InputError) as refused:
        write(tmp_path / "new", accounts=3, months=1, seed=-1, events=10)
    assert [finding.code for finding in refused.value.findings] == ["SM951"] * 4
    assert refused.value.exit_code == 2
    assert not (tmp_path / "new").exists()
    with pytest.raises(InputError, match="at least 30,000 for that many accounts"):
        write(tmp_path / "new", accounts=1000, months=4, seed=1, events=10_000)
