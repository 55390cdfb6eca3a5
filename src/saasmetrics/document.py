"""YAML text to plain data with the place of every node; the only reader of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice, takewhile
from typing import Any, TypeAlias

import yaml

from saasmetrics.finding import Finding, Location, Severity

Path: TypeAlias = tuple[str | int, ...]
Data: TypeAlias = "str | int | float | bool | dict[str, Data] | tuple[Data, ...] | None"

CHARACTERS, NODES, DEPTH = 1_000_000, 50_000, 40
_TOO_DEEP = f"nested deeper than {DEPTH} levels"

_PARSER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
_INTEGER = re.compile(r"0|-?[1-9][0-9]{0,17}")
_DECIMAL = re.compile(r"-?(?:0|[1-9][0-9]{0,17})\.[0-9]{1,18}")
_WORDS: Mapping[str, bool | None] = {"true": True, "false": False, "null": None, "": None}
_ESCAPE = re.compile(r"\\x..|\\u.{4}|\\U.{8}|\\.|.")


class Number(float):
    """A decimal that remembers how it was written, so that `0.10` can still be a text."""

    text: str

    def __new__(cls, text: str) -> Number:
        """Read a number's text."""
        number = super().__new__(cls, text)
        number.text = text
        return number

    def __reduce__(self) -> tuple[type[Number], tuple[str]]:
        return Number, (self.text,)


@dataclass(frozen=True)
class Node:
    """Where one node stands, where its key stands, and the text of a scalar that fits on one line."""

    value: Location
    key: Location | None
    written: str | None = None


@dataclass(frozen=True)
class Document:
    """One file of YAML, read.

    Edges: `data` is dicts, tuples and scalars; it is `{}` when `broken`, that is when the text is no YAML at all or
    passes a limit. Other faults are in `findings`, their nodes are left out of `data` and listed in `spoiled`.
    """

    file: str
    data: Data
    text: str = ""
    findings: tuple[Finding, ...] = ()
    nodes: Mapping[Path, Node] = field(default_factory=dict)
    spoiled: frozenset[Path] = frozenset()
    broken: bool = False

    def at(self, path: Path) -> Location:
        """Place of the value at `path`, or of the nearest node above it."""
        return self._node(path).value

    def key_at(self, path: Path) -> Location:
        """Place of the key that leads to `path`; of the value where there is none."""
        node = self._node(path)
        return node.key or node.value

    def inside(self, path: Path, offset: int) -> Location:
        """Place of the character `offset` of a text; its start when the text is folded over lines."""
        node = self._node(path)
        if node.written is None or not offset:
            return _shift(node.value, 1) if node.written and node.written[0] in "\"'" else node.value
        return _shift(node.value, _offset(node.written, offset))

    def source(self, path: Path) -> str:
        """The lines in which a key and its value are written, less their common indentation."""
        start = self.key_at(path)
        first = self._lines[start.line - 1 : start.line]
        indent = start.column - 1
        below = islice(self._lines, start.line, None)
        inside = takewhile(lambda line: not line.strip() or len(line) - len(line.lstrip()) > indent, below)
        return "\n".join(line[indent:].rstrip() for line in [*first, *inside]).rstrip()

    @cached_property
    def _lines(self) -> list[str]:
        return self.text.splitlines()

    def _node(self, path: Path) -> Node:
        while path and path not in self.nodes:
            path = path[:-1]
        return self.nodes.get(path) or Node(Location(self.file, 1, 1), None)


def _shift(place: Location, columns: int) -> Location:
    return Location(place.file, place.line, place.column + columns)


def _offset(written: str, offset: int) -> int:
    """Characters before the character `offset` of the text that `written` stands for."""
    if written[0] not in "\"'":
        return offset
    pattern = _ESCAPE if written[0] == '"' else re.compile(r"''|.")
    signs = pattern.findall(written[1:-1])
    return 1 + len("".join(signs[:offset]))


class _Stop(Exception):  # noqa: N818 - not an error: the file is read no further
    def __init__(self, message: str, mark: Any) -> None:
        self.message, self.mark = message, mark


