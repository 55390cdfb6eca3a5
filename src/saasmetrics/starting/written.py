"""A first metrics.yaml as text: sources as they were recognised, proposals marked as such, what to decide next."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from textwrap import wrap

from saasmetrics.starting.folder import Exports, Kind
from saasmetrics.starting.proposal import Proposed

_PLAIN = re.compile(r"[A-Za-z_][\w ./-]*\w|[A-Za-z_]")
_WIDE = 110
_BY_ROLE: Mapping[str, tuple[str, ...]] = {
    "subscriptions": ("mrr", "paying_accounts", "arpa", "net_new_mrr", "logo_churn_rate", "nrr", "grr"),
    "opportunities": ("win_rate", "average_deal_size", "sales_cycle", "pipeline_value"),
    "surveys": ("nps", "csat"),
    "incidents": ("incident_count", "time_to_restore"),
    "tickets": ("first_response_time", "time_to_resolution"),
    "invoices": ("recognised_revenue",),
    "spend": ("acquisition_spend",),
}
"""What is worth seeing first of each role, where the columns that it needs are there."""
_INNER = ("recognised_revenue", "acquisition_spend")
"""Those among them that the catalogue only has for others to rest on: they are shown where a file says so."""
_NEEDS = {
    "time_to_restore": "ended",
    "first_response_time": "first_response",
    "time_to_resolution": "resolved",
    "sales_cycle": "closed",
    "win_rate": "closed",
}
_KINDS = {"nps": "nps", "csat": "csat"}


@dataclass(frozen=True)
class Plan:
    """Everything a first file says."""

    product: str
    currency: str
    timezone: str
    zone: str | None
    exports: Exports
    workflows: tuple[Proposed, ...] = ()
    steps: Mapping[str, str] = field(default_factory=dict)
    captured: tuple[str, ...] = ()

    @property
    def currencies(self) -> Counter[str]:
        """Rows of each other currency than that of the settings."""
        found: Counter[str] = Counter()
        for kind in self.exports.kinds:
            found.update({} if kind.beside else kind.counts("currency"))
        found.pop(self.currency, None)
        return found

    @property
    def metrics(self) -> tuple[str, ...]:
        """What is shown first."""
        names: list[str] = []
        if self.workflows:
            names += ["workflow_successes", "completion_rate", "waa"]
        if self.exports.of("events"):
            names += ["mau"] if self.has("events", "user") else ["maa"]
        if self.steps:
            names.append("activation_rate")
        for role, those in _BY_ROLE.items():
            names += [name for name in those if self._able(role, name)]
        return tuple(names)

    def _able(self, role: str, name: str) -> bool:
        if name in _KINDS:
            return any(kind.counts("kind")[_KINDS[name]] for kind in self.exports.of(role))
        needed = _NEEDS.get(name)
        return bool(self.exports.of(role)) and (needed is None or self.has(role, needed))

    def has(self, role: str, column: str) -> bool:
        """Whether any source of a role fills a column."""
        return any(each.nulls.get(column, 1.0) < 1 for kind in self.exports.of(role) for each in kind.files)


def text(plan: Plan) -> str:
    """The file."""
    blocks = [_head(plan), _settings(plan), _sources(plan), *_events(plan), _metrics(plan)]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def decisions(plan: Plan) -> tuple[str, ...]:
    """What a person has to decide next, the most telling first."""
    out = []
    if plan.currencies:
        rows, codes = sum(plan.currencies.values()), ", ".join(sorted(plan.currencies))
        left = f"{rows:,} rows in them are left out" if rows > 1 else "1 row is left out"
        out.append(f"rates of {codes} in sources.fx, since amounts are told in {plan.currency}: until then {left}")
    if plan.zone is None and (zoned := [kind.name for kind in plan.exports.kinds if kind.zoned]):
        out.append(f"the zone of who exported {', '.join(zoned)}: it is read as UTC")
    if plan.workflows:
        out.append("whether the workflows are jobs that accounts come for, and within which time one is done")
    elif plan.exports.of("events"):
        out.append("which events are the jobs that accounts come for: no names go in pairs as started and completed")
    if plan.exports.of("events") and not plan.exports.of("accounts"):
        out.append("which export says when accounts were created, as the customers of billing do: activation needs it")
    elif plan.steps:
        out.append("whether the steps of activation are what an account needs to see the use of it")
    if len(_accounts(plan.exports)) > 1:
        out.append(f"whether {', '.join(_accounts(plan.exports))} call an account by the same id; else add aliases")
    out += [f"{kind.name}: check {kind.files[0].look.known.verify}" for kind in _unsure(plan.exports)]  # type: ignore[union-attr]  # those have one
    return tuple(out)


def _accounts(found: Exports) -> list[str]:
    """Sources whose rows belong to accounts."""
    shown = [kind for kind in found.kinds if not kind.beside]
    return [kind.name for kind in shown if any(each.nulls.get("account", 1.0) < 1 for each in kind.files)]


def _unsure(found: Exports) -> list[Kind]:
    return [kind for kind in found.kinds if (known := kind.files[0].look.known) and known.verify]


def _comment(said: str, margin: str = "") -> list[str]:
    return wrap(said, _WIDE, initial_indent=f"{margin}# ", subsequent_indent=f"{margin}# ", break_on_hyphens=False)


def _head(plan: Plan) -> list[str]:
    lines = _comment(
        "A first file, written from the exports of this folder. It runs as it stands; lines marked PROPOSED are "
        "guesses from names and counts, for you to keep or to change."
    )
    if said := decisions(plan):
        lines += ["#", "# To decide next:"]
        for each in said:
            first, *rest = wrap(each, _WIDE - 4, break_on_hyphens=False)
            lines += [f"#  - {first}", *(f"#    {line}" for line in rest)]
    return [*lines, "version: 1", f"product: {_scalar(plan.product)}"]


def _settings(plan: Plan) -> list[str]:
    return ["settings:", f"  timezone: {plan.timezone}", f"  currency: {plan.currency}"]


def _sources(plan: Plan) -> list[str]:
    lines = ["sources:"]
    for kind in plan.exports.kinds:
        block = [*_comment(f"Not read: {kind.beside}", "  ")] if kind.beside else []
        block += [("  # " if kind.beside else "  ") + line for line in _source(kind, plan)]
        lines += block
    if plan.currencies:
        lines += ["  # Rates: one unit of each in the currency of the settings. Fill them in and take the signs away."]
        rows = ", ".join(f"{{currency: {code}, rate: ?}}" for code in sorted(plan.currencies))
        lines += [f"  # fx: {{rows: [{rows}]}}"]
    for name, reason in plan.exports.others:
        lines += _comment(f"{name}: {reason}", "  ")
    return lines


def _source(kind: Kind, plan: Plan) -> Iterator[str]:
    used, rows = sum(each.usable for each in kind.files), sum(each.rows for each in kind.files)
    left = f" of {rows:,}" if rows != used else ""
    yield f"{kind.name}:  # {used:,}{left} rows count{_span(kind)}"
    yield f"  path: {_listed([_scalar(path) for path in kind.paths])}"
    if kind.preset is not None:
        yield f"  preset: {kind.preset}"
    elif kind.name != kind.role:
        yield f"  role: {kind.role}"
    if kind.tables:
        yield "  beside:"
        for table, names in kind.tables.items():
            yield f"    {table}: {_listed([_scalar(name) for name in names])}"
    if kind.zoned:
        yield f"  timezone: {plan.zone or 'UTC'}" + ("" if plan.zone else "  # PROPOSED: the zone of who exported")
    known = kind.files[0].look.known
    if known is not None and known.verify:
        yield from _comment(f"Check: {known.verify}", "  ")


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"[{', '.join(names)}]"


def _span(kind: Kind) -> str:
    firsts = [str(each.first)[:10] for each in kind.files if each.first is not None]
    lasts = [str(each.last)[:10] for each in kind.files if each.last is not None]
    return f", {min(firsts)} to {max(lasts)}" if firsts else ""


def _events(plan: Plan) -> Iterator[list[str]]:
    """Workflows, activation and the rule of active."""
    if plan.workflows:
        lines = ["# PROPOSED from event names that go in pairs.", "workflows:"]
        for flow in plan.workflows:
            lines += [
                f"  {flow.name}:",
                f"    attempt: {_scalar(flow.attempt)}",
                f"    success: {_scalar(flow.success)}",
            ]
            lines += [f"    failure: {_scalar(flow.failure)}"] if flow.failure else []
            lines += ["    within: 24h  # or run: the column with the id of a run"]
        yield [*lines, f"north_star: workflow_successes.{plan.workflows[0].name}"]
    if plan.steps:
        lines = ["# PROPOSED from what many accounts do first.", "activation:", "  within: 14d", "  steps:"]
        yield [*lines, *(f"    {name}: {_scalar(event)}" for name, event in plan.steps.items())]
    if plan.exports.of("events") and not plan.workflows:
        rows = ["{source: events, filter: \"event NOT LIKE '$%'\"}" if plan.captured else "{source: events}"]
        said = ["# PROPOSED: whoever does anything is active; better what they come for."]
        yield [*said, "active:", f"  account: {rows[0]}"]


def _metrics(plan: Plan) -> list[str]:
    said = [f"  {name}: {'{publish: true}' if name in _INNER else '{}'}" for name in plan.metrics]
    return ["metrics:", *said] if said else ["metrics: {}"]


def _scalar(said: str) -> str:
    """A text as YAML writes it."""
    words: Sequence[str] = ("true", "false", "yes", "no", "on", "off", "null", "y", "n")
    if _PLAIN.fullmatch(said) and said.lower() not in words:
        return said
    return '"' + said.replace("\\", "\\\\").replace('"', '\\"') + '"'
