"""What the pages say is true: their commands run and print what is shown, links lead somewhere, reference is fresh."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType

import pytest

from conftest import ROOT, copy_example

README = ROOT / "README.md"
PAGES = [*ROOT.glob("*.md"), *sorted((ROOT / "docs").rglob("*.md"))]
DECISIONS = sorted((ROOT / "docs" / "decisions").glob("[0-9]*.md"))
FENCE = re.compile(r"^```(\w+)(?: (\S+))?\n(.*?)^```$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Section:
    """A part of a page under one heading: files that it gives, and its console blocks by where they begin."""

    title: str
    files: dict[str, str] = field(default_factory=dict)
    blocks: dict[int, str] = field(default_factory=dict)


def sections(text: str) -> list[Section]:
    """The sections of a page that show a console.

    A fence is ```console with `$ command` lines and what they print, or ```yaml FILE with the text of a file.
    """
    headings = [(match.start(), match.group(1)) for match in re.finditer(r"^#+ (.+)$", text, re.MULTILINE)]
    found = {start: Section(title) for start, title in headings}
    for fence in FENCE.finditer(text):
        language, name, body = fence.groups()
        section = found[max(start for start in found if start < fence.start())]
        if language == "console":
            section.blocks[fence.start(3)] = body
        elif name:
            section.files[name] = body
    return [section for section in found.values() if section.blocks]


def ran(section: Section, folder: Path, tools: Path) -> Iterator[tuple[int, str, str]]:
    """Each block of a section with what it should say, were it written now: place, text as it is, text as it would be.

    Edges: streams are together, as in a terminal; places of the folder are shown from the folder.
    """
    for name, content in section.files.items():
        (folder / name).write_text(content, encoding="utf-8")
    for place, block in section.blocks.items():
        fresh = ""
        for command in re.findall(r"^\$ (.+)$", block, re.MULTILINE):
            done = subprocess.run(
                ["bash", "-c", command],
                cwd=folder,
                env=surroundings(tools),
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                timeout=120,
                check=False,
            )
            fresh += f"$ {command}\n{done.stdout.replace(f'{folder}/', '')}"
        yield place, block, "\n".join(line.rstrip() for line in fresh.splitlines()) + "\n"


def surroundings(tools: Path) -> dict[str, str]:
    """The environment of a shell whose `saasmetrics` is this one."""
    unwanted = ("NO_COLOR", "FORCE_COLOR", "COLUMNS", "CI", "GITHUB_ACTIONS", "GITHUB_STEP_SUMMARY")
    kept = {name: value for name, value in os.environ.items() if name not in unwanted}
    path = f"{tools}{os.pathsep}{os.environ['PATH']}"
    return {**kept, "PATH": path, "PYTHONPATH": str(ROOT / "src"), "PYTHONIOENCODING": "utf-8", "TERM": "dumb"}


@pytest.fixture
def tools(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the command `saasmetrics` of this checkout."""
    folder = tmp_path_factory.mktemp("tools")
    script = folder / "saasmetrics"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m saasmetrics "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


SECTIONS = sections(README.read_text(encoding="utf-8"))


@pytest.mark.parametrize("section", SECTIONS, ids=lambda section: section.title)
def test_the_readme_shows_what_the_tool_prints(
    section: Section, tmp_path_factory: pytest.TempPathFactory, tools: Path, request: pytest.FixtureRequest
) -> None:
    """Each section runs in a copy of the example, or, when it gives a definition file, in a folder of its own."""
    updating = request.config.getoption("--update-goldens")
    if updating and section is SECTIONS[0]:  # one test writes the page, since tests run beside each other
        rewrite([(each, list(ran(each, place_for(each, tmp_path_factory), tools))) for each in SECTIONS])
    elif not updating:
        for _, block, fresh in ran(section, place_for(section, tmp_path_factory), tools):
            assert "this is a bug" not in fresh
            assert fresh == block


EXPORTS = ROOT / "docs" / "exports.md"


@pytest.mark.parametrize("section", sections(EXPORTS.read_text(encoding="utf-8")), ids=lambda section: section.title)
def test_the_page_on_exports_shows_what_the_tool_prints(section: Section, tmp_path: Path, tools: Path) -> None:
    """Each section runs in a copy of the exports that are given."""
    folder = tmp_path / "acme"
    shutil.copytree(ROOT / "examples" / "exports", folder)
    for _, block, fresh in ran(section, folder, tools):
        assert fresh == block


