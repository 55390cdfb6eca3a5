"""Which release this is."""

from __future__ import annotations

from importlib.metadata import PackageNotFoundError
from importlib.metadata import version as installed


def version() -> str:
    """The installed version; `unreleased` when run from a checkout that is not installed."""
    try:
        return installed("saasmetrics")
    except PackageNotFoundError:
        return "unreleased"
