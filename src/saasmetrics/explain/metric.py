"""A metric explained: its number with the formula, its definition, what it rests on, and who answers for it."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from saasmetrics.definitions.address import Address, split
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.metric import Metric
from saasmetrics.engine.ask import Ask
from saasmetrics.explain.answerable import goals, places, who_answers
from saasmetrics.explain.answers import Answers, Numbers
from saasmetrics.explain.definition import chosen, resolved, variants
from saasmetrics.explain.figures import Figure, figure, groups, plain_number, put_in, put_in_formula, reached, unusable
from saasmetrics.explain.manual import manual
from saasmetrics.explain.metric_type import KINDS
from saasmetrics.explain.resting import policy_table, rests_on, source_table, split_table
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.output.explanation import Explanation, Facts, Passage, Section, Table, Written
from saasmetrics.output.subjects import subject, subjects
from saasmetrics.period import Grain
from saasmetrics.review.targets import Verdict
from saasmetrics.review.targets import verdict as judged

PARTS_SHOWN = 12
"""Cuts listed under a bare name; `compute` prints them all."""

_CLAUSE = re.compile(r"(?P<words>[\w, ]+): (?P<text>.*)", re.DOTALL)
"""A part of a formula that is said of some of the words of a key."""


@dataclass(frozen=True)
class Explained:
    """One address under explanation.

    `text` is what was asked, `address` the number that it comes down to; `whole` is its metric, `metric` the same with
    the governance of the address. Where there is no number to be had, `numbers` is null and `why` says why.
    """

    definitions: Definitions
    text: str
    address: Address
    whole: Metric
    metric: Metric
    answers: Answers
    numbers: Numbers | None = None
    why: str | None = None
    figure: Figure | None = None


def metric_page(definitions: Definitions, text: str, answers: Answers) -> Explanation:
    """What a metric, or one of its addresses, means.

    Raises: InputError (exit 2) for an address that names no number, or several.
    """
    asked = definitions.address(text)
    if "*" in asked.cut:
        hint = f"saasmetrics compute '{text}' prints them all"
        raise InputError([Finding("SM005", Severity.ERROR, f"`{text}` is more than one number", None, hint)])
    address = definitions.pointed(asked)
    whole = definitions.metrics[address.metric]
    explained = _computed(Explained(definitions, text, address, whole, definitions.about(address), answers))
    figures = explained.figure.quoted if explained.figure else {}
    return Explanation(text, "metric", subject(definitions, address).name, tuple(_sections(explained)), figures)


def _computed(of: Explained) -> Explained:
    """With its numbers, or with the reason why it has none."""
    if of.whole.missing:
        return replace(of, why=of.whole.missing)
    if not of.whole.variants:
        return replace(of, why="each product has its own")
    try:
        numbers = of.answers.values(Ask(metrics=(of.address.text,)))
    except InputError as error:
        if error.exit_code != 3:
            raise
        return replace(of, why=unusable(error))
    return replace(of, numbers=numbers, figure=figure(of.definitions, numbers, of.address))


def _sections(of: Explained) -> Iterator[Section]:
    """Everything there is to say, in reading order."""
    definitions, whole = of.definitions, of.whole
    yield Section("", tuple(_head(of)))
    yield Section("Number", tuple(_number(of)))
    if of.numbers and (parts := _parts(of, of.numbers)):
        yield Section("Parts", parts)
    yield Section("Definition", tuple(_definition(of)))
    if reads := tuple(_reads(of)):
        yield Section("Reads", reads)
    if splits := split_table(definitions, whole):
        yield Section("Segments", (splits,))
    if policies := policy_table(definitions, whole):
        yield Section("Policies", (policies,))
    verdict = of.numbers.verdicts.get(of.address.text) if of.numbers else None
    if (held := goals(definitions, of.address, [*_others(of, verdict)], of.numbers.parts if of.numbers else ())).rows:
        yield Section("Goals", (held,))
    yield Section("Who answers", (who_answers(definitions, of.metric),))
    if page := _manual(whole):
        told = [(name.lower(), said) for name, said in page.items() if name != "Formula"]
        yield Section(f"Type {whole.type}", (Facts(tuple(told)),))


def _others(of: Explained, held: Verdict | None) -> Iterator[Verdict]:
    """The verdict on the nearest target, and those on the others of the same number, which it is judged by too."""
    if held is None or of.figure is None:
        return
    yield held
    settings, row = of.definitions.settings, of.figure.row
    value = row["value"] if of.figure.is_judged else None
    end = settings.calendar.end(row["period"], Grain(row["grain"]))
    today = settings.calendar.local_day(row["as_of"] - timedelta(microseconds=1))
    for target in of.definitions.targets:
        own = not target.where and of.definitions.pointed(of.definitions.number(target.metric)) == of.address
        if own and target != held.target:
            yield judged(target, value, end, today, of.metric.unit)


def _head(of: Explained) -> Iterator[Passage]:
    if of.metric.description:
        yield of.metric.description.rstrip(".") + "."
    if of.address.text != of.text:
        yield f"`{of.text}` stands for {of.address.text}."
    if not of.whole.variants:
        yield from (f"For {product} it stands for {target}." for product, target in of.whole.pointers.items())
    yield Facts(tuple(places(of.definitions, of.metric, of.address)))


def _number(of: Explained) -> Iterator[Passage]:
    formula = _formula(of.whole)
    rows = [("formula", formula)] if formula else []
    if of.whole.type == "derived" and of.whole.variants:
        rows = [("formula", f"{of.address.metric} = {of.whole.variants[0].spec.expr}")]
    if of.figure is None:
        yield Facts((*rows, ("no number", of.why or "only its parts have one")))
    elif of.whole.type == "derived":
        yield from _derived(of, of.figure, rows)
    else:
        rows += put_in(of.figure, of.definitions.shape(of.address.metric))
        if of.whole.type == "duration" and of.whole.variants[0].spec.within and of.figure.is_judged:
            rows.append(("reached", reached(of.figure, of.answers)))
        if of.whole.type == "lift" and of.figure.row["value"] is not None:
            rows += groups(of.figure, of.answers)
        yield Facts((*rows, *_standing(of.definitions, of.figure)))


def _derived(of: Explained, found: Figure, rows: list[tuple[str, str]]) -> Iterator[Passage]:
    """The arithmetic with its inputs' values, which are those of the period or of one before."""
    standing = tuple(_standing(of.definitions, found))
    if found.row["value"] is None:
        yield Facts((*rows, (found.period, found.value), *standing))
        return
    inputs = of.answers.entries(of.address.text, found.period)
    values: dict[str, float] = dict(inputs.select("name", "value").drop_nulls().iter_rows())
    made = put_in_formula(of.whole.variants[0].spec.expr, values)
    yield Facts((*rows, (found.period, f"{found.value} = {made}"), *standing))
    cells = [
        (name, "none" if value is None else plain_number(value), period, address)
        for name, value, period, address in inputs.select("name", "value", "period", "address").iter_rows()
    ]
    yield Table(("input", ">value", "period", "address"), tuple(cells))


