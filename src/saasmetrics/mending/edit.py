"""Edits: what a finding asks for, as characters of a file; all around them stays as it is."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass

from saasmetrics.document import Document, Path
from saasmetrics.finding import Finding, Location, Meant

_BREAK = re.compile("\r\n|[\n\r\x85\u2028\u2029]")
"""Where lines end, as places in files are counted."""


@dataclass(frozen=True, order=True)
class Edit:
    """Characters of a file, from the first to before the last, and what comes in their place."""

    first: int
    last: int
    new: str


def edit_for(finding: Finding, document: Document) -> Edit | None:
    """What a finding asks for; null where it leaves a choice, or where the text is not plain enough to be sure."""
    if finding.location is None or not finding.location.line:
        return None
    spot = offset(document.text, finding.location)
    if finding.code == "SM010":
        path = next((p for p, node in document.nodes.items() if node.key == finding.location and "ignore" in p), None)
        return _dropped(document, path) if path else None
    return _swapped(document.text, spot, finding.hint) if isinstance(finding.hint, Meant) else None


def offset(text: str, place: Location) -> int:
    """The character of a text that stands at a place."""
    ends = [found.end() for found in _BREAK.finditer(text)]
    return ([0, *ends][place.line - 1] if place.line - 1 <= len(ends) else len(text)) + place.column - 1


def edited(text: str, edits: Iterable[Edit]) -> str:
    """A text with edits made in it. Edges: of two that overlap only the first one is."""
    parts, at = [], 0
    for edit in sorted(edits):
        if edit.first >= at:
            parts += [text[at : edit.first], edit.new]
            at = edit.last
    return "".join([*parts, text[at:]])


def _swapped(text: str, spot: int, meant: Meant) -> Edit | None:
    quote = text[spot] if text[spot : spot + 1] in ("'", '"') and text[spot : spot + 1] else ""
    first = spot + len(quote)
    last = first + len(meant.old)
    if text[first:last] != meant.old or not meant.old:
        return None
    if quote and meant.whole:
        return Edit(spot, last + 1, meant.new) if text[last : last + 1] == quote else None
    if not meant.whole and (text[last : last + 1].isalnum() or text[last : last + 1] == "_"):
        return None
    return Edit(first, last, meant.new)


def _dropped(document: Document, path: Path) -> Edit | None:
    """An entry of a mapping taken out, and the mapping with its last one."""
    text, node, around = document.text, document.nodes[path], path[:-1]
    if node.key is None or node.written is None:
        return None
    first, last = offset(text, node.key), offset(text, node.value) + len(node.written)
    whole = document.nodes[around]
    in_flow = text[offset(text, whole.value)] == "{"
    if len(_beside(document, path)) == 1 and whole.key is not None:
        first = offset(text, whole.key)
        if in_flow:
            end = re.compile(r"\s*,?\s*\}").match(text, last)
            if end is None or "#" in text[offset(text, whole.value) : offset(text, node.key)]:
                return None
            last = end.end()
        path, around = around, around[:-1]
        in_flow = text[offset(text, document.nodes[around].value)] == "{"
    return _out_of_braces(text, first, last) if in_flow else _out_of_lines(text, first, last)


def _beside(document: Document, path: Path) -> list[Path]:
    return [other for other in document.nodes if len(other) == len(path) and other[:-1] == path[:-1]]


def _out_of_braces(text: str, first: int, last: int) -> Edit | None:
    """Between braces an entry takes the comma behind it along, the last one that before it."""
    if behind := re.compile(r"[ \t]*,[ \t]*").match(text, last):
        return Edit(first, behind.end(), "")
    before = re.search(r"[ \t]*,\s*$", text[:first])
    return Edit(before.start() if before else first, last, "")


def _out_of_lines(text: str, first: int, last: int) -> Edit | None:
    """On lines of its own an entry takes them along, with what is remarked behind it, and no line of remarks."""
    begin = text.rfind("\n", 0, first) + 1
    end = re.compile(r"[ \t]*(#[^\n]*)?(\n|$)").match(text, last)
    remarked = any(line.lstrip().startswith("#") for line in text[first:last].split("\n"))
    return Edit(begin, end.end(), "") if end and not text[begin:first].strip() and not remarked else None
