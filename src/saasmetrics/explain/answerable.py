"""Who answers for a metric, what it is held against, and where all that is said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from saasmetrics.definitions.address import Address
from saasmetrics.definitions.catalogue import catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.goals import Benchmark, Target
from saasmetrics.definitions.metric import Metric
from saasmetrics.explain.resting import spot
from saasmetrics.output.explanation import Facts
from saasmetrics.output.subjects import subject
from saasmetrics.review.targets import Part, Verdict

_DIRECTIONS = {"up": "more is better", "down": "less is better", "band": "within its band is best"}


def who_answers(definitions: Definitions, metric: Metric) -> Facts:
    """Level, team, owner, action and the rest of what is said of a number beside its meaning."""
    rows = [
        ("level", f"{metric.level}, {metric.timing}"),
        ("direction", f"{metric.direction}: {_DIRECTIONS.get(metric.direction, '')}"),
        ("unit", _unit(definitions, metric)),
        ("grain", f"{metric.grain.value}, looked at {metric.review}"),
        ("team", ", ".join(metric.team)),
        ("owner", metric.owner or ""),
        *((f"when {way}", text) for way, text in metric.action.items()),
        ("drivers", ", ".join(metric.drivers)),
        ("sample", f"fewer than {metric.min_sample} are not judged"),
        ("stage", "" if len(metric.stage) == 3 else ", ".join(metric.stage)),
        ("status", metric.status),
        ("published", _published(definitions, metric)),
        *((f"ignores {rule}", reason) for rule, reason in metric.ignore.items()),
    ]
    return Facts(tuple((name, said) for name, said in rows if said))


def _unit(definitions: Definitions, metric: Metric) -> str:
    currency = definitions.settings.currency
    unit = f"{metric.unit} ({currency})" if metric.unit == "currency" and currency else metric.unit
    return f"{unit}, written as {metric.format.replace('_', ' ')}" if metric.format else unit


def _published(definitions: Definitions, metric: Metric) -> str:
    """The bundles that hold it, those of the file marked."""
    name = metric.id.partition(".")[0]
    if not metric.publish:
        return "no"
    held = [bundle for bundle in catalogue().bundles if name in definitions.bundle(bundle)]
    taken = [bundle for bundle in held if bundle in definitions.publish]
    if taken:
        return f"by {', '.join(taken)}"
    if name in definitions.named:
        return "as a metric of the file"
    return f"no; {', '.join(held)} would" if held else "no"


def places(definitions: Definitions, metric: Metric, address: Address) -> Iterator[tuple[str, str]]:
    """Where a metric is defined, and where its governance is."""
    name = address.metric
    whole = definitions.metrics[name]
    documents = catalogue().documents
    if name in definitions.named or not whole.catalogue:
        changes = "defined" if name not in documents else "changed"
        yield changes, spot(definitions, "scores" if name not in definitions.named else "metrics", name)
    if name in documents:
        yield "defined", f"the catalogue, {documents[name].key_at((name,))}"
    if metric.id != name and metric.id in definitions.named:
        yield "governed", spot(definitions, "metrics", metric.id)
    if whole.renamed_from:
        yield "renamed", f"from {whole.renamed_from}"


def goals(definitions: Definitions, address: Address, verdicts: Sequence[Verdict], parts: Sequence[Part]) -> Facts:
    """Targets of a number, the judged ones with their verdict; benchmarks."""
    rows: list[tuple[str, str]] = []
    judged = [(part.verdict.target, _of_part(definitions, part)) for part in parts]
    judged += [(verdict.target, _verdict(verdict)) for verdict in verdicts]
    for number, target in enumerate(definitions.targets):
        if definitions.pointed(definitions.number(target.metric)) == address:
            said = _target(target) + next((words for held, words in judged if held == target), "")
            rows.append(("target", f"{said} ({spot(definitions, 'targets', number)})"))
    for number, benchmark in enumerate(definitions.benchmarks):
        if definitions.pointed(definitions.number(benchmark.metric)) == address:
            rows.append(("benchmark", f"{_benchmark(benchmark)} ({spot(definitions, 'benchmarks', number)})"))
    return Facts(tuple(rows))


def _target(target: Target) -> str:
    due = f" by {target.by}" if target.by else ""
    parts = [f"{'keep' if target.keep else 'reach'} {target.comparison.text}{due}"]
    parts += [f"from {target.from_.text}"] if target.from_ else []
    parts += [f"set {target.set}"] if target.set else []
    parts += [f"where {_where(target)}"] if target.where else []
    parts += [f"owner {target.owner}"] if target.owner else []
    parts += [f"supports {target.supports}"] if target.supports else []
    return ", ".join(parts)


def _verdict(verdict: Verdict) -> str:
    return f"; {verdict.word}" + (f", {verdict.reason}" if verdict.reason else "")


def _of_part(definitions: Definitions, part: Part) -> str:
    """The verdict on a part of the company with its value, which stands nowhere else."""
    said = _verdict(part.verdict)
    if part.value is None or part.period is None or part.grain is None:
        return said
    value = subject(definitions, part.address).number.text(part.value)
    return f"{said} with {value} in {definitions.settings.calendar.code(part.period, part.grain)}"


def _benchmark(benchmark: Benchmark) -> str:
    where = f" where {_where(benchmark)}" if benchmark.where else ""
    return f"{benchmark.range.text}{where}, {benchmark.source}, {benchmark.date}"


def _where(goal: Target | Benchmark) -> str:
    return " and ".join(f"{segment} is {' or '.join(values)}" for segment, values in goal.where.items())
