"""Hand-worked cases: small tables in, definitions, and the numbers that arithmetic on paper gives.

A case is one YAML document of `cases/metrics/*.yaml`:

- `given`: role -> CSV text (cells may be padded); each table becomes the source of that role;
- `definitions`: the rest of `metrics.yaml`; its `sources` are merged over the given, `min_sample` is 0;
- `as_of`: the last visible day, or the first instant that is not visible;
- `ask`: `metrics` (one or a list), and `grain`, `by`, `where`, `period` (one or a list; the first and last are asked);
- `expect`: one line per number; `metric` and `period` may be left out where one is asked, `status` is `ok` unless said;
  a line with `segment_value` belongs to the split, and of a split every value that is not zero must have its line;
- `read`: source -> rows read and rows used; `findings`: fragments of what must be told;
- `because`: how the numbers were worked out; `gap`: why the tool does not say so yet (the case must then fail).
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any, Literal, get_args, get_origin

import polars as pl
import pytest
import yaml

from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.policies import Policies
from saasmetrics.engine.ask import Ask
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.period import Grain
from saasmetrics.pipeline import compute

FOLDER = Path(__file__).parent / "cases" / "metrics"
CLOSE = 1e-9
KEYS = {"name", "given", "definitions", "as_of", "ask", "expect", "read", "findings", "because", "gap"}
ASKED = {"metrics", "grain", "by", "where", "period"}
ADDRESS = ("metric", "cut", "stat", "period", "segment_value")
COUNTS = ("entries", "accounts", "immature")
NUMBERS = ("value", "numerator", "denominator")

Case = Mapping[str, Any]


def _cases() -> dict[str, Case]:
    """Every case by the name that a run of the tests shows."""
    read = [
        (f"{file.stem}:{case['name'].replace(' ', '_')}", case)
        for file in sorted(FOLDER.glob("*.yaml"))
        for case in yaml.safe_load_all(file.read_text(encoding="utf-8"))
    ]
    assert len(dict(read)) == len(read), "two cases share a name"
    return dict(read)


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _table(text: str) -> str:
    return "".join(",".join(cell.strip() for cell in line.split(",")) + "\n" for line in text.strip().splitlines())


def _written(case: Case, folder: Path) -> Path:
    """Put the tables and the definitions of a case into a folder."""
    definitions = dict(case.get("definitions", {}))
    sources: dict[str, Any] = {}
    for role, text in case["given"].items():
        (folder / f"{role}.csv").write_text(_table(text), encoding="utf-8")
        sources[role] = {"path": f"{role}.csv"}
    for name, keys in definitions.pop("sources", {}).items():
        sources[name] = {**sources.get(name, {}), **keys}
    settings = {"min_sample": 0, **definitions.pop("settings", {})}
    whole = {"version": 1, "settings": settings, "sources": sources, **definitions}
    path = folder / "metrics.yaml"
    path.write_text(json.dumps(whole, default=str), encoding="utf-8")
    return path


def _asked(case: Case) -> Ask:
    ask = case["ask"]
    assert set(ask) <= ASKED
    periods = sorted(_listed(ask["period"]))
    as_of = case["as_of"]
    return Ask(
        metrics=tuple(_listed(ask["metrics"])),
        by=tuple((segment,) for segment in _listed(ask.get("by", []))),
        where={segment: tuple(map(str, _listed(values))) for segment, values in ask.get("where", {}).items()},
        grain=Grain(ask["grain"]) if "grain" in ask else None,
        since=periods[0],
        until=periods[-1],
        as_of=as_of.replace(tzinfo=as_of.tzinfo or UTC) if isinstance(as_of, datetime) else as_of,
    )


def _addressed(case: Case, line: Case) -> tuple[Any, ...]:
    """Which number a line of `expect` is about."""
    metrics, periods = _listed(case["ask"]["metrics"]), _listed(case["ask"]["period"])
    metric = line.get("metric") or (metrics[0].split(".")[0] if len(metrics) == 1 else None)
    period = line.get("period") or (periods[0] if len(periods) == 1 else None)
    assert metric is not None, f"{case['name']}: which metric is meant by {line}?"
    assert isinstance(period, date), f"{case['name']}: which period is meant by {line}?"
    value = line.get("segment_value")
    return metric, line.get("cut"), line.get("stat"), period, None if value is None else str(value)


def _off(row: Mapping[str, Any], line: Case) -> list[str]:
    """What a computed row has otherwise than the line expects."""
    assert set(line) <= {*ADDRESS, *NUMBERS, *COUNTS, "status"}, f"unknown keys in {line}"
    assert "value" in line, f"no value in {line}"
    wrong = []
    for name in (*NUMBERS, *COUNTS):
        if name not in line:
            continue
        found, expected = row[name], line[name]
        same = found is expected if expected is None or found is None else abs(found - expected) <= CLOSE
        if not same:
            wrong.append(f"{name} is {found}, expected {expected}")
    if row["status"] != line.get("status", "ok"):
        wrong.append(f"status is {row['status']} ({row['reason']}), expected {line.get('status', 'ok')}")
    return wrong


def _values(values: pl.DataFrame) -> dict[tuple[Any, ...], Case]:
    found: dict[tuple[Any, ...], Case] = {
        tuple(row[name] for name in ADDRESS): row for row in values.iter_rows(named=True)
    }
    assert len(found) == values.height, "two values share an address"
    return found


def _unlisted(
    found: Mapping[tuple[Any, ...], Mapping[str, Any]], expected: Mapping[tuple[Any, ...], Case]
) -> list[str]:
    """Values of a split that a case looks at, which are not zero and have no line."""
    splits = {address[:-1] for address in expected if address[-1] is not None}
    rest = [(address, row) for address, row in found.items() if address not in expected and address[:-1] in splits]
    return [f"{address}: {row['value']} is not expected" for address, row in rest if address[-1] and row["value"]]


CASES = _cases()


def _marked(name: str) -> Any:
    gap = CASES[name].get("gap")
    return pytest.param(name, marks=pytest.mark.xfail(reason=gap, strict=True, raises=AssertionError) if gap else ())


@pytest.mark.parametrize("name", [_marked(name) for name in CASES])
def test_case(name: str, tmp_path: Path) -> None:
    case = CASES[name]
    assert set(case) <= KEYS
    assert case["because"].strip()
    result = compute(_written(case, tmp_path), _asked(case))
    found = _values(result.values)
    expected = {_addressed(case, line): line for line in case["expect"]}
    assert len(expected) == len(case["expect"]), "two lines say the same number"
    wrong = []
    for address, line in expected.items():
        if address in found:
            wrong += [f"{address}: {fault}" for fault in _off(found[address], line)]
        else:
            wrong.append(f"{address}: not computed; there are {sorted(map(str, found))}")
    wrong += _unlisted(found, expected)
    for source, counts in case.get("read", {}).items():
        found_counts = {name: getattr(result.sources[source], name) for name in counts}
        wrong += [f"{source}: {found_counts}, expected {counts}"] if found_counts != counts else []
    told = [finding.message for finding in result.findings]
    wrong += [f"not told: {text}; but {told}" for text in case.get("findings", []) if text not in " ".join(told)]
    assert not wrong, "\n" + "\n".join([*wrong, "because: " + case["because"]])


def _chosen(node: Any) -> Iterator[tuple[str, Any]]:
    """Every choice under `policies` at any depth of the definitions of a case."""
    for key, value in node.items() if isinstance(node, Mapping) else ((None, each) for each in node):
        if key == "policies":
            yield from value.items()
        elif isinstance(value, Mapping | list):
            yield from _chosen(value)


def test_every_choice_of_formula_has_a_case() -> None:
    """Each word of each policy, but for its default that all other cases have; of open ones any value."""
    chosen: dict[str, list[Any]] = {}
    for case in CASES.values():
        for policy, value in _chosen(case.get("definitions", {})):
            chosen.setdefault(policy, []).append(value)
    lacking = []
    for policy, known in Policies.model_fields.items():
        words = get_args(known.annotation) if get_origin(known.annotation) is Literal else ()
        words = (not known.default,) if known.annotation is bool else words
        found = chosen.get(policy, [])
        lacking += [f"{policy}: {word}" for word in words if word != known.default and word not in found]
        lacking += [policy] if not words and not found else []
    assert not lacking


def test_every_type_has_a_case() -> None:
    """Each metric type is asked for in a case, as its own metric or one of the catalogue."""
    known = {name: entry.get("type", "derived") for name, entry in catalogue().entries.items()}
    asked: set[Any] = set()
    for case in CASES.values():
        own = case.get("definitions", {}).get("metrics", {})
        asked |= {metric.get("type") for metric in own.values()}
        asked |= {known.get(str(name).split(".")[0]) for name in _listed(case["ask"]["metrics"])}
    assert set(REGISTRY) - asked == set()
