"""Which type a metric is, by the keys that it has."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from saasmetrics.definitions.rows import FORMS

TYPES = (
    "simple", "stock", "movement", "net_retention", "active", "conversion", "duration", "retention", "tiers",
    "sessions", "score", "attribution", "impact", "lift", "ratio", "derived", "cumulative",
)  # fmt: skip


def implied(keys: Mapping[str, Any]) -> str | None:
    """The type that keys imply; null when they do not say."""
    if any(form in keys for form in FORMS):
        return "simple"
    if "steps" in keys:
        return "conversion"
    if "from" in keys and "to" in keys:
        return "duration"
    if "numerator" in keys and "denominator" in keys:
        return "ratio"
    if "expr" in keys or "input_metrics" in keys:
        return "derived"
    return "cumulative" if "metric" in keys else None
