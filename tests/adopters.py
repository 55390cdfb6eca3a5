"""Features, drawn at random: what counts as using one, who may, and who has adopted it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from hypothesis import strategies as st

import company as companies
import questions
from oracle import Cell, Company, compute
from test_agreement import SPANS, Key, differences, engine

RULES: list[dict[str, Any]] = [
    {"event": "use"},
    {"event": "use", "filter": {"kind": "a"}},
    {"any": [{"event": "use"}, {"event": "invite"}]},
    {"workflow": "invoicing"},
    {"workflow": "ordering", "outcome": "attempt"},
]
feature = st.builds(
    lambda rules, own: {**rules, **own},
    st.sampled_from(RULES),
    st.fixed_dictionaries(
        {},
        optional={
            "at_least": st.sampled_from([1, 2, 4]),
            "on_days": st.sampled_from([1, 2, 3]),
            "eligible": st.sampled_from([{"size": "small"}, {"size": "large"}]),
            "kind": st.just("integration"),
        },
    ),
)
features = st.lists(feature, min_size=1, max_size=3).map(
    lambda drawn: {f"feature{number}": block for number, block in enumerate(drawn)}
)
CHOICES: dict[str, list[Any]] = {"feature_uses": [1, 2], "feature_days": [1, 3]}
policies = st.fixed_dictionaries({}, optional={name: st.sampled_from(values) for name, values in CHOICES.items()})


def _in_file(block: Mapping[str, Any]) -> dict[str, Any]:
    rows = questions.for_file({key: value for key, value in block.items() if key != "eligible"})
    for column, value in block.get("eligible", {}).items():
        rows["eligible"] = f"{column} = '{value}'"
    return dict(rows)


def disagreements(
    company: Company,
    timezone: str,
    as_of: datetime,
    grain: str,
    blocks: Mapping[str, Mapping[str, Any]],
    chosen: Mapping[str, Any],
) -> list[str]:
    """Cells of adoption in which engine and oracle differ, for these features under policies of the file."""
    own = {
        f"{entity}s_of_{name}": {"type": "active", "entity": entity, "rule": {"feature": name}}
        for name in blocks
        for entity in ("account", "user")
    }
    named = ("feature_adoption_rate", "user_feature_adoption_rate", "feature_depth")
    with TemporaryDirectory() as folder:
        more = {"features": {name: _in_file(block) for name, block in blocks.items()}}
        path = companies.write(company, Path(folder), own, timezone, policies=chosen, blocks=more)
        values = engine(path, [*own, *named], grain, as_of, None)
    asks: dict[tuple[str, str | None], dict[str, Any]] = {
        ("feature_depth", None): {"type": "depth", "features": blocks}
    }
    for name, block in blocks.items():
        for entity, metric in zip(("account", "user"), named, strict=False):
            asks[f"{entity}s_of_{name}", None] = {"type": "adopted", "entity": entity, "feature": block}
            asks[metric, name] = {"type": "adopted", "entity": entity, "feature": block, "measure": "share"}
    cells: dict[Key, Cell] = {}
    for (metric, cut), ask in asks.items():
        asked = {**ask, "policies": chosen}
        answer = compute(company, asked, grain=grain, periods=SPANS[grain], as_of=as_of, timezone=timezone)
        cells |= {(metric, cut, stat, period, value): cell for (_, stat, period, value), cell in answer.items()}
    return differences(values, cells, only=frozenset(asks))
