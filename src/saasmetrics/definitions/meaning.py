"""What can be known of metrics without data: no loops, every policy is read, goals fit, splits can be answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic_core import PydanticCustomError

from saasmetrics.definitions.answering import nodes_under, policies_read, refusal
from saasmetrics.definitions.blocks import Benchmark, Target
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.dependencies import Node, loops
from saasmetrics.definitions.gathering import GATHERED, READ, not_gathered, not_read
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.metric import Metric
from saasmetrics.definitions.model import fault, near
from saasmetrics.definitions.naming import Naming
from saasmetrics.definitions.scalars import Comparison, Quantity
from saasmetrics.definitions.scores import Score, Signal
from saasmetrics.definitions.walk import found
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path
from saasmetrics.finding import InputError, Location

_BLOCKS = {
    "workflow": ("workflows",),
    "tiers": ("workflows",),
    "feature": ("features",),
    "score": ("scores",),
    "metric": ("metrics", "scores"),
    "milestone": ("scores", "workflows"),
}


@dataclass
class Meaning:
    """Checks of one file's metrics, once their names are known; every fault goes to `written`."""

    definitions: Definitions
    written: Written
    naming: Naming
    looped: set[str] = field(default_factory=set)
    """Metrics that rest on themselves: nothing of them is followed further."""

    def loops(self) -> None:
        """Report every loop; metrics that rest on one are missing from here on, so that nothing follows it for ever."""
        looped: set[Node] = set()
        for way in list(loops(self.definitions)):
            names = [name if kind == "metric" else f"{kind} {name}" for kind, name in way]
            message = f"{' → '.join([*names, names[0]])} goes round in a loop"
            self.written.fault("SM004", message, self._place(way), "break it at one of them")
            looped |= set(way)
        for name, metric in self.definitions.metrics.items() if looped else ():
            if nodes_under(self.definitions, metric) & looped:
                self.looped.add(name)
                self.definitions.metrics[name] = replace(metric, missing="it rests on itself")

    def _place(self, way: tuple[Node, ...]) -> Location:
        for kind, name in way:
            first = name.partition("#")[0].partition(".")[0]
            paths: tuple[Path, ...] = tuple((block, first) for block in _BLOCKS.get(kind, ()))
            if first in ("activated", ""):
                paths = (("activation",) if first else ("active",), *paths)
            for path in paths:
                if self.written.knows(path):
                    return self.written.key_at(path)
        return self.written.at(())

    def metrics(self) -> None:
        """Policies, formulas, inputs and breakdowns of the file's own metrics and overrides."""
        for name in self.definitions.named:
            metric = self.definitions.governed.get(name) or self.definitions.metrics.get(name)
            if metric is None:
                continue
            path: Path = ("metrics", name)
            self._policies(metric, path)
            self._segments(metric, path)
            for variant in metric.variants if "." not in name else ():
                if metric.type == "derived" and variant.spec.expr == metric.written.get("expr"):
                    self._formula(variant.spec, path)
                self.inputs(variant.spec, path)
                if metric.type == "cumulative" and name not in self.looped:
                    self._gathered(variant.spec.metric, path)
        for name, score in self.definitions.scores.items():
            self.inputs(score, ("scores", name))
            self._readable(name, score)

    def _policies(self, metric: Metric, path: Path) -> None:
        written = metric.written.get("policies")
        if not isinstance(written, Mapping):
            return
        definitions = self.definitions
        for policy in metric.own_policies - policies_read(definitions, metric):
            message = f"metrics.{metric.id}: nothing under it reads the policy `{policy}`"
            self.written.fault("SM008", message, self.written.key_at((*path, "policies", policy)), "remove it")

    def _segments(self, metric: Metric, path: Path) -> None:
        for number, segment in enumerate(metric.own_segments):
            whole = self.definitions.metrics[metric.id.partition(".")[0]]
            reason = refusal(self.definitions, whole, segment)
            if reason is not None and self.written.knows((*path, "segments", number)):
                place = self.written.at((*path, "segments", number))
                message = f"metrics.{metric.id} cannot be split by {segment}: {reason}"
                self.written.fault("SM008", message, place, "remove it, or name the role in the segment's expr")

    def _formula(self, spec: Any, path: Path) -> None:
        """Names of a formula are aliases or metrics; every alias is read."""
        inputs = spec.inputs() if hasattr(spec, "inputs") else {}
        aliases: Mapping[str, Input] = spec.input_metrics
        names = [name for name in self.definitions.metrics if "#" not in name]
        for name in inputs:
            if name not in aliases and name not in names and name not in self.naming.declared("metrics"):
                hint = near(name, [*aliases, *names]) or "name it in input_metrics"
                message = f"{'.'.join(map(str, path))}.expr: there is no input or metric `{name}`"
                offset = str(spec.expr).find(name)
                self.written.fault("SM003", message, self.written.inside((*path, "expr"), offset), hint)
            elif name not in aliases and name in names:
                self._one_number(name, (*path, "expr"))
        for alias in aliases:
            if inputs and alias not in inputs and self.written.knows((*path, "input_metrics", alias)):
                message = f"{'.'.join(map(str, path))}: the formula does not read `{alias}`"
                self.written.fault("SM008", message, self.written.key_at((*path, "input_metrics", alias)), "remove it")

    def _readable(self, name: str, score: Score) -> None:
        """Parts and signals are numbers that one account has; what signals are held against fits their unit."""
        for key, parts in (("parts", score.parts), ("signals", score.signals)):
            for label, part in parts.items():
                path: Path = ("scores", name, key, label)
                if (reason := not_read(self.definitions, part.input, name)) is not None:
                    place = self.written.key_at(path)
                    self.written.fault("SM008", f"{'.'.join(map(str, path))}: {reason}", place, READ)
                elif isinstance(part, Signal):
                    self._comparable(part, name, path)

    def _comparable(self, signal: Signal, name: str, path: Path) -> None:
        try:
            metric = self.definitions.metrics[self.definitions.resolved_input(signal.input, name).address.metric]
            signal.is_.convert("ratio" if signal.change else metric.unit)
        except PydanticCustomError as error:
            context = error.context or {}
            message = f"{'.'.join(map(str, path))}.is: {context['message']}"
            self.written.fault(error.type, message, self.written.at((*path, "is")), context["hint"])
        except (InputError, KeyError):
            return  # the input has a fault of its own

    def _gathered(self, given: Input, path: Path) -> None:
        """What is added up over time is what happened, not what is there."""
        reason = None if given.metric is None else not_gathered(self.definitions, given)
        if reason is not None:
            place = self.written.at((*path, "metric"))
            self.written.fault("SM008", f"{'.'.join(map(str, path))}.metric: {reason}", place, GATHERED)

    def inputs(self, value: Any, path: Path) -> None:
        """Addresses of inputs are one number each; their `where` can be answered."""
        for spot, given in found(Input, value, path):
            if given.metric is None:
                continue
            named = (*spot, "metric") if self.written.knows((*spot, "metric")) else spot
            if self.written.knows(spot) and self._one_number(given.metric, named):
                self.naming.where(given.where, (*spot, "where"))
                self._answered(given.metric, given.where, (*spot, "where"))

    def _one_number(self, text: str, path: Path) -> bool:
        return self.naming.address(text, path, number=True)

    def _answered(self, address: str, where: Mapping[str, tuple[str, ...]], path: Path) -> None:
        metric = self.definitions.metrics[self.definitions.address(address).metric]
        for segment in where:
            if (reason := refusal(self.definitions, metric, segment)) is not None:
                message = f"{'.'.join(map(str, path))}: {metric.id} cannot be split by {segment}: {reason}"
                self.written.fault("SM008", message, self.written.key_at((*path, segment)), "remove it")

    def goals(self, targets: Mapping[int, Target], benchmarks: Mapping[int, Benchmark]) -> None:
        """Targets and benchmarks, by number, name one number each and hold values that fit its unit."""
        seen: dict[tuple[Any, ...], int] = {}
        for number, target in targets.items():
            path: Path = ("targets", number)
            values = {"reach": target.reach, "keep": target.keep, "from": target.from_}
            undated = target.reach is not None and target.by is None  # told elsewhere; its date may make it another
            if self._goal(target, values, path) and not undated:
                identity = (target.metric, tuple(sorted(target.where.items())), target.by)
                if identity in seen:
                    hint = f"it is already on line {self.written.at(('targets', seen[identity])).line}"
                    message = f"targets.{number}: {target.metric} has this target already"
                    self.written.fault("SM002", message, self.written.at(path), hint)
                seen.setdefault(identity, number)
        for number, benchmark in benchmarks.items():
            self._goal(benchmark, {"range": benchmark.range}, ("benchmarks", number))

    def _goal(
        self, goal: Target | Benchmark, values: Mapping[str, Comparison | Quantity | None], path: Path
    ) -> bool:  # fmt: skip
        self.naming.where(goal.where, (*path, "where"))
        if not self._one_number(goal.metric, (*path, "metric")):
            return False
        self._answered(goal.metric, goal.where, (*path, "where"))
        metric = self.definitions.about(self.definitions.address(goal.metric))
        for key, value in values.items():
            if value is not None:
                self._fits(value, metric, (*path, key))
        return True

    def _fits(self, value: Comparison | Quantity, metric: Metric, path: Path) -> None:
        try:
            if metric.format in ("rate", "small_rate") and value.kind == "number" and metric.unit == "ratio":
                raise fault(
                    "SM005", f"`{value.text}` is a plain number, {metric.id} is a rate", "write a percent like 45%"
                )
            value.convert(metric.unit)
        except PydanticCustomError as error:
            context = error.context or {}
            message = f"{'.'.join(map(str, path))}: {context['message']}"
            self.written.fault(error.type, message, self.written.at(path), context["hint"])

    def shown(self) -> None:
        """North stars and what views show."""
        definitions = self.definitions
        if definitions.north_star is not None:
            self._one_number(definitions.north_star, ("north_star",))
        for name, product in definitions.products.items():
            if product.north_star is not None:
                self._one_number(product.north_star, ("products", name, "north_star"))
        for name, view in definitions.views.items():
            for number, shown in enumerate(view.show):
                if shown.address is not None:
                    self.naming.pattern(shown.address, ("views", name, "show", number))
