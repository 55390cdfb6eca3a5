"""Types that follow an entity from one moment to later ones: conversion, duration, retention, tiers."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise
from zoneinfo import ZoneInfo

from oracle.counting import is_composed, judged
from oracle.happenings import Happening, chosen, moments_of, number_of, tier_moments, tier_standing
from oracle.shapes import (
    ACCOUNTLESS,
    Asked,
    Cell,
    Company,
    Key,
    Metric,
    Rows,
    later,
    length,
    quantile,
    quantile_of,
    share,
)

UNITS = {"seconds": 1, "minutes": 60, "hours": 3600, "days": 86400}


@dataclass(frozen=True)
class Try:
    """One entity entering: when, for which account, how long after which it reached each further step."""

    entity: tuple[str | None, str | None]
    entry: datetime
    steps: tuple[datetime | None, ...]
    mature: bool
    excluded: bool = False
    ended: datetime | None = None

    @property
    def depth(self) -> int:
        """How many further steps were reached, one after the other."""
        return next((n for n, at in enumerate(self.steps) if at is None), len(self.steps))


def conversion(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Entities that go from the entry through the steps within the window, by the period of entry.

    Formula: for each step, mature entities that reached it (and those before) / mature entities that entered; with
    `rate_from: previous` over those that reached the step before. Mature: entry + within <= as_of; immature ones are
    in neither number.
    Edges: of the tries of an entity in one period the deepest counts, of equals the earliest; exactly `within` counts.
    Policies: `immature` dropped: all count; converters: those that got to the end count too. `window_anchor`
    previous_step: the window runs from the step before, and a try is mature when all of them have closed. `entry`
    first: only the first try of the period; latest: tries that a newer one replaces before they moved on are
    gone; every: a try is opened once the one before has ended by its last step, by what excludes or as its window
    closes, and tries are counted. `ties` strict: a step is later than the one before. `exclusion` drop_entity: whose
    best try was ended by `exclude` is gone. `funnel_by` period: of the same tries, all of them mature, every step
    counts in the period in which it and all before it were done, the entry in its own; an entity once in each.
    """
    policies = metric.get("policies", {})
    steps = {"entry": metric["entry"], **metric["steps"]} if "entry" in metric else dict(metric["steps"])
    names = list(steps)
    tries = runs(company, metric, asked) if metric.get("entity") == "run" else _tries(company, metric, steps, asked)
    if policies.get("entry") == "every" and metric.get("entity") != "run":
        tries = _in_turn(tries)
    shown = names[-1:] if "entry" in metric else names
    if policies.get("funnel_by") == "period":
        return _by_period(company, metric, tries, names, shown, asked)
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        entered = [one for one in tries if asked.floor(one.entry) == period]
        best = _counted(company, metric, entered, asked)
        mature = [one for one in best if one.mature]
        for name in shown:
            depth = names.index(name)
            reached = [one for one in mature if one.depth >= depth]
            before = depth - 1 if metric.get("rate_from") == "previous" and depth else 0
            base = [one for one in mature if one.depth >= before]
            immature = len([one for one in best if not one.mature and one.depth >= before])
            value = share(Fraction(len(reached)), Fraction(len(base)))
            status = judged(asked, period, value, counted=len(base), of_rate=True, immature=immature)
            accounts = len({one.entity[0] for one in base})
            cell = Cell(value, Fraction(len(reached)), Fraction(len(base)), len(base), accounts, immature, status)
            out[name, None, period] = cell
        out[None, None, period] = out[names[-1], None, period]
        if "entry" in metric:
            del out[names[-1], None, period]
    return out


def _counted(company: Company, metric: Metric, entered: list[Try], asked: Asked) -> list[Try]:
    """Of the tries that entered in one period, those that count."""
    policies = metric.get("policies", {})
    entered = _settled(entered, policies.get("immature", "exclude"))
    entered = _opened(entered, policies.get("entry", "any"))
    best = _best(entered) if _by_entity(metric) else entered
    if policies.get("exclusion") == "drop_entity":
        best = [one for one in best if not one.excluded]
    return _not_there_yet(best, metric, moments_of(company, metric["unless"], asked)) if "unless" in metric else best


