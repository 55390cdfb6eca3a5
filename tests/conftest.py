"""What all tests share: Hypothesis profiles, goldens, a copy of the example, real exports where there are any."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

ROOT = Path(__file__).parent.parent
GOLDENS = Path(__file__).parent / "goldens"

# `fast` draws the same examples every time, so that a red run is red again; `full` looks for new ones:
# pytest --hypothesis-profile=full
settings.register_profile("fast", max_examples=25, deadline=None, derandomize=True)
settings.register_profile("full", max_examples=400, deadline=None, print_blob=True)
settings.load_profile("fast")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="write what is printed now as the expected looks")


@pytest.fixture
def golden(request: pytest.FixtureRequest) -> Callable[[str, str], None]:
    """Compare a text with the golden of that name, or write it. For looks only: no expected number comes from one."""
    update = request.config.getoption("--update-goldens")

    def check(text: str, name: str) -> None:
        path = GOLDENS / name
        if update:
            path.write_text(text, encoding="utf-8")
        assert text == path.read_text(encoding="utf-8")

    return check


def copy_example(folder: Path) -> None:
    """Put the example company into a folder: `metrics.yaml`, its lock, and the exports it reads."""
    shutil.copy(ROOT / "metrics.yaml", folder)
    shutil.copy(ROOT / "metrics.lock", folder)
    shutil.copytree(ROOT / "examples", folder / "examples")


@pytest.fixture
def example(tmp_path: Path) -> Path:
    """A folder of one's own with the example company."""
    copy_example(tmp_path)
    return tmp_path


@pytest.fixture(scope="session")
def real_exports() -> Path:
    """Folder of real and vendor-shaped exports that are no part of the repository; the test is skipped without it."""
    folder = os.environ.get("SAASMETRICS_TEST_DATA")
    if not folder:
        pytest.skip("SAASMETRICS_TEST_DATA is not set")
    return Path(folder)
