"""Metrics resolved: the catalogue's entries with what the file lays over them, and the file's own."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from pydantic import BaseModel

from saasmetrics.definitions.address import split
from saasmetrics.definitions.catalogue import FOLDER, Catalogue
from saasmetrics.definitions.declared import DECLARED
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.fanout import Fan, fan_out, pointers
from saasmetrics.definitions.faults import validate
from saasmetrics.definitions.governance import EXTRAS, GOVERNANCE, MEANING, Governance, Meaning
from saasmetrics.definitions.governing import governed
from saasmetrics.definitions.inputs import INLINE_TYPES, Input
from saasmetrics.definitions.kinds import TYPES, implied
from saasmetrics.definitions.metric import Metric, Variant
from saasmetrics.definitions.model import near
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.rows import FORMS, ROWS_KEYS
from saasmetrics.definitions.units import format_of, grain_of, normal, unit_of
from saasmetrics.definitions.walk import found
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path

LATER = "it is computed by a later version"


@dataclass(frozen=True)
class Entry:
    """What is said of one metric: by the catalogue, by the file, and where."""

    id: str
    catalogue: Mapping[str, Any]
    keys: Mapping[str, Any]
    written: Written
    path: Path
    policies: Policies | None = None
    """Policies that hold whatever the metric says: those of the metric that reads it."""

    @property
    def own(self) -> dict[str, Any]:
        """The keys of the file that belong to the metric's type."""
        return {key: value for key, value in self.keys.items() if key not in GOVERNANCE | MEANING | EXTRAS}

    @property
    def merged(self) -> dict[str, Any]:
        """The keys of its type, the file's laid over the catalogue's."""
        given = {key: value for key, value in self.catalogue.items() if key not in GOVERNANCE | MEANING | EXTRAS}
        if any(form in self.own for form in FORMS):
            given = {key: value for key, value in given.items() if key not in ROWS_KEYS}
        return {**given, **self.own}


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
        own: dict[str, Any] = self.written.data.get("metrics", {})
        scored = {name: {"score": name} for name, score in self.definitions.scores.items() if score.parts}
        for name in dict.fromkeys([*self.catalogue.entries, *scored, *(name for name in own if "." not in name)]):
            self._add(self._entry(name, own.get(name), self.catalogue.entries.get(name) or scored.get(name) or {}))
        for name, keys in own.items():
            if "." in name and isinstance(keys, dict):
                self._govern(name, keys)
        for name in list(self.definitions.metrics):
            self._inputs(name)
        for name, score in self.definitions.scores.items():
            self._inner(name, score, ("scores", name), self.written, self.definitions.policies, catalogue=False)

    def _entry(self, name: str, keys: Any, entry: Mapping[str, Any]) -> Entry:
        if keys is None and name in self.catalogue.documents:
            document = self.catalogue.documents[name]
            return Entry(name, entry, {}, Written(FOLDER, {}, {(): (document, (), FOLDER)}), (name,))
        if not isinstance(keys, dict | None):
            self.written.fault(
                "SM005", f"metrics.{name}: expected a mapping", self.written.at(("metrics", name)), "write {}"
            )
        return Entry(name, entry, keys if isinstance(keys, dict) else {}, self.written, ("metrics", name))

    def _add(self, entry: Entry) -> None:
        self.entries[entry.id] = entry
        metric = self._metric(entry)
        if metric is not None:
            self.definitions.metrics[entry.id] = metric

    def _metric(self, entry: Entry) -> Metric | None:
        for key in EXTRAS & set(entry.keys):
            place = entry.written.key_at((*entry.path, key))
            entry.written.fault("SM001", f"metrics.{entry.id}: `{key}` is not a key here", place, "remove it")
        policies, own = self._policies(entry)
        start = self._start(entry, policies, own)
        if "address" in entry.catalogue:
            return self._pointer(entry, start)
        if entry.catalogue.get("later"):
            for key in entry.own:
                place = entry.written.key_at((*entry.path, key))
                entry.written.fault(
                    "SM008", f"metrics.{entry.id}: `{key}` is not read yet", place, f"{entry.id}: {LATER}"
                )
            return self._unitted(replace(start, type="later", missing=LATER), entry, None)
        type_ = self._type(entry)
        kind = (self.registry.get(type_) or DECLARED.get(type_)) if type_ else None
        if type_ is None or kind is None:
            return None
        score = entry.catalogue.get("score")
        if score and (score not in self.definitions.scores or not self.definitions.scores[score].parts):
            return self._unitted(replace(start, type=type_, missing=f"`scores.{score}` is not declared"), entry, None)
        fan = fan_out(entry.catalogue, entry.merged, self.definitions, policies)
        variants = self._variants(entry, type_, kind, fan)
        if variants is None:
            return None
        metric = replace(
            start, type=type_, variants=variants, each=fan.each, headline=fan.headline, missing=fan.missing
        )
        return self._unitted(metric, entry, variants[0].spec if variants else None)

    def _start(self, entry: Entry, policies: Policies, own: frozenset[str]) -> Metric:
        given = validate(
            Governance, {k: v for k, v in entry.keys.items() if k in GOVERNANCE}, entry.path, entry.written
        )
        metric = Metric(
            entry.id,
            "",
            policies=policies,
            own_policies=own,
            catalogue=bool(entry.catalogue) and "family" in entry.catalogue,
            location=entry.written.key_at(entry.path),
            written={**entry.catalogue, **entry.keys},
        )
        return governed(metric, entry.catalogue, given or Governance(), self.definitions, self.catalogue)

    def _policies(self, entry: Entry) -> tuple[Policies, frozenset[str]]:
        base = entry.policies or self.definitions.policies
        written = entry.keys.get("policies")
        if written is None:
            return base, frozenset()
        given = validate(Policies, written, (*entry.path, "policies"), entry.written)
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
            hint = f"write type: one of {', '.join(TYPES)}"
            if not entry.own and (other := near(entry.id, self.catalogue.entries)):
                hint = other
            message = f"metrics.{entry.id}: the keys do not say which type this is"
            entry.written.fault("SM007", message, entry.written.key_at(entry.path), hint)
            return None
        if type_ not in TYPES:
            message = f"metrics.{entry.id}.type: there is no type `{type_}`"
            entry.written.fault("SM003", message, place, near(str(type_), TYPES) or f"one of {', '.join(TYPES)}")
            return None
        return str(type_)

    def _variants(self, entry: Entry, type_: str, kind: type[BaseModel], fan: Fan) -> tuple[Variant, ...] | None:
        variants: list[Variant] = []
        shared = {key: value for key, value in self._meaning(entry).items() if key in kind.model_fields}
        data = list(fan.variants)
        if fan.missing and entry.own:
            data = [((), entry.own | shared)] if entry.written is self.written else data
        for labels, keys in data:
            typed = {"type": type_} if "type" in kind.model_fields else {}
            keys = {key: value for key, value in keys.items() if key != "type"}
            spec = validate(kind, {**shared, **keys, **typed}, entry.path, entry.written)
            if spec is None:
                return None
            variants.append(Variant(labels, spec))
        return () if fan.missing else tuple(variants)

    def _meaning(self, entry: Entry) -> dict[str, Any]:
        both = {**entry.catalogue, **entry.keys}
        return {key: both[key] for key in Meaning.model_fields if key in both}

    def _unitted(self, metric: Metric, entry: Entry, spec: Any) -> Metric:
        """The metric with its unit, format and grain."""
        keys = {key: value for key, value in entry.keys.items() if key in Meaning.model_fields}
        given = validate(Meaning, keys, entry.path, entry.written) or Meaning()
        meant = Meaning.model_validate(
            {k: v for k, v in self._meaning(entry).items() if k not in keys and "$" not in str(v)}
        )
        unit = given.unit or meant.unit
        if unit is None:
            unit = unit_of(metric.type, spec, self._unit_of_input) if spec is not None else "count"
        unit = normal(unit, self.definitions.settings.currency)
        grain = given.grain or meant.grain or grain_of(unit)
        format_ = metric.format or format_of(unit)
        return replace(metric, unit=unit, format=format_, grain=grain, renamed_from=given.renamed_from)

    def _unit_of_input(self, given: Input) -> str:
        if given.metric is None:
            spec = self._inline_spec(given)
            return "count" if spec is None else unit_of(str(spec[0]), spec[1], self._unit_of_input)
        name = given.metric.partition(".")[0]
        metric = self.definitions.metrics.get(name)
        return metric.unit if metric else "count"

    def _inline_spec(self, given: Input) -> tuple[str, BaseModel] | None:
        keys = dict(given.inline or {})
        type_ = str(keys.pop("type", None) or implied(keys))
        kind = self.registry.get(type_)
        if kind is None:
            return None
        quiet = Written(FOLDER, {}, dict(self.written.origins))
        spec = validate(kind, {**keys, **({"type": type_} if "type" in kind.model_fields else {})}, (), quiet)
        return None if spec is None else (type_, spec)

    def _pointer(self, entry: Entry, start: Metric) -> Metric:
        of = entry.catalogue.get("of")
        targets = dict(pointers(self.definitions, start.policies, of))
        for key in entry.own:
            place = entry.written.key_at((*entry.path, key))
            message = f"metrics.{entry.id}: `{key}` belongs to the metric it points to"
            entry.written.fault(
                "SM008", message, place, f"write it under {next(iter(targets.values()), 'that metric')}"
            )
        metric = replace(start, type="pointer", points_to=targets.get(""), pointers=targets)
        if not targets:
            metric = replace(metric, missing="`north_star` is not declared", pointers={})
        return replace(metric, unit="count", format=metric.format or "count")

    def _govern(self, address: str, keys: Mapping[str, Any]) -> None:
        """Governance of one address of a metric."""
        path: Path = ("metrics", address)
        try:
            name = split(address)[0]
        except ValueError:
            name = address
        if name not in self.definitions.metrics:
            place = self.written.key_at(path)
            hint = near(name, [other for other in self.definitions.metrics if "#" not in other])
            self.written.fault("SM003", f"metrics.{address}: there is no metric `{name}`", place, hint)
            return
        for key in keys:
            if key not in GOVERNANCE:
                place = self.written.key_at((*path, key))
                hint = f"write it under {name}" if key in MEANING else near(key, GOVERNANCE)
                message = f"metrics.{address}: an address takes governance only, not `{key}`"
                self.written.fault("SM008", message, place, hint)
        given = validate(Governance, {k: v for k, v in keys.items() if k in GOVERNANCE}, path, self.written)
        metric = governed(self.definitions.metrics[name], {}, given or Governance(), self.definitions, self.catalogue)
        self.definitions.governed[address] = replace(metric, id=address, location=self.written.key_at(path))

    def _inputs(self, name: str) -> None:
        """The hidden metrics that the inputs of a metric ask for."""
        metric, entry = self.definitions.metrics[name], self.entries[name]
        for variant in metric.variants:
            self._inner(name, variant.spec, entry.path, entry.written, metric.policies, catalogue=metric.catalogue,
                        labels=variant.labels)  # fmt: skip
            if metric.own_policies or entry.policies:
                for _, given in found(Input, variant.spec):
                    if given.metric is not None:
                        self._clone(name, given.metric.partition(".")[0], metric.policies)

    def _inner(
        self, owner: str, spec: Any, path: Path, written: Written, policies: Policies, *, catalogue: bool,
        labels: tuple[str, ...] = (),
    ) -> None:  # fmt: skip
        for inner, given in found(Input, spec, path):
            if given.inline is None or (owner, repr(given.inline)) in self.definitions.hidden:
                continue
            alias = str(inner[-1])
            hidden = f"{owner}#{alias}"
            if hidden in self.definitions.metrics:
                hidden = f"{owner}#{'.'.join((*labels, alias))}"
            self.definitions.hidden[owner, repr(given.inline)] = hidden
            self._inline(hidden, given.inline, inner, written, policies, catalogue=catalogue)

    def _inline(
        self, hidden: str, keys: Mapping[str, Any], path: Path, written: Written, policies: Policies, *, catalogue: bool
    ) -> None:  # fmt: skip
        type_ = keys.get("type") or implied(keys)
        kind = self.registry.get(str(type_))
        if type_ not in INLINE_TYPES or kind is None:
            hint = "give the metric a name under `metrics` and write its address"
            written.fault("SM005", f"an input is a simple, stock or ratio, not {type_}", written.at(path), hint)
            return
        typed = {"type": type_} if "type" in kind.model_fields else {}
        fields = {
            key: value for key, value in keys.items() if key != "type" and (key in kind.model_fields or key != "unit")
        }
        spec = validate(kind, {**fields, **typed}, path, written)
        if spec is None:
            return
        unit = normal(str(keys.get("unit") or unit_of(str(type_), spec, self._unit_of_input)),
                      self.definitions.settings.currency)  # fmt: skip
        self.entries[hidden] = Entry(hidden, {}, keys, written, path, policies)
        self.definitions.metrics[hidden] = Metric(
            hidden, str(type_), (Variant((), spec),), unit=unit, format=format_of(unit), grain=grain_of(unit),
            label=hidden, short_name=hidden, publish=False, policies=policies, catalogue=catalogue,
            location=written.at(path), written=keys,
        )  # fmt: skip
        self._inner(hidden, spec, path, written, policies, catalogue=catalogue)

    def _clone(self, owner: str, name: str, policies: Policies) -> None:
        """A metric again, under the policies of the one that reads it."""
        if (owner, name) in self.definitions.hidden or name not in self.entries:
            return
        hidden = f"{owner}#policies.{name}"
        self.definitions.hidden[owner, name] = hidden
        origin = self.entries[name]
        entry = replace(origin, id=hidden, policies=policies)
        metric = self._metric(entry)
        if metric is not None:
            self.entries[hidden] = entry
            self.definitions.metrics[hidden] = replace(metric, publish=False)
            self._inputs(hidden)
