"""Rows of a sample: those of plain lines are what a reader of records makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from saasmetrics.sources import rows

TEXTS = st.text(alphabet='ab,;"\r\n \u2028', max_size=40)


@given(text=TEXTS, skip=st.integers(0, 2), width=st.integers(1, 3), whole=st.booleans())
def test_plain_lines_are_records(text: str, skip: int, width: int, whole: bool) -> None:
    names = [f"c{number}" for number in range(width)]
    found, ragged = rows.begun(text, ",", skip, names, whole=whole)
    later = rows.later([text.split("\n")[1:-1]], ",", names)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(rows, "_plain", lambda *_: False)
        by_record, wrong = rows.begun(text, ",", skip, names, whole=whole)
        slices = rows.later([text.split("\n")[1:-1]], ",", names)
    assert found.equals(by_record)
    assert ragged == wrong
    assert later.equals(slices)


def test_a_cell_too_long_for_records_ends_the_sample() -> None:
    text = "a,b\n1,2\n" + "x" * 200_000 + ",3\n4,5\n"
    found, ragged = rows.begun(text, ",", 1, ["a", "b"], whole=True)
    assert found.rows() == [("1", "2")]
    assert ragged == []
