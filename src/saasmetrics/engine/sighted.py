"""Seeing what is tracked: one lazy pass over the logs of events, counted by week, account and column."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from types import MappingProxyType

import polars as pl
from polars import selectors as cs

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.tracked import Plan, tracking_plan
from saasmetrics.engine.store import usable
from saasmetrics.expression import compile_polars, parse
from saasmetrics.frames.sightings import ACTIVE, ACTIVES, BUCKETS, DAYS, NULLS, PAIRS, RUNS, WEEKS, Sightings
from saasmetrics.period import Calendar, Grain
from saasmetrics.sources import aliases
from saasmetrics.sources.broken import broken_files_told
from saasmetrics.sources.log import Log
from saasmetrics.sources.open import Sources

_EMPTY = "empty:"
_NO_ROWS = pl.LazyFrame(schema={"at": pl.Datetime("us", "UTC"), "source": pl.String})
_SPAN = (pl.len().alias("rows"), pl.col("at").min().alias("first"), pl.col("at").max().alias("last"))


def sighted(
    definitions: Definitions,
    sources: Sources,
    as_of: datetime | None = None,
    tables: Mapping[str, pl.DataFrame] = MappingProxyType({}),
) -> Sightings | None:
    """What is seen of the events that definitions refer to, and of all others; null without a log of events.

    Edges: `as_of` is by default the instant after the newest row of any log. Rows that repeat an id are not sorted out:
    this is a look at the log, no count for anybody to steer by. Usable rows of `tables` are not read again.
    Raises: InputError (exit 3) for a torn file.
    """
    logs, plan, calendar = _logs(sources), tracking_plan(definitions), definitions.settings.calendar
    if not logs:
        return None
    columns = frozenset().union(*(log.columns for log in logs))
    read = sorted({name for held in plan.columns.values() for name in held} & columns)
    everything = _rows(logs, read, sources, calendar).cache()
    rows = everything if as_of is None else everything.filter(pl.col("at") < as_of)
    with broken_files_told(file for files in sources.files.values() for file in files):
        accounts = _accounts(sources, tables)
        # All of it is asked of the same rows, so that they are read once: parts of them are taken after counting.
        asked = {
            "weeks": rows.group_by("event", "week").agg(
                (pl.col(name).is_null().sum().alias(f"{_EMPTY}{name}") for name in read),
                rows=pl.len(),
                known=pl.col("account").is_in(accounts["account"].implode()).sum(),
            ),
            "actives": rows.group_by("week").agg(accounts=pl.col("account").drop_nulls().n_unique()),
            "pairs": rows.group_by("event", "account").agg(_SPAN),
            "days": rows.group_by("source", "day").agg(_SPAN),
            "others": _others(sources, calendar, as_of).group_by("source", "day").agg(_SPAN),
            "active": everything.group_by("source", "account").agg(_SPAN),
            **{f"run:{name}": each for name, each in _runs(definitions, rows, columns).items()},
        }
        made = dict(zip(asked, pl.collect_all(list(asked.values()), engine="streaming"), strict=True))
    days = pl.concat([made["days"], made["others"]])
    if as_of is None:
        end = days["last"].max()
        if not isinstance(end, datetime):
            return None
        as_of = end + timedelta(microseconds=1)
    return Sightings(
        as_of,
        _as(made["weeks"], WEEKS),
        _as(made["actives"], ACTIVES),
        _as(days, DAYS),
        _as(made["pairs"].drop_nulls("account"), PAIRS),
        _nulls(made["weeks"].select("event", "week", cs.starts_with(_EMPTY)), plan),
        _stacked(
            {
                name: frame.with_columns(workflow=pl.lit(name.partition(":")[2]))
                for name, frame in made.items()
                if name.startswith("run:")
            },
            RUNS,
        ),
        _buckets(definitions, accounts),
        columns,
        _as(made["active"].with_columns(calendar.day_expr(pl.col(name)) for name in ("first", "last")), ACTIVE),
    )


def _logs(sources: Sources) -> list[Log]:
    return [log for log in sources.logs.values() if log.role == "events"]


def _rows(logs: list[Log], read: list[str], sources: Sources, calendar: Calendar) -> pl.LazyFrame:
    """Usable rows of events with the columns that are read, their local day and week, and the log they are of."""
    scans = [
        log.scan(file, ("event", "at", "account", *read)).with_columns(source=pl.lit(log.name))
        for log in logs
        for file in log.files
    ]
    rows = pl.concat(scans, how="diagonal_relaxed").filter(pl.col("_fault").is_null())
    if sources.aliases is not None:
        rows = aliases.merged(rows, sources.aliases)
    missing = [pl.lit(None).alias(name) for name in read if name not in rows.collect_schema()]
    dated = rows.with_columns(*missing, day=calendar.day_expr(pl.col("at")))
    return dated.with_columns(week=calendar.floor_expr(pl.col("day"), Grain.WEEK))


def _others(sources: Sources, calendar: Calendar, as_of: datetime | None) -> pl.LazyFrame:
    """Source, instant and local day of the usable rows of all other logs."""
    scans = [_NO_ROWS] + [
        log.scan(file, ("at",)).filter(pl.col("_fault").is_null()).select("at", source=pl.lit(log.name))
        for log in sources.logs.values()
        if log.role != "events"
        for file in log.files
    ]
    rows = pl.concat(scans) if as_of is None else pl.concat(scans).filter(pl.col("at") < as_of)
    return rows.with_columns(day=calendar.day_expr(pl.col("at")))


def _accounts(sources: Sources, tables: Mapping[str, pl.DataFrame]) -> pl.DataFrame:
    table = sources.tables.get("accounts")
    if table is None:
        return pl.DataFrame(schema={"account": pl.String})
    rows = tables.get("accounts")
    rows = usable(table.frame.collect()) if rows is None else rows
    return rows.unique("account", keep="last", maintain_order=True)


def _runs(definitions: Definitions, rows: pl.LazyFrame, columns: frozenset[str]) -> Mapping[str, pl.LazyFrame]:
    """By workflow whose runs have ids: weeks of first successes, with runs that no attempt began."""
    found: dict[str, pl.LazyFrame] = {}
    for name, block in definitions.workflows.items():
        attempts, successes = _events(block.attempt), _events(block.success)
        if block.run is None or block.run not in columns or not attempts or not successes:
            continue
        own = rows.filter(pl.col("event").is_in([*attempts, *successes]), pl.col(block.run).is_not_null())
        runs = own.group_by("account", block.run).agg(
            tried=pl.col("event").is_in(attempts).any(),
            week=pl.col("week").filter(pl.col("event").is_in(successes)).min(),
        )
        done = runs.filter(pl.col("week").is_not_null())
        found[name] = done.group_by("week").agg(successes=pl.len(), orphans=(~pl.col("tried")).sum())
    return found


def _events(rows: Rows | None) -> list[str]:
    """Names of rows that are plain events; none where they are anything else."""
    if rows is None:
        return []
    members = rows.any or (rows,)
    names = [member.event for member in members if member.event is not None and member.filter is None]
    return names if len(names) == len(members) and rows.filter is None else []


def _nulls(counts: pl.DataFrame, plan: Plan) -> pl.DataFrame:
    """Nulls of the columns that the plan reads on each event."""
    long = counts.unpivot(index=["event", "week"], variable_name="column", value_name="nulls")
    long = long.with_columns(pl.col("column").cast(pl.String).str.strip_prefix(_EMPTY))
    held = [(event, column) for event, columns in plan.columns.items() for column in columns]
    wanted = pl.DataFrame(held, {"event": pl.String, "column": pl.String}, orient="row")
    return _as(long.join(wanted, on=["event", "column"], how="semi"), NULLS)


def _buckets(definitions: Definitions, accounts: pl.DataFrame) -> pl.DataFrame:
    """Accounts whose value no bucket of a segment takes, where it has no `else`."""
    found = []
    for name, segment in definitions.segments.items():
        sql = segment.expr.get("accounts")
        if sql is None or not segment.buckets or "else" in segment.buckets.values() or not accounts.height:
            continue
        zone = definitions.settings.timezone
        valued = accounts.with_columns(value=compile_polars(parse(sql), accounts.schema, timezone=zone))
        taken = [compile_polars(parse(text), valued.schema, timezone=zone) for text in segment.buckets.values()]
        given = valued.filter(pl.col("value").is_not_null())
        loose = given.filter(~pl.any_horizontal(each.fill_null(value=False) for each in taken))
        example = str(loose["value"][0]) if loose.height else None
        found.append((name, given.height, loose.height, example))
    return pl.DataFrame(found, BUCKETS, orient="row")


def _as(frame: pl.DataFrame, schema: Mapping[str, pl.DataType | type[pl.DataType]]) -> pl.DataFrame:
    keys = [name for name, dtype in schema.items() if dtype in (pl.String, pl.Date)]
    return frame.select(pl.col(name).cast(dtype) for name, dtype in schema.items()).sort(keys)


def _stacked(
    frames: Mapping[str, pl.DataFrame], schema: Mapping[str, pl.DataType | type[pl.DataType]]
) -> pl.DataFrame:  # fmt: skip
    parts = [_as(frame, schema) for frame in frames.values()]
    return pl.concat(parts) if parts else pl.DataFrame(schema=schema)
