"""Every rule, in the order of their codes, and the doors through which they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Finding, Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.rules import (
    activation_without_outcome,
    activation_without_window,
    attempts_not_outcomes,
    average_of_ratios,
    bad_name,
    bad_scalar,
    blended_cac_only,
    blended_rate,
    case_miss,
    clicks_as_adoption,
    cycle,
    detached_incidents,
    division,
    duplicate_key,
    duplicate_metric,
    empty_action,
    event_pattern,
    idle_key,
    is_true,
    lagging_only,
    latest_on_history,
    lonely_ltv,
    many_north_stars,
    mean_latency,
    median_only,
    missing_key,
    mixed_attribution,
    mql_alone,
    mrr_without_movement,
    near_column,
    no_action,
    no_cohort,
    no_failure,
    no_level,
    no_north_star,
    no_owner,
    no_quality,
    no_role_view,
    no_tiers,
    no_workflow,
    not_smart,
    nrr_without_lead,
    null_dropping,
    one_sided_churn,
    overlapping_window,
    rate_over_100,
    scoreless_pqa,
    seats_as_usage,
    second_active,
    stage_gap,
    stage_mismatch,
    stale_target,
    stock_summed,
    team_gap,
    text_date,
    tickets_alone,
    too_many_metrics,
    trivial_activation,
    unconnected_core,
    unknown_key,
    unmatched_outcome,
    unreachable_file,
    unreadable_expression,
    unreadable_file,
    unresolved_reference,
    unused_definition,
    unused_ignore,
    user_only_retention,
    vanity_metric,
    vanity_north_star,
    velocity_incomplete,
    wall_clock,
    weak_active_rule,
    workflow_count,
)
from saasmetrics.lint.suppression import Suppression

RULES: tuple[Rule, ...] = (
    unreadable_file.RULE,
    unknown_key.RULE,
    duplicate_key.RULE,
    unresolved_reference.RULE,
    cycle.RULE,
    bad_scalar.RULE,
    unreadable_expression.RULE,
    missing_key.RULE,
    idle_key.RULE,
    unused_definition.RULE,
    unused_ignore.RULE,
    unreachable_file.RULE,
    bad_name.RULE,
    near_column.RULE,
    no_north_star.RULE,
    many_north_stars.RULE,
    vanity_north_star.RULE,
    vanity_metric.RULE,
    no_workflow.RULE,
    attempts_not_outcomes.RULE,
    no_failure.RULE,
    unmatched_outcome.RULE,
    workflow_count.RULE,
    no_tiers.RULE,
    clicks_as_adoption.RULE,
    trivial_activation.RULE,
    activation_without_outcome.RULE,
    activation_without_window.RULE,
    user_only_retention.RULE,
    weak_active_rule.RULE,
    second_active.RULE,
    seats_as_usage.RULE,
    median_only.RULE,
    no_cohort.RULE,
    no_role_view.RULE,
    scoreless_pqa.RULE,
    no_owner.RULE,
    no_action.RULE,
    empty_action.RULE,
    too_many_metrics.RULE,
    no_level.RULE,
    lagging_only.RULE,
    duplicate_metric.RULE,
    unconnected_core.RULE,
    stage_mismatch.RULE,
    stage_gap.RULE,
    team_gap.RULE,
    not_smart.RULE,
    stale_target.RULE,
    blended_rate.RULE,
    latest_on_history.RULE,
    average_of_ratios.RULE,
    stock_summed.RULE,
    rate_over_100.RULE,
    overlapping_window.RULE,
    blended_cac_only.RULE,
    mrr_without_movement.RULE,
    one_sided_churn.RULE,
    lonely_ltv.RULE,
    mql_alone.RULE,
    mixed_attribution.RULE,
    nrr_without_lead.RULE,
    velocity_incomplete.RULE,
    no_quality.RULE,
    detached_incidents.RULE,
    tickets_alone.RULE,
    mean_latency.RULE,
    wall_clock.RULE,
    text_date.RULE,
    null_dropping.RULE,
    is_true.RULE,
    event_pattern.RULE,
    division.RULE,
    case_miss.RULE,
)

DRAFTED = frozenset("1234567")
"""Families of which an error is a warning while nothing that it concerns is locked."""


def lint(definitions: Definitions, locked: frozenset[str] | None = None, *, today: date | None = None) -> list[Finding]:
    """What the rules that need no data find, sorted by place.

    Edges: `locked` are the names, or addresses, of locked metrics, none of them by default: errors of families 1 to 7
    about a metric are warnings until it is locked, those about the file until anything is. Without `today` nothing is
    overdue.
    """
    reading = Reading(definitions, today)
    chosen = _chosen(definitions, (rule for rule in RULES if rule.check is not None))
    told = [(rule, each) for rule in chosen if rule.check is not None for each in rule.check(reading)]
    return _findings(reading, chosen, told, locked or frozenset())


def by_code(text: str) -> Rule | None:
    """The rule of a code, or of a name; null where there is none."""
    return next((rule for rule in RULES if text in (rule.code, rule.name)), None)


def _chosen(definitions: Definitions, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules that `lint.select` names, by code or family; all of them where it names none."""
    select = definitions.lint.select
    return tuple(rule for rule in rules if not select or any(rule.code.startswith(each) for each in select))


def _findings(
    reading: Reading, chosen: tuple[Rule, ...], told: list[tuple[Rule, Told]], locked: frozenset[str]
) -> list[Finding]:
    """What was told and is not suppressed, and the suppressions that suppressed nothing."""
    suppression = Suppression.of(reading)
    heard = [(rule, each) for rule, each in told if not suppression.quiet(rule, each)]
    if _chosen(reading.definitions, (unused_ignore.RULE,)):
        stale = unused_ignore.stale(suppression, chosen, (rule.code for rule in RULES))
        heard += [(unused_ignore.RULE, each) for each in stale]
    findings = dict.fromkeys(_finding(reading, rule, each, locked) for rule, each in heard)
    return sorted(findings, key=_order)


def _finding(reading: Reading, rule: Rule, told: Told, locked: frozenset[str]) -> Finding:
    written = reading.definitions.written
    if told.offset is not None:
        place = written.inside(told.path, told.offset)
    else:
        place = written.at(told.path) if told.value else written.key_at(told.path)
    severity = rule.severity
    if severity is Severity.ERROR and rule.family in DRAFTED and not _official(told.object, locked):
        severity = Severity.WARNING
    return Finding(rule.code, severity, told.message, place, told.hint, object=told.object)


def _official(object_: str, locked: frozenset[str]) -> bool:
    """Whether what a finding is about is locked: a metric or what its address belongs to; of the file, anything."""
    kind, _, name = object_.partition(".")
    return bool(locked & set(_addresses(name))) if kind == "metric" else bool(locked)


def _addresses(name: str) -> Iterator[str]:
    while name:
        yield name
        name = name.rpartition(".")[0]


def _order(finding: Finding) -> tuple[str, int, int, str, str]:
    place = finding.location
    return (place.file, place.line, place.column, finding.code, finding.object) if place else ("", 0, 0, "", "")
