"""What a company of this stage lives by is not published.

Flags: published metrics without one for each essential of `settings.stage`: early needs activation, adoption and churn;
growth the full cost of acquisition, conversion, the sales cycle and expansion; mature net retention and efficiency.
Why: each stage fails in its own way, and these are the numbers in which it shows first.
Example: `settings: {stage: early}` and `publish: [revenue]`.
Fix: publish one of those that the message names, or set the stage that the company is at.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from saasmetrics.document import Path
from saasmetrics.finding import Severity
from saasmetrics.lint.reading import Reading
from saasmetrics.lint.rule import Rule, Told

ESSENTIALS: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "early": {
        "activation": ("activation_rate", "activation_funnel", "time_to_activation"),
        "adoption": ("waa", "maa", "tier_share", "feature_adoption_rate", "completion_rate"),
        "churn": ("logo_churn_rate", "gross_revenue_churn", "net_revenue_churn", "cohort_retention"),
    },
    "growth": {
        "the full cost of acquisition": ("cac", "cac_payback", "ltv_cac"),
        "conversion": ("lead_funnel", "sql_to_won_rate", "win_rate", "pqa_to_paid_rate", "mql_to_sql_rate"),
        "the sales cycle": ("sales_cycle", "time_pqa_to_close", "pipeline_velocity"),
        "expansion": ("nrr", "net_expansion", "expansion_mrr", "expansion_readiness"),
    },
    "mature": {
        "net retention": ("nrr", "net_revenue_churn"),
        "efficiency": ("burn_multiple", "magic_number", "cac_payback", "ltv_cac"),
    },
}
"""By stage and essential, the metrics that tell it; an own metric that rests on one tells it too."""


def _check(reading: Reading) -> Iterator[Told]:
    if not reading.published:
        return
    stage = reading.definitions.settings.stage
    gaps = {
        what: names
        for what, names in ESSENTIALS[stage].items()
        if next(reading.reading_of(frozenset(names)), None) is None
    }
    if gaps:
        said: Path = ("settings", "stage")
        path = said if reading.definitions.written.knows(said) else ("publish",)
        message = f"nothing published tells {', '.join(gaps)}: a company at stage {stage} lives by that"
        hint = "; ".join(f"publish {' or '.join(names[:3])}" for names in gaps.values())
        yield Told("stage", path, message, hint)


RULE = Rule("SM310", "stage-gap", Severity.WARNING, __doc__, _check)
