"""Small companies whose files arrive one after the other, told with what was kept and without."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import polars as pl

from questions import ACTIVATION, ACTIVE, METRICS, WORKFLOWS, for_file
from saasmetrics.engine.ask import Ask
from saasmetrics.period import Grain
from saasmetrics.pipeline import Result, compute

EPOCH = datetime(2026, 1, 1, tzinfo=UTC)
BOUNDED = (
    "uses", "uses_by_kind", "amount_average", "amount_p90", "runs_done", "runs_tried", "core_done", "tickets_opened",
    "calls_p95", "calls_by_outcome", "active_accounts", "active_twice", "active_users", "active_persons",
    "active_daily", "active_28d", "active_3d", "using_twice_in_3d", "active_both", "active_both_users",
    "inviting_share", "inviting_users", "completion", "run_time", "run_span", "tickets_per_use", "uses_per_account",
    "retried", "runs_sum", "calls_per_run", "done_within", "categories_per_use",
)  # fmt: skip
UNBOUNDED = ("kinds", "uses_in_14d", "funnel", "ordering_completion", "time_to_use", "depth", "uses_of_4w", "expanded")
OWN: dict[str, dict[str, Any]] = {
    "retried": {"type": "simple", "workflow": "invoicing", "outcome": "attempt", "tries": 2},
    "runs_sum": {"type": "simple", "workflow": "invoicing", "agg": "sum", "expr": "amount"},
    "run_span": {
        "type": "duration", "entity": "run", "from": {"workflow": "invoicing", "outcome": "attempt"},
        "to": {"workflow": "invoicing", "outcome": "success"}, "unit": "minutes", "stat": ["median"],
    },
    "calls_per_run": {
        "type": "ratio", "numerator": "calls_by_outcome", "denominator": "runs_done", "whole": ["outcome"], "scale": 10,
    },
    "done_within": {
        "type": "conversion", "entity": "run", "within": "1mo",
        "entry": {"workflow": "invoicing", "outcome": "attempt"},
        "steps": {"success": {"workflow": "invoicing", "outcome": "success"}},
    },
}  # fmt: skip
UNDER = (
    "uses",
    "tickets_opened",
    "tickets_resolved",
    "active_accounts",
    "runs_done",
    "calls_by_outcome",
    "active_users",
)
NEEDED = {"requests": ("at", "account", "name", "duration_ms", "outcome")}


@dataclass
class Arriving:
    """A company of which more is known from step to step."""

    folder: Path
    draw: random.Random
    files: list[list[dict[str, Any]]] = field(default_factory=list)
    accounts: list[dict[str, Any]] = field(default_factory=list)
    tickets: list[dict[str, Any]] = field(default_factory=list)
    within: str = "2d"

    def write(self, count: int) -> None:
        """Write the first files, the tables and the definitions: only what is not there like this."""
        for number in range(len(self.files)):
            path = self.folder / f"events-{number}.parquet"
            if number >= count:
                path.unlink(missing_ok=True)
            else:
                _put(path, pl.DataFrame(self.files[number], schema=EVENTS))
            rows = [row for row in self.files[number] if row["event"] == "use"]
            requests = [_request(row) for row in rows]
            other = self.folder / f"requests-{number}.parquet"
            if number >= count:
                other.unlink(missing_ok=True)
            else:
                _put(other, pl.DataFrame(requests, schema=REQUESTS))
        (self.folder / "accounts.csv").write_text(_csv(self.accounts), encoding="utf-8")
        (self.folder / "tickets.csv").write_text(_csv(self.tickets), encoding="utf-8")
        (self.folder / "metrics.yaml").write_text(json.dumps(self._definitions()), encoding="utf-8")

    def _definitions(self) -> dict[str, Any]:
        workflows = {**WORKFLOWS, "invoicing": {**WORKFLOWS["invoicing"], "within": self.within}}
        names = dict.fromkeys([*BOUNDED, *UNBOUNDED, *UNDER])
        metrics = {name: for_file({**METRICS, **OWN}[name]) for name in names}
        return {
            "version": 1,
            "settings": {"timezone": "Europe/Berlin", "currency": "EUR"},
            "sources": {
                "events": {"path": "events-*.parquet", "columns": {"id": "id", **{n: n for n in EVENTS if n != "id"}}},
                "requests": {"path": "requests-*.parquet"},
                "accounts": {"path": "accounts.csv"},
                "tickets": {"path": "tickets.csv"},
            },
            "segments": {"size": {}},
            "workflows": for_file(workflows),
            "activation": for_file(ACTIVATION),
            "active": for_file(ACTIVE),
            "metrics": metrics,
        }


EVENTS: dict[str, Any] = {
    "id": pl.String, "event": pl.String, "at": pl.Datetime("us", "UTC"), "account": pl.String, "user": pl.String,
    "run": pl.String, "kind": pl.String, "amount": pl.Float64,
}  # fmt: skip
REQUESTS: dict[str, Any] = {
    "at": pl.Datetime("us", "UTC"), "account": pl.String, "name": pl.String, "duration_ms": pl.Int64,
    "outcome": pl.String,
}  # fmt: skip


def drawn(seed: int, folder: Path) -> Arriving:
    """A company by a seed: what comes late, again, or long after it was begun, differs."""
    draw = random.Random(seed)
    long = draw.random() < 0.5
    rows: list[dict[str, Any]] = []
    for number in range(draw.randint(60, 110)):
        rows += list(_happening(draw, number, long=long))
    rows.sort(key=lambda row: (row["at"], row["id"]))
    ends = sorted(draw.sample(range(len(rows) // 3, len(rows)), draw.randint(2, 4)))
    files = [rows[first:end] for first, end in zip([0, *ends], [*ends, len(rows)], strict=True)]
    _disturb(draw, files)
    accounts = [
        {
            "account": name,
            "created": f"2026-0{draw.randint(1, 3)}-01T00:00:00Z",
            "size": draw.choice(["small", "large"]),
        }
        for name in "ABCDE"
    ]
    tickets = [
        {
            "at": (EPOCH + timedelta(days=draw.randint(0, 130), hours=draw.randint(0, 23))).isoformat(),
            "account": draw.choice("ABCDE"),
            "category": draw.choice(["bug", "billing"]),
            "resolved": (EPOCH + timedelta(days=135)).isoformat(),
        }
        for _ in range(10)
    ]
    return Arriving(folder, draw, files, accounts, tickets)


def _happening(draw: random.Random, number: int, *, long: bool) -> Iterator[dict[str, Any]]:
    at = EPOCH + timedelta(days=draw.randint(0, 135), minutes=draw.choice([0, 90, 600, 1379, 1381, 1439]))
    account, user = draw.choice("ABCDE"), draw.choice(["u1", "u2", "u3", None])
    count = iter(range(9))

    def row(event: str, at: datetime, run: str | None = None) -> dict[str, Any]:
        kind, amount = draw.choice(["a", "b", None]), draw.choice([None, 0.0, 1.0, 2.5, 99.99])
        made = {"id": f"{number}-{next(count)}", "event": event, "at": at, "account": account, "user": user}
        return {**made, "run": run, "kind": kind, "amount": amount}

    what = draw.random()
    if what < 0.5:
        yield row(draw.choice(["use", "use", "invite", "other"]), at)
    elif what < 0.6:
        yield row("begin", at)
        yield row("done", at + timedelta(hours=draw.choice([1, 30])))
    else:
        run = f"r{number}" if draw.random() < 0.93 else "r0"
        step = (
            timedelta(hours=draw.choice([1, 20, 47, 49, 60])) if not long else timedelta(days=draw.choice([0, 3, 40]))
        )
        yield row("try", at, run)
        if draw.random() < 0.3:
            yield row(draw.choice(["fail", "try"]), at + step / 2, run)
        if draw.random() < 0.7:
            yield row("ok", at + step, run)
        if draw.random() < 0.1:
            yield row("ok", at - timedelta(hours=1), run)


def _disturb(draw: random.Random, files: list[list[dict[str, Any]]]) -> None:
    """Rows that come late, come again, or come again with other content."""
    for number in range(1, len(files)):
        before = files[draw.randrange(number)]
        if draw.random() < 0.5 and len(before) > 4:
            files[number].append(before.pop(draw.randrange(len(before))))
        if draw.random() < 0.3:
            files[number].append(draw.choice(before))
        if draw.random() < 0.15:
            at = draw.choice(files[number])["at"]
            files[number].append({**draw.choice(before), "kind": "c", "at": at})
        if draw.random() < 0.2:
            files[number].append(draw.choice(files[number]))


def told(result: Result) -> list[Any]:
    """All that a result tells."""
    steps = result.step_times.rows() if result.step_times is not None else None
    values = result.values.rows()
    return [values, result.findings, result.sources, result.judged, result.verdicts, result.parts, result.as_of, steps]


def question(draw: random.Random) -> Ask:
    """Some numbers, of which rows of every day may change few."""
    metrics = (*draw.sample(BOUNDED, 7), *draw.sample(UNBOUNDED, draw.choice([0, 1])))
    grain = draw.choice([Grain.DAY] * 3 + [Grain.WEEK] * 3 + [Grain.MONTH] * 2 + [Grain.QUARTER, Grain.YEAR])
    return Ask(metrics=metrics, grain=grain, by=draw.choice([(), (), (("size",),)]), since=date(2025, 12, 28))


def changed(company: Arriving) -> str:
    """Let something happen beside a new file; what."""
    draw = company.draw
    what = draw.choice(["nothing"] * 8 + ["account", "ticket", "old file", "definition"])
    if what == "account":
        draw.choice(company.accounts)["size"] = draw.choice(["small", "large", "huge"])
    elif what == "ticket":
        company.tickets.append({**draw.choice(company.tickets), "category": "other"})
    elif what == "old file":
        company.files[0].pop(draw.randrange(len(company.files[0])))
    elif what == "definition":
        company.within = "3d"
    return what


def disagreements(seed: int, folder: Path) -> Iterator[str]:
    """Where what is told with a cache differs from what is told without, while files arrive."""
    company = drawn(seed, folder)
    ask, cache = question(company.draw), folder / "kept"
    first = max(1, len(company.files) - 2)
    for count in range(first, len(company.files) + 1):
        what = changed(company) if count > first else "nothing"
        company.write(count)
        path = folder / "metrics.yaml"
        expected = told(compute(path, ask, no_cache=True))
        for time in ("first", "again")[: 1 + (company.draw.random() < 0.3)]:
            found = told(compute(path, ask, cache=cache))
            if found != expected:
                rows = [pair for pair in zip(found[0], expected[0], strict=False) if pair[0] != pair[1]]
                other = [each for each in found[1:] if each not in expected]
                yield f"seed {seed}, {count} files, {time}, {what}: {rows[:3] or other}"


def _request(row: dict[str, Any]) -> dict[str, Any]:
    number = sum(map(ord, row["id"]))
    outcome = ["ok", "ok", "error", "timeout"][number % 4]
    return {"at": row["at"], "account": row["account"], "name": "list", "duration_ms": number, "outcome": outcome}


def _put(path: Path, rows: pl.DataFrame) -> None:
    if not path.exists() or not pl.read_parquet(path).equals(rows):
        rows.write_parquet(path)


def _csv(rows: list[dict[str, Any]]) -> str:
    return pl.DataFrame(rows).write_csv()
