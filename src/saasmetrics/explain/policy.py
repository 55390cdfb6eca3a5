"""A policy or a setting explained: what it decides, its words, its value here and who reads it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Literal, get_args, get_origin

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.settings import Settings
from saasmetrics.explain import words
from saasmetrics.explain.notation import flow, plain
from saasmetrics.explain.resting import policies_of, policy_readers, provenance, shown, spot, value_of
from saasmetrics.explain.takes import default, takes
from saasmetrics.output.explanation import Explanation, Facts, Section, Table


def policy_page(definitions: Definitions, name: str) -> Explanation:
    """What a policy decides, and what it is in this file."""
    field = Policies.model_fields[name]
    told = [
        ("takes", takes(name, field)),
        ("default", value_of(Policies(), name)),
        ("here", f"{value_of(definitions.policies, name)} ({provenance(definitions, name)})"),
        *_overrides(definitions, name),
        ("read by", ", ".join(policy_readers(definitions, name)) or "no metric of this file"),
    ]
    sections = [Section("", (words.policy(name), Facts(tuple(told))))]
    if choices := tuple(_choices(name)):
        sections.append(Section("Values", (Table(("value", "meaning"), choices),)))
    return Explanation(name, "policy", "", tuple(sections))


def _overrides(definitions: Definitions, name: str) -> Iterator[tuple[str, str]]:
    for metric in shown(definitions):
        if name in metric.own_policies and name in policies_of(definitions, metric):
            place = provenance(definitions, name, metric).removeprefix("the metric, ")
            yield f"in {metric.id}", f"{value_of(metric.policies, name)} ({place})"


def _choices(name: str) -> Iterator[tuple[str, str]]:
    said = words.choices(name)
    annotation = Policies.model_fields[name].annotation
    listed = [str(word) for word in get_args(annotation)] if get_origin(annotation) is Literal else list(said)
    for word in listed:
        yield word, said[word]


def setting_page(definitions: Definitions, name: str) -> Explanation:
    """What a setting is for, and what it is in this file."""
    field = Settings.model_fields[name]
    said = name in definitions.settings.model_fields_set
    place = spot(definitions, "settings", name) if said else "default"
    value = getattr(definitions.settings, name)
    told = [
        ("takes", takes(name, field)),
        ("default", default(field) or "none"),
        ("here", f"{'none' if value is None else flow(plain(value))} ({place})"),
    ]
    return Explanation(name, "setting", "", (Section("", (words.setting(name), Facts(tuple(told)))),))
