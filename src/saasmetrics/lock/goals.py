"""The nodes of targets: what a number is held against, by when, and from where."""

from __future__ import annotations

from collections.abc import Iterator

from saasmetrics.definitions.blocks import Target
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.lock.node import Node
from saasmetrics.lock.plain import Plain, plain

_MEANT = ("metric", "where", "reach", "keep", "by", "from", "set", "grain")


def goals(definitions: Definitions) -> Iterator[Node]:
    """The node of every target."""
    for number, target in enumerate(definitions.targets):
        data = plain(definitions, "", target)
        block = data if isinstance(data, dict) else {}
        said = {key: block[key] for key in _MEANT if key in block}
        if isinstance(where := said.get("where"), dict):
            said["where"] = {
                name: sorted(map(str, values)) for name, values in where.items() if isinstance(values, list)
            }
        about: dict[str, Plain] = {key: block[key] for key in ("owner", "supports") if key in block}
        metric = target.metric.partition(".")[0]
        needs = (f"metric.{metric}",) if metric in definitions.metrics else ()
        yield Node(
            "target", name_of(target), said, needs, about=about, path=("targets", number), addresses=(target.metric,)
        )


def name_of(target: Target) -> str:
    """What makes a target this one: its metric, where, and by when: `activation_rate[plan=pro]@2026-12-31`."""
    where = ",".join(f"{segment}={'|'.join(sorted(values))}" for segment, values in sorted(target.where.items()))
    return "".join([target.metric, f"[{where}]" if where else "", f"@{target.by}" if target.by else ""])
