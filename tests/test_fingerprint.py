"""Fingerprints: they move with the meaning of a number and of what is under it, and with nothing else."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from conftest import ROOT
from saasmetrics.definitions.load import load
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.fingerprint import fingerprints, fulls, nodes, split


def marks(folder: Path, text: str) -> dict[str, str]:
    path = folder / "metrics.yaml"
    path.write_text(text, encoding="utf-8")
    return fingerprints(load(path, REGISTRY))


@pytest.fixture(scope="module")
def text() -> str:
    return (ROOT / "metrics.yaml").read_text(encoding="utf-8")


def edited(text: str, old: str, new: str) -> str:
    assert text.count(old) == 1, f"{text.count(old)} times: {old}"
    return text.replace(old, new)


def test_every_metric_that_can_be_computed_has_one(tmp_path: Path, text: str) -> None:
    path = Path(shutil.copy(ROOT / "metrics.yaml", tmp_path))
    definitions = load(path, REGISTRY)
    computed = {name for name, metric in definitions.metrics.items() if not metric.missing and "#" not in name}
    assert set(fingerprints(definitions)) == computed
    assert all(mark.startswith("f1_") and len(mark) == 15 for mark in fingerprints(definitions).values())


def test_every_need_is_a_node(tmp_path: Path) -> None:
    known = nodes(load(Path(shutil.copy(ROOT / "metrics.yaml", tmp_path)), REGISTRY))
    assert {need for node in known.values() for need in node.under} <= set(known)
    assert set(fulls(known)) == set(known)


def test_what_is_not_under_a_number_leaves_it_alone(tmp_path: Path, text: str) -> None:
    """A longer list of screens reaches the loading times; a stricter success reaches what counts successes."""
    before = marks(tmp_path, text)
    screens = marks(tmp_path, edited(text, "screens: [invoice_list, invoice_editor]", "screens: [invoice_list]"))
    assert {name for name in before if before[name] != screens[name]} == {"load_time_p95"}
    success = marks(tmp_path, edited(text, "success: order_received", "success: {event: order_received, filter: paid}"))
    moved = {name for name in before if before[name] != success[name]}
    assert {"workflow_successes", "completion_rate", "waa", "health_score", "tickets_per_100"} <= moved
    assert not moved & {
        "north_star",
        "invoices_this_year",
        "mrr",
        "nrr",
        "load_time_p95",
        "cac",
        "time_in_product",
        "first_response_time",
    }


def test_a_series_that_is_split_moves_with_its_segment(tmp_path: Path, text: str) -> None:
    path = tmp_path / "metrics.yaml"
    path.write_text(text, encoding="utf-8")
    before = load(path, REGISTRY)
    path.write_text(edited(text, 'mid: "value < 12"', 'mid: "value < 15"'), encoding="utf-8")
    after = load(path, REGISTRY)
    assert fingerprints(before) == fingerprints(after)
    assert split(before, ("plan",)) == split(after, ("plan",))
    assert split(before, ("size",))["waa"] != split(after, ("size",))["waa"]
    assert split(before, ("plan", "size")) == split(before, ("size", "plan"))


def test_what_a_tier_is_made_of_is_under_it(tmp_path: Path, text: str) -> None:
    """Tiers are rows of accounts: whose an account is moves them, as it moves what counts the same rows."""
    before, root = marks(tmp_path, text), marks(tmp_path, edited(text, "  account: own", "  account: root"))
    moved = {name for name in before if before[name] != root[name]}
    assert {"tier_share", "tier_transition_time", "waa", "activation_rate"} <= moved