def _by_entity(metric: Metric) -> bool:
    """Whether entities are counted, not tries."""
    return metric.get("entity") != "run" and metric.get("policies", {}).get("entry") != "every"


def _by_period(
    company: Company, metric: Metric, tries: list[Try], names: list[str], shown: list[str], asked: Asked
) -> dict[Key, Cell]:
    """Every step in the period in which it was done."""
    own = {**metric, "policies": {**metric["policies"], "immature": "dropped"}}
    entered: dict[date, list[Try]] = defaultdict(list)
    for one in tries:
        entered[asked.floor(one.entry)].append(one)
    there: dict[tuple[int, date], set[object]] = defaultdict(set)
    for some in entered.values():
        for one in _counted(company, own, some, asked):
            for depth in range(one.depth + 1):
                done = max([one.entry, *[at for at in one.steps[:depth] if at is not None]])
                there[depth, asked.floor(done)].add(one.entity if _by_entity(metric) else (one.entity, one.entry))
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        for name in shown:
            depth = names.index(name)
            reached = there[depth, period]
            base = there[depth - 1 if metric.get("rate_from") == "previous" and depth else 0, period]
            value = share(Fraction(len(reached)), Fraction(len(base)))
            status = judged(asked, period, value, counted=len(base), of_rate=True)
            out[name, None, period] = Cell(value, Fraction(len(reached)), Fraction(len(base)), len(base), 0, 0, status)
        out[None, None, period] = out[names[-1], None, period]
        if "entry" in metric:
            del out[names[-1], None, period]
    return out


def _not_there_yet(tries: list[Try], metric: Metric, there: dict[str, datetime]) -> list[Try]:
    """Tries of accounts that had not been there before they entered; nor then, where being there is no step."""
    same = metric["unless"] in metric["steps"].values()
    kept = []
    for one in tries:
        at = there.get(one.entity[0] or "")
        if at is None or at > one.entry or (same and at == one.entry):
            kept.append(one)
    return kept


def _settled(tries: list[Try], choice: str) -> list[Try]:
    """The tries, with what counts as mature by choice."""
    if choice == "dropped":
        return [replace(one, mature=True) for one in tries]
    if choice == "converters":
        return [replace(one, mature=one.mature or one.depth == len(one.steps)) for one in tries]
    return tries


def _opened(tries: list[Try], choice: str) -> list[Try]:
    """The tries of one period that were opened, by choice."""
    ordered = sorted(tries, key=lambda one: one.entry)
    if choice == "first":
        firsts: dict[tuple[str | None, str | None], Try] = {}
        for one in ordered:
            firsts.setdefault(one.entity, one)
        return list(firsts.values())
    if choice != "latest":
        return tries
    out = []
    for number, one in enumerate(ordered):
        newer = next((other for other in ordered[number + 1 :] if other.entity == one.entity), None)
        if newer is None or (one.steps[0] is not None and newer.entry > one.steps[0]):
            out.append(one)
    return out


def _in_turn(tries: list[Try]) -> list[Try]:
    """Of each entity the tries that were opened while no other was open."""
    busy: dict[tuple[str | None, str | None], datetime] = {}
    out = []
    for one in sorted(tries, key=lambda one: (one.entry, -one.depth)):
        if one.entity not in busy or one.entry > busy[one.entity]:
            assert one.ended is not None
            busy[one.entity] = one.ended
            out.append(one)
    return out


def _best(tries: list[Try]) -> list[Try]:
    """The one that counts of each entity: among mature ones the deepest, then the earliest; else any immature one."""
    best: dict[tuple[str | None, str | None], Try] = {}
    for one in sorted(tries, key=lambda one: (not one.mature, -one.depth, one.entry)):
        best.setdefault(one.entity, one)
    return list(best.values())


