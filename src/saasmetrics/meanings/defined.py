"""As defined: every period under the version of its metric that was in force on its first day."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import polars as pl

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.engine.run import Wish
from saasmetrics.finding import InputError
from saasmetrics.frames.values import KEYS, NO_INPUT
from saasmetrics.lock.spans import Span
from saasmetrics.meanings.in_force import InForce, Meaning
from saasmetrics.meanings.passes import Other

NUMBERS = ("value", "numerator", "denominator", "entries", "accounts", "immature")


@dataclass(frozen=True)
class Part:
    """The periods of a wish in which one version holds.

    `other` is the place of its values among those under other meanings; null where the definitions there are say it,
    or where nobody can: then `why` says so.
    """

    wish: Wish
    span: Span
    other: int | None = None
    why: str | None = None


def parts(force: InForce, wishes: Sequence[Wish], asked: list[Wish]) -> list[Part]:
    """The versions of every wish; what has to be computed under other meanings is put with `asked`."""
    found = []
    for wish in wishes:
        for span in force.spans(wish.metric):
            meaning = force.meaning(wish.metric, span.version)
            why = meaning.why or _apart(force.definitions, wish, meaning)
            under = under_meaning(wish, meaning) if why is None else None
            if why is None and meaning.definitions is force.definitions:
                found.append(Part(wish, span))
            elif under is None:
                found.append(Part(wish, span, why=why or "there was no such number"))
            else:
                found.append(Part(wish, span, len(asked)))
                asked.append(under)
    return found


def _apart(now: Definitions, wish: Wish, meaning: Meaning) -> str | None:
    """Why numbers of an earlier version cannot stand in a line with those of today."""
    if meaning.definitions is None:
        return None
    before, after = meaning.definitions.metrics[meaning.name], now.metrics[wish.metric]
    if before.missing:
        return f"it cannot be computed any more: {before.missing}"
    units = [
        its.settings.currency if metric.unit == "currency" else metric.unit
        for metric, its in ((before, meaning.definitions), (after, now))
    ]
    return f"it was told in {units[0]}" if units[0] != units[1] else None


def under_meaning(wish: Wish, meaning: Meaning) -> Wish | None:
    """A wish under another meaning: of its addresses those that there were; null where there was none of them."""
    its = meaning.definitions
    if its is None:
        return None
    own = [replace(address, metric=meaning.name) for address in wish.addresses]
    there = tuple(address for address in own if _knows(its, address))
    return replace(wish, metric=meaning.name, addresses=there, meaning=its) if there else None


def _knows(definitions: Definitions, address: Address) -> bool:
    try:
        return "*" in address.cut or bool(definitions.expand(address.text))
    except InputError:
        return False


def stitched(values: pl.DataFrame, found: Sequence[Part], others: Sequence[Other]) -> pl.DataFrame:
    """The values as they are now, with every period that another version holds for as that has it.

    Columns: as values, and `version`; null of what is not locked.
    """
    rows = [_free(values, found)]
    for part in found:
        held = values.filter(_of(part))
        if part.why is not None:
            rows.append(_without(held, f"version {part.span.version.number}: {part.why}"))
        elif part.other is None:
            rows.append(held)
        else:
            other = others[part.other]
            own = other.values.with_columns(metric=pl.lit(part.wish.metric))
            said = f"version {part.span.version.number}: {other.why}"
            rows.append(_without(held, said) if other.why else own.filter(_of(part)))
        rows[-1] = rows[-1].with_columns(version=pl.lit(part.span.version.number, pl.Int64))
    return pl.concat(rows).unique(KEYS, keep="first", maintain_order=True).sort(KEYS)


def _free(values: pl.DataFrame, found: Sequence[Part]) -> pl.DataFrame:
    locked = list({part.wish.metric for part in found})
    return values.filter(~pl.col("metric").is_in(locked)).with_columns(version=pl.lit(None, pl.Int64))


def _of(part: Part) -> pl.Expr:
    """The rows of a wish whose period begins while a version holds."""
    segment = ",".join(part.wish.by) or None
    mine = (pl.col("metric") == part.wish.metric) & pl.col("segment").eq_missing(pl.lit(segment, pl.String))
    if part.span.since is not None:
        mine &= pl.col("period") >= part.span.since
    if part.span.until is not None:
        mine &= pl.col("period") < part.span.until
    return mine


def _without(rows: pl.DataFrame, why: str) -> pl.DataFrame:
    """The same periods without a number."""
    none = [pl.lit(None, rows.schema[name]).alias(name) for name in NUMBERS]
    return rows.with_columns(*none, status=pl.lit(NO_INPUT), reason=pl.lit(why))


def versions(found: Sequence[Part]) -> Iterator[tuple[tuple[str, int], Span]]:
    """The versions that hold for some period, by metric and number."""
    for part in found:
        yield (part.wish.metric, part.span.version.number), part.span
