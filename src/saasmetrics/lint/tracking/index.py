"""The rules of tracking drift, in the order of their codes."""

from __future__ import annotations

from saasmetrics.lint.rule import Rule
from saasmetrics.lint.tracking.rules import (
    join_loss,
    likely_rename,
    missing_column,
    new_value,
    null_jump,
    orphan_outcomes,
    silent_event,
    stale_source,
    unmapped_event,
    volume_break,
)

TRACKING: tuple[Rule, ...] = (
    silent_event.RULE,
    volume_break.RULE,
    missing_column.RULE,
    null_jump.RULE,
    unmapped_event.RULE,
    likely_rename.RULE,
    new_value.RULE,
    join_loss.RULE,
    orphan_outcomes.RULE,
    stale_source.RULE,
)
