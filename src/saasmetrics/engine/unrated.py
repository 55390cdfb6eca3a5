"""What policy `fx` leaves out for want of a rate, told: a missing rate is an error, and never a rate of 1."""

from __future__ import annotations

from collections.abc import Collection, Iterable

from saasmetrics.books.unrated import Unrated
from saasmetrics.engine.given import Live
from saasmetrics.finding import Finding, Severity
from saasmetrics.sources.table import MONEY

_SHOWN = 3


def unrated(readers: Iterable[tuple[Live, Collection[str]]]) -> list[Finding]:
    """A finding for every currency and role that lacks rates; `readers` are metrics with the roles that they read."""
    findings: dict[str, Finding] = {}
    for live, roles in readers:
        policy = live.scope.policies.fx
        for role in [role for role in MONEY if role in roles and policy != "constant"]:
            lacking = live.made(Unrated(role)).collect()
            for (currency,), rows in lacking.group_by("currency", maintain_order=True):
                months = [month.strftime("%Y-%m") for month in rows["month"]]
                shown = ", ".join(months[:_SHOWN]) + (f" and {len(months) - _SHOWN} more" if months[_SHOWN:] else "")
                message = f"{role}: no rate of {currency} for {shown}; rows that need it are left out (`fx: {policy}`)"
                hint = "add it to the source `fx`, or a rate without a date, which stands in"
                found = Finding("SM914", Severity.ERROR, message, None, hint, "currency", max(rows["rows"].to_list()))
                findings.setdefault(message, found)
    return list(findings.values())
