"""Parts of SQL that the queries of the DuckDB rival share: weeks, runs, and totals, parts and segments of one pass."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from stack import WORKFLOWS, ZONE


@dataclass(frozen=True)
class Query:
    """A text whose columns are cut, period, segment, segment value and one value per stat."""

    text: str
    stats: tuple[str | None, ...] = (None,)


def local(at: str, part: str) -> str:
    """Berlin day, week or month of an instant, named by its first day."""
    return f"date_trunc('{part}', timezone('{ZONE}', {at}))::date"


def week(at: str) -> str:
    return local(at, "week")


def month(at: str) -> str:
    return local(at, "month")


def listed(names: Iterable[str]) -> str:
    return ", ".join(f"'{name}'" for name in names)


def by_name(values: Mapping[str, str], column: str = "name") -> str:
    """CASE that looks a text up."""
    return f"case {column} " + " ".join(f"when '{name}' then {value}" for name, value in values.items()) + " end"


def runs(*outcomes: str, names: Sequence[str] = tuple(WORKFLOWS)) -> str:
    """Rows of runs: workflow `w`, account `a`, run `r`, instant `ts`, and `o` that says which outcome it is."""
    flows = {name: WORKFLOWS[name] for name in names}
    events = {getattr(flow, outcome): (name, flow, outcome) for name, flow in flows.items() for outcome in outcomes}
    return f"""
        select {by_name({event: f"'{name}'" for event, (name, _, _) in events.items()})} w, workspace_id a, event_id,
               {by_name({event: flow.run for event, (_, flow, _) in events.items()})} r, ts,
               {by_name({event: f"'{outcome}'" for event, (_, _, outcome) in events.items()})} o
        from events where name in ({listed(events)}) and a is not null and r is not null"""


def starts(outcome: str, names: Sequence[str] = tuple(WORKFLOWS)) -> str:
    """Runs at their first row of an outcome: `w`, `a`, week `p`."""
    return f"select w, a, {week('min(ts)')} p from ({runs(outcome, names=names)}) group by w, a, r"


def grouped(
    rows: str,
    *values: str,
    cut: str | None = None,
    total: str | None = "true",
    split: str | None = None,
    among: str = "true",
    segments: Sequence[str] = (),
) -> str:
    """Values by period `p`: of all rows, of each value of `cut`, and by each segment of the account `a`.

    `{}` in a value stands for the condition on the rows: `total` of the whole (null: it is not asked), `among` where
    segments are told apart, whose cut is then `split`.
    """
    sets = ["(p)"] * (total is not None) + [f"(p, {cut})"] * (cut is not None) + [f"(p, {name})" for name in segments]
    named = f"when {cut} is not null then {cut} " if cut else ""
    which = " ".join(f"when {name} is not null then '{name}'" for name in segments)
    any_segment = f"coalesce({', '.join(segments)})" if segments else "null"
    marks = ", ".join(
        f"case when a is null then '(unattributed)' else coalesce(accounts.{name}, '(unknown)') end {name}"
        for name in segments
    )
    marked = f"select r.*, {marks} from ({rows}) r left join accounts on id = a" if segments else rows
    picked = [_picked(value, cut, total or "true", any_segment, among) for value in values]
    return f"""
        select case {named}when {any_segment} is not null then {f"'{split}'" if split else "null"} end cut, p,
               {f"case {which} end" if segments else "null"} segment, {any_segment} segment_value,
               {", ".join(f"{value} v{place}" for place, value in enumerate(picked, start=1))}
        from ({marked}) group by grouping sets ({", ".join(sets)})"""


def _picked(value: str, cut: str | None, total: str, any_segment: str, among: str) -> str:
    """The aggregate under the condition of the grouping set it is in."""
    conditions = {total, "true" if cut else total, among if any_segment != "null" else total}
    if len(conditions) == 1:
        return value.format(*[total] * value.count("{}"))
    one, every, parted = (value.format(*[c] * value.count("{}")) for c in (total, "true", among))
    cases = f"when {cut} is not null then {every} " if cut else ""
    return f"case {cases}when {any_segment} is not null then {parted} else {one} end"
