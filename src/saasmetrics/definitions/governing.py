"""Governance resolved: what the file says of a metric, else the catalogue, else what follows from the rest."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from saasmetrics.definitions.catalogue import Catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.governance import REVIEW_OF_LEVEL, Governance
from saasmetrics.definitions.metric import Metric

_PLAIN = (
    "label", "short_name", "description", "level", "timing", "direction", "team", "stage", "owner", "drivers", "review",
    "min_sample", "status", "flat", "edition", "publish", "ignore", "format",
)  # fmt: skip


def governed(
    metric: Metric, entry: Mapping[str, Any], given: Governance, definitions: Definitions, catalogue: Catalogue
) -> Metric:
    """A metric with its governance: weakest first, what it had, the entry of the catalogue, the file's keys."""
    said: dict[str, Any] = {key: value for key, value in entry.items() if key in Governance.model_fields}
    said |= {key: getattr(given, key) for key in given.model_fields_set}
    chosen: dict[str, Any] = {}
    for key in _PLAIN:
        if said.get(key) is not None:
            chosen[key] = said[key]
    if "action" in said and said["action"] is not None:
        action = said["action"]
        pairs = action.items() if isinstance(action, Mapping) else action.model_dump().items()
        chosen["action"] = {way: text for way, text in pairs if text}
    label = chosen.get("label") or metric.label or metric.id.replace("_", " ").capitalize()
    chosen["label"] = label
    chosen["short_name"] = chosen.get("short_name") or (metric.short_name if "label" not in said else "") or label
    chosen["format"] = chosen.get("format") or (metric.format if metric.type else "")
    if not metric.type:
        chosen.setdefault("min_sample", definitions.settings.min_sample)
        chosen.setdefault("stage", catalogue.stages(metric.id) or metric.stage)
    chosen |= _follow(metric, chosen, definitions)
    chosen |= _segments(metric, given, definitions)
    return replace(metric, family=str(entry.get("family") or metric.family), **chosen)


def _follow(metric: Metric, chosen: Mapping[str, Any], definitions: Definitions) -> dict[str, Any]:
    """Level of a north star, review from the level, owner from the first team."""
    stars = {definitions.north_star, *(product.north_star for product in definitions.products.values())}
    level = "north_star" if metric.id in {*stars, "north_star"} else chosen.get("level", metric.level)
    team = chosen.get("team", metric.team)
    declared = definitions.settings.teams.get(team[0]) if team else None
    owner = chosen.get("owner") or (declared.owner if declared else None)
    return {
        "level": level,
        "review": chosen.get("review") or REVIEW_OF_LEVEL[level],
        "owner": owner or (team[0] if team else None),
    }


def _segments(metric: Metric, given: Governance, definitions: Definitions) -> dict[str, Any]:
    """The file's default breakdowns and the metric's own; an empty list means none."""
    if given.segments == ():
        return {"segments": (), "own_segments": ()}
    own = given.segments if given.segments is not None else metric.own_segments
    return {"segments": tuple(dict.fromkeys([*definitions.settings.segments, *own])), "own_segments": own}
