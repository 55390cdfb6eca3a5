"""From a folder to a plan: what its exports are, and what is proposed over them."""

from __future__ import annotations

from collections import Counter

from saasmetrics.engine.examine import habits
from saasmetrics.starting.folder import Exports
from saasmetrics.starting.proposal import activation, captured, workflows
from saasmetrics.starting.written import Plan

MONEY = ("subscriptions", "invoices", "opportunities", "spend", "costs")
"""Roles by whose rows the currency of a company is guessed, the most telling first."""


def currency_of(found: Exports) -> str | None:
    """The currency that most rows of the most telling role are in; None where nothing has one."""
    for role in MONEY:
        counts: Counter[str] = Counter()
        for kind in found.of(role):
            counts.update(kind.counts("currency"))
        if counts:
            return max(sorted(counts), key=counts.__getitem__)
    return None


def plan(found: Exports, *, product: str, currency: str, timezone: str, zone: str | None) -> Plan:
    """What a first file says over these exports."""
    looks = [file.look for kind in found.of("events") for file in kind.files]
    done = habits(looks) if looks else None
    names = done["event"].to_list() if done is not None else []
    steps = activation(done) if done is not None and found.of("accounts") else {}
    return Plan(product, currency, timezone, zone, found, workflows(names), steps, captured(names))
