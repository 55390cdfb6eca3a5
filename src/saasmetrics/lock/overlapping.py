"""Overlapping: whether anything is told under two versions for a while, without reading what is locked."""

from __future__ import annotations

from pathlib import Path

NAME = "metrics.lock"
_LINE = "\n    overlap: "


def overlaps(definitions: Path) -> bool:
    """Whether the lock of a definition file says of anything that old and new are told side by side.

    Edges: a lock that cannot be read says nothing here.
    """
    try:
        return _LINE in (definitions.parent / NAME).read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError):
        return False
