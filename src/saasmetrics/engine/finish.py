"""Reduced ledgers become Values, all of a run at once: scaled, with the periods that had nothing, given a status."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from itertools import product

import polars as pl
import pyarrow as pa

from saasmetrics.books.segments import column
from saasmetrics.engine.given import Live
from saasmetrics.engine.kept import UnforeseenError
from saasmetrics.engine.lot import Split
from saasmetrics.engine.quantiles import quantile_of
from saasmetrics.engine.reduce import Reduction
from saasmetrics.engine.values import Frame, cut_text
from saasmetrics.frames.ledger import Ledger, Shape
from saasmetrics.frames.values import (
    KEYS,
    LOW_N,
    MATURING,
    NO_INPUT,
    NOT_REACHED,
    OK,
    PARTIAL,
    UNDEFINED,
    value_types,
)
from saasmetrics.period import Periods

COUNTS = ("entries", "accounts", "immature", "uncovered", "reached", "open")
GROUP = ["number", "stat", "cut", "segment_value"]
"""What tells the series of one ledger apart; `number` is the ledger's place in the run."""


@dataclass(frozen=True)
class Piece:
    """A ledger reduced to one depth of its cut path, and where its values stand."""

    frame: Frame
    live: Live
    ledger: Ledger
    split: Split
    periods: Periods
    """Those of its frame for which the ledger was drawn."""
    key: str = ""
    """All that tells the ledger, and what it is reduced to, from every other one."""
    told: pl.DataFrame | None = None
    """The rows that it is reduced to in the other periods, known already; None where they are not."""
    formula: object = None
    """What pieces of one formula share: a segment value that any of them has is one of all that are sums."""

    @property
    def shape(self) -> Shape:
        """What the ledger is."""
        return self.ledger.shape

    @property
    def level(self) -> int:
        """How many parts of the cut are told apart."""
        return self.split.level

    @property
    def parts(self) -> list[str]:
        """The parts of the cut that are told apart."""
        return [part.column for part in self.shape.parts[: self.level]]

    @property
    def stats(self) -> tuple[str | None, ...]:
        """What is computed of every group; sums and ratios are one number."""
        return self.shape.stats if self.shape.how == "quantile" else (None,)


def reduced(pieces: Sequence[Piece]) -> list[pl.DataFrame]:
    """Each piece's ledger, reduced; pieces of one ledger share its entries, which are let go after the last of them.

    Grain: period, cut, stat, segment value. Columns: those that all pieces share, whatever their ledgers are.
    Raises: UnforeseenError where what is known already does not go with the rest.
    """
    of: dict[int, list[int]] = {}
    found: dict[int, pl.DataFrame] = {}
    for number, piece in enumerate(pieces):
        if piece.told is not None:
            found[number] = piece.told
        if piece.periods.starts:
            of.setdefault(id(piece.ledger), []).append(number)
    for numbers in of.values():
        first = pieces[numbers[0]]
        reduction = Reduction(first.live, first.ledger, first.periods)
        for number in sorted(numbers, key=lambda number: pieces[number].level):
            rows = _named(pieces[number], reduction.to(pieces[number].split))
            found[number] = _with(found[number], rows, pieces[number].shape) if number in found else rows
        del reduction
        if first.live.store.engine == "streaming":
            pa.default_memory_pool().release_unused()  # what large arrays left behind goes back to the system
    return [found[number] for number in range(len(pieces))]


