"""Runs of a workflow put together from rows in any order, over any number of files: `Runs`."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import polars as pl

from saasmetrics.facts.atoms import Atoms
from saasmetrics.facts.chunk import Chunk
from saasmetrics.facts.clock import INSTANT
from saasmetrics.facts.pack import Ints
from saasmetrics.facts.plan import Choice, Family
from saasmetrics.facts.request import Request, Runs
from saasmetrics.facts.vocabulary import Names

KEY = ["account", "run"]
COLUMNS = [
    *("account", "user", "run", "attempts", "attempt", "success", "any_success"),
    *("failures", "failure", "reason", "total"),
]
ATTEMPT, SUCCESS, FAILURE = 0, 1, 2

_LATE = 1 << 62
_FLOOR = 1_000_000
_PIECE = {"account": pl.UInt32, "run": pl.String}
_ROW = {
    "account": pl.UInt32,
    "run": pl.String,
    "user": pl.UInt32,
    "at": pl.Int64,
    "reason": pl.String,
    "amount": pl.Int64,
    "position": pl.Int64,
    "kind": pl.UInt8,
}


@dataclass
class Parts:
    """What is known of some runs; four bags of rows that later rows can only add to.

    `heads` (grain: run): attempts, attempt, failures, failure. `successes`: rows of success that may still be the
    first one or the first after the attempt. `openers`: rows that may still name the user. `reasons`: failure rows
    that may still be the last.
    """

    heads: pl.DataFrame
    successes: pl.DataFrame
    openers: pl.DataFrame
    reasons: pl.DataFrame
    runless: int = 0


class RunBook:
    """Fills one request for runs.

    Edges: success is the first one at or after the first attempt of all files, so a success may only be forgotten
    where an earlier one already follows an attempt. Of rows of one moment, the least user, the greatest reason and
    the greatest amount are taken, whatever order they come in.
    """

    def __init__(self, family: Family, atoms: Atoms) -> None:
        assert isinstance(family.shape, Runs)
        self._request = family.shape
        self._member = family.members[0]
        self._atoms = atoms
        self._held: list[Parts] = []
        self._rows = 0
        self.workflow = self._request.workflow
        self.runless = 0

    def take(self, chunk: Chunk) -> Parts:
        """The runs of one chunk."""
        member = self._member
        kinds = ((ATTEMPT, member.rows), (SUCCESS, member.success), (FAILURE, member.failure))
        found = [self._rows_of(chunk, kind, choices) for kind, choices in kinds]
        rows = pl.concat(found)
        runless = rows.filter(pl.col("run").is_null())["position"].n_unique()
        rows = rows.drop_nulls("run").drop("position")
        late = pl.when(pl.col("kind") == ATTEMPT).then(0).otherwise(_LATE)
        parts = _settled(
            Parts(
                _heads(rows),
                rows.filter(pl.col("kind") == SUCCESS).select(*KEY, "at", "amount"),
                rows.select(*KEY, "user", opening=pl.col("at") + late),
                rows.filter(pl.col("kind") == FAILURE).select(*KEY, "at", "reason"),
            )
        )
        parts.runless = runless
        return parts

    def absorb(self, partial: Parts) -> None:
        """Put the runs of a chunk with those before."""
        self.runless += partial.runless
        self._held.append(partial)
        self._rows += partial.heads.height
        if self._rows > max(_FLOOR, 2 * self._held[0].heads.height):
            self._held = [self._together()]
            self._rows = self._held[0].heads.height

    def frames(self, names: Mapping[str, Names]) -> dict[Request, pl.DataFrame]:
        """The frame of the request."""
        parts = self._together()
        ranks = pl.Series(names["user"].ranks)
        users = parts.openers.with_columns(user=ranks.gather(parts.openers["user"]))
        users = users.group_by(KEY).agg(pl.col("user").filter(pl.col("user") > 0).min().fill_null(0))
        reasons = parts.reasons.group_by(KEY).agg(pl.col("reason").max())
        runs = parts.heads
        for known in (_first_successes(parts), users, reasons):
            runs = runs.join(known, on=KEY, how="left")
        times = ["attempt", "success", "any_success", "failure"]
        runs = runs.with_columns(
            names["account"].column(names["account"].ranks[runs["account"].to_numpy()]).alias("account"),
            names["user"].column(runs["user"].to_numpy()).alias("user"),
            pl.col(times).cast(INSTANT),
        )
        return {self._request: runs.select(COLUMNS).sort(KEY)}

    def _rows_of(self, chunk: Chunk, kind: int, choices: tuple[Choice, ...]) -> pl.DataFrame:
        places = self._atoms.places(choices)[chunk.atoms]
        frames = [pl.DataFrame(schema=_ROW)]
        for place, choice in enumerate(choices):
            rows = np.flatnonzero(places == place)
            rows = rows[chunk.codes("account")[rows] > 0]
            columns = [
                pl.Series("account", chunk.codes("account")[rows]),
                chunk.text(choice.selector.run, rows).alias("run"),
                pl.Series("user", chunk.codes("user")[rows]),
                pl.Series("at", chunk.instants(choice.selector.at)[rows]),
                chunk.text(self._request.reason if kind == FAILURE else None, rows).alias("reason"),
                self._amounts(chunk, rows, wanted=kind == SUCCESS).alias("amount"),
                pl.Series("position", rows),
                pl.Series("kind", np.full(len(rows), kind, np.uint8)),
            ]
            frames.append(pl.DataFrame(columns))
        return pl.concat(frames)

    def _amounts(self, chunk: Chunk, rows: Ints, *, wanted: bool) -> pl.Series:
        if not wanted or self._request.expr is None:
            return pl.repeat(None, len(rows), dtype=pl.Int64, eager=True)
        amounts, filled = chunk.amounts(self._request.expr, self._request.unit, rows)
        return pl.Series(amounts).set(~pl.Series(filled), None)

    def _together(self) -> Parts:
        held = [_NOTHING, *self._held]
        heads = pl.concat(part.heads for part in held).group_by(KEY)
        return _settled(
            Parts(
                heads.agg(pl.col("attempts", "failures").sum(), pl.col("attempt", "failure").min()),
                pl.concat(part.successes for part in held),
                pl.concat(part.openers for part in held),
                pl.concat(part.reasons for part in held),
            )
        )


def _heads(rows: pl.DataFrame) -> pl.DataFrame:
    attempt, failure = pl.col("kind") == ATTEMPT, pl.col("kind") == FAILURE
    return rows.group_by(KEY).agg(
        attempts=attempt.sum().cast(pl.Int64),
        failures=failure.sum().cast(pl.Int64),
        attempt=pl.col("at").filter(attempt).min(),
        failure=pl.col("at").filter(failure).min(),
    )


def _settled(parts: Parts) -> Parts:
    """Drop the rows that no later row can bring back."""
    first = parts.successes.group_by(KEY).agg(first=pl.col("at").min())
    first = first.join(parts.heads.select(*KEY, "attempt"), on=KEY, how="left")
    opening = parts.openers.group_by(KEY).agg(least=pl.col("opening").min())
    last = parts.reasons.group_by(KEY).agg(last=pl.col("at").max())
    settled = pl.col("first") >= pl.col("attempt")
    successes = parts.successes.join(first, on=KEY).filter(
        (pl.col("at") == pl.col("first")) | ~settled.fill_null(value=False)
    )
    openers = parts.openers.join(opening, on=KEY).filter(pl.col("opening") == pl.col("least"))
    reasons = parts.reasons.join(last, on=KEY).filter(pl.col("at") == pl.col("last"))
    return Parts(
        parts.heads,
        successes.select(parts.successes.columns).unique(),
        openers.select(parts.openers.columns).unique(),
        reasons.select(parts.reasons.columns).unique(),
    )


def _first_successes(parts: Parts) -> pl.DataFrame:
    rows = parts.successes.join(parts.heads.select(*KEY, "attempt"), on=KEY, how="left")
    at, amount = pl.col("at"), pl.col("amount")
    return rows.group_by(KEY).agg(
        success=at.filter(at >= pl.col("attempt")).min(),
        any_success=at.min(),
        total=amount.filter(at == at.min()).max(),
    )


_NOTHING = Parts(
    pl.DataFrame(schema={**_PIECE, **dict.fromkeys(("attempts", "failures", "attempt", "failure"), pl.Int64)}),
    pl.DataFrame(schema={**_PIECE, "at": pl.Int64, "amount": pl.Int64}),
    pl.DataFrame(schema={**_PIECE, "user": pl.UInt32, "opening": pl.Int64}),
    pl.DataFrame(schema={**_PIECE, "at": pl.Int64, "reason": pl.String}),
)
