"""A small random product log, as files of any format, and the same rows for an independent query."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from saasmetrics.definitions.selection import Selector
from saasmetrics.definitions.settings import Settings
from saasmetrics.definitions.sources import Source
from saasmetrics.facts.reduce import reduce
from saasmetrics.facts.request import Request
from saasmetrics.facts.result import Facts
from saasmetrics.finding import Location
from saasmetrics.period import Calendar
from saasmetrics.sources.entry import enter
from saasmetrics.sources.log import Log

BERLIN = Calendar("Europe/Berlin")
COLUMNS = {"event": "name", "at": "ts", "account": "org", "user": "person", "id": "event_id"}
SCHEMA: dict[str, pl.DataType | type[pl.DataType]] = {
    "event_id": pl.String,
    "name": pl.String,
    "ts": pl.Datetime("us", "UTC"),
    "org": pl.String,
    "person": pl.String,
    "job": pl.String,
    "role": pl.String,
    "status": pl.String,
    "amount": pl.Float64,
}
NAMES = ["opened", "started", "posted", "failed", "noise"]


def random_rows(
    seed: int, rows: int, first: datetime = datetime(2026, 3, 20, tzinfo=UTC), days: int = 20
) -> pl.DataFrame:
    """Rows around a change of clocks in Berlin (29 March 2026), with nulls, few accounts and reused run ids."""
    draw = random.Random(seed)

    def some(values: Sequence[str], holes: float) -> str | None:
        return None if draw.random() < holes else draw.choice(values)

    table = [
        {
            "event_id": f"e{number}",
            "name": draw.choice(NAMES),
            "ts": first
            + timedelta(microseconds=draw.randrange(days * 86_400) * 1_000_000 + draw.choice([0, 1, 999_999])),
            "org": some([f"a{n}" for n in range(8)], 0.05),
            "person": some([f"u{n}" for n in range(20)], 0.1),
            "job": some([f"j{n}" for n in range(30)], 0.1),
            "role": some(["admin", "viewer"], 0.2),
            "status": some(["ok", "error", "timeout"], 0.2),
            "amount": None if draw.random() < 0.2 else draw.randrange(-5_000, 50_000) / 1000,
        }
        for number in range(rows)
    ]
    return pl.DataFrame(table, schema=SCHEMA)


@dataclass(frozen=True)
class World:
    """Files of logs in one folder."""

    folder: Path

    def write(self, rows: pl.DataFrame, name: str = "log.parquet", **how: Any) -> None:
        """One file, by the suffix of its name."""
        path = self.folder / name
        if name.endswith(".csv"):
            rows.write_csv(path, datetime_format="%Y-%m-%dT%H:%M:%S%.6fZ")
        elif name.endswith(".jsonl"):
            rows.with_columns(pl.col(pl.Datetime).dt.strftime("%Y-%m-%dT%H:%M:%S%.6fZ")).write_ndjson(path)
        else:
            rows.write_parquet(path, **how)

    def log(self, name: str = "events", path: str = "*", role: str = "events", **fields: Any) -> Log:
        """A source over these files."""
        columns = fields.pop("columns", COLUMNS)
        source = {"path": (path,), "role": role, "columns": columns, "base": self.folder, **fields}
        here = Location("metrics.yaml")
        entry = enter(name, Source.model_validate(source, strict=False), Settings(), [self.folder], here)
        assert entry.how is not None, entry.findings
        return Log(name, role, tuple(entry.raw), entry.how, entry.raw)


def take(name: str | None, filter: str | None = None, **more: Any) -> Selector:  # the language's word
    """A selector of events."""
    return Selector("events", more.pop("at", "at"), event=name, filter=filter, **more)


def facts(logs: Log | Sequence[Log], *requests: Request, **how: Any) -> Facts:
    """Facts in Berlin, with nothing known from tables unless said."""
    given = [logs] if isinstance(logs, Log) else logs
    created = pl.DataFrame(schema={"account": pl.String, "created": pl.Datetime("us", "UTC")})
    nobody = pl.Series([], dtype=pl.String)
    defaults: dict[str, Any] = {"calendar": BERLIN, "accounts": nobody, "users": nobody, "created": created}
    return reduce({log.name: log for log in given}, requests, **{**defaults, **how})


def ask(rows: pl.DataFrame, sql: str) -> list[tuple[Any, ...]]:
    """Rows of an independent query. `every` has `day` (Berlin) and `cell` beside the file's columns, `log` those rows
    of it that have an account, as events must."""
    engine = duckdb.connect()
    engine.sql("SET TimeZone = 'UTC'")
    engine.register("raw", rows.to_arrow())
    engine.sql(
        """CREATE VIEW every AS
        SELECT *, epoch_us(ts) AS us, greatest(date_trunc('week', day), date_trunc('month', day))::DATE AS cell
        FROM (SELECT *, (ts AT TIME ZONE 'Europe/Berlin')::DATE AS day FROM raw)"""
    )
    engine.sql("CREATE VIEW log AS FROM every WHERE org IS NOT NULL")
    return engine.sql(sql).fetchall()


def plain(frame: pl.DataFrame) -> list[tuple[Any, ...]]:
    """A facts frame as tuples: ids as text, instants as microseconds."""
    texts = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Enum | pl.Categorical)]
    times = [name for name, dtype in frame.schema.items() if isinstance(dtype, pl.Datetime)]
    return frame.with_columns(pl.col(texts).cast(pl.String), pl.col(times).to_physical()).rows()


def ordered(rows: list[tuple[Any, ...]]) -> list[tuple[Any, ...]]:
    """Tuples in an order that nulls do not disturb."""
    return sorted(rows, key=lambda row: [(value is None, str(value)) for value in row])


def at(text: str) -> datetime:
    """An instant."""
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


def day(text: str) -> date:
    """A day."""
    return date.fromisoformat(text)
