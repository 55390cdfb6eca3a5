"""What sells: leads and their stages, open deals, churn pooled over months, formulas that need something above zero."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from fractions import Fraction
from typing import Any

from oracle.counting import judged
from oracle.money import balances
from oracle.shapes import Asked, Cell, Company, Key, Metric, Row, later, length, share

STAGES = ("lead", "mql", "sql", "opportunity", "won")


def stage_times(company: Company, row: Row, asked: Asked) -> dict[str, datetime]:
    """When a lead was first in each stage, as the row tells it, or its history where there is one."""
    told: dict[str, datetime] = {}
    for stage in company.rows("stages"):
        name = str(stage["stage"]).strip().lower()
        if stage.get("lead") == row["lead"] and name in (*STAGES, "lost") and stage["at"] < asked.as_of:
            told[name] = min(stage["at"], told.get(name, stage["at"]))
    own = {"lead": row["at"], **{name: row[name] for name in STAGES[1:] if row.get(name) is not None}}
    times = {"lead": row["at"], **told} if told else own
    return {name: at for name, at in times.items() if at < asked.as_of}


def reached(times: Mapping[str, datetime], stage: str) -> datetime | None:
    """When a lead was first in a stage or any later one."""
    late = STAGES[STAGES.index(stage) :]
    return min((times[name] for name in late if name in times), default=None)


def leads(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Leads that go from one stage to later ones within the window, by the period of the first.

    Formula: mature leads that were in the step or any later one not before they entered and within the window / mature
    leads that entered. A lead enters when it first was in the first step or any later one; the first step `lead` is
    entered when it came in.
    """
    first, *rest = metric["steps"]
    out: dict[Key, Cell] = {}
    found = []
    for row in company.rows("leads"):
        times = stage_times(company, row, asked)
        entry = times.get("lead") if first == "lead" else reached(times, first)
        if entry is not None:
            found.append((entry, times))
    for period in asked.periods:
        entered = [(at, times) for at, times in found if asked.floor(at) == period]
        mature = [(at, times) for at, times in entered if at + length(metric["within"]) <= asked.as_of]
        immature = len(entered) - len(mature)
        for step in (first, *rest):
            done = 0
            for at, times in mature:
                after = {name: moment for name, moment in times.items() if moment >= at}
                when = reached(after, step)
                done += step == first or (when is not None and when <= at + length(metric["within"]))
            value = share(Fraction(done), Fraction(len(mature)))
            status = judged(asked, period, value, counted=len(mature), of_rate=True, immature=immature)
            cell = Cell(value, Fraction(done), Fraction(len(mature)), len(mature), 0, immature, status)
            out[step, None, period] = out[None, None, period] = cell
    return out


def open_deals(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """What open deals are worth on the last day of a period.

    Formula: amounts of deals opened by then and not closed by then; with `weights` times that of the stage they are
    in, with `due` those only that are expected to close from that day to the period's end; with `qualified` the
    number of those qualified by then, or that stand in one of its stages. An open deal has no close
    date, whatever it says; a closed one without a date is left out.
    """
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        total = Fraction(0)
        for row in company.rows("opportunities"):
            is_open = row["status"] == "open"
            closed = None if is_open else row["closed"]
            if (not is_open and closed is None) or asked.day(row["opened"]) > day:
                continue
            if closed is not None and asked.day(closed) <= day:
                continue
            if metric.get("qualified") and not _qualified(company, row, metric["qualified"], asked, day):
                continue
            if metric.get("due"):
                due = row.get("expected_close")
                if due is None or not day <= due < asked.end(period):
                    continue
            weights = metric.get("weights")
            stage = stage_on(company, row, asked, day)
            weight = Fraction(str(weights.get(stage, 0))) if weights else Fraction(1)
            total += Fraction(1) if metric.get("qualified") else Fraction(str(row["eur"])) * weight
        out[None, None, period] = Cell(total, total, status=judged(asked, period, total, counted=0, of_rate=False))
    return out


def _qualified(company: Company, row: Row, stages: Any, asked: Asked, day: date) -> bool:
    """Whether a deal is qualified on a day: it stands in one of some stages, or `qualified_at` has come."""
    if isinstance(stages, list):
        return stage_on(company, row, asked, day) in stages
    return bool(row.get("qualified_at")) and asked.day(row["qualified_at"]) <= day


def stage_on(company: Company, row: Row, asked: Asked, day: date) -> str | None:
    """The stage a deal stood in on a day: the last its history tells by then, the first where it tells none yet."""
    told = sorted(
        (stage["at"], str(stage["stage"]))
        for stage in company.rows("stages")
        if stage.get("opportunity") == row["opportunity"] and stage["at"] < asked.as_of
    )
    if not told:
        return row.get("stage")
    before = [stage for at, stage in told if asked.day(at) <= day]
    return before[-1] if before else told_first(told, asked)


def told_first(told: list[tuple[datetime, str]], asked: Asked) -> str:
    """The stage of the first day that a history tells of."""
    first = asked.day(told[0][0])
    return [stage for at, stage in told if asked.day(at) == first][-1]


def pooled(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Monthly churn over so many months. Formula: lost in each of the months / opening balances of each of them."""
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        lost = whole = Fraction(0)
        for back in range(metric["pool"]):
            ends = [later(day + timedelta(days=1), f"{n}mo", -1) - timedelta(days=1) for n in (back, back + 1)]
            now, then = ({a: v for (a, _), v in balances(company, metric["of"], asked, end).items()} for end in ends)
            for account, was in then.items():
                if was > 0:
                    kept = min(now.get(account, Fraction(0)), was)
                    lost += Fraction(not kept) if metric["count"] else was - kept
                    whole += Fraction(1) if metric["count"] else was
        value = share(lost, whole)
        status = judged(asked, period, value, counted=0, of_rate=True)
        out[None, None, period] = Cell(value, lost, whole, status=status)
    return out
