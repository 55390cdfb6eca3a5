"""From a folder to a first file: what its exports are, what is proposed over them, what is to be said about it."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from pathlib import Path

from saasmetrics.engine.examine import habits
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.starting.folder import Exports, Kind
from saasmetrics.starting.proposal import activation, captured, workflows
from saasmetrics.starting.written import Plan, decisions, text

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


@dataclass(frozen=True)
class Begun:
    """A first metrics.yaml: its text, and what is to be said about it."""

    text: str
    said: tuple[str, ...]


def begin(
    folder: Path, found: Exports, *, product: str, currency: str, timezone: str, zone: str | None = None
) -> Begun:
    """A first metrics.yaml over the exports of a folder. Raises: InputError (exit 3) where there are none."""
    if not found.kinds:
        told = [Finding("SM903", Severity.ERROR, f"{name}: {reason}") for name, reason in found.others]
        message = f"there is no export in {folder} that a preset knows"
        hint = "saasmetrics inspect FILE says what a file is; saasmetrics explain preset what is known"
        raise InputError([Finding("SM901", Severity.ERROR, message, hint=hint), *told], 3)
    made = plan(found, product=product, currency=currency, timezone=timezone, zone=zone)
    read = [
        f"{kind.name}: {', '.join(kind.paths)}, {kind.preset or 'by its own names'}{_with(kind)}"
        for kind in found.kinds
    ]
    left = [f"not read: {name}: {reason}" for name, reason in found.others]
    return Begun(text(made), (*read, *left, *(f"decide: {each}" for each in decisions(made))))


def _with(kind: Kind) -> str:
    tables = [name for names in kind.tables.values() for name in names]
    return f", with {', '.join(tables)}" if tables else ""
