"""What a file cannot answer: why rows, and the metrics over them, cannot be computed with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from saasmetrics.definitions.dependencies import Node, of_node
from saasmetrics.definitions.model import near
from saasmetrics.definitions.rows import Rows, composed, several, unmet
from saasmetrics.definitions.walk import found
from saasmetrics.frames.canonical import ROLES

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions
    from saasmetrics.definitions.metric import Metric

MILESTONES = ("created", "first_success", "activated", "first_paid", "churned")


class Availability:
    """Answers for one file."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._roles = frozenset(source.role for source in definitions.sources.values())
        self._reasons: dict[str, str | None] = {}
        self._billed = definitions.policies.recurring_from == "invoices" and "invoices" in self._roles

    def lacking(self, rows: Rows) -> tuple[str, str | None] | None:
        """Why a selector names something that is not there, with a hint; null when all is there."""
        if rows.workflow is not None:
            return self._workflow(rows)
        if rows.feature is not None and rows.feature not in self._definitions.features:
            return f"there is no feature `{rows.feature}`", near(rows.feature, self._definitions.features)
        if rows.source is not None:
            return self._source(rows.source)
        return self.milestone(rows.milestone) if rows.milestone is not None else None

    def _workflow(self, rows: Rows) -> tuple[str, str | None] | None:
        workflows, name = self._definitions.workflows, rows.workflow or ""
        outcome = rows.outcome or "success"
        core = [block for block in workflows.values() if block.core]
        if name == "core":
            if not core:
                return "no core workflow is declared", None
            if all(getattr(block, outcome) is None for block in core):
                return f"no core workflow declares `{outcome}`", None
            return None
        if name not in workflows:
            return f"there is no workflow `{name}`", near(name, [*workflows, "core"])
        if getattr(workflows[name], outcome) is None:
            return f"workflow `{name}` declares no `{outcome}`", f"write {outcome}: EVENT there"
        return None

    def _source(self, name: str) -> tuple[str, str | None] | None:
        sources = self._definitions.sources
        if name in sources or name in self._roles:
            return None
        if name == "subscriptions" and self._billed:
            return None
        if name in ROLES:
            return f"no source has the role `{name}`", near(name, sources)
        return f"there is no source or role `{name}`", near(name, [*sources, *ROLES])

    def milestone(self, text: str) -> tuple[str, str | None] | None:
        """Why a milestone cannot be reached; null when it can."""
        definitions = self._definitions
        name, _, rest = text.partition(".")
        if name in definitions.workflows:
            tiers = definitions.workflows[name].tiers
            if rest in tiers:
                return None
            return f"workflow `{name}` has no tier `{rest}`", near(rest, tiers) or "write workflow.tier"
        if name in definitions.scores and definitions.scores[name].signals and not rest:
            return None
        if name not in MILESTONES:
            known = [*MILESTONES, *(name for name, score in definitions.scores.items() if score.signals)]
            known += [f"{name}.{tier}" for name, block in definitions.workflows.items() for tier in block.tiers]
            return f"there is no milestone `{text}`", near(text, known)
        if rest and (name not in ("activated", "first_success") or rest not in definitions.products):
            return f"there is no milestone `{text}`", near(rest, definitions.products)
        return self._needs(name, rest)

    def _needs(self, name: str, product: str) -> tuple[str, str | None] | None:
        definitions = self._definitions
        if name == "activated":
            block = definitions.products[product].activation if product else definitions.activation
            if definitions.products and not product:
                return "there are several products", f"write activated.{next(iter(definitions.products))}"
            whose = f"product {product} declares no `activation`" if product else "`activation` is not declared"
            return None if block else (whose, "declare its steps and within")
        if name == "first_success":
            return (
                None
                if any(block.core for block in definitions.workflows.values())
                else ("no core workflow is declared", None)
            )
        return None

    def reason(self, metric: Metric) -> str | None:
        """Why a metric cannot be computed; null when it can."""
        if metric.missing:
            return metric.missing
        if metric.id not in self._reasons:
            self._reasons[metric.id] = None
            self._reasons[metric.id] = next(self._of_metric(metric), None)
        return self._reasons[metric.id]

    def _of_metric(self, metric: Metric) -> Iterator[str]:
        for variant in metric.variants:
            later = getattr(variant.spec, "later", None)
            if later is not None and (sentence := later()) is not None:
                yield str(sentence)
            yield from self._of_rows(variant.spec)
            yield from self._of_rule(metric, variant.spec)
        seen: set[Node] = set()
        for node in of_node(self._definitions, ("metric", metric.id)):
            yield from self._of_node(node, seen)
        for variant in metric.variants:
            refused = getattr(variant.spec, "refused", None)
            if refused is not None and (sentence := refused(self._definitions.scope(metric.id))) is not None:
                yield str(sentence)

    def _of_rule(self, metric: Metric, spec: Any) -> Iterator[str]:
        """What a rule of being active asks for that cannot be told of a window."""
        if metric.type not in ("active", "retention"):
            return
        active = self._definitions.active
        own = active.account if getattr(spec, "entity", "account") == "account" else active.user
        rule = getattr(spec, "rule", None) or own
        yield from (f"a rule of being active {reason}" for reason in unmet(rule))
        rolling = self._definitions.scope(metric.id).policies.cohort_clock == "rolling"
        if metric.type == "retention" and rolling and several(rule):
            yield "by policy `cohort_clock: rolling` one row is a return: `at_least` is not counted"
        if composed(rule):
            if getattr(spec, "measure", "count") == "trend":
                yield "a trend counts rows, and a rule with `all` has none to count"
            if max(getattr(spec, "at_least", 1), rule.at_least or 1) > 1:
                yield "`at_least` counts rows, and a rule with `all` has none to count"

    def _of_input(self, name: str) -> Iterator[str]:
        below = self._definitions.metrics.get(name)
        if below is None:
            yield f"there is no metric `{name}`"
        elif (reason := self.reason(below)) is not None:
            yield reason if "#" in name else f"{name}: {reason}"

    def _of_rows(self, value: object) -> Iterator[str]:
        """Reasons for the rows inside a value, and for what they name."""
        for _, rows in found(Rows, value):
            lacking = self.lacking(rows)
            if lacking is not None:
                yield lacking[0]
            elif rows.event is not None and "events" not in self._roles:
                yield "no source has the role `events`"

    def _of_node(self, node: Node, seen: set[Node]) -> Iterator[str]:
        if node in seen:
            return
        seen.add(node)
        kind, name = node
        definitions = self._definitions
        if kind == "metric":
            yield from self._of_input(name)
            return
        if kind == "active":
            yield from self._of_rows(definitions.active)
        if kind == "workflow" and name in definitions.workflows:
            block = definitions.workflows[name]
            yield from self._of_rows((block.attempt, block.success, block.failure))
        if kind == "feature":
            yield from self._of_rows(definitions.features.get(name))
        if kind == "milestone":
            yield from self._of_moment(name)
        for inner in of_node(definitions, node):
            yield from self._of_node(inner, seen)

    def _of_moment(self, name: str) -> Iterator[str]:
        first = name.partition(".")[0]
        if first in ("first_paid", "churned") and not self._roles & {"subscriptions", "invoices"}:
            yield "no source has the role `subscriptions`"
        if first == "created" and "accounts" not in self._roles:
            yield "no source has the role `accounts`"


def fill_missing(definitions: Definitions) -> None:
    """Give every metric that cannot be computed the reason."""
    availability = Availability(definitions)
    for name, metric in list(definitions.metrics.items()):
        if metric.missing is None and (reason := availability.reason(metric)) is not None:
            definitions.metrics[name] = replace(metric, missing=reason)
    for name, metric in list(definitions.governed.items()):
        whole = definitions.metrics[name.partition(".")[0]]
        if metric.missing != whole.missing:
            definitions.governed[name] = replace(metric, missing=whole.missing)
