"""Every kind of thing that can be explained, with who explains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.explain import blocks
from saasmetrics.explain.answers import Answers
from saasmetrics.explain.change import change_page
from saasmetrics.explain.metric import metric_page
from saasmetrics.explain.metric_type import type_page
from saasmetrics.explain.policy import policy_page, setting_page
from saasmetrics.explain.rule import rule_page
from saasmetrics.explain.source import column_page, preset_page, role_page, source_page
from saasmetrics.explain.topics import Topic, topics
from saasmetrics.explain.verdict import verdict_page
from saasmetrics.output.explanation import Explanation, Facts, Section

PAGES: Mapping[str, Callable[[Definitions, str], Explanation]] = {
    "score": blocks.score_page,
    "workflow": blocks.workflow_page,
    "feature": blocks.feature_page,
    "journey": blocks.journey_page,
    "product": blocks.product_page,
    "segment": blocks.segment_page,
    "source": source_page,
    "type": type_page,
    "policy": policy_page,
    "setting": setting_page,
    "block": blocks.rule_page,
    "role": role_page,
    "preset": preset_page,
    "bundle": blocks.bundle_page,
    "view": blocks.view_page,
    "column": column_page,
    "rule": rule_page,
    "verdict": verdict_page,
    "change": change_page,
}
"""Kinds that need no numbers; a metric has a page with them."""


def explained(definitions: Definitions, text: str, answers: Answers) -> Explanation:
    """What a name means; what else is called the same is said at the end.

    Raises: InputError (exit 2) when the name means nothing, with the nearest ones.
    """
    topic, *others = topics(definitions, text)
    explanation = _page(definitions, topic, answers)
    if not others:
        return explanation
    also = Facts(tuple((f"a {other.kind}", f"saasmetrics explain {other.path}") for other in others))
    return replace(explanation, sections=(*explanation.sections, Section(f"`{text}` is also", (also,))))


def _page(definitions: Definitions, topic: Topic, answers: Answers) -> Explanation:
    if topic.kind == "metric":
        return metric_page(definitions, topic.name, answers)
    return PAGES[topic.kind](definitions, topic.name)
