"""A finding of the lock explained: what it flags and why, with an example and what to do."""

from __future__ import annotations

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.explain import words
from saasmetrics.output.explanation import Explanation, Facts, Section


def change_page(definitions: Definitions, name: str) -> Explanation:
    """The page of a code under which definitions differ from their lock."""
    del definitions  # the same in every file
    said = words.change(name)
    parts = Facts(tuple((part, said[part]) for part in ("why", "example", "fix")))
    return Explanation(name, "change", "", (Section("", (said["flags"],)), Section("", (parts,))))
