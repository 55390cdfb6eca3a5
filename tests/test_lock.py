"""The lock: every change of meaning is seen and named, and nothing else is."""

from __future__ import annotations

from pathlib import Path

import pytest

from conftest import ROOT
from lock_edits import MEANING, MOVED, NOTED, SAME
from saasmetrics.definitions.load import load
from saasmetrics.finding import Change, Severity
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.lock.accept import accepted
from saasmetrics.lock.asking import Given
from saasmetrics.lock.held import held
from saasmetrics.lock.writing import written

TEXT = (ROOT / "metrics.yaml").read_text(encoding="utf-8")


def write(folder: Path, text: str) -> Path:
    path = folder / "metrics.yaml"
    path.write_text(text, encoding="utf-8")
    return path


def edited(old: str, new: str) -> str:
    assert TEXT.count(old) == 1, f"{TEXT.count(old)} times in the example: {old}"
    return TEXT.replace(old, new)


@pytest.fixture(scope="session")
def locked(tmp_path_factory: pytest.TempPathFactory) -> str:
    """The text of the example's lock."""
    definitions = load(write(tmp_path_factory.mktemp("locked"), TEXT), REGISTRY)
    return written(accepted(definitions, held(definitions), Given()).lock)


@pytest.fixture
def folder(tmp_path: Path, locked: str) -> Path:
    (tmp_path / "metrics.lock").write_text(locked, encoding="utf-8")
    return tmp_path


def changes(folder: Path, text: str) -> list[Change]:
    found = held(load(write(folder, text), REGISTRY)).findings
    assert all(isinstance(finding, Change) for finding in found), found
    return [finding for finding in found if isinstance(finding, Change)]


@pytest.mark.parametrize("name", MEANING)
def test_an_edit_that_changes_the_meaning_fails_and_is_named(name: str, folder: Path) -> None:
    old, new, object_, classes = MEANING[name]
    found = changes(folder, edited(old, new))
    failing = {(each.object, each.class_) for each in found if each.severity is Severity.ERROR}
    of_it = {class_ for about, class_ in failing if about == object_ and class_ != "inherited"}
    assert of_it == set(classes.split()), failing


@pytest.mark.parametrize("name", SAME)
def test_an_edit_that_changes_nothing_is_silent(name: str, folder: Path) -> None:
    text = edited(*SAME[name])
    if name in MOVED:
        old, new = MOVED[name]
        assert text.count(old) == 1
        text = text.replace(old, new)
    assert changes(folder, text) == []


@pytest.mark.parametrize("name", NOTED)
def test_an_edit_of_words_and_of_who_answers_is_a_note(name: str, folder: Path) -> None:
    found = changes(folder, edited(*NOTED[name]))
    assert found
    assert {each.severity for each in found} == {Severity.NOTE}, found
    assert {each.code for each in found} == {"SM947"}


def test_there_are_enough_edits() -> None:
    assert len(MEANING) >= 100
    assert len(SAME) + len(NOTED) >= 100
