"""Times from step to step, worked out by hand.

| account | start | middle | end | start to middle | middle to end |
|---|---|---|---|---|---|
| a | 1 Sep 08:00 | 10:00 | 11:00 | 2 h | 1 h |
| b | 2 Sep 08:00 | 14:00 | never | 6 h | |
| c | 3 Sep 08:00 | 12:00 | 4 Sep 12:00 | 4 h | 24 h |
| d | 3 Sep 08:00 | never | never | | |
| e | 5 Sep 08:00 | 13:00 | 09:00 | 5 h | in order never; in any order 0 h, it was there |
| f | 29 Sep 08:00 | 09:00 | | its week is not over: not counted | |
"""

from __future__ import annotations

from datetime import date
from pathlib import Path

import pytest

from saasmetrics.engine.ask import Ask
from saasmetrics.period import Grain
from saasmetrics.pipeline import Result, compute

EVENTS = """\
event,at,account
start,2026-09-01T08:00:00Z,a
middle,2026-09-01T10:00:00Z,a
end,2026-09-01T11:00:00Z,a
start,2026-09-02T08:00:00Z,b
middle,2026-09-02T14:00:00Z,b
start,2026-09-03T08:00:00Z,c
middle,2026-09-03T12:00:00Z,c
end,2026-09-04T12:00:00Z,c
start,2026-09-03T08:00:00Z,d
start,2026-09-05T08:00:00Z,e
end,2026-09-05T09:00:00Z,e
middle,2026-09-05T13:00:00Z,e
start,2026-09-29T08:00:00Z,f
middle,2026-09-29T09:00:00Z,f
"""
STEPS = "steps: {start: start, middle: middle, end: end}, within: 7d, grain: month"
HOUR = 3_600_000.0


def _asked(folder: Path, metric: str, keys: str) -> Result:
    (folder / "events.csv").write_text(EVENTS, encoding="utf-8")
    text = f"version: 1\nsources: {{events: {{path: events.csv}}}}\nmetrics:\n  {metric}: {{{STEPS}, {keys}}}\n"
    (folder / "metrics.yaml").write_text(text, encoding="utf-8")
    ask = Ask((metric,), grain=Grain.MONTH, as_of=date(2026, 10, 1), since=date(2026, 9, 1), until=date(2026, 9, 30))
    return compute(folder / "metrics.yaml", ask)


@pytest.mark.parametrize(
    ("keys", "expected"),
    [
        ("min_sample: 0", {"start": (0.0, 5), "middle": (4.5 * HOUR, 4), "end": (12.5 * HOUR, 2)}),
        ("min_sample: 0, order: any", {"start": (0.0, 5), "middle": (4.5 * HOUR, 4), "end": (1 * HOUR, 3)}),
        ("min_sample: 3", {"start": (0.0, 5), "middle": (4.5 * HOUR, 4), "end": (None, 2)}),
    ],
    ids=["ordered", "any order", "too few"],
)
def test_medians_are_between_the_step_before_and_the_step(
    tmp_path: Path, keys: str, expected: dict[str, tuple[float | None, int]]
) -> None:
    times = _asked(tmp_path, "way", keys).step_times
    assert times is not None
    assert {cut: (took, n) for cut, took, n in times.select("cut", "took", "n").iter_rows()} == expected
    assert times["period"].unique().to_list() == [date(2026, 9, 1)]


def test_what_is_no_funnel_has_no_times(tmp_path: Path) -> None:
    (tmp_path / "events.csv").write_text(EVENTS, encoding="utf-8")
    text = "version: 1\nsources: {events: {path: events.csv}}\nmetrics:\n  ends: {event: end}\n"
    (tmp_path / "metrics.yaml").write_text(text, encoding="utf-8")
    times = compute(tmp_path / "metrics.yaml", Ask(("ends",))).step_times
    assert times is not None
    assert times.is_empty()
