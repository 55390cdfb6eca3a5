"""Ignoring: rules that a block asks to be quiet about it, each with the reason."""

from __future__ import annotations

import re

from pydantic import Field, field_validator

from saasmetrics.definitions.model import Model, fault

_RULE = re.compile(r"SM[0-9](?:[0-9]{2})?")


def rule(code: str) -> str:
    """A rule's code, or a family of them. Raises: a fault for any other text."""
    if not _RULE.fullmatch(code):
        raise fault("SM005", f"`{code}` is not a rule", "write a code like SM106")
    return code


def reasons(given: dict[str, str]) -> dict[str, str]:
    """Suppressed rules, each with its reason. Raises: a fault for a rule without one."""
    for code, reason in given.items():
        rule(code)
        if not reason.strip():
            raise fault("SM007", f"`{code}` is ignored without a reason", "write why", at=code)
    return given


class Ignorable(Model):
    """A block about which a rule may have something to say. `ignore` changes no number."""

    ignore: dict[str, str] = Field(default_factory=dict)

    @field_validator("ignore")
    @classmethod
    def _with_reason(cls, value: dict[str, str]) -> dict[str, str]:
        return reasons(value)
