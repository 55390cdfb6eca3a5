"""Facts: a block of the language laid out flat, one fact for each line of the lock."""

from __future__ import annotations

from collections.abc import Mapping

from saasmetrics.lock.plain import ORDERED, Plain

OPENED = ORDERED | {
    "columns", "parts", "signals", "input_metrics", "policies", "each", "headline", "positive", "lasting", "total",
}  # fmt: skip
"""Keys that hold things by name: each of them is a fact of its own."""


def facts(block: Plain, opened: frozenset[str] = OPENED) -> dict[str, Plain]:
    """The facts of a block: `columns.at: ts`; where order counts, the names in their order under the key itself."""
    out: dict[str, Plain] = {}
    for key, value in block.items() if isinstance(block, dict) else ():
        if key not in opened or not isinstance(value, dict):
            out[key] = value
            continue
        if key in ORDERED:
            out[key] = list(value)
        names = value if key in ORDERED else sorted(value)
        out.update({f"{key}.{name}": value[name] for name in names})
    return out


def block(facts: Mapping[str, Plain], opened: frozenset[str] = OPENED) -> dict[str, Plain]:
    """The block that facts were laid out from."""
    out: dict[str, Plain] = {}
    for key, value in facts.items():
        first, dot, name = key.partition(".")
        if not dot or first not in opened:
            if not (key in ORDERED and isinstance(value, list)):
                out[key] = value
            continue
        group = out.setdefault(first, {})
        if isinstance(group, dict):
            group[name] = value
    for key in ORDERED & set(facts):
        names, group = facts[key], out.get(key)
        if isinstance(names, list) and isinstance(group, dict):
            out[key] = {str(name): group[str(name)] for name in names if str(name) in group}
    return out
