"""What policy `fx` leaves out for want of a rate, told: a missing rate is an error, and never a rate of 1."""

from __future__ import annotations

from collections.abc import Iterable

from saasmetrics.books.unrated import Unrated
from saasmetrics.engine.given import Live
from saasmetrics.finding import Finding, Severity
from saasmetrics.sources.table import MONEY

_SHOWN = 3


def unrated(lives: Iterable[Live], roles: Iterable[str]) -> list[Finding]:
    """A finding for every currency and role that lacks rates, under each choice of `fx` that some metric reads."""
    findings: dict[str, Finding] = {}
    money = [role for role in MONEY if role in set(roles)]
    for live in lives:
        policy = live.scope.policies.fx
        for role in money if policy != "constant" else ():
            lacking = live.made(Unrated(role)).collect()
            for (currency,), rows in lacking.group_by("currency", maintain_order=True):
                months = [month.strftime("%Y-%m") for month in rows["month"]]
                shown = ", ".join(months[:_SHOWN]) + (f" and {len(months) - _SHOWN} more" if months[_SHOWN:] else "")
                message = f"{role}: no rate of {currency} for {shown}; rows that need it are left out (`fx: {policy}`)"
                hint = "add it to the source `fx`, or a rate without a date, which stands in"
                found = Finding("SM914", Severity.ERROR, message, None, hint, "currency", max(rows["rows"].to_list()))
                findings.setdefault(message, found)
    return list(findings.values())