def _tries(company: Company, metric: Metric, steps: dict[str, Rows], asked: Asked) -> list[Try]:
    policies = metric.get("policies", {})
    within, order = length(metric["within"]), metric.get("order") or policies.get("order", "ordered")
    by_user = metric.get("entity") == "user"
    entry, *later_steps = [_of_entities(company, rows, asked, by_user) for rows in steps.values()]
    everything = _of_entities(company, {"source": "events"}, asked, by_user) if order == "strict" else {}
    stops = _of_entities(company, metric["exclude"], asked, by_user) if "exclude" in metric else {}
    apart = metric.get("policies", {}).get("ties") == "strict"
    chained = metric.get("policies", {}).get("window_anchor") == "previous_step" and order != "any"
    whole = within * len(later_steps) if chained else within
    tries = []
    for entity, entries in entry.items():
        after = [found.get(entity, []) for found in later_steps]
        needed = [rows.get("at_least", 1) for rows in list(steps.values())[1:]]
        for start in entries:
            end = start.at + within
            if order == "any":
                moments = _any_order(start, after, needed, end, apart)
            else:
                moments = _ordered(
                    start,
                    after,
                    needed,
                    end,
                    everything.get(entity) if order == "strict" else None,
                    apart,
                    within if chained else None,
                )
            stop = next((row.at for row in stops.get(entity, []) if row.at >= start.at), None)
            if stop is not None:
                moments = tuple(None if at is None or at > stop else at for at in moments)
            hit = stop is not None and stop <= end and moments[-1] is None
            reached = [at for at in moments if at is not None]
            ended: datetime | None = max([start.at, *reached]) + within if chained else end
            if len(reached) == len(moments):
                ended = max(reached)
            elif hit:
                ended = stop
            tries.append(Try(entity, start.at, moments, start.at + whole <= asked.as_of, hit, ended))
    return tries


def _of_entities(
    company: Company, rows: Rows, asked: Asked, by_user: bool
) -> dict[tuple[str | None, str | None], list[Happening]]:
    out: dict[tuple[str | None, str | None], list[Happening]] = defaultdict(list)
    if "all" in rows:
        created = moments_of(company, {"milestone": "created"}, asked)
        moments = moments_of(company, rows, asked, since=created)
        for account, at in moments.items():
            out[account, None].append(Happening(at, account, None, {}))
        return out
    for entry in chosen(company, rows, asked):
        if entry.account is not None and (entry.user is not None or not by_user):
            out[entry.account, entry.user if by_user else None].append(entry)
    return out


def _ordered(
    start: Happening,
    after: list[list[Happening]],
    needed: list[int],
    end: datetime,
    everything: list[Happening] | None,
    apart: bool = False,
    each: timedelta | None = None,
) -> tuple[datetime | None, ...]:
    """Each step's first row (or n-th) not before the step before; a row fills one step only."""
    moments: list[datetime | None] = []
    at, used = start.at, [id(start.row)] if start.row else []
    for rows, wanted in zip(after, needed, strict=True):
        end = at + each if each is not None else end
        met: list[Happening] = []
        for row in rows:
            soon = at < row.at if apart else at <= row.at
            if soon and row.at <= end and id(row.row) not in used and number_of(met) < wanted:
                met.append(row)
        if number_of(met) < wanted or (everything is not None and _between(everything, at, met[-1], used)):
            break
        at = met[-1].at
        used += [id(row.row) for row in met if row.row]
        moments.append(at)
    return (*moments, *[None] * (len(after) - len(moments)))


def _between(everything: list[Happening], at: datetime, step: Happening, used: list[int]) -> bool:
    """Whether another row of the entity lies strictly between two steps; repeats of the step just left may."""
    left = next((row.row.get("event") for row in everything if id(row.row) in used[-1:]), None)
    return any(
        at < row.at < step.at and id(row.row) not in used and row.row is not step.row and row.row.get("event") != left
        for row in everything
    )


