"""A verdict on a published number explained: what it flags and why, with an example and what to do."""

from __future__ import annotations

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.explain import words
from saasmetrics.history.verdict import VERDICTS
from saasmetrics.output.explanation import Explanation, Facts, Section


def verdict_page(definitions: Definitions, name: str) -> Explanation:
    """The page of a verdict, and the settings it is held against in this file."""
    said = words.verdict(name)
    known = next((each for each in VERDICTS if each.code == name), None)
    facts = [("weight", (known.severity.name if known else "error").lower())]
    if known is not None:
        facts.insert(0, ("name", known.word))
    if name in ("SM931", "SM932", "SM933"):
        settings = definitions.settings
        facts += [("settles", settings.settle.text), ("tolerance", f"{settings.tolerance:.1%} of the number")]
    parts = Facts(tuple((part, said[part]) for part in ("why", "example", "fix")))
    return Explanation(name, "verdict", "", (Section("", (said["flags"], Facts(tuple(facts)))), Section("", (parts,))))
