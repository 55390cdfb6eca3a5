"""What all models of the language have in common: strict, frozen, nothing unknown; and how they refuse."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from difflib import get_close_matches
from typing import Self

from pydantic import BaseModel, ConfigDict, ValidationInfo, model_validator
from pydantic_core import PydanticCustomError

from saasmetrics.finding import Meant


class Model(BaseModel):
    """A block of the language. Unknown keys and loose types are faults; values never change once read."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)

    def faults(self) -> Iterator[PydanticCustomError]:
        """What is wrong with the block as a whole, though each of its keys can be read."""
        yield from ()

    @model_validator(mode="after")
    def _sound(self, info: ValidationInfo) -> Self:
        if info.context is not LENIENT:
            for wrong in self.faults():
                raise wrong
        return self


LENIENT = {"faults": "collected"}
"""Validation context of a reader that collects `faults()` of all blocks itself, so that none hides another."""


def fault(
    code: str, message: str, hint: str | None = None, *, at: str | None = None, offset: int = 0
) -> PydanticCustomError:
    """A fault that a validator raises: it becomes a finding with the place of the value, or of its key `at`.

    `offset` is the character of the text at which it goes wrong.
    """
    context = {"message": message, "hint": hint, "at": at, "offset": offset}
    return PydanticCustomError(code, "{message}", context)


def near(name: str, known: Iterable[str]) -> str | None:
    """A hint with the nearest known name, if one is near.

    Edges: it leaves no choice where only one name is a letter away, or none is and only one is near.
    """
    names = {other.lower(): other for other in known}
    found = get_close_matches(name.lower(), names, 3, 0.66)
    if not found:
        return None
    hint = f"did you mean `{names[found[0]]}`?"
    nearest = [other for other in found if _is_a_letter_away(name.lower(), other)] or found
    return Meant(hint, name, names[found[0]]) if nearest == found[:1] else hint


def _is_a_letter_away(one: str, other: str) -> bool:
    """Whether a letter was left out, put in, mistaken, or changed places with the next."""
    short, long = sorted((one, other), key=len)
    start = next((at for at, letter in enumerate(short) if letter != long[at]), len(short))
    here, there = short[start:], long[start:]
    if len(short) < len(long):
        return here == there[1:]
    return here[1:] == there[1:] or (here[:2] == there[1::-1] and here[2:] == there[2:])