def _with(told: pl.DataFrame, rows: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Rows known already, and those of the periods after them.

    Under a denominator that stays whole, a part that any period has stands in every one: they must have the same.
    """
    parts = ["cut", "segment_value"]
    if shape.whole and not told.select(parts).unique().sort(parts).equals(rows.select(parts).unique().sort(parts)):
        raise UnforeseenError
    return pl.concat([told, rows])


def finished(pieces: Sequence[Piece], reduced: Sequence[pl.DataFrame]) -> list[pl.DataFrame]:
    """Values of each piece, from its reduced ledger.

    Grain: cut, stat, period, segment value; periods without an entry are there for every cut and segment value that
    has one in another.
    """
    if not pieces:
        return []
    rows = pl.concat(rows.with_columns(number=pl.lit(number, dtype=pl.Int32)) for number, rows in enumerate(reduced))
    rows = _everywhere(pieces, rows).join(_about(pieces), on="number", maintain_order="left")
    rows = _judged(_valued(rows.with_columns(pl.col(COUNTS).fill_null(0))))
    rows = rows.sort("number", *KEYS, nulls_last=False)
    values = rows.select([pl.col(name).cast(dtype) for name, dtype in value_types().items()])
    lengths = dict(rows["number"].rle().struct.unnest().select("value", "len").iter_rows())
    out, start = [], 0
    for number in range(len(pieces)):
        length = lengths.get(number, 0)
        out.append(values.slice(start, length))
        start += length
    return out


def _named(piece: Piece, reduced: pl.DataFrame) -> pl.DataFrame:
    """A reduced ledger in the columns that all share, once for each stat."""
    none = pl.lit(None, dtype=pl.String)
    cut = pl.concat_str([_label(name) for name in piece.parts], separator=".") if piece.parts else none
    marks = [pl.col(column(name)) for name in piece.frame.by]
    value = pl.concat_str(marks, separator=",") if marks else none
    counts = [(pl.col(name) if name in reduced.columns else pl.lit(None)).cast(pl.Int64).alias(name) for name in COUNTS]

    def amount(name: str) -> pl.Expr:
        found = pl.col(name) if name in reduced.columns else pl.lit(None)
        return found.cast(pl.Float64).fill_nan(None)

    return pl.concat(
        reduced.select(
            "period",
            *counts,
            stat=pl.lit(stat, dtype=pl.String),
            cut=cut.cast(pl.String),
            segment_value=value.cast(pl.String),
            top=amount("top" if stat is None else f"stat_{stat}"),
            bottom=amount("bottom"),
            over=amount("over"),
            under=amount("under"),
        )
        for stat in piece.stats
    )


def _label(name: str) -> pl.Expr:
    """A part of a cut as an address writes it."""
    value = pl.col(name).cast(pl.String).fill_null("(unknown)")
    plain = value.str.contains(r"^[A-Za-z0-9_-]+$")
    return pl.when(plain).then(value).otherwise(pl.concat_str(pl.lit('"'), value, pl.lit('"')))


def _everywhere(pieces: Sequence[Piece], rows: pl.DataFrame) -> pl.DataFrame:
    """Every group in every period of its piece; groups that are known beforehand with or without rows."""
    known = [
        (number, stat, cut, None) for number, piece in enumerate(pieces) for cut in _cuts(piece) for stat in piece.stats
    ]
    there = pl.DataFrame(known, schema={name: rows.schema[name] for name in GROUP}, orient="row")
    groups = pl.concat([rows.select(GROUP), there, _of_formulas(pieces, rows)]).unique()
    ends = {periods: _ends(periods) for periods in {piece.frame.periods for piece in pieces}}
    periods = pl.DataFrame(
        [(number, *span) for number, piece in enumerate(pieces) for span in ends[piece.frame.periods]],
        schema={"number": pl.Int32, "period": pl.Date, "end": value_types()["as_of"]},
        orient="row",
    )
    grid = groups.join(periods, on="number")
    return grid.join(rows, on=[*GROUP, "period"], how="left", nulls_equal=True)


def _of_formulas(pieces: Sequence[Piece], rows: pl.DataFrame) -> pl.DataFrame:
    """Groups of sums in formulas: who is in one term of a formula and not in another sums up to nothing there."""
    split = [(number, piece) for number, piece in enumerate(pieces) if piece.formula is not None and piece.frame.by]
    known = [(number, id(piece.formula), piece.shape.how == "sum") for number, piece in split]
    schema: dict[str, type[pl.DataType]] = {"number": pl.Int32, "formula": pl.Int64, "sum": pl.Boolean}
    terms = pl.DataFrame(known, schema=schema, orient="row")
    values = rows.select("number", "segment_value").drop_nulls().join(terms, on="number")
    values = values.select("formula", "segment_value").unique()
    none = [pl.lit(None, dtype=rows.schema[name]).alias(name) for name in ("stat", "cut")]
    return terms.filter("sum").join(values, on="formula").with_columns(none).select(GROUP)


def _cuts(piece: Piece) -> list[str | None]:
    """Cuts that are known without rows: that of a piece that tells nothing apart, and those that definitions name."""
    told = piece.shape.parts[: piece.level]
    if piece.frame.by:
        return []
    return [cut_text(cut) for cut in product(*[part.values for part in told])]


def _ends(periods: Periods) -> list[tuple[date, datetime]]:
    """Each period with the instant at which it is over."""
    calendar = periods.calendar
    return [(start, calendar.start_of(calendar.end(start, periods.grain))) for start in periods.starts]


def _about(pieces: Sequence[Piece]) -> pl.DataFrame:
    """What is the same for all values of a piece. Grain: a piece."""
    lines = []
    for number, piece in enumerate(pieces):
        frame, shape = piece.frame, piece.shape
        up, down = shape.sides
        lines.append(
            {
                "number": number,
                "metric": frame.metric.id,
                "grain": frame.periods.grain.value,
                "segment": frame.segment,
                "as_of": frame.as_of,
                "since": frame.since,
                "begins": f"the data begins on {frame.since:%Y-%m-%d}" if frame.since else "",
                "min_sample": frame.metric.min_sample,
                "tells_coverage": shape.tells_coverage,
                "how": shape.how,
                "per": shape.per is not None,
                "alike": up == down,
                "contrast": shape.contrast is not None,
                "compounded": shape.compounded,
                "scale": _factor(shape.scale),
                "up": _factor(up),
                "down": _factor(down),
            }
        )
    instant = value_types()["as_of"]
    return pl.DataFrame(
        lines,
        schema_overrides={
            "number": pl.Int32,
            "segment": pl.String,
            "compounded": pl.Float64,
            "as_of": instant,
            "since": instant,
        },
        infer_schema_length=None,
    )


def _factor(scale: float) -> float:
    """A scale that is one over a whole number, as that; 1/120000 has no exact form."""
    return 1.0 / round(1 / scale) if 0 < scale < 1 else scale


def _valued(rows: pl.DataFrame) -> pl.DataFrame:
    """Add `value`, `numerator`, `denominator`."""
    top, bottom, none = pl.col("top"), pl.col("bottom"), pl.lit(None, dtype=pl.Float64)
    is_sum, is_ratio = pl.col("how") == "sum", pl.col("how") == "ratio"
    scale, counted = pl.col("scale"), top.fill_null(0.0)
    total = counted * scale
    a_day = pl.when(top.is_null()).then(0.0).otherwise(total / bottom)
    whole = bottom.fill_null(0.0)
    above, below = counted * pl.col("up"), whole * pl.col("down")
    # Amounts in one unit are divided as they are: scaling both first would only add rounding.
    over = pl.when("alike").then(counted).otherwise(above)
    under = pl.when("alike").then(whole).otherwise(below)
    share = pl.when(whole != 0).then(over * scale / under)
    told = pl.when(pl.col("compounded").is_null()).then(share).otherwise(1.0 - (1.0 - share).pow("compounded"))
    is_mean = pl.col("stat").is_in([stat for stat in rows["stat"].unique() if stat and quantile_of(stat) is None])
    half = is_mean | (pl.col("reached") * 2 >= pl.col("reached") + pl.col("open"))
    return rows.with_columns(
        value=pl.when(is_sum)
        .then(pl.when("per").then(a_day).otherwise(total))
        .when(is_ratio)
        .then(told)
        .when(half)
        .then(top * scale),
        numerator=pl.when(is_sum).then(total).when("contrast").then("over").when(is_ratio).then(above).otherwise(none),
        denominator=pl.when(is_sum)
        .then(pl.when("per").then(bottom))
        .when("contrast")
        .then("under")
        .when(is_ratio)
        .then(below)
        .otherwise(none),
    )


def _judged(rows: pl.DataFrame) -> pl.DataFrame:
    """Status and reason: the first of before the data, partial, maturing, nothing to divide by, too few."""
    nothing, of = pl.col("value").is_null(), pl.col("reached") + pl.col("open")
    few = (pl.col("entries") < pl.col("min_sample")) & (pl.col("how") != "sum")
    noun = pl.when(pl.col("how") == "quantile").then(pl.lit("entries")).otherwise(pl.lit("in the denominator"))
    missing = pl.when(pl.col("how") == "ratio").then(pl.lit("nothing in the denominator"))
    uncovered = (pl.col("uncovered") > 0) & (pl.col("entries") == 0)
    early = pl.when("tells_coverage").then(uncovered).otherwise((pl.col("end") <= pl.col("since")).fill_null(False))
    cases = (
        (early, NO_INPUT, pl.col("begins")),
        (pl.col("end") > pl.col("as_of"), PARTIAL, pl.lit("the period is not over")),
        (pl.col("immature") > 0, MATURING, pl.format("{} still inside their window", "immature")),
        (nothing & (of > 0), NOT_REACHED, pl.format("{} of {} got there", "reached", of)),
        (nothing, UNDEFINED, missing.otherwise(pl.lit("nothing happened"))),
        (few, LOW_N, pl.format("{} of {} {}", "entries", "min_sample", noun)),
    )
    status, reason = pl.lit(OK), pl.lit(None, dtype=pl.String)
    for holds, word, why in reversed(cases):
        status = pl.when(holds).then(pl.lit(word)).otherwise(status)
        reason = pl.when(holds).then(why).otherwise(reason)
    return rows.with_columns(status=status, reason=reason, value=pl.when(~early).then("value"))
