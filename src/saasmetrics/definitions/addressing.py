"""Addressing: from the text of an address to the number it names, and back to all numbers of a pattern."""

from __future__ import annotations

from collections.abc import Iterator
from fnmatch import fnmatchcase
from itertools import product
from typing import TYPE_CHECKING

from pydantic_core import PydanticCustomError

from saasmetrics.definitions.address import Address, split
from saasmetrics.definitions.metric import TOTAL, Metric
from saasmetrics.definitions.model import near
from saasmetrics.finding import Finding, InputError, Severity
from saasmetrics.frames.ledger import Part, Shape

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions


class Addressing:
    """The names of all numbers of one file."""

    def __init__(self, definitions: Definitions) -> None:
        self._definitions = definitions
        self._shapes: dict[tuple[str, tuple[str, ...]], Shape] = {}
        self._parts: dict[tuple[str, tuple[str, ...]], tuple[Metric, tuple[Part, ...]]] = {}

    def address(self, text: str) -> Address:
        """The number that a text names."""
        try:
            name, *parts = split(text)
        except PydanticCustomError as error:
            context = error.context or {}
            raise _unknown(str(context["message"]), context["hint"], "SM005") from None
        metric = self._definitions.metrics.get(name)
        if metric is None:
            names = [other for other in self._definitions.metrics if "#" not in other]
            raise _unknown(f"there is no metric `{name}`", near(name, names))
        return self._cut(metric, text, tuple(parts))

    def number(self, text: str) -> Address:
        """The one number that a text names; parts that have no headline must be written."""
        address = self.address(text)
        metric = self._definitions.metrics[address.metric]
        if metric.missing or address.stat:
            return address
        for part in self.parts(metric.id, address.cut)[len(address.cut) :]:
            if part.default == "none":
                shown = ", ".join(f"{address.text}.{value}" for value in part.values[:4])
                hint = f"write one of {shown}" if shown else f"write {address.text}.{part.column.upper()}"
                raise _unknown(f"`{text}` is not one number: its {part.column} must be said", hint, "SM007")
        return address

    def expand(self, pattern: str) -> tuple[Address, ...]:
        """All addresses of a pattern."""
        if not any(sign in pattern for sign in "*?["):
            address = self.address(pattern)
            return self._listed(address) if not address.cut and not address.stat else (address,)
        try:
            name, *parts = split(pattern)
        except PydanticCustomError as error:
            raise _unknown(str((error.context or {})["message"]), None, "SM005") from None
        names = [other for other in self._definitions.metrics if "#" not in other and fnmatchcase(other, name)]
        found = [address for metric in names for address in self._matching(metric, tuple(parts))]
        if not found:
            raise _unknown(f"nothing matches `{pattern}`", None)
        return tuple(found)

    def parts(self, name: str, cut: tuple[str, ...] = ()) -> tuple[Part, ...]:
        """The parts of a metric's cut path; those after the fan-out are of the variant that `cut` names."""
        metric = self._target(self._definitions.metrics[name])
        if metric.missing:
            return ()
        if metric.pointers:
            return (Part("product", "none", "separate", tuple(metric.pointers)),)
        labels = cut[: len(metric.each)]
        of, parts = self._parts.get((name, labels), (None, ()))
        if of is not metric:  # while the file is read, a metric may still be put in the place of another
            fanned = tuple(
                Part(column, headline, "separate" if column == "window" else "disjoint", self._labels(metric, number))
                for number, (column, headline) in enumerate(zip(metric.each, metric.headline, strict=True))
            )
            parts = (*fanned, *self.shape(name, labels).parts)
            self._parts[name, labels] = metric, parts
        return parts

    def stats(self, name: str) -> tuple[str, ...]:
        """The stats that may end an address of a metric; none where the stat is the metric itself."""
        metric = self._target(self._definitions.metrics[name])
        if metric.missing or metric.pointers:
            return ()
        shape = self.shape(name)
        return () if shape.single_stat or len(shape.stats) < 2 else shape.stats

    def shape(self, name: str, labels: tuple[str, ...] = ()) -> Shape:
        """Shape of the ledgers of a metric, or of the variant with those labels."""
        metric = self._target(self._definitions.metrics[name])
        if not metric.variants:
            raise KeyError(name)
        if (metric.id, labels) not in self._shapes:
            fitting = [variant for variant in metric.variants if variant.labels[: len(labels)] == labels]
            variant = (fitting or metric.variants)[0]
            self._shapes[metric.id, labels] = variant.spec.shape(self._definitions.scope(metric.id))
        return self._shapes[metric.id, labels]

    def pointed(self, address: Address) -> Address:
        """The number that a pointer stands for; any other address is its own."""
        metric = self._definitions.metrics[address.metric]
        of = address.cut[0] if address.cut else ""
        return self.address(metric.pointers[of]) if of in metric.pointers else address

    def _target(self, metric: Metric) -> Metric:
        """The metric itself, or the one that a pointer names."""
        if metric.points_to is None:
            return metric
        return self._definitions.metrics[split(metric.points_to)[0]]

    @staticmethod
    def _labels(metric: Metric, number: int) -> tuple[str, ...]:
        labels = dict.fromkeys(variant.labels[number] for variant in metric.variants)
        return tuple(label for label in labels if label != TOTAL)

    def _cut(self, metric: Metric, text: str, parts: tuple[str, ...]) -> Address:
        if metric.missing or not parts:
            return Address(metric.id, parts)
        if metric.points_to is not None:
            raise _unknown(f"`{metric.id}` points to {metric.points_to}: it has no parts of its own", None)
        stats, cut = self.stats(metric.id), parts
        path = self.parts(metric.id, cut)
        stat = None
        if stats and len(parts) == len(path) + 1:
            *most, stat = parts
            cut = tuple(most)
            if stat not in stats:
                raise _unknown(
                    f"`{stat}` is not a stat of {metric.id}", near(stat, stats) or f"one of {', '.join(stats)}"
                )
        if len(cut) > len(path):
            known = ".".join([metric.id, *(part.column.upper() for part in path), *(["STAT"] if stats else [])])
            raise _unknown(f"`{text}` has too many parts", f"the address is {known}")
        for number, (value, part) in enumerate(zip(cut, path, strict=False)):
            if part.values and value not in part.values and not (value == "*" and number):
                hint = near(value, part.values) or f"one of {', '.join(part.values)}"
                raise _unknown(f"`{value}` is not a {part.column} of {metric.id}", hint)
        return Address(metric.id, cut, stat)

    def _listed(self, address: Address) -> tuple[Address, ...]:
        """A bare name in a list: its headline, where it has one, and every cut."""
        metric = self._definitions.metrics[address.metric]
        if metric.missing or metric.points_to is not None:
            return (address,)
        if metric.pointers:
            return tuple(Address(metric.id, (of,)) for of in metric.pointers)
        headline = all(part.default != "none" for part in self.parts(metric.id))
        cuts = [path for path in self._paths(metric) if path]
        stats = self.stats(metric.id)[1:]
        found = [address] if headline or not cuts else []
        if headline and not metric.each:
            found += [Address(metric.id, (), stat) for stat in stats if not self.parts(metric.id)]
        for cut in cuts:
            found += [Address(metric.id, cut, stat) for stat in (None, *stats)]
        return tuple(found)

    def _paths(self, metric: Metric) -> Iterator[tuple[str, ...]]:
        """Every full cut path; `*` where only the data knows the values."""
        parts = self.parts(metric.id)[: len(metric.each)]
        for labels in product(*(part.values for part in parts)):
            inner = self.parts(metric.id, labels)[len(labels) :]
            if any(variant.labels == labels for variant in metric.variants):
                yield from ((*labels, *values) for values in product(*(part.values or ("*",) for part in inner)))

    def _matching(self, name: str, parts: tuple[str, ...]) -> Iterator[Address]:
        metric = self._definitions.metrics[name]
        if not parts:
            yield from self._listed(Address(name))
            return
        if metric.missing or metric.points_to is not None:
            yield Address(name, parts if metric.missing else ())
            return
        seen: dict[Address, None] = {}
        for cut in self._paths(metric):
            for stat in (None, *self.stats(name)):
                path = (*cut, stat) if stat else cut
                if len(path) >= len(parts) and all(
                    value == "*" or fnmatchcase(value, part) for value, part in zip(path, parts, strict=False)
                ):
                    written = path[: len(parts)]
                    ends = bool(stat) and len(parts) == len(path)
                    seen[Address(name, written[:-1] if ends else written, stat if ends else None)] = None
        yield from seen


def _unknown(message: str, hint: str | None, code: str = "SM003") -> InputError:
    return InputError([Finding(code, Severity.ERROR, message, None, hint)])
