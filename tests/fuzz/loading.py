"""Definitions that nobody meant: files, broken as text and as nodes, must load or tell every fault at its place.

    python tests/fuzz/loading.py --seconds 60 --seed 1

Definition files of the repository and of the tests are taken and changed: some bytes of their text, or some nodes of
what they say (a key lost, misspelled or doubled, a value of another kind, a part of another file, an expression cut).
What comes must be definitions, linted, or an InputError of which each finding has a line and a column. What goes a new
way through `document.py`, `definitions/`, `expression/` and `lint/` is broken further.
"""

from __future__ import annotations

import random
import re
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from copy import deepcopy
from datetime import date
from functools import cache
from pathlib import Path
from typing import Any
from unittest.mock import patch

import yaml

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent.parent / "src")]

from guided import ROOT, SOURCES, NoPlace, Search, Seed, asked, attempt  # noqa: E402 - the path comes first

from saasmetrics.definitions import definitions as whole_definitions  # noqa: E402 - the path comes first
from saasmetrics.definitions import load as loader  # noqa: E402 - the path comes first
from saasmetrics.definitions.catalogue import Bundle, Catalogue, catalogue  # noqa: E402 - the path comes first
from saasmetrics.finding import InputError  # noqa: E402 - the path comes first
from saasmetrics.ledgers.index import REGISTRY  # noqa: E402 - the path comes first
from saasmetrics.lint.index import lint  # noqa: E402 - the path comes first

CASES = ROOT / "tests" / "cases"
FILES = [
    ROOT / "metrics.yaml",
    *sorted((CASES / "cli" / "company").glob("*.yaml")),
    *sorted((CASES / "language").rglob("*.yaml")),
    *sorted((CASES / "errors").rglob("*.yaml")),
    *sorted((CASES / "lint").glob("*.yaml")),
    *sorted((SOURCES / "catalog").glob("*.yaml")),
]
TOKENS = (
    b"\0", b'"', b"'", b": ", b"- ", b"{", b"}", b"[", b"]", b"*a", b"&a ", b"<<: ", b"!!python ", b"|\n", b">-\n",
    b"#", b"---\n", b"...\n", b"%YAML 1.1\n", b"? ", b"\t", b"\r", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3",
    b"\xe2\x80\xa8", b"\\ud800", b"1e999", b"9" * 40, b"NaN", b"null", b"~", b"true", b"0x1F", b"1_000", b"  " * 20,
    b"[" * 50, b"a:\n" * 3, b"COUNT(", b"CASE WHEN ", b" AND ", b"((", b"::", b"..", b"{x}", b"${x}", b" / 0",
)  # fmt: skip
SCALARS: tuple[Any, ...] = (
    None, True, False, 0, -1, 10**17, 0.5, -0.0, 1e300, "", " ", "x", "NO", "22:30", "010", "2024-02-30", "9999-12-31",
    "0000-00-00", "PT1H", "30d", "-1d", "9" * 19, "a.b.c", "a..b", ".", "*", "mrr", "mrr.*", "(", ")", "1 +", "amount",
    "amount / 0", "CASE WHEN a THEN b", "a AND", "NOT", "x IN ()", "SUM(amount)", "CAST(a AS INT)", "'unended",
    "\"unended", "DATE '2024-13-01'", "INTERVAL '1' MONTH", "a IS NOT NULL AND (b OR c)", "a " * 200, "((" * 60,
    "1" + "+1" * 400, "\ud7ff", "\u2028", "https://x", "../../x.csv", "*.csv", "[", "{", "USD", "Europe/Berlin",
    "Mars/Olympus", "day", "quarter", [], {}, [[]], [None], {"": None}, {"a": {"b": {"c": {}}}},
)  # fmt: skip
_LONGEST, _NODES = 2**16, 2_000


def as_text(content: bytes, draw: random.Random) -> bytes:
    """Some bytes of a file changed: characters, lines and indentations, lost, doubled, moved or put in."""
    lines = content.split(b"\n")
    for _ in range(draw.randint(1, 5)):
        kind, at = draw.randrange(7), draw.randrange(len(lines))
        line = lines[at]
        cut = draw.randint(0, len(line))
        if kind == 0:
            lines[at] = line[:cut] + draw.choice(TOKENS) + line[cut:]
        elif kind == 1:
            lines[at] = line[:cut] + bytes([draw.randrange(256)]) + line[cut + 1 :]
        elif kind == 2:
            del lines[at : at + draw.randint(1, 3)]
        elif kind == 3:
            lines[at:at] = lines[at : at + draw.randint(1, 4)]
        elif kind == 4:
            lines[at] = b" " * draw.randint(0, 9) + line.lstrip()
        elif kind == 5:
            lines[at] = line[:cut] + line[min(len(line), cut + draw.randint(1, 12)) :]
        else:
            lines.insert(draw.randrange(len(lines)), lines.pop(at))
        lines = lines or [b""]
    return b"\n".join(lines)


def as_nodes(data: Any, draw: random.Random, other: Any) -> Any:
    """Some nodes of a file changed; `other` is what another file says, to take parts from."""
    holder = [data]
    for _ in range(draw.randint(1, 4)):
        places = list(_places(holder))[:_NODES]
        parent, key = draw.choice(places)
        _change(parent, key, draw, other)
    return holder[0]


def _places(node: Any, deep: int = 0) -> Iterator[tuple[Any, Any]]:
    """Every node by what holds it, and where."""
    if deep > _DEEP:
        return
    inner = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in list(inner):
        yield node, key
        yield from _places(value, deep + 1)


_DEEP = 30


