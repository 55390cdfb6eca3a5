"""Metrics split by a segment: the total, then a row for every value with its share."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from rich.text import Text

from saasmetrics.output.number import rate, whole
from saasmetrics.output.reading import Reading
from saasmetrics.output.sheet import Block, Column, Line, Note, Row, Sheet
from saasmetrics.output.standing import change_cell, reason, spark_cell, value_cell
from saasmetrics.output.timeline import Timeline


def blocks(
    by: str, totals: Sequence[Reading], parts: Sequence[tuple[Reading, ...]], timeline: Timeline, width: int
) -> Iterator[Block]:
    """The table of one breakdown, and why a metric could not be split."""
    titled = f"by {' × '.join(by.split(','))}"
    span = max((len(each.complete) for each in totals), default=0)
    drawn = width >= 72
    rows: list[Row | Line] = []
    refused: dict[str, list[str]] = {}
    for total, split in zip(totals, parts, strict=True):
        rows += [Line()] if rows else []
        rows.append(_row(total, total, timeline, span, drawn))
        for part in split:
            if part.segment_value is None:
                refused.setdefault(reason(part) or "it cannot be split", []).append(total.subject.name)
            else:
                rows.append(_row(part, total, timeline, span, drawn))
    yield Sheet(_columns(titled, timeline, span, drawn), tuple(rows))
    yield Line()
    yield Note(Text("share: of the value where it adds up, else of n", "muted"), hang=2)
    for why, names in refused.items():
        yield Note(Text(f"{', '.join(dict.fromkeys(names))}: {why}", "muted"), hang=2)


def _columns(titled: str, timeline: Timeline, span: int, drawn: bool) -> tuple[Column, ...]:
    last, before, _ = timeline.titles
    columns = [Column(titled, least=26, flex=True), Column(last, "right", 8), Column("share", "right", 6)]
    columns.append(Column(f"Δ {before}" if before else "Δ", least=10))
    if drawn:
        columns.append(Column(f"{span} {timeline.unit}┆now", least=span + 2))
    return (*columns, Column("n", "right", 7))


def _row(reading: Reading, total: Reading, timeline: Timeline, span: int, drawn: bool) -> Row:
    whole_row = reading is total
    name = Text(f"  {(reading.segment_value or '').replace(',', ', ')}")
    if whole_row:
        name = Text(total.subject.short_name, "strong")
    n = reading.n
    return Row(
        (
            name,
            value_cell(reading.subject, reading.shown, "value" if whole_row else ""),
            Text() if whole_row else _share(reading, total),
            change_cell(reading),
            *([spark_cell(reading, span)] if drawn else []),
            Text("" if n is None else whole(n), "muted"),
        ),
        Text(timeline.suffix(reading) if whole_row else "", "muted"),
    )


def _share(part: Reading, total: Reading) -> Text:
    """Share of the total: of the value of a sum; of the n of anything else."""
    if not part.shown or not total.shown or part.shown.period != total.shown.period:
        return Text()
    if total.subject.how == "sum":
        of, base = part.shown.known, total.shown.known
    else:
        of, base = part.shown.entries, total.shown.entries
    return Text("" if of is None or not base else rate(of / base), "muted")
