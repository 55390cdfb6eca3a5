"""The lock's subset of YAML read line by line, strictly: what the writer does not write is refused."""

from __future__ import annotations

import json
import re
from typing import Any

Path = tuple[str, ...]

_LINE = re.compile(
    r'( *)(?:- (?P<item>.+)|(?P<key>"(?:[^"\\]|\\.)*"|[^\s"\[\]{}#,&*!|>%@`\'][^:#]*?):(?: (?P<value>.+))?)'
)
_TOKEN = re.compile(r'\s*("(?:[^"\\]|\\.)*"|[\[\]{},:](?=\s|$|[\]},\[{"])|[\[\]{}]|,|[^\[\]{},:"][^\[\]{},:"]*)')
_NUMBER = re.compile(r"-?(?:0|[1-9][0-9]*)(\.[0-9]+)?")
_WORDS = {"true": True, "false": False, "null": None}


class UnreadableError(ValueError):
    """A line that no lock has."""

    def __init__(self, line: int, why: str) -> None:
        self.line, self.why = line, why
        super().__init__(f"line {line}: {why}")


def read_lines(text: str) -> tuple[dict[str, Any], dict[Path, int]]:
    """The data of a lock's text, and the line of every key. Raises: UnreadableError."""
    data: dict[str, Any] = {}
    places: dict[Path, int] = {}
    open_: list[tuple[int, Path, Any]] = [(-1, (), data)]
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            raise UnreadableError(number, "it is no line of a lock")
        indent = len(match[1])
        while open_[-1][0] >= indent:
            open_.pop()
        _put(open_, indent, match, number, places)
    return data, places


def _put(
    open_: list[tuple[int, Path, Any]], indent: int, match: re.Match[str], line: int, places: dict[Path, int]
) -> None:
    _, path, group = open_[-1]
    if match["item"] is not None:
        if isinstance(group, dict) and not group and len(open_) > 1:  # the first item makes it a list
            group = []
            open_[-2][2][path[-1]] = group
            open_[-1] = (open_[-1][0], path, group)
        if not isinstance(group, list):
            raise UnreadableError(line, "an item stands where a key should")
        group.append(value(match["item"], line))
        return
    key = json.loads(match["key"]) if match["key"].startswith('"') else match["key"]
    if not isinstance(group, dict) or indent % 2 or key in group:
        raise UnreadableError(line, f"`{key}` stands in the wrong place, or twice")
    places[(*path, key)] = line
    if match["value"] is not None:
        group[key] = value(match["value"], line)
    else:
        group[key] = {}
        open_.append((indent, (*path, key), group[key]))


def value(text: str, line: int = 0) -> Any:
    """What a value's text says. Raises: UnreadableError."""
    if text[0] not in '[{"':
        return _scalar(text)
    tokens = _TOKEN.findall(text)
    if "".join(tokens).replace(" ", "") != text.replace(" ", ""):
        raise UnreadableError(line, "its value cannot be read")
    try:
        found, at = _flow(tokens, 0)
    except (IndexError, json.JSONDecodeError):
        raise UnreadableError(line, "its value is cut short") from None
    if at != len(tokens):
        raise UnreadableError(line, "there is something behind its value")
    return found


def _flow(tokens: list[str], at: int) -> tuple[Any, int]:
    token = tokens[at]
    if token == "[":
        items, at = [], at + 1
        while tokens[at] != "]":
            item, at = _flow(tokens, at)
            items.append(item)
            at += tokens[at] == ","
        return items, at + 1
    if token == "{":
        block, at = {}, at + 1
        while tokens[at] != "}":
            key = tokens[at].strip()
            name = json.loads(key) if key.startswith('"') else key
            block[name], at = _flow(tokens, at + 2)
            at += tokens[at] == ","
        return block, at + 1
    return (json.loads(token) if token.startswith('"') else _scalar(token.strip())), at + 1


def _scalar(text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if match := _NUMBER.fullmatch(text):
        return float(text) if match[1] else int(text)
    return text
