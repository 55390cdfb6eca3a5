"""Tier stalls: accounts that stayed at a tier for a whole period, and what troubled each of them most."""

from __future__ import annotations

from collections import Counter
from datetime import date, datetime, timedelta
from fractions import Fraction
from itertools import pairwise

from oracle.counting import judged
from oracle.happenings import chosen, moments_of, tier_moments, tier_standing
from oracle.shapes import Asked, Cell, Company, Key, Metric


def stalls(company: Company, metric: Metric, asked: Asked) -> dict[Key, Cell]:
    """Accounts that reached the tier below before the period began and not the tier by its end.

    Formula: counted once by tier, and under the most frequent failure, ticket category and survey reason of each since
    it reached the tier below, the first in the alphabet of equals; under `(none)` where there was none. With policy
    `tier_memory`: that stand at the tier below on the day before the period and at its end, and at the tier on neither.
    """
    memory = metric.get("policies", {}).get("tier_memory", "ever")
    moments = tier_moments(company, metric["workflow"], asked, metric)
    created = moments_of(company, {"milestone": "created"}, asked)
    closed = {row["account"]: row.get("closed") for row in company.rows("accounts")}
    troubles = _troubles(company, metric["workflow"], asked)
    out: dict[Key, Cell] = {}
    for period in asked.periods:
        day = asked.last_day(period)
        if day is None:
            continue
        there = {a for a, at in created.items() if asked.day(at) <= day < asked.day(closed.get(a) or date.max)}
        for below, tier in pairwise(moments):
            stuck = {
                account: at
                for account, at in moments[below].items()
                if account in there
                and asked.day(at) < period
                and not (account in moments[tier] and asked.day(moments[tier][account]) <= day)
            }
            if memory != "ever":
                ends = [period - timedelta(days=1), day]
                standing = [tier_standing(company, metric, asked, end) for end in ends]
                stays = there.intersection(*(each[below] for each in standing))
                stays -= set().union(*(each[tier] for each in standing))
                stuck = {account: moments[below][account] for account in stays}
            cuts: Counter[str] = Counter()
            for account, since in stuck.items():
                found: dict[str, Counter[str]] = {}
                for owner, at, kind, reason in troubles:
                    if owner == account and at >= since and asked.day(at) <= day:
                        found.setdefault(kind, Counter())[f"{kind} {reason}"] += 1
                most = [min(counts, key=lambda name: (-counts[name], name)) for counts in found.values()]
                cuts.update(most or ["(none)"])
            total = Fraction(len(stuck))
            for cut, number in {f"{tier}.{reason}": Fraction(count) for reason, count in cuts.items()}.items():
                out[cut, None, period] = Cell(number, number)
            status = judged(asked, period, total, counted=0, of_rate=False)
            out[tier, None, period] = out[None, None, period] = Cell(total, total, status=status)
    return out


def _troubles(company: Company, workflow: str, asked: Asked) -> list[tuple[str | None, datetime, str, str]]:
    failures = chosen(company, {"workflow": workflow, "outcome": "failure"}, asked)
    column = company.workflows[workflow].get("reason")
    out = [(row.account, row.at, "failure", str(row.row[column]) if column else "failed") for row in failures]
    for row in chosen(company, {"source": "tickets"}, asked):
        if row.row.get("workflow") == workflow and row.row.get("category") is not None:
            out.append((row.account, row.at, "ticket", row.row["category"]))
    for row in chosen(company, {"source": "surveys"}, asked):
        if row.row.get("reason") is not None:
            out.append((row.account, row.at, "survey", row.row["reason"]))
    return out
