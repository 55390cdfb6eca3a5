"""The rules over rows, in the order of their codes."""

from __future__ import annotations

from saasmetrics.lint.data.rules import (
    before_account,
    disagreeing_churn,
    future_row,
    overlapping_rows,
    several_currencies,
    status_against_end,
    unknown_account,
    zero_amounts,
)
from saasmetrics.lint.rule import Rule

ON_ROWS: tuple[Rule, ...] = (
    unknown_account.RULE,
    overlapping_rows.RULE,
    future_row.RULE,
    before_account.RULE,
    disagreeing_churn.RULE,
    status_against_end.RULE,
    zero_amounts.RULE,
    several_currencies.RULE,
)