def _any_order(
    start: Happening, after: list[list[Happening]], needed: list[int], end: datetime, apart: bool = False
) -> tuple[datetime | None, ...]:
    """The entry comes first, the other steps in any order; a row fills one step only.

    A step counts as reached with all that are listed before it.
    """
    moments: list[datetime | None] = []
    used = [id(start.row)]
    for rows, wanted in zip(after, needed, strict=True):
        inside = [row for row in rows if start.at <= row.at <= end and id(row.row) not in used]
        inside = [row for row in inside if row.at > start.at or not apart]
        met = next((n for n in range(len(inside)) if number_of(inside[: n + 1]) >= wanted), None)
        moments.append(None if met is None else inside[met].at)
        used += [id(row.row) for row in inside[: 0 if met is None else met + 1] if row.row]
    return tuple(moments)


def runs(company: Company, metric: Metric, asked: Asked) -> list[Try]:
    """Runs of a workflow: first attempt to first success at or after it, within the window when there is one.

    Formula: with a run column, rows of one account and run; without, each success takes the earliest open attempt of
    its account and user within the window, one to one. Runs without an attempt are left out.
    """
    name = metric["workflow"] if "workflow" in metric else metric["steps"]["success"]["workflow"]
    workflow = company.workflows[name]
    within = metric.get("within") or workflow.get("within")
    attempts = chosen(company, {"workflow": name, "outcome": "attempt"}, asked)
    successes = chosen(company, {"workflow": name, "outcome": "success"}, asked)
    if workflow.get("run"):
        pairs = _by_run(attempts, successes)
    else:
        pairs = _by_time(attempts, successes, length(workflow["within"]))
    out = []
    for number, (attempt, success) in enumerate(pairs):
        limit = attempt.at + length(within) if within else None
        reached = success if success is not None and (limit is None or success <= limit) else None
        out.append(Try((attempt.account, str(number)), attempt.at, (reached,), limit is None or limit <= asked.as_of))
    return out


def _by_run(attempts: list[Happening], successes: list[Happening]) -> list[tuple[Happening, datetime | None]]:
    first: dict[object, Happening] = {}
    for attempt in attempts:
        first.setdefault(attempt.run, attempt)
    return [
        (attempt, next((s.at for s in successes if s.run == run and s.at >= attempt.at), None))
        for run, attempt in first.items()
        if run is not None
    ]


def _by_time(
    attempts: list[Happening], successes: list[Happening], within: timedelta
) -> list[tuple[Happening, datetime | None]]:
    taken: dict[int, datetime] = {}
    for success in successes:
        for number, attempt in enumerate(attempts):
            same = (attempt.account, attempt.user) == (success.account, success.user)
            if same and number not in taken and attempt.at <= success.at <= attempt.at + within:
                taken[number] = success.at
                break
    return [(attempt, taken.get(number)) for number, attempt in enumerate(attempts)]


