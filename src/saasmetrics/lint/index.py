"""Every rule, in the order of their codes, and the doors through which they are asked."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import replace
from datetime import date
from typing import TYPE_CHECKING

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Finding, Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told
from saasmetrics.lint.rules import (
    activation_without_outcome,
    activation_without_window,
    ad_only_cac,
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
    float_money,
    hidden_paradox,
    idle_key,
    is_true,
    lagging_only,
    latest_on_history,
    leaky_bucket,
    lonely_ltv,
    many_north_stars,
    mean_latency,
    median_only,
    missing_key,
    mixed_attribution,
    mixed_currency,
    monthly_noise,
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
    no_sample_floor,
    no_tiers,
    no_workflow,
    north_star_unlinked,
    not_smart,
    nrr_without_lead,
    null_dropping,
    one_sided_churn,
    out_of_reach,
    overlapping_window,
    rate_over_100,
    scoreless_pqa,
    seats_as_usage,
    second_active,
    shaky_ground,
    slow_north_star,
    stage_gap,
    stage_mismatch,
    stale_target,
    stock_summed,
    target_inside_noise,
    team_gap,
    text_date,
    tickets_alone,
    tiny_cells,
    too_many_metrics,
    trivial_activation,
    unknown_heavy,
    unknown_key,
    unmatched_outcome,
    unreachable_file,
    unreadable_expression,
    unreadable_file,
    unresolved_reference,
    untested_score,
    untied_metric,
    unused_definition,
    unused_ignore,
    user_only_retention,
    vanity_metric,
    vanity_north_star,
    velocity_incomplete,
    wall_clock,
    weak_active_rule,
    weak_mql,
    wide_segment,
    workflow_count,
)
from saasmetrics.lint.suppression import Suppression

if TYPE_CHECKING:
    from saasmetrics.frames.observed import Observed
    from saasmetrics.frames.sightings import Sightings
    from saasmetrics.lint.audit.record import Record
    from saasmetrics.lint.evidence import Evidence

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
    slow_north_star.RULE,
    north_star_unlinked.RULE,
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
    untested_score.RULE,
    no_owner.RULE,
    no_action.RULE,
    empty_action.RULE,
    too_many_metrics.RULE,
    no_level.RULE,
    lagging_only.RULE,
    duplicate_metric.RULE,
    untied_metric.RULE,
    stage_mismatch.RULE,
    stage_gap.RULE,
    team_gap.RULE,
    not_smart.RULE,
    out_of_reach.RULE,
    stale_target.RULE,
    target_inside_noise.RULE,
    blended_rate.RULE,
    hidden_paradox.RULE,
    wide_segment.RULE,
    unknown_heavy.RULE,
    tiny_cells.RULE,
    latest_on_history.RULE,
    average_of_ratios.RULE,
    stock_summed.RULE,
    rate_over_100.RULE,
    no_sample_floor.RULE,
    mixed_currency.RULE,
    overlapping_window.RULE,
    ad_only_cac.RULE,
    blended_cac_only.RULE,
    mrr_without_movement.RULE,
    one_sided_churn.RULE,
    lonely_ltv.RULE,
    mql_alone.RULE,
    weak_mql.RULE,
    mixed_attribution.RULE,
    nrr_without_lead.RULE,
    leaky_bucket.RULE,
    monthly_noise.RULE,
    velocity_incomplete.RULE,
    no_quality.RULE,
    detached_incidents.RULE,
    tickets_alone.RULE,
    mean_latency.RULE,
    shaky_ground.RULE,
    wall_clock.RULE,
    text_date.RULE,
    null_dropping.RULE,
    is_true.RULE,
    event_pattern.RULE,
    division.RULE,
    case_miss.RULE,
    float_money.RULE,
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
    judged = [*(rule for rule in chosen if rule.check_values is None), *(rule for rule in RULES if rule.told_by)]
    return _findings(reading, told, judged, locked or frozenset())


def lint_values(
    definitions: Definitions, evidence: Evidence, locked: frozenset[str] | None = None, *, today: date | None = None
) -> list[Finding]:
    """What the rules that need numbers find in them, sorted by place; `locked` and `today` as in `lint`.

    Edges: numbers that are not there are not judged. An `ignore` of such a rule is stale only if neither the numbers
    nor the file would have been told of.
    """
    reading = Reading(definitions, today)
    chosen = _chosen(definitions, (rule for rule in RULES if rule.check_values is not None))
    told = [(rule, each) for rule in chosen if rule.check_values for each in rule.check_values(reading, evidence)]
    plain = [(rule, each) for rule in chosen if rule.check is not None for each in rule.check(reading)]
    return _findings(reading, told, chosen, locked or frozenset(), plain)


def drift(definitions: Definitions, seen: Sightings, locked: frozenset[str] | None = None) -> list[Finding]:
    """What of the events that definitions refer to is not as it was, sorted by place; each with what it reaches."""
    from saasmetrics.lint.tracking.index import TRACKING
    from saasmetrics.lint.tracking.tracked import Tracked

    tracked, chosen = Tracked(Reading(definitions), seen), _chosen(definitions, TRACKING)
    told = [(rule, each) for rule in chosen if rule.check_tracking for each in rule.check_tracking(tracked)]
    return _findings(tracked.reading, told, (), locked or frozenset(), ())


def audit(definitions: Definitions, record: Record, locked: frozenset[str] | None = None) -> list[Finding]:
    """What has to be looked after, seen in definitions and in what was published of them, sorted by place."""
    from saasmetrics.lint.audit.index import AUDIT
    from saasmetrics.lint.audit.record import Audited

    audited, chosen = Audited(Reading(definitions, record.today), record), _chosen(definitions, AUDIT)
    told = [(rule, each) for rule in chosen if rule.check_audit for each in rule.check_audit(audited)]
    return _findings(audited.reading, told, (), locked or frozenset(), ())


def disagreements(
    definitions: Definitions, seen: Observed, locked: frozenset[str] | None = None, *, samples: int = 0
) -> list[Finding]:
    """Where rows say different things of each other, sorted by place; with the keys of so many `samples` of each."""
    from saasmetrics.lint.data.index import ON_ROWS

    reading, chosen = Reading(definitions), _chosen(definitions, ON_ROWS)
    told = [
        (rule, _sampled(each, samples)) for rule in chosen if rule.check_rows for each in rule.check_rows(reading, seen)
    ]
    return _findings(reading, told, (), locked or frozenset(), ())


def _sampled(told: Told, samples: int) -> Told:
    """With the first keys in the message; no keys where none are asked for."""
    shown = told.keys[:samples]
    if not shown:
        return told
    more = f" and {len(told.keys) - len(shown):,} more" if len(told.keys) > len(shown) else ""
    return replace(told, message=f"{told.message}: {', '.join(shown)}{more}")


def by_code(text: str) -> Rule | None:
    """The rule of a code, or of a name; null where there is none."""
    from saasmetrics.lint.audit.index import AUDIT
    from saasmetrics.lint.data.index import ON_ROWS
    from saasmetrics.lint.tracking.index import TRACKING

    return next((rule for rule in (*RULES, *AUDIT, *ON_ROWS, *TRACKING) if text in (rule.code, rule.name)), None)


def _chosen(definitions: Definitions, rules: Iterable[Rule]) -> tuple[Rule, ...]:
    """The rules that `lint.select` names, by code or family; all of them where it names none."""
    select = definitions.lint.select
    return tuple(rule for rule in rules if not select or any(rule.code.startswith(each) for each in select))


def _findings(
    reading: Reading,
    told: Iterable[tuple[Rule, Told]],
    judged: Iterable[Rule],
    locked: frozenset[str],
    elsewhere: Iterable[tuple[Rule, Told]] | None = None,
) -> list[Finding]:
    """What was told and is not suppressed, and the suppressions of judged rules that suppressed nothing.

    `elsewhere` is told through the other door, which also tells of codes that no rule has; here it only says that a
    suppression is of use.
    """
    suppression = Suppression.of(reading)
    heard = [(rule, each) for rule, each in told if not suppression.quiet(rule, each)]
    for rule, each in elsewhere or ():
        suppression.quiet(rule, each)
    if _chosen(reading.definitions, (unused_ignore.RULE,)):
        known = [rule.code for rule in RULES]
        stale = unused_ignore.stale(suppression, judged, known, strange=elsewhere is None)
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
    return Finding(rule.code, severity, told.message, place, told.hint, rows=told.rows, object=told.object)


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
