"""The rules of the audit, in the order of their codes."""

from __future__ import annotations

from saasmetrics.lint.audit.rules import (
    idle_metric,
    near_duplicate,
    overdue_review,
    quiet_metric,
    retired_published,
    unrecorded,
)
from saasmetrics.lint.rule import Rule

AUDIT: tuple[Rule, ...] = (
    unrecorded.RULE,
    idle_metric.RULE,
    near_duplicate.RULE,
    quiet_metric.RULE,
    overdue_review.RULE,
    retired_published.RULE,
)