def duration(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Time from one moment to another: median, pNN linear over those who got there.

    Formula: with `within`, entities by the period of `from`, mature when from + within <= as_of; reached when `to` is
    not later than that; without, or with policy `funnel_by` period, by the period of `to`, of those that got there.
    With fewer than half of the mature ones there, the median is not reached; with `among: all` those not there yet
    count as longer than everything.
    """
    spans = _spans(company, metric, asked)
    within = length(metric["within"]) if metric.get("within") else None
    unit = UNITS[metric.get("unit", "days")]
    if within and metric.get("policies", {}).get("funnel_by") == "period":
        spans, within = [s for s in spans if s[2] is not None and s[2] <= s[1] + within], None
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        some = [s for s in spans if (at := s[1] if within else s[2]) is not None and asked.floor(at) == period]
        mature = [s for s in some if within is None or _is_judged(s, within, metric, asked)]
        times = [
            Fraction(_passed(start, to, metric, asked) // timedelta(milliseconds=1), 1000 * unit)
            for _, start, to in mature
            if to is not None and (within is None or to <= start + within)
        ]
        for stat in metric.get("stat", ["median", "p90"]):
            out[None, stat, period] = _measured(
                times, len(mature), len(some) - len(mature), stat, metric, asked, period
            )
    return out


def _is_judged(span: Span, within: timedelta, metric: Metric, asked: Asked) -> bool:
    """Whether the window has closed by the as-of; by policy `immature` all are, or those that got there."""
    choice = metric.get("policies", {}).get("immature", "exclude")
    there = span[2] is not None and span[2] <= span[1] + within
    return choice == "dropped" or span[1] + within <= asked.as_of or (choice == "converters" and there)


def _passed(start: datetime, end: datetime, metric: Metric, asked: Asked) -> timedelta:
    """The time between two moments; of tickets with policy `business_hours` what lies in these, day by day."""
    hours = metric.get("policies", {}).get("business_hours")
    if hours is None or {metric[side].get("source") for side in ("from", "to")} != {"tickets"}:
        return end - start
    zone = ZoneInfo(hours.get("timezone") or asked.timezone)
    working = hours.get("days") or ["monday", "tuesday", "wednesday", "thursday", "friday"]
    passed, day = timedelta(), start.astimezone(zone).date()
    while day <= end.astimezone(zone).date():
        if f"{day:%A}".lower() in working and day.isoformat() not in hours.get("holidays", ()):
            opens, closes = (_clock(day, hours[side], zone) for side in ("from", "to"))
            passed += max(timedelta(), min(end, closes) - max(start, opens))
        day += timedelta(days=1)
    return passed


def _clock(day: date, clock: str, zone: ZoneInfo) -> datetime:
    """The moment at which clocks show a time on a day, in UTC."""
    hour, minute = map(int, clock.split(":"))
    if hour == 24:
        day, hour = day + timedelta(days=1), 0
    return datetime(day.year, day.month, day.day, hour, minute, tzinfo=zone).astimezone(UTC)


Span = tuple[str | None, datetime, datetime | None]


def _spans(company: Company, metric: Metric, asked: Asked) -> list[Span]:
    if metric.get("entity") == "run":
        tries = runs(company, {"workflow": metric["from"]["workflow"], **metric}, asked)
        return [(one.entity[0], one.entry, one.steps[0]) for one in tries]
    if metric.get("entity") == "row":
        keep = metric["from"].get("source") in ACCOUNTLESS
        rows = [entry for entry in chosen(company, metric["from"], asked) if keep or entry.account is not None]
        pairs = [(entry, entry.row.get(metric["to"]["at"])) for entry in rows]
        return [(entry.account, entry.at, end if end and end < asked.as_of else None) for entry, end in pairs]
    policies = metric.get("policies", {})
    if policies.get("entry") in ("every", "latest") or policies.get("ties") == "strict":
        steps = {"from": metric["from"], "to": metric["to"]}
        plain = {**metric, "policies": {"ties": policies.get("ties", "allowed")}}
        tries = _tries(company, {"within": "30000d", **plain}, steps, asked)
        if policies.get("entry") == "every":
            return [(one.entity[0], one.entry, one.steps[0]) for one in _in_turn(tries)]
        firsts = _opened(_opened(tries, policies.get("entry", "any")), "first")
        return [(one.entity[0], one.entry, one.steps[0]) for one in firsts]
    starts = moments_of(company, metric["from"], asked)
    ends = moments_of(company, metric["to"], asked, since=starts)
    return [(a, at, end if (end := ends.get(a)) is not None and end >= at else None) for a, at in starts.items()]


def _measured(
    times: list[Fraction], mature: int, immature: int, stat: str, metric: Metric, asked: Asked, period: date
) -> Cell:
    value: Fraction | None
    if stat == "mean":
        value = share(sum(times, Fraction(0)), Fraction(len(times)))
    elif metric.get("among") == "all":
        rank = (mature - 1) * quantile_of(stat)
        there = mature > 0 and -(-rank.numerator // rank.denominator) < len(times)
        padded = [*sorted(times), *[max(times, default=Fraction(0))] * (mature - len(times))]
        value = quantile(padded, quantile_of(stat)) if there else None
    else:
        value = quantile(times, quantile_of(stat))
    status = judged(asked, period, value, counted=len(times), of_rate=True, immature=immature)
    missed = mature > 0 and (2 * len(times) < mature if metric.get("among") != "all" else value is None)
    if missed and stat != "mean":
        word = "not_reached" if asked.over(period) else status
        return Cell(None, None, None, len(times), len(times), immature, word)
    return Cell(value, value, None, len(times), len(times), immature, status)


RANKS = ("day", "week", "month", "quarter", "year")
OF_UNIT = {"d": "day", "w": "week", "mo": "month", "q": "quarter", "y": "year"}
LIVED = {"d": 1, "w": 7, "mo": 30, "q": 90, "y": 365}


def retention(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Accounts of a cohort that are active in the k-th interval after it.

    Formula: for each cohort (created in the period) and age k: accounts active in the calendar interval that begins k
    later / size of the cohort. A cell is mature when its interval is over; before, it has no value. An interval that
    begins before the day of the first event has none either: nobody knows what happened in it. A period that is longer
    than the age's unit has a cohort for each of them: pooled they are sums over sums.
    Policies: `came_back` on_or_after: active then or later; streak: in every interval from the first to it. `immature`
    dropped: all cells count; converters: of a cell that is not over those that are back count. `cohort_clock`
    rolling: intervals are k times 24 hours, 7, 30, 90 or 365 days after each account's own start. `cohort_average`
    mean: the mean of the cohorts' rates; weighted: each times its squared size, over the sum of these.
    """
    policies = metric.get("policies", {})
    rolling = policies.get("cohort_clock") == "rolling"
    choice = policies.get("came_back", "on")
    begins = min((asked.day(row["at"]) for row in company.rows("events")), default=date.min)
    starts = moments_of(company, metric.get("cohort", {"milestone": "created"}), asked)
    rule = metric.get("rule") or company.active.get("account") or {"workflow": "core"}
    known: dict[str, list[Happening]] = {}
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        for age in metric.get("ages", ["1mo", "2mo", "3mo", "6mo", "12mo"]):
            unit, count = age.lstrip("0123456789"), int(age.rstrip("dwmoqy"))
            grain = min(asked.grain, OF_UNIT[unit], key=RANKS.index)
            sizes: dict[date, int] = defaultdict(int)
            there: dict[date, int] = defaultdict(int)
            immature = early = 0
            for account, at in starts.items():
                if asked.floor(at) != period:
                    continue
                cohort = asked.floor(at, grain)
                if rolling:
                    days = [timedelta(days=LIVED[unit] * n) for n in range(count + 2)]
                    spans = [(at + days[n], at + days[n + 1]) for n in range(count + 1)]
                else:
                    firsts = [later(cohort, f"{n}{unit}") for n in range(count + 1)]
                    spans = [(asked.instant(first), asked.instant(asked.end(first, grain))) for first in firsts]
                wanted = spans[1:] if choice == "streak" and count else spans[-1:]
                if asked.day(wanted[0][0]) < begins:
                    early += 1
                    continue
                if choice == "on_or_after":
                    wanted = [(wanted[0][0], asked.as_of)]
                back = all(_is_there(company, rule, asked, account, span, known) for span in wanted)
                mature = spans[-1][1] <= asked.as_of
                if (
                    mature
                    or policies.get("immature") == "dropped"
                    or (back and policies.get("immature") == "converters")
                ):
                    sizes[cohort] += 1
                    there[cohort] += back
                else:
                    immature += 1
            n, d = _together(sizes, there, policies.get("cohort_average", "pooled"))
            value = share(n, d)
            counted = sum(sizes.values())
            status = judged(asked, period, value, counted=counted, of_rate=True, immature=immature)
            status = "no_input" if early and not counted and not immature else status
            out[age, None, period] = Cell(value, n, d, counted, counted, immature, status)
    return out


def _is_there(
    company: Company,
    rule: Rows,
    asked: Asked,
    account: str,
    span: tuple[datetime, datetime],
    known: dict[str, list[Happening]],
) -> bool:
    """Whether an account met a rule between two moments: all its parts, any of them, or enough rows."""
    if is_composed(rule):
        inherited = {"filter": rule["filter"]} if "filter" in rule else {}
        parts = [{**part, **inherited} for part in rule.get("all", rule.get("any"))]
        found = [_is_there(company, part, asked, account, span, known) for part in parts]
        return all(found) if "all" in rule else any(found)
    if repr(rule) not in known:
        known[repr(rule)] = chosen(company, rule, asked)
    rows = [row for row in known[repr(rule)] if row.account == account and span[0] <= row.at < span[1]]
    return number_of(rows) >= int(rule.get("at_least", 1))


def _together(sizes: dict[date, int], there: dict[date, int], choice: str) -> tuple[Fraction, Fraction]:
    """What the rates of several cohorts come to, as a numerator and a denominator."""
    if choice == "mean":
        return sum((Fraction(there[c], size) for c, size in sizes.items()), Fraction(0)), Fraction(len(sizes))
    if choice == "weighted":
        return Fraction(sum(there[c] * size for c, size in sizes.items())), Fraction(sum(s * s for s in sizes.values()))
    return Fraction(sum(there.values())), Fraction(sum(sizes.values()))


def tiers(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """How many accounts stand at or above each tier at the period's end, or how long the step up to it took.

    Formula: share = accounts that reached the tier and all below it, ever, by the end / accounts that exist then, from
    their creation until they are closed; time = moment of the tier less that of the tier below, by the period of the
    former. With policy `tier_memory` a share is of those that stand there at the end.
    """
    moments = tier_moments(company, metric["workflow"], asked, metric)
    times = metric.get("measure") == "time"
    out = _tier_times(moments, metric, asked) if times else _tier_shares(company, moments, metric, asked)
    highest = list(moments)[-1]
    return out | {(None, stat, period): cell for (tier, stat, period), cell in out.items() if tier == highest}


def _tier_shares(
    company: Company, moments: dict[str, dict[str, datetime]], metric: Metric, asked: Asked
) -> dict[Key, Cell]:
    created = moments_of(company, {"milestone": "created"}, asked)
    closed = {row["account"]: row.get("closed") for row in company.rows("accounts")}
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        there = {a for a, at in created.items() if asked.day(at) <= day < asked.day(closed.get(a) or date.max)}
        at_tier = {name: {a for a, at in reached.items() if asked.day(at) <= day} for name, reached in moments.items()}
        memory = metric.get("policies", {}).get("tier_memory", "ever")
        if memory != "ever":
            at_tier = tier_standing(company, metric, asked, day)
        for name, standing in at_tier.items():
            n = Fraction(len(standing & there))
            value = share(n, Fraction(len(there)))
            status = judged(asked, period, value, counted=len(there), of_rate=True)
            out[name, None, period] = Cell(value, n, Fraction(len(there)), len(there), len(there), 0, status)
    return out


def _tier_times(moments: dict[str, dict[str, datetime]], metric: Metric, asked: Asked) -> dict[Key, Cell]:
    out: dict[Key, Cell] = {}
    for below, name in pairwise(moments):
        for period in asked.periods:
            times = [
                Fraction((at - moments[below][a]) // timedelta(milliseconds=1), 86_400_000)
                for a, at in moments[name].items()
                if asked.floor(at) == period and a in moments[below]
            ]
            for stat in ("median", "p90", "mean"):
                out[name, stat, period] = _measured(times, len(times), 0, stat, metric, asked, period)
    return out
