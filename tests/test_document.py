"""YAML is read strictly: only what the language has, every node with its place, no text that crashes the reader."""

from __future__ import annotations

import copy
import json
import pickle
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saasmetrics.document import DEPTH, Document, Number, read


def faults(text: str) -> list[str]:
    """What is wrong with a text, without its hints."""
    return [f"{finding.location} {finding.code} {finding.message}" for finding in read(text, "f").findings]


@pytest.mark.parametrize(
    ("written", "meant"),
    [
        ("NO", "NO"),
        ("on", "on"),
        ("Yes", "Yes"),
        ("True", "True"),
        ("~", "~"),
        ("Null", "Null"),
        ("22:30", "22:30"),
        ("010", "010"),
        ("0x1F", "0x1F"),
        ("1_000", "1_000"),
        ("1e3", "1e3"),
        ("+5", "+5"),
        (".5", ".5"),
        ("5.", "5."),
        (".inf", ".inf"),
        ("2026-01-31", "2026-01-31"),
        ("12345678901234567890", "12345678901234567890"),
        ("45%", "45%"),
        ('"1"', "1"),
        ("'true'", "true"),
        ("|\n  two\n  lines", "two\nlines\n"),
        ("true", True),
        ("false", False),
        ("null", None),
        ("", None),
        ("0", 0),
        ("-17", -17),
        ("[a, 2, [true]]", ("a", 2, (True,))),
        ("{a: {b: c}}", {"a": {"b": "c"}}),
    ],
)
def test_a_plain_scalar_is_text_unless_it_can_be_nothing_else(written: str, meant: object) -> None:
    document = read(f"key: {written}\n", "f")
    assert document.findings == ()
    assert document.data == {"key": meant}
    assert isinstance(document.data, dict)
    assert type(document.data["key"]) is type(meant)


def test_a_decimal_remembers_how_it_was_written() -> None:
    data = read("price: 0.10\n", "f").data
    assert isinstance(data, dict)
    price = data["price"]
    assert isinstance(price, Number)
    assert price == 0.1
    for same in (price, pickle.loads(pickle.dumps(price)), copy.deepcopy(price)):
        assert (same, same.text) == (0.1, "0.10")


def test_every_key_and_value_knows_its_place() -> None:
    document = read("a: 1\nbb:\n  - {c: 'x'}\n  - d\n", "f")
    assert str(document.at(("bb", 0, "c"))) == "f:3:9"
    assert str(document.key_at(("bb", 0, "c"))) == "f:3:6"
    assert str(document.at(("bb", 1))) == "f:4:5"
    assert str(document.key_at(("bb",))) == "f:2:1"
    assert str(document.at(("bb", 0, "c", "nothing", 7))) == "f:3:9", "the nearest node above"


@pytest.mark.parametrize(
    ("written", "offset", "column"),
    [
        ("plain text", 6, 4 + 6),
        ("'it''s > 1'", 5, 4 + 1 + 6),
        ('"a \\"b\\" c"', 6, 4 + 1 + 8),
        ('"quoted"', 0, 4 + 1),
        ("plain", 0, 4),
    ],
)
def test_a_character_inside_a_scalar_has_a_place(written: str, offset: int, column: int) -> None:
    document = read(f"k: {written}\n", "f")
    assert isinstance(document.data, dict)
    text = document.data["k"]
    assert isinstance(text, str)
    place = document.inside(("k",), offset)
    assert (place.line, place.column) == (1, column)
    assert f"k: {written}"[place.column - 1] == text[offset]


def test_a_folded_scalar_is_placed_by_its_start() -> None:
    document = read('k: "two\n  lines"\n', "f")
    assert str(document.inside(("k",), 5)) == "f:1:4"


