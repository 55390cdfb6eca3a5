"""The sentences that say what policies, settings, keys, roles and columns are for; they stand in `words/*.yaml`."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.resources import files
from typing import Any

from saasmetrics.definitions.rows import ROWS_KEYS
from saasmetrics.document import read


@cache
def page(name: str) -> Mapping[str, Any]:
    """One page of words. Raises: ValueError when a file of the package is broken."""
    resource = files("saasmetrics.explain") / "words" / f"{name}.yaml"
    document = read(resource.read_text("utf-8"), f"words/{name}.yaml")
    if document.findings or not isinstance(document.data, dict):
        raise ValueError(f"words/{name}.yaml: {document.findings}")
    return document.data


def policy(name: str) -> str:
    """What a policy decides."""
    return str(page("policies")[name]["says"])


def choices(name: str) -> Mapping[str, str]:
    """What each word of a policy means; empty where its values are not words."""
    return page("policies")[name].get("values", {})  # type: ignore[no-any-return]  # a mapping of texts, as the page is written


def setting(name: str) -> str:
    """What a setting is for."""
    return str(page("settings")[name])


def key(type_: str, name: str) -> str:
    """What a key of a metric type means; of a key that chooses rows, what it means anywhere."""
    own = page("keys")["types"].get(type_, {})
    shared = page("keys")["rows"] if name in ROWS_KEYS else {}
    return str(own.get(name) or shared[name])


def role(name: str) -> str:
    """What the rows of a role are."""
    return str(page("roles")["roles"][name]["says"])


def change(code: str) -> Mapping[str, str]:
    """What a difference from the lock flags, why, an example, and what to do."""
    return page("changes")[code]  # type: ignore[no-any-return]  # a mapping of texts, as the page is written


def verdict(code: str) -> Mapping[str, str]:
    """What a verdict on a published number flags, why, an example, and what to do."""
    return page("verdicts")[code]  # type: ignore[no-any-return]  # a mapping of texts, as the page is written


def column(role_: str, name: str) -> str:
    """What a canonical column of a role holds."""
    return str(page("roles")["roles"][role_]["columns"].get(name) or page("roles")["common"][name])