class _Reader:
    """Turns one stream of events into data; everything the language does not have is a finding."""

    def __init__(self, text: str, file: str) -> None:
        self.text, self.file = text, file
        self.events: Iterator[Any] = yaml.parse(text, _PARSER)
        self.nodes: dict[Path, Node] = {}
        self.findings: list[Finding] = []
        self.spoiled: set[Path] = set()
        self.count = 0

    def place(self, mark: Any) -> Location:
        return Location(self.file, mark.line + 1, mark.column + 1)

    def fault(self, code: str, message: str, mark: Any, hint: str | None = None) -> None:
        self.findings.append(Finding(code, Severity.ERROR, message, self.place(mark), hint))

    def read(self) -> Data:
        data: Data = None
        documents = 0
        for event in self.events:
            if isinstance(event, yaml.DocumentStartEvent):
                documents += 1
                if documents > 1:
                    self.fault("SM000", "a second document in one file", event.start_mark, "remove the line `---`")
                    return data
            elif isinstance(event, yaml.NodeEvent):
                data = self.node(event, (), None)
        return data

    def node(self, event: Any, path: Path, key: Location | None) -> Data:
        self.count += 1
        if self.count > NODES:
            raise _Stop(f"more than {NODES:,} values in one file", event.start_mark)
        if len(path) > DEPTH:
            raise _Stop(_TOO_DEEP, event.start_mark)
        if not self.plain(event):
            self.spoiled.add(path)
        if isinstance(event, yaml.MappingStartEvent):
            self.nodes[path] = Node(self.place(event.start_mark), key)
            return self.mapping(path)
        if isinstance(event, yaml.SequenceStartEvent):
            self.nodes[path] = Node(self.place(event.start_mark), key)
            return self.sequence(path)
        if isinstance(event, yaml.AliasEvent):
            self.nodes[path] = Node(self.place(event.start_mark), key)
            return None
        first, last = event.start_mark, event.end_mark
        folded = first.line != last.line or event.style in ("|", ">")
        self.nodes[path] = Node(self.place(first), key, None if folded else self.text[first.index : last.index] or None)
        return event.value if event.style else _scalar(event.value)

    def plain(self, event: Any) -> bool:
        """Whether a node is free of anchors, aliases and tags."""
        if isinstance(event, yaml.AliasEvent):
            self.fault("SM000", f"alias `*{event.anchor}`: the language has none", event.start_mark, "write it out")
        elif event.anchor:
            self.fault("SM000", f"anchor `&{event.anchor}`: the language has none", event.start_mark, "remove it")
        elif event.tag:
            tag = event.tag.replace("tag:yaml.org,2002:", "!!")
            self.fault("SM000", f"tag `{tag}`: the language has none", event.start_mark, "remove it")
        else:
            return True
        return False

    def sequence(self, path: Path) -> Data:
        items: list[Data] = []
        while not isinstance(event := next(self.events), yaml.SequenceEndEvent):
            items.append(self.node(event, (*path, len(items)), None))
        return tuple(items)

    def mapping(self, path: Path) -> Data:
        items: dict[str, Data] = {}
        while not isinstance(event := next(self.events), yaml.MappingEndEvent):
            name = self.key(event)
            place = self.place(event.start_mark)
            if name is not None and name in items:
                first = self.nodes[(*path, name)].key
                self.fault(
                    "SM002",
                    f"`{name}` stands here a second time",
                    event.start_mark,
                    f"it is already on line {first.line if first else 0}",
                )
                name = None
            if name is None:
                self.skip()
                continue
            items[name] = self.node(next(self.events), (*path, name), place)
        return {name: value for name, value in items.items() if (*path, name) not in self.spoiled}

    def key(self, event: Any) -> str | None:
        """The text of a key; None when it is none, with a finding."""
        if not isinstance(event, yaml.ScalarEvent):
            self.fault("SM000", "a key must be a plain name", event.start_mark)
            if not isinstance(event, yaml.AliasEvent):
                self.close()
            return None
        if not self.plain(event):
            return None
        if not event.style and event.value == "<<":
            self.fault("SM000", "merge key `<<`: the language has none", event.start_mark, "write the keys out")
            return None
        if not event.style and not isinstance(_scalar(event.value), str):
            written = event.value or "nothing"
            self.fault("SM005", f"a key must be text, this is {written}", event.start_mark, f'write "{event.value}"')
            return None
        return str(event.value)

    def skip(self) -> None:
        """Pass over one value."""
        event = next(self.events)
        if isinstance(event, yaml.CollectionStartEvent):
            self.close()

    def close(self) -> None:
        """Pass over the rest of a collection."""
        depth = 1
        while depth:
            event = next(self.events)
            depth += isinstance(event, yaml.CollectionStartEvent) - isinstance(event, yaml.CollectionEndEvent)
            if depth > DEPTH:
                raise _Stop(_TOO_DEEP, event.start_mark)


def _scalar(text: str) -> Data:
    """A plain scalar: true, false, null, a whole number, a decimal; all else is text as written."""
    if text in _WORDS:
        return _WORDS[text]
    if _INTEGER.fullmatch(text):
        return int(text)
    return Number(text) if _DECIMAL.fullmatch(text) else text


def read(text: str, file: str) -> Document:
    """Read one file's text.

    Edges: faults are findings of the document, never raised. Only true, false, null, whole numbers and decimals are
    more than text: `NO`, `22:30`, `010`, `1e3` and dates stay as written.
    """
    text = text.removeprefix("\ufeff")
    if len(text) > CHARACTERS:
        return _broken(file, f"longer than {CHARACTERS:,} characters", Location(file, 1, 1))
    reader = _Reader(text, file)
    try:
        data = reader.read()
    except _Stop as stop:
        return _broken(file, stop.message, reader.place(stop.mark))
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        place = reader.place(mark) if mark else Location(file, 1, 1)
        if "nesting depth" in (error.problem or ""):  # the parser looks ahead, and gives up before it hands anything on
            return _broken(file, _TOO_DEEP, place)
        return _broken(file, f"not readable as YAML: {error.problem}", place, _hint(error.problem or ""))
    except yaml.reader.ReaderError as error:
        line = text.count("\n", 0, error.position) + 1
        column = error.position - (text.rfind("\n", 0, error.position) + 1) + 1
        return _broken(file, f"not readable as YAML: {error.reason}", Location(file, line, column))
    return Document(file, data, text, tuple(reader.findings), reader.nodes, frozenset(reader.spoiled))


def _broken(file: str, message: str, place: Location, hint: str | None = None) -> Document:
    return Document(file, {}, "", (Finding("SM000", Severity.ERROR, message, place, hint),), broken=True)


def _hint(problem: str) -> str | None:
    if "cannot start any token" in problem:
        return "indent with blanks, not tabs; quote a text that begins with a special character"
    if "mapping values are not allowed" in problem:
        return "quote a text that holds a colon and a blank; check the indentation"
    return None