def _change(parent: Any, key: Any, draw: random.Random, other: Any) -> None:
    kind, value = draw.randrange(10), parent[key]
    if kind == 0 and isinstance(parent, dict):
        del parent[key]
    elif kind == 1 and isinstance(parent, dict):
        parent[_misspelled(str(key), draw)] = parent.pop(key)
    elif kind in (2, 3):
        parent[key] = deepcopy(draw.choice(SCALARS))
    elif kind == 4:
        parent[key] = draw.choice(([value], {"a": value}, [value, deepcopy(value)], {str(key): value}))
    elif kind in (5, 6):
        places = list(_places([other]))
        theirs, there = draw.choice(places)
        if kind == 6 and isinstance(parent, dict) and isinstance(theirs, dict):
            parent[there] = deepcopy(theirs[there])  # a key that means something, somewhere
        else:
            parent[key] = deepcopy(theirs[there])
    elif kind == 7 and isinstance(value, str):
        parent[key] = _misspelled(value, draw)
    elif kind == 8 and isinstance(value, list) and value:
        value.insert(draw.randint(0, len(value)), deepcopy(draw.choice(value)))
    elif isinstance(value, int | float) and not isinstance(value, bool):
        parent[key] = value * draw.choice((-1, 0, 2, 1_000, 0.5))


def _misspelled(text: str, draw: random.Random) -> str:
    at = draw.randint(0, len(text))
    return draw.choice(
        (text[:at], text[at:], text[:at] + text[at + 1 :], text[:at] + "x" + text[at:], text.upper(), f"{text}.x",
         text[:at] + draw.choice(" .:(),'\"-+*/=<>[]{}%") + text[at:], f"{text} {text}")
    )  # fmt: skip


def broken(seed: Seed, draw: random.Random, kept: Sequence[Seed]) -> bytes:
    """A file changed as nodes, where it is YAML, or as text."""
    if draw.random() < 0.6:
        data, other = _said(seed.content), _said(draw.choice(kept).content)
        if data is not None and other is not None:
            written = yaml.dump(as_nodes(data, draw, other), Dumper=_Plain, sort_keys=False, allow_unicode=True)
            return bytes(written.encode("utf-8", "replace"))[:_LONGEST]
    return as_text(seed.content, draw)[:_LONGEST]


class _Plain(yaml.SafeDumper):
    """Writes a node out wherever it stands: the language has no aliases."""

    def ignore_aliases(self, data: Any) -> bool:
        """All of them."""
        return True


def _said(content: bytes) -> Any:
    """What a file says; nothing where it is no YAML, or not small."""
    try:
        return yaml.load(content.decode(), Loader=getattr(yaml, "CSafeLoader", yaml.SafeLoader)) or None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError, ValueError, TypeError):
        return None


def read_definitions(path: Path) -> None:
    """As `saasmetrics check` reads definitions, mostly with the part of the catalogue that a file speaks of.

    Raises: NoPlace where a fault does not say where it stands.
    """
    content = path.read_text(encoding="utf-8", errors="replace")
    if len(content) % _WHOLE:
        with catalogue_of(content):
            try:
                _checked(path)
            except InputError:
                raise
            except Exception:  # it counts if the whole catalogue says the same
                pass
            else:
                return
    _checked(path)


_WHOLE = 8


@contextmanager
def catalogue_of(content: str) -> Iterator[None]:
    """A catalogue of what a file names and what that rests on: the whole takes ten times as long to resolve."""
    whole = catalogue()
    found, open_ = set[str](), _named(content, whole)
    while open_:
        found |= open_
        open_ = {inner for name in open_ for inner in _said_by(name)} - found
    bundles = {
        name: Bundle(
            bundle.families,
            tuple(each for each in bundle.metrics if each in found),
            {stage: tuple(each for each in names if each in found) for stage, names in (bundle.stages or {}).items()},
        )
        for name, bundle in whole.bundles.items()
    }
    small = Catalogue({name: entry for name, entry in whole.entries.items() if name in found}, whole.documents, bundles)
    with patch.object(loader, "catalogue", lambda: small), patch.object(whole_definitions, "catalogue", lambda: small):
        yield


def _named(content: str, whole: Catalogue) -> set[str]:
    return set(re.findall(r"\w+", content)) & set(whole.entries)


@cache
def _said_by(name: str) -> frozenset[str]:
    return frozenset(_named(repr(catalogue().entries[name]), catalogue()))


def _checked(path: Path) -> None:
    try:
        definitions = loader.load(path, REGISTRY)
        findings = [*definitions.findings, *lint(definitions, today=date(2026, 11, 22))]
    except InputError as error:
        findings = list(error.findings)
        _placed(findings)
        raise
    _placed(findings)


def _placed(findings: Sequence[Any]) -> None:
    for each in findings:
        if each.location is None or each.location.line < 1 or each.location.column < 1:
            raise NoPlace(f"{each.code}: {each}")


def seeds() -> list[Seed]:
    """Definition files; of a case of lint both documents, apart."""
    found = []
    for path in FILES:
        documents = path.read_text(encoding="utf-8").split("\n---\n")
        found += [
            Seed(f"{path.stem}{number or ''}.yaml", f"{text}\n".encode()) for number, text in enumerate(documents)
        ]
    return found


def tried(number: int, folder: Path) -> str:
    """One file broken as the number says; what was wrong with how it was loaded, or nothing."""
    draw = random.Random(f"house/{number}")
    start = [seed for seed in seeds() if len(seed.content) < 2_000]
    seed = draw.choice(start)
    return attempt(read_definitions, Seed(seed.kind, broken(seed, draw, start)), folder, InputError)


if __name__ == "__main__":
    watched = (SOURCES / "document.py", SOURCES / "definitions", SOURCES / "expression", SOURCES / "lint")
    sys.exit(Search(seeds(), broken, read_definitions, InputError, watched).run(asked(__doc__)))
