"""Metrics resolved: the catalogue's entries with what the file lays over them, and the file's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from saasmetrics.definitions.catalogue import FOLDER, Catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.entry import Entry
from saasmetrics.definitions.fanout import Fan, fan_out, pointers
from saasmetrics.definitions.faults import validate
from saasmetrics.definitions.governance import EXTRAS, GOVERNANCE, MEANING, Governance, Meaning
from saasmetrics.definitions.governing import governed
from saasmetrics.definitions.inputs import Input
from saasmetrics.definitions.kinds import TYPES, implied
from saasmetrics.definitions.metric import Metric, Variant
from saasmetrics.definitions.model import near
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.spec import read_spec
from saasmetrics.definitions.units import format_of, grain_of, normal, unit_of
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path

UNSAID = object()
"""The keys of a metric that the file does not mention; null is what it mentions without saying anything."""


@dataclass
class Resolver:
    """Turns what the file and the catalogue say of metrics into `definitions.metrics`."""

    definitions: Definitions
    written: Written
    catalogue: Catalogue
    registry: Mapping[str, type[BaseModel]]
    entries: dict[str, Entry] = field(default_factory=dict)

    def resolve(self) -> None:
        """Fill `metrics` and `governed`."""
        own = self._own()
        scored = {name: {"score": name} for name, score in self.definitions.scores.items() if score.parts}
        for name in dict.fromkeys([*self.catalogue.entries, *scored, *(name for name in own if "." not in name)]):
            entry = self._entry(name, own.get(name, UNSAID), self.catalogue.entries.get(name) or scored.get(name) or {})
            self.entries[name] = entry
            sound = entry.catalogue or isinstance(own.get(name), dict)
            metric = self.metric(entry) if sound else None
            self.definitions.metrics[name] = metric or Metric(name, "", missing="it has a fault")
        for name, keys in own.items():
            if "." in name and isinstance(keys, dict):
                self._govern(name, keys)
            elif "." in name:
                self._no_mapping(name, keys)
        self._stars()

    def _own(self) -> Mapping[str, Any]:
        blocks = self.written.data.get("metrics", {})
        return blocks if isinstance(blocks, dict) else {}

    def _entry(self, name: str, keys: Any, entry: Mapping[str, Any]) -> Entry:
        if keys is UNSAID and name in self.catalogue.documents:
            document = self.catalogue.documents[name]
            return Entry(name, entry, {}, Written(FOLDER, {}, {(): (document, (), FOLDER)}), (name,))
        if keys is UNSAID and name in self.definitions.scores:
            return Entry(name, entry, {}, self.written, ("scores", name))
        if not isinstance(keys, dict):
            self._no_mapping(name, keys)
        return Entry(name, entry, keys if isinstance(keys, dict) else {}, self.written, ("metrics", name))

    def _no_mapping(self, name: str, keys: Any) -> None:
        path: Path = ("metrics", name)
        place = self.written.key_at(path) if keys is None else self.written.at(path)
        self.written.fault("SM005", f"metrics.{name}: expected a mapping", place, f"write {name}: {{}}")

    def metric(self, entry: Entry) -> Metric | None:
        """One metric; null where its keys are too faulty to say what it is."""
        for key in EXTRAS & set(entry.keys):
            place = entry.written.key_at((*entry.path, key))
            entry.written.fault("SM001", f"metrics.{entry.id}: `{key}` is not a key here", place, "remove it")
        start = self._start(entry)
        if "address" in entry.catalogue:
            return self._pointer(entry, start)
        type_ = self._type(entry)
        kind = self.registry.get(type_) if type_ else None
        if type_ is None or kind is None:
            return None
        start = replace(start, type=type_)
        if type_ in ("score", "lift") and (missing := self._unscored(entry, type_)) is not None:
            return self._measured(replace(start, missing=missing), entry, None, None)
        fan = fan_out(entry.catalogue, entry.under(start.policies), self.definitions, start.policies)
        variants = self._variants(entry, type_, kind, fan)
        if variants is None:
            return None
        units = [keys["unit"] for _, keys in fan.variants if "unit" in keys]
        metric = replace(start, variants=variants, each=fan.each, headline=fan.headline, missing=fan.missing)
        return self._measured(metric, entry, variants[0].spec if variants else None, units[0] if units else None)

    def _unscored(self, entry: Entry, type_: str) -> str | None:
        """Why a score, or the lift of its signals, has nothing to rest on; a fault where the file names it."""
        name, key = entry.merged.get("score"), {"score": "parts", "lift": "signals"}[type_]
        if not isinstance(name, str):
            return None
        block = self.definitions.scores.get(name)
        if block is not None and getattr(block, key):
            return None
        missing = f"`scores.{name}` is not declared" if block is None else f"`scores.{name}` has no `{key}`"
        if "score" in entry.keys and not self.written.knows(("scores", name)):
            hint = near(name, self.definitions.scores)
            message = f"metrics.{entry.id}.score: there is no score `{name}`"
            entry.written.fault("SM003", message, entry.written.at((*entry.path, "score")), hint)
        elif "score" in entry.keys and block is not None:
            place = entry.written.at((*entry.path, "score"))
            entry.written.fault("SM008", f"metrics.{entry.id}.score: the score `{name}` has no `{key}`", place)
        return missing

    def _start(self, entry: Entry) -> Metric:
        """The metric without its numbers: who answers for it, and its policies."""
        keys = {key: value for key, value in entry.keys.items() if key in GOVERNANCE}
        given = validate(Governance, keys, entry.path, entry.written) or Governance()
        policies, own = self._policies(entry)
        metric = Metric(
            entry.id,
            "",
            policies=policies,
            own_policies=own,
            catalogue="family" in entry.catalogue,
            location=entry.written.key_at(entry.path),
            source_text=entry.written.source(entry.path),
            written={**entry.catalogue, **entry.keys},
        )
        return governed(metric, entry.catalogue, given, self.definitions, self.catalogue)

    def _policies(self, entry: Entry) -> tuple[Policies, frozenset[str]]:
        base = entry.policies or self.definitions.policies
        written = entry.keys.get("policies")
        given = None if written is None else validate(Policies, written, (*entry.path, "policies"), entry.written)
        if given is None:
            return base, frozenset()
        own = frozenset(given.model_fields_set)
        return base.model_copy(update={name: getattr(given, name) for name in own}), own

    def _type(self, entry: Entry) -> str | None:
        fixed = entry.catalogue.get("type") or ("score" if "score" in entry.catalogue else implied(entry.catalogue))
        wanted = entry.keys.get("type")
        place = entry.written.at((*entry.path, "type"))
        if fixed and wanted is not None and wanted != fixed:
            hint = "write your own metric under another name"
            entry.written.fault("SM008", f"{entry.id} is a {fixed} metric: its type cannot be changed", place, hint)
        type_ = fixed or wanted or implied(entry.keys)
        if type_ is None:
            hint = (None if entry.own else near(entry.id, self.catalogue.entries)) or f"write type: {', '.join(TYPES)}"
            message = f"metrics.{entry.id}: the keys do not say which type this is"
            entry.written.fault("SM007", message, entry.written.key_at(entry.path), hint)
            return None
        if type_ not in TYPES:
            message = f"metrics.{entry.id}.type: there is no type `{type_}`"
            hint = near(str(type_), TYPES) or f"one of {', '.join(TYPES)}"
            entry.written.fault("SM003", message, place, hint)
            return None
        return str(type_)

    def _variants(self, entry: Entry, type_: str, kind: type[BaseModel], fan: Fan) -> tuple[Variant, ...] | None:
        variants: list[Variant] = []
        shared = {key: value for key, value in entry.meaning.items() if key in kind.model_fields}
        if fan.missing and entry.own:
            read_spec(type_, kind, {**entry.own, **shared}, entry.path, entry.written, partial=True)
        for labels, keys in fan.variants:
            rest = {key: value for key, value in keys.items() if key in kind.model_fields or key not in MEANING}
            spec = read_spec(type_, kind, {**shared, **rest}, entry.path, entry.written)
            if spec is None:
                return None
            variants.append(Variant(labels, spec))
        return tuple(variants)

    def _measured(self, metric: Metric, entry: Entry, spec: Any, filled: str | None) -> Metric:
        """The metric with its unit, format and grain. `filled` is the unit that a reference stood for."""
        keys = {key: value for key, value in entry.keys.items() if key in Meaning.model_fields}
        given = validate(Meaning, keys, entry.path, entry.written) or Meaning()
        packed = {key: value for key, value in entry.meaning.items() if key not in keys and "$" not in str(value)}
        meant = Meaning.model_validate(packed)
        unit = given.unit or filled or meant.unit
        if unit is None and "$" in str(entry.meaning.get("unit")):
            unit = "currency"
        if unit is None:
            unit = unit_of(metric.type, spec, self.unit_of_input) if spec is not None else "count"
        unit = normal(unit, self.definitions.settings.currency)
        grain = given.grain or meant.grain or grain_of(unit)
        format_ = metric.format or ("ratio" if metric.type == "lift" else format_of(unit))
        return replace(metric, unit=unit, format=format_, grain=grain, renamed_from=given.renamed_from)

    def unit_of_input(self, given: Input) -> str:
        """Unit of the metric that an input names; of an inline one, what follows from its keys."""
        if given.metric is not None:
            metric = self.definitions.metrics.get(given.metric.partition(".")[0])
            return metric.unit if metric else "count"
        keys = dict(given.inline or {})
        type_ = str(keys.pop("type", None) or implied(keys))
        kind = self.registry.get(type_)
        if kind is None:
            return "count"
        quiet = Written(FOLDER, {}, dict(self.written.origins))
        spec = read_spec(type_, kind, keys, (), quiet)
        return "count" if spec is None else unit_of(type_, spec, self.unit_of_input)

    def _pointer(self, entry: Entry, start: Metric) -> Metric:
        targets = dict(pointers(self.definitions, start.policies, entry.catalogue.get("of")))
        for key in entry.own:
            place = entry.written.key_at((*entry.path, key))
            message = f"metrics.{entry.id}: `{key}` belongs to the metric it points to"
            entry.written.fault(
                "SM008", message, place, f"write it under {next(iter(targets.values()), 'that metric')}"
            )
        missing = None if targets else "`north_star` is not declared"
        return replace(start, type="pointer", points_to=targets.get(""), pointers=targets, missing=missing)

    def _govern(self, address: str, keys: Mapping[str, Any]) -> None:
        """Governance of one address of a metric."""
        path: Path = ("metrics", address)
        name = address.partition(".")[0]
        if name not in self.definitions.metrics:
            hint = near(name, [other for other in self.definitions.metrics if "#" not in other])
            message = f"metrics.{address}: there is no metric `{name}`"
            self.written.fault("SM003", message, self.written.key_at(path), hint)
            return
        for key in keys:
            if key not in GOVERNANCE:
                hint = f"write it under {name}" if key in MEANING else near(key, GOVERNANCE)
                message = f"metrics.{address}: an address takes governance only, not `{key}`"
                self.written.fault("SM008", message, self.written.key_at((*path, key)), hint)
        said = {key: value for key, value in keys.items() if key in GOVERNANCE}
        given = validate(Governance, said, path, self.written) or Governance()
        start = replace(self.definitions.metrics[name], id=address, written=keys)
        metric = governed(start, {}, given, self.definitions, self.catalogue)
        place, text = self.written.key_at(path), self.written.source(path)
        self.definitions.governed[address] = replace(metric, location=place, source_text=text)

    def _stars(self) -> None:
        """North stars have the level of that name; pointers are measured as what they point to."""
        definitions = self.definitions
        for star in (definitions.north_star, *(product.north_star for product in definitions.products.values())):
            name = star.partition(".")[0] if star else ""
            if star and "." in star and name in definitions.metrics and star not in definitions.governed:
                start = replace(definitions.metrics[name], id=star)
                definitions.governed[star] = governed(start, {}, Governance(), definitions, self.catalogue)
        for name, metric in definitions.metrics.items():
            if metric.pointers:
                definitions.metrics[name] = self._measured_as(metric)
        for name, metric in definitions.metrics.items():
            if metric.type == "cumulative" and metric.variants:
                definitions.metrics[name] = self._measured_like(metric, metric.variants[0].spec.metric)

    def _measured_like(self, metric: Metric, of: Input) -> Metric:
        """A number gathered up, with the unit, format and grain of the number that it gathers, unless it says other."""
        below = self.definitions.metrics.get((of.metric or "").partition(".")[0])
        if below is None:
            return metric
        same = {key: getattr(below, key) for key in ("unit", "format", "grain") if key not in metric.written}
        if "unit" not in same:
            same.pop("format", None)
        return replace(metric, **same)

    def _measured_as(self, metric: Metric) -> Metric:
        """A pointer with the unit of what it points to; missing where nothing is there."""
        metrics = self.definitions.metrics
        kept = {}
        for of, target in metric.pointers.items():
            name, *cut = target.split(".")
            whole = metrics.get(name)
            labels = {variant.labels[0] for variant in whole.variants if variant.labels} if whole else set()
            if whole is not None and (metric.id == "north_star" or (set(cut[:1]) <= labels and cut != [""])):
                kept[of] = target
                metric = replace(metric, unit=whole.unit, format=whole.format, grain=whole.grain)
        missing = None if kept else "the North Star is not there, or its workflow declares no `value`"
        return replace(metric, pointers=kept, points_to=kept.get(""), missing=missing)