def test_the_lines_of_a_node_can_be_shown_again() -> None:
    document = read("top:\n  one:\n    a: 1  # why\n\n    b: 2\n  two: {c: 3,\n    d: 4}\nend: 1\n", "f")
    assert document.source(("top", "one")) == "one:\n  a: 1  # why\n\n  b: 2"
    assert document.source(("top", "two")) == "two: {c: 3,\n  d: 4}"
    assert document.source(("end",)) == "end: 1"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: &x 1\n", "f:1:4 SM000 anchor `&x`: the language has none"),
        ("a: *x\n", "f:1:4 SM000 alias `*x`: the language has none"),
        (
            "a: !!python/object/apply:os.system [ls]\n",
            "f:1:4 SM000 tag `!!python/object/apply:os.system`: the language has none",
        ),
        ("<<: {a: 1}\n", "f:1:1 SM000 merge key `<<`: the language has none"),
        ("a: 1\nb: 2\na: 3\n", "f:3:1 SM002 `a` stands here a second time"),
        ("1: a\n", "f:1:1 SM005 a key must be text, this is 1"),
        ("true: a\n", "f:1:1 SM005 a key must be text, this is true"),
        ("{a: 1}: b\n", "f:1:1 SM000 a key must be a plain name"),
        ("a: 1\n---\nb: 2\n", "f:2:1 SM000 a second document in one file"),
    ],
)
def test_what_the_language_does_not_have_is_a_finding(text: str, expected: str) -> None:
    assert faults(text) == [expected]


def test_faults_add_up_and_the_rest_is_still_read() -> None:
    document = read("a: *x\nb: 1\nb: 2\nc: !!str 3\nd: {e: 4}\n", "f")
    assert [finding.code for finding in document.findings] == ["SM000", "SM002", "SM000"]
    assert document.data == {"b": 1, "d": {"e": 4}}
    assert document.spoiled == {("a",), ("c",)}
    assert not document.broken


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("a: [1, 2\nb: 3\n", "f:2:2 SM000 not readable as YAML: did not find expected ',' or ']'"),
        ("a: \x07\n", "f:1:4 SM000 not readable as YAML: control characters are not allowed"),
        ("[" * 20_000, f"f:1:1001 SM000 nested deeper than {DEPTH} levels"),
        ("? " + "[" * 20_000, f"f:1:1002 SM000 nested deeper than {DEPTH} levels"),
        (f"[{'1,' * 50_001}]", "f:1:100000 SM000 more than 50,000 values in one file"),
        ("#" + "x" * 1_000_000, "f:1:1 SM000 longer than 1,000,000 characters"),
    ],
)
def test_a_text_that_is_no_yaml_or_too_much_stops_the_file(text: str, expected: str) -> None:
    document = read(text, "f")
    assert document.broken
    assert document.data == {}
    assert [f"{finding.location} {finding.code} {finding.message}" for finding in document.findings] == [expected]


def test_an_alias_bomb_is_refused_where_it_begins() -> None:
    lines = ["a: &a [x, x]"] + [
        f"{name}: &{name} [*{before}, *{before}]" for before, name in zip("abcdefgh", "bcdefghi", strict=True)
    ]
    document = read("\n".join(lines), "f")
    assert len(document.findings) == 9 + 16
    assert document.data == {}


def test_a_byte_order_mark_is_passed_over() -> None:
    assert read("\ufeffa: 1\n", "f") == read("a: 1\n", "f")


def test_an_empty_text_is_no_data() -> None:
    assert read("# nothing\n", "f") == Document("f", None, "# nothing\n")


@given(st.text(max_size=60))
def test_no_text_crashes_the_reader(text: str) -> None:
    document = read(text, "f")
    assert document.broken <= bool(document.findings)
    assert all(finding.location and finding.location.line >= 1 for finding in document.findings)


@given(st.text(alphabet="ab: {}[]-&*!<>?|'\"\n,#%1.", max_size=60))
def test_no_punctuation_crashes_the_reader(text: str) -> None:
    assert read(text, "f").broken <= bool(read(text, "f").findings)


# YAML escapes know no surrogate pairs, which JSON writes for what lies beyond the basic plane.
LETTERS = st.characters(max_codepoint=0xFFFF, exclude_categories=["Cs"])
WORDS = st.text(LETTERS, max_size=8)
LEAVES = st.one_of(st.booleans(), st.integers(-(10**17), 10**17), WORDS)
TREES = st.recursive(
    LEAVES,
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(WORDS, inner, max_size=3)),
    max_leaves=12,
)


def _plain(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _plain(value) for key, value in data.items()}
    return [_plain(value) for value in data] if isinstance(data, tuple) else data


@given(TREES)
def test_json_is_read_as_what_it_says(tree: Any) -> None:
    """JSON is YAML: whatever it says comes back, with a place for every node."""
    document = read(json.dumps({"tree": tree}), "f")
    assert document.findings == ()
    assert _plain(document.data) == {"tree": tree}
    assert ("tree",) in document.nodes
