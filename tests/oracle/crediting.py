"""Attribution: revenue shared among the touches before it, conversion by conversion."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from datetime import date, datetime
from fractions import Fraction

from oracle.counting import judged
from oracle.happenings import chosen
from oracle.shapes import UNATTRIBUTED, Asked, Cell, Company, Key, Metric, Row, length, share

F = Fraction


def path_of(company: Company, deal: Row, closed: datetime, metric: Metric, asked: Asked) -> list[Row]:
    """Touches of the deal's account, of that account's leads and of the deal's lead, in the time before the close."""
    owners = {row["lead"]: row.get("account") for row in company.rows("leads")}
    account = deal.get("account") or owners.get(deal.get("lead"))
    found = []
    for touch in company.rows("touches"):
        whose = touch.get("account") or owners.get(touch.get("lead"))
        mine = (whose is not None and whose == account) or (
            deal.get("lead") is not None and touch.get("lead") == deal["lead"]
        )
        inside = closed - length(metric.get("lookback", "90d")) <= touch["at"] <= closed
        if mine and inside and touch["at"] < asked.as_of:
            found.append(touch)
    return sorted(found, key=lambda touch: (touch["at"], touch["channel"]))


def weights(
    model: str,
    path: Sequence[Row],
    deal: Row,
    closed: datetime,
    lead_at: datetime | None,
    half_life: str,
    direct: str = "direct",
) -> list[Fraction | float]:
    """What each touch of a path gets of one."""
    n = len(path)
    if model in ("u", "w", "full_path"):
        return by_milestones(model, path, deal, closed, lead_at)
    if model == "decay":
        raw = [2 ** -((closed - touch["at"]) / length(half_life)) for touch in path]
        return [each / sum(raw) for each in raw]
    out: list[Fraction | float] = [F(0)] * n
    if model == "linear":
        return [F(1, n)] * n
    if model == "position":
        if n <= 2:
            return [F(1, n)] * n
        return [F(2, 5), *[F(1, 5 * (n - 2))] * (n - 2), F(2, 5)]
    known = [number for number, touch in enumerate(path) if touch["channel"] != direct]
    chosen_one = {"first": 0, "last": n - 1, "last_non_direct": known[-1] if known else n - 1}[model]
    out[chosen_one] = F(1)
    return out


def by_milestones(
    model: str, path: Sequence[Row], deal: Row, closed: datetime, lead_at: datetime | None
) -> list[Fraction | float]:
    """A share for each milestone that a touch made: the last one not later; the rest for those that made none."""
    moments = {"lead": lead_at, "opportunity": deal["opened"], "close": closed}
    each, names, rest = {
        "u": (F(2, 5), ["lead"], F(1, 5)),
        "w": (F(3, 10), ["lead", "opportunity"], F(1, 10)),
        "full_path": (F(9, 40), ["lead", "opportunity", "close"], F(1, 10)),
    }[model]
    got = [F(0)] * len(path)
    got[0] += each
    for name in names:
        moment = moments[name]
        before = [number for number, touch in enumerate(path) if moment is not None and touch["at"] <= moment]
        if before:
            got[before[-1]] += each
    others = [number for number, own in enumerate(got) if not own]
    for number in others:
        got[number] = rest / len(others)
    return [own / sum(got) for own in got]


def split(amount: int, parts: Sequence[Fraction | float]) -> list[int]:
    """Whole units by largest remainder, the earlier part first where remainders are equal."""
    exact = [F(amount) * F(part).limit_denominator(10**12) for part in parts]
    down = [each.numerator // each.denominator for each in exact]
    order = sorted(range(len(exact)), key=lambda number: (-(exact[number] - down[number]), number))
    for number in order[: amount - sum(down)]:
        down[number] += 1
    return down


def attribution(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Credited amounts by channel and in total; with `measure: roi` over the spend of the period.

    Formula: see `weights`; conversions without a touch go to `(unattributed)`, as does spend without a channel.
    """
    leads = {row["lead"]: row for row in company.rows("leads")}
    credit: dict[tuple[date, str], Fraction] = defaultdict(F)
    for entry in chosen(company, {"source": "opportunities", "at": "closed", "filter": {"status": "won"}}, asked):
        deal, period = entry.row, asked.floor(entry.at)
        path = path_of(company, deal, entry.at, metric, asked)
        amount = round(F(str(deal["eur"])) * 10_000)
        if not path:
            credit[period, UNATTRIBUTED] += F(amount, 10_000)
            continue
        known = metric.get("half_life", "7d"), metric.get("direct", "direct")
        parts = weights(metric["model"], path, deal, entry.at, _lead_at(company, deal, leads), *known)
        for touch, units in zip(path, split(amount, parts), strict=True):
            credit[period, touch["channel"]] += F(units, 10_000)
    spent: dict[tuple[date, str], Fraction] = defaultdict(F)
    for row in company.rows("spend"):
        if asked.instant(row["at"]) < asked.as_of:
            spent[asked.floor(row["at"]), row["channel"] or UNATTRIBUTED] += F(str(row["amount"]))
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        channels = {channel for when, channel in (*credit, *spent) if when == period}
        for cut in (None, *sorted(channels)):
            some = channels if cut is None else {cut}
            top = sum((credit[period, channel] for channel in some), F(0))
            below = sum((spent[period, channel] for channel in some), F(0))
            roi = metric.get("measure") == "roi"
            value = share(top, below) if roi else top
            status = judged(asked, period, value, counted=100, of_rate=roi)
            out[cut, None, period] = Cell(value, top, below if roi else None, status=status)
    return out


def _lead_at(company: Company, deal: Row, leads: dict[str, Row]) -> datetime | None:
    """When the lead of a deal came in; without one, the first lead of its account."""
    own = leads.get(deal.get("lead") or "")
    if own is not None:
        return told_at(company, own)
    account = deal.get("account")
    return min(
        (told_at(company, row) for row in leads.values() if row.get("account") == account and account), default=None
    )


def told_at(company: Company, row: Row) -> datetime:
    """When a lead came in, by its history where that says so."""
    told = [
        stage["at"]
        for stage in company.rows("stages")
        if stage.get("lead") == row["lead"] and str(stage["stage"]).lower() == "lead"
    ]
    at: datetime = min(told, default=row["at"])
    return at
