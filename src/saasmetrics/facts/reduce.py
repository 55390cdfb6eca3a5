"""The door of the room: logs and requests in, facts out."""

from __future__ import annotations

import hashlib
import os
from collections.abc import Collection, Mapping
from dataclasses import replace
from datetime import datetime
from typing import Literal

import numpy as np
import polars as pl
import pyarrow as pa

from saasmetrics.expression import parse
from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.cache import Cache
from saasmetrics.facts.chunk import NEVER, Ground
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.demand import Demand
from saasmetrics.facts.formulas import Formulas
from saasmetrics.facts.heads import SUCCESS
from saasmetrics.facts.pack import Ints
from saasmetrics.facts.passing import Pass, Progress
from saasmetrics.facts.plan import Plan, make_plan
from saasmetrics.facts.request import Request, Runs, Spread, Tally
from saasmetrics.facts.result import Facts
from saasmetrics.facts.shelf import Shelf, StaleError
from saasmetrics.facts.sparing import Sparing
from saasmetrics.facts.stock import stocked
from saasmetrics.facts.vocabulary import Vocabulary
from saasmetrics.finding import InputError
from saasmetrics.period import Calendar
from saasmetrics.sources.log import Log

FORMAT = 2
"""Of what chunks come to: to be raised with every change of code that gives other partial facts for the same rows."""


def reduce(
    logs: Mapping[str, Log],
    requests: Collection[Request],
    *,
    calendar: Calendar,
    accounts: pl.Series,
    users: pl.Series,
    created: pl.DataFrame,
    aliases: pl.DataFrame | None = None,
    reads: Mapping[Request, Collection[str]] | None = None,
    as_of: datetime | None = None,
    cache: Cache | None = None,
    progress: Progress | None = None,
    threads: int | None = None,
    sparing: Sparing | None = None,
) -> Facts:
    """Fill every request in one pass over the logs.

    `accounts` and `users` are the ids that small tables know; `created` (account, created) serves `since_created`;
    `aliases` (alias, account) renames accounts in all history; `reads` names by request the columns that anybody reads
    of runs, for those others to be left out. Rows at or after `as_of` are not seen. `progress` is
    told what is read, the rows done and the rows in all. What the `cache` has of files that are as they were is not
    read again; of that, what `sparing` does not need is left out.
    Edges: the same facts, to the byte, however rows are ordered, split over files or shared out among threads, and with
    or without a cache. Sources
    that no request reads are not opened. Raises: InputError when an expression cannot be computed on its source.
    """
    pa.set_memory_pool(pa.system_memory_pool())  # one allocator for arrays: what one frees the other uses again
    plan = make_plan({name: log.role for name, log in logs.items()}, requests, calendar, as_of)
    read = {predicate.source for predicate in plan.predicates}
    demands = {name: _demand(log, plan) for name, log in logs.items() if name in read}
    formulas = Formulas(calendar.timezone, as_of)
    _check(plan, formulas, demands)
    words = _words(plan, demands, accounts, users, aliases)
    ground = Ground(plan, Atoms(plan.predicates), formulas, words, _creations(created, words["account"]), reads or {})
    key = _key(plan, demands, created, aliases) if cache is not None else ""

    def run() -> Facts:
        shelf = Shelf(cache, key, stocked(cache, key, demands))
        try:
            return Pass(ground, demands, shelf, progress, threads or os.cpu_count() or 1, sparing).run()
        except StaleError:
            shelf.clear()
            if sparing is not None:
                sparing.bar()
            return run()

    facts = run()
    return replace(facts, findings=(*facts.findings, *cache.close())) if cache is not None else facts


def _key(plan: Plan, demands: Mapping[str, Demand], created: pl.DataFrame, aliases: pl.DataFrame | None) -> str:
    """A name for everything beside the files that decides what chunks come to."""
    digest = hashlib.blake2b(digest_size=12)
    since_created = any(getattr(member.request, "since_created", False) for member in plan.members)
    tables = [created.select("account", "created")] if since_created else []
    tables += [] if aliases is None else [aliases.select("alias", "account")]
    sources = sorted((name, demand.log.key, demand.columns) for name, demand in demands.items())
    digest.update(repr((FORMAT, pl.__version__, plan.fingerprint, sources)).encode())
    for table in tables:
        rows = table.select(pl.all().cast(pl.String)).sort(table.columns)
        digest.update(rows.write_csv().encode())
    return digest.hexdigest()


def _demand(log: Log, plan: Plan) -> Demand:
    columns = plan.columns(log.name, log.role)
    keys = {"event", "account", "user", *_key_columns(plan)}
    runs = {choice.selector.run for member in plan.members for choice in member.choices if choice.selector.run}
    return Demand(log, tuple(sorted(columns & log.columns.keys())), frozenset(runs - keys))


def _key_columns(plan: Plan) -> set[str]:
    """Text columns that requests count by, or name in their answer."""
    requests = [member.request for member in plan.members]
    by = {name for request in requests if isinstance(request, Tally | Spread) for name in request.by}
    return by | {request.reason for request in requests if isinstance(request, Runs) and request.reason}


def _words(
    plan: Plan, demands: Mapping[str, Demand], accounts: pl.Series, users: pl.Series, aliases: pl.DataFrame | None
) -> dict[str, Vocabulary]:
    renamed = {} if aliases is None else dict(aliases.select("alias", "account").drop_nulls().iter_rows())
    reasons = Vocabulary()  # one for all columns that say why a run failed
    words = {name: Vocabulary() for name in _key_columns(plan) | _filter_columns(plan, demands)}
    runs = [member.request for member in plan.members if isinstance(member.request, Runs)]
    words |= {request.reason: reasons for request in runs if request.reason}
    return words | {"event": Vocabulary(), "account": Vocabulary(accounts, renamed), "user": Vocabulary(users)}


def _filter_columns(plan: Plan, demands: Mapping[str, Demand]) -> set[str]:
    """Text columns that filters read; one that a source lacks is a text that is never there."""
    read: dict[str, set[str]] = {}
    for predicate in plan.predicates:
        for name in parse(predicate.filter).columns if predicate.filter else ():
            read.setdefault(name, set()).add(predicate.source)
    texts = (None, pl.String, pl.Categorical, pl.Enum)
    return {name for name, sources in read.items() if all(demands[s].log.columns.get(name) in texts for s in sources)}


def _creations(created: pl.DataFrame, accounts: Vocabulary) -> Ints:
    codes = accounts.look_up(created["account"])
    creations = np.full(accounts.size + 1, NEVER, np.int64)
    creations[codes] = created["created"].cast(INSTANT).to_physical().fill_null(NEVER).to_numpy()
    return creations


def _check(plan: Plan, formulas: Formulas, demands: Mapping[str, Demand]) -> None:
    """Compile everything before a file is opened. Raises: InputError with all faults."""
    texts: set[tuple[str, str, Literal["flag", "number"]]]
    texts = {(p.source, p.filter, "flag") for p in plan.predicates if p.filter}
    for member in plan.members:
        expr = getattr(member.request, "expr", None)
        part = member.parts[SUCCESS] if isinstance(member.request, Runs) else member.rows
        texts |= {(p.source, expr, "number") for choice in part for p in choice.predicates if expr}
    found = []
    for source, sql, kind in sorted(texts):
        known = demands[source].log.columns
        missing = {name: pl.Null() for name in parse(sql).columns if name not in known}
        found.append(formulas.check(sql, kind, {**known, **missing}, source))
    faults = [finding for finding in found if finding is not None]
    if faults:
        raise InputError(faults, 3)
