"""Values of the lock as text: a subset of YAML in which one value has one spelling."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping

from saasmetrics.lock.plain import Plain

_BARE = re.compile(r"[A-Za-z0-9_$][A-Za-z0-9_ ./%+$*'()=<>|@-]*")
_NO_TEXT = re.compile(r"-?[0-9]+(\.[0-9]+)?|true|false|null|on|off|yes|no|[yn]", re.IGNORECASE)


def spell(value: Plain) -> str:
    """A value on one line. Edges: a text that could be read as anything else is in double quotes."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{text(str(key))}: {spell(inner)}" for key, inner in value.items()) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(spell(inner) for inner in value) + "]"
    if isinstance(value, int | float):
        return repr(value) if isinstance(value, int) else f"{value:.15f}".rstrip("0")
    return text(value)


def text(value: str) -> str:
    """A text, bare where nothing in it means anything to YAML."""
    bare = _BARE.fullmatch(value) and not _NO_TEXT.fullmatch(value) and value == value.strip()
    return value if bare else json.dumps(value, ensure_ascii=False)
