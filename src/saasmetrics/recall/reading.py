"""Reading what was published, as an answer: nothing is computed."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import polars as pl

from saasmetrics.definitions.load import load
from saasmetrics.engine.ask import Ask, of_view, wishes
from saasmetrics.engine.run import Wish
from saasmetrics.engine.values import judged_periods
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.values import VALUES
from saasmetrics.history.edition import FILES, KEY
from saasmetrics.history.folder import alterations, editions, read
from saasmetrics.ledgers.index import REGISTRY
from saasmetrics.pipeline import Result
from saasmetrics.recall.standing import folder_of, moment_of, standing
from saasmetrics.review.targets import held


def as_published(path: Path, ask: Ask, *, data_root: Path | None = None) -> Result:
    """The numbers as the latest edition has them, or the one that stood at the as-of asked for; nothing is computed.

    Raises: InputError, exit 2 for what an edition cannot answer, 3 where none stood.
    """
    definitions = load(path, REGISTRY, data_root=data_root)
    ask = of_view(definitions, ask)
    if ask.where:
        message = "an edition holds whole numbers and their splits, and cannot be narrowed by --where"
        raise InputError([Finding("SM020", Severity.ERROR, message, hint="split it with --by")])
    addresses, wanted = wishes(definitions, ask)
    found = editions(folder_of(definitions))
    chosen = standing(definitions, found, moment_of(definitions, ask.as_of))[-1]
    values = _shown(read(chosen, FILES[0]), ask, wanted)
    verdicts = {
        address.text: held(definitions, values, address, chosen.as_of, ask.where).verdict for address in addresses
    }
    return Result(
        definitions,
        values,
        addresses,
        chosen.as_of,
        {},
        (*definitions.findings, *alterations([chosen])),
        verdicts,
        judged_periods(definitions, values, addresses),
        ask=ask,
    )


def _shown(values: pl.DataFrame, ask: Ask, wanted: Sequence[Wish]) -> pl.DataFrame:
    """What an edition has of a question. Raises: InputError (exit 2) for another grain, or a split it does not hold."""
    asked = pl.DataFrame(
        [(wish.metric, wish.grain.value, ",".join(wish.by) or None) for wish in wanted],
        schema={"metric": pl.String, "grain": pl.String, "segment": pl.String},
        orient="row",
    ).unique(maintain_order=True)
    rows = values.join(asked, on=["metric", "grain", "segment"], how="semi", nulls_equal=True)
    if ask.since is not None:
        rows = rows.filter(pl.col("period") >= ask.since)
    if ask.until is not None:
        rows = rows.filter(pl.col("period") <= ask.until)
    if ask.periods is not None:
        rows = rows.filter(pl.col("period").rank("dense", descending=True).over("metric") <= ask.periods)
    if rows.is_empty():
        message = "the edition holds none of what is asked for"
        hint = "editions hold the published set by its own grains, and by the segments that metrics name"
        raise InputError([Finding("SM020", Severity.ERROR, message, hint=hint)])
    return rows.select(list(VALUES)).sort(KEY)