def place_for(section: Section, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to run a section in; a product without a name is called like its folder."""
    folder = tmp_path_factory.mktemp("readme") / "acme"
    folder.mkdir()
    if "metrics.yaml" not in section.files:
        copy_example(folder)
    return folder


def rewrite(printed: list[tuple[Section, list[tuple[int, str, str]]]]) -> None:
    """Put what is printed now into the page, from its end to its beginning."""
    text = README.read_text(encoding="utf-8")
    blocks = sorted(block for _, section in printed for block in section)
    for place, block, fresh in reversed(blocks):
        text = text[:place] + fresh + text[place + len(block) :]
    README.write_text(text, encoding="utf-8")


# The two commands


def shell_lines() -> list[str]:
    """The one-line commands of the page, outside of consoles."""
    return [body.strip() for language, _, body in FENCE.findall(README.read_text(encoding="utf-8")) if language == "sh"]


def test_two_commands_do_everything_and_ci_runs_the_second() -> None:
    first, second = shell_lines()[:2]
    shown = next(iter(SECTIONS[0].blocks.values())).splitlines()[0].removeprefix("$ ")
    install = "python3 -m venv --without-pip .venv && python3 -m pip --python .venv install -q"
    assert first == f"{install} . && .venv/bin/{shown}"
    assert second == f"{install} -e '.[dev]' && .venv/bin/python -m pytest"
    lines = (ROOT / ".ci" / "run").read_text(encoding="utf-8").splitlines()
    assert any(second in line for line in lines if not line.lstrip().startswith("#"))


def test_ci_stops_at_the_first_failure_and_checks_everything() -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert "set -euo pipefail" in script
    for tool in ("ruff check", "ruff format --check", "mypy", "lint-imports"):
        assert f".venv/bin/{tool}" in script
    assert subprocess.run(["bash", "-n", ROOT / ".ci" / "run"], check=False).returncode == 0
    assert os.access(ROOT / ".ci" / "run", os.X_OK)


# Pages


@pytest.fixture(scope="session")
def build() -> ModuleType:
    """The writer of the reference."""
    spec = importlib.util.spec_from_file_location("build", ROOT / "docs" / "build.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_reference_is_fresh(build: ModuleType) -> None:
    folder = ROOT / "docs" / "reference"
    committed = {path.name: path.read_text(encoding="utf-8") for path in folder.iterdir()}
    assert committed == build.pages(), "run python docs/build.py"


def test_every_code_in_the_source_has_a_title_and_every_title_a_code(build: ModuleType) -> None:
    source = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    assert set(re.findall(r'"(SM\d{3})"', source)) == set(build.CODES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(page: Path) -> None:
    text = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    broken = []
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        to = (page.parent / path) if path else page
        if not to.exists() or (anchor and anchor not in anchors(to)):
            broken.append(target)
    assert broken == []


def anchors(page: Path) -> set[str]:
    """The headings of a page as links name them."""
    headings = re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_decisions_are_numbered_listed_and_of_one_form() -> None:
    index = (ROOT / "docs" / "decisions" / "README.md").read_text(encoding="utf-8")
    numbers = [path.name[:4] for path in DECISIONS]
    assert all(number.isdigit() for number in numbers)
    assert sorted(set(numbers)) == numbers
    for path in DECISIONS:
        text = path.read_text(encoding="utf-8")
        title = text.splitlines()[0].removeprefix("# ")
        assert title.startswith(path.name[:4])
        assert f"- [{title}]({path.name})" in index
        headings = re.findall(r"^## (.+)$", text, re.MULTILINE)
        assert headings == ["Context", "Decision", "Consequence", "What would change our mind"], path.name
        assert len(text.splitlines()) <= 45, f"{path.name} is longer than a page"


def test_every_release_opens_with_the_numbers_that_changed() -> None:
    releases = re.split(r"^## ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)[1:]
    assert releases
    for release in releases:
        assert re.findall(r"^### (.+)$", release, re.MULTILINE)[0] == "Numbers that changed", release.splitlines()[0]
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert releases[0].split()[0] in ("Unreleased", project["version"])


def test_contributing_knows_the_house() -> None:
    """Its floors are those that are enforced, its rooms and proofs exist."""
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    layers = next(contract["layers"] for contract in contracts if contract["type"] == "layers")
    floors = re.search(r"^```floors\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    assert floors is not None
    told = [re.findall(r"\w+", line.split("·")[0]) for line in floors.group(1).splitlines()]
    assert told == [re.findall(r"\w+", layer) for layer in layers]
    for path in re.findall(r"`((?:src|tests|docs|\.ci)/[^`*<>]*)`", text):
        assert (ROOT / path).exists(), path
    for room in re.findall(r"`([a-z/_]+(?:/|\.py|\.yaml))`", text):
        assert (ROOT / "src" / "saasmetrics" / room).exists() or (ROOT / room).exists(), room