def _standing(definitions: Definitions, found: Figure) -> Iterator[tuple[str, str]]:
    """Why a value is not judged, the period in progress, how far the inputs reach."""
    if not found.is_judged and found.row["value"] is not None:
        yield "not judged", found.status
    if found.now:
        yield "in progress", found.now
    yield "data", f"as of {_last_day(definitions, found.row['as_of'])}, the day its inputs reach to"


def _last_day(definitions: Definitions, as_of: datetime) -> str:
    return definitions.settings.calendar.local_day(as_of - timedelta(microseconds=1)).isoformat()


def _parts(of: Explained, numbers: Numbers) -> tuple[Passage, ...]:
    """The cuts and stats under a bare name, with their values."""
    name = of.address.metric
    if of.address != Address(name):
        return ()
    below = [address for address in numbers.addresses if address != of.address]
    stats = of.definitions.stats(name)[1:]
    spelled = [
        Address(name, split(each.cut) if each.cut else (), each.stat if each.stat in stats else None)
        for each in subjects(of.definitions, below, numbers.values, {})
    ]
    found = [each for address in spelled if (each := figure(of.definitions, numbers, address))]
    rows = [
        (each.address.text, "–" if each.row["value"] is None else each.value, each.period, _n(each))
        for each in found[:PARTS_SHOWN]
    ]
    if not rows:
        return ()
    left = len(found) - len(rows)
    more = (f"{left} more: saasmetrics compute {name} prints them all.",) if left else ()
    return (Table(("address", ">value", "period", "n"), tuple(rows)), *more)


def _n(found: Figure) -> str:
    n = f"{found.row['entries'] or 0:,}"
    return n if found.is_judged else f"{n}, {found.row['status'].replace('_', ' ')}"


def _definition(of: Explained) -> Iterator[Passage]:
    labels = of.address.cut[: len(of.whole.each)]
    yield Written(resolved(of.whole, labels))
    names = variants(of.whole)
    if len(names) > 1 and not labels:
        yield f"One each for {', '.join(names)}: saasmetrics explain {of.address.metric}.{names[0]} fills it in."
    score = getattr(of.whole.variants[0].spec, "score", None) if of.whole.variants else None
    if score in of.definitions.scores:
        yield "The score, as the file has it:"
        yield Written(of.definitions.written.source(("scores", score)))


def _reads(of: Explained) -> Iterator[Passage]:
    fitting = chosen(of.whole, of.address.cut[: len(of.whole.each)])
    if named := rests_on(of.definitions, replace(of.whole, variants=fitting)):
        yield Facts((("rests on", ", ".join(named)),))
    if sources := source_table(of.definitions, of.whole, of.numbers):
        yield sources


def _formula(metric: Metric) -> str | None:
    """The formula of a metric's type; where that has one for each of its words, those of the word in use."""
    formula = _manual(metric).get("Formula")
    spec = metric.variants[0].spec if metric.variants else None
    word = str(getattr(spec, "measure", None) or getattr(spec, "agg", ""))
    word = "pNN" if re.fullmatch(r"p\d+", word) else word
    clauses = [_CLAUSE.match(clause) for clause in re.split(r"; (?=[\w, ]+: )", formula or "")]
    fitting = [found["text"] for found in clauses if found and word in found["words"].split(", ")]
    return "; ".join(fitting) or formula


def _manual(metric: Metric) -> Mapping[str, str]:
    """The manual page of a metric's type; none for pointers and for what comes later."""
    if metric.type not in KINDS:
        return {}
    page = manual(KINDS[metric.type])
    return {"says": page.first, **page.parts}
