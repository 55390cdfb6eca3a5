"""The JSON schema of a definition file, for editors: from the same models that read it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from saasmetrics.definitions.blocks import LISTED, NAMED, SINGLE
from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.governance import Governance, Meaning
from saasmetrics.definitions.kinds import TYPES
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.scalars import NAME

Schema = dict[str, Any]


def json_schema(registry: Mapping[str, type[BaseModel]]) -> Schema:
    """Draft 2020-12 schema of the whole file.

    Edges: an editor completes every key; which keys a metric's type needs, and every name, only `check` knows.
    """
    models: list[type[BaseModel]] = [
        *SINGLE.values(),
        *NAMED.values(),
        *LISTED.values(),
        Governance,
        Meaning,
        *registry.values(),
    ]
    references, whole = models_json_schema([(model, "validation") for model in dict.fromkeys(models)])
    definitions: dict[str, Schema] = whole["$defs"]
    named: dict[type[BaseModel], Schema] = {model: references[model, "validation"] for model in models}
    kinds: list[type[BaseModel]] = [Governance, Meaning, *registry.values()]
    metric = [definitions[_name(named[kind])] for kind in kinds]
    definitions["MetricKeys"] = _union(metric, named[Policies])
    source = definitions[_name(named[NAMED["sources"]])]
    source["properties"].pop("base")
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "metrics.yaml",
        "description": "What a business means by its numbers.",
        "type": "object",
        "required": ["version", "sources"],
        "additionalProperties": False,
        "properties": {
            "version": {"const": 1},
            "product": {"type": "string"},
            "include": {"type": "array", "items": {"type": "string"}},
            "north_star": {"type": "string"},
            "publish": {"type": "array", "items": {"enum": list(catalogue().bundles)}},
            "metrics": _by_name({"$ref": "#/$defs/MetricKeys"}, pattern=None),
            **{key: named[model] for key, model in SINGLE.items()},
            **{key: _by_name(named[model], pattern=f"^{NAME.pattern}$") for key, model in NAMED.items()},
            **{key: {"type": "array", "items": named[model]} for key, model in LISTED.items()},
        },
        "$defs": definitions,
    }


def _name(reference: Mapping[str, Any]) -> str:
    return str(reference["$ref"]).rpartition("/")[2]


def _by_name(block: Mapping[str, Any], pattern: str | None) -> Schema:
    names = {"propertyNames": {"pattern": pattern}} if pattern else {}
    return {"type": "object", "additionalProperties": dict(block), **names}


def _union(blocks: Iterable[Schema], policies: Mapping[str, Any]) -> Schema:
    """All keys that a metric of any type may have."""
    choices: dict[str, list[Schema]] = {"policies": [dict(policies)]}
    for block in blocks:
        for key, value in block.get("properties", {}).items():
            schema = {name: item for name, item in value.items() if name not in ("default", "title")}
            known = choices.setdefault(key.rstrip("_"), [])
            if schema not in known:
                known.append(schema)
    properties: Schema = {key: known[0] if len(known) == 1 else {"anyOf": known} for key, known in choices.items()}
    properties["type"] = {"enum": list(TYPES)}
    return {"type": "object", "properties": properties, "additionalProperties": False}
