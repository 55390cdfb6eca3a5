"""Names resolved: everything the file names must be there, and no name may mean two things."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any, get_args

from saasmetrics.definitions.availability import MILESTONES, Availability
from saasmetrics.definitions.catalogue import Catalogue
from saasmetrics.definitions.definitions import Definitions
from saasmetrics.definitions.model import near
from saasmetrics.definitions.rows import Rows, uncountable
from saasmetrics.definitions.scalars import NAME
from saasmetrics.definitions.settings import STAGES
from saasmetrics.definitions.views import Level
from saasmetrics.definitions.walk import found
from saasmetrics.definitions.written import Written
from saasmetrics.document import Path
from saasmetrics.finding import InputError
from saasmetrics.frames.canonical import ROLES

_COLLECTIONS = ("products", "sources", "segments", "workflows", "features", "journeys", "scores", "views")


@dataclass
class Naming:
    """Checks of one file; every fault goes to `written`."""

    definitions: Definitions
    written: Written
    catalogue: Catalogue

    def __post_init__(self) -> None:
        self.availability = Availability(self.definitions)

    def check(self) -> None:
        """All names of the blocks and metrics."""
        self._unique()
        self._blocks()
        self._products()
        self._bundles()
        for name in self.definitions.named:
            self._governance(name)
        for key in ("workflows", "features", "journeys", "products", "activation", "active"):
            self._rows(getattr(self.definitions, key), (key,))
        for metric in self.definitions.metrics.values():
            if not metric.catalogue or metric.id in self.definitions.named:
                owner = metric.id.partition("#")[0]
                path: Path = ("scores" if owner in self.definitions.scores else "metrics", owner)
                if "#" not in metric.id:
                    for variant in metric.variants:
                        self._rows(variant.spec, path)
                        self._counted(variant.spec, path)

    def inline(self, places: Mapping[str, Path]) -> None:
        """Rows of hidden metrics, whose keys stand at `places`."""
        for name, path in places.items():
            if "#" in name and "#policies." not in name and path[:1] in (("metrics",), ("scores",)):
                for variant in self.definitions.metrics[name].variants:
                    self._rows(variant.spec, path)
                    if path[0] == "metrics":
                        self._counted(variant.spec, path)

    def one_of(self, what: str, name: str, known: Iterable[str], path: Path, *, key: bool = False) -> bool:
        """Whether a name is known; a finding with the nearest one where it is not."""
        names = list(known)
        if name in names:
            return True
        place = self.written.key_at(path) if key else self.written.at(path)
        listed = f"there are {', '.join(names)}" if 0 < len(names) <= 8 else None
        if not names:
            listed = f"no {what} is declared"
        self.written.fault("SM003", f"{_dotted(path)}: there is no {what} `{name}`", place, near(name, names) or listed)
        return False

    def declared(self, key: str) -> list[str]:
        """Names in the file under a key, faulty blocks too."""
        blocks = self.written.data.get(key)
        return list(blocks) if isinstance(blocks, dict) else []

    def _unique(self) -> None:
        for key in _COLLECTIONS:
            for name in self.declared(key):
                if not NAME.fullmatch(name):
                    message = f"{key}: `{name}` is not a name"
                    hint = "use small letters, digits and _, a letter first"
                    self.written.fault("SM012", message, self.written.key_at((key, name)), hint)
        self._scores()
        self._views()
        for key in ("workflows", "products"):
            if "core" in self.declared(key):
                message = f"{key}: `core` means all core workflows"
                self.written.fault("SM012", message, self.written.key_at((key, "core")), "take another name")
        for name in self.declared("metrics"):
            if "." not in name and not NAME.fullmatch(name):
                hint = "use small letters, digits and _, a letter first"
                self.written.fault(
                    "SM012", f"metrics: `{name}` is not a name", self.written.key_at(("metrics", name)), hint
                )
        for name in set(self.declared("workflows")) & set(self.declared("products")):
            message = f"`{name}` is a workflow and a product"
            self.written.fault("SM012", message, self.written.key_at(("products", name)), "rename one of them")

    def _views(self) -> None:
        """Teams, levels, stages and bundles are views already."""
        taken = {
            **dict.fromkeys(self.catalogue.bundles, "a bundle"),
            **dict.fromkeys(get_args(Level), "a level"),
            **dict.fromkeys(STAGES, "a stage"),
            **dict.fromkeys(self.definitions.settings.teams, "a team"),
        }
        for name in self.declared("views"):
            if name in taken:
                message = f"views: `{name}` is {taken[name]}, which is a view already"
                self.written.fault("SM012", message, self.written.key_at(("views", name)), "take another name")

    def _scores(self) -> None:
        """A score is a metric or a milestone of its name, which must be free."""
        for name in self.declared("scores"):
            entry = self.catalogue.entries.get(name)
            taken = "a metric of the catalogue" if entry is not None and entry.get("score") != name else None
            taken = "a milestone" if name in MILESTONES else taken
            taken = "a workflow" if name in self.declared("workflows") else taken
            if taken:
                message = f"scores: `{name}` is {taken} already"
                self.written.fault("SM012", message, self.written.key_at(("scores", name)), "take another name")

    def _blocks(self) -> None:
        definitions = self.definitions
        segments = self.declared("segments")
        for number, name in enumerate(definitions.settings.segments):
            self.one_of("segment", name, segments, ("settings", "segments", number))
        if "acquisition_segment" in definitions.policies.model_fields_set:
            self.one_of(
                "segment", definitions.policies.acquisition_segment, segments, ("policies", "acquisition_segment")
            )
        for name, segment in definitions.segments.items():
            for role in segment.expr:
                if isinstance(self._data("segments", name, "expr"), dict):
                    path: Path = ("segments", name, "expr", role)
                    self.one_of("source or role", role, [*self.declared("sources"), *ROLES], path, key=True)
        for name, view in definitions.views.items():
            for number, segment_name in enumerate(view.by):
                self.one_of("segment", segment_name, segments, ("views", name, "by", number))
            self.where(view.where, ("views", name, "where"))
            for number, shown in enumerate(view.show):
                if shown.team is not None:
                    self.one_of("team", shown.team, definitions.settings.teams, ("views", name, "show", number, "team"))

    def where(self, where: Mapping[str, tuple[str, ...]], path: Path) -> None:
        """Segments, and their values where buckets say which there are."""
        for segment, values in where.items():
            if not self.one_of("segment", segment, self.declared("segments"), (*path, segment), key=True):
                continue
            block = self.definitions.segments.get(segment)
            for value in values:
                if block is not None and block.buckets:
                    known = [*(self._data("segments", segment, "buckets") or ()), "(unknown)"]
                    self.one_of(f"value of {segment}", value, known, (*path, segment))

    def _products(self) -> None:
        for name, product in self.definitions.products.items():
            for number, workflow in enumerate(product.workflows):
                self.one_of("workflow", workflow, self.declared("workflows"), ("products", name, "workflows", number))
        if not self.declared("products"):
            return
        if len(self.declared("products")) == 1:
            hint = "write its keys at the top of the file"
            self.written.fault("SM008", "one product needs no `products`", self.written.key_at(("products",)), hint)
        for key in ("north_star", "activation", "active"):
            if key in self.written.data:
                message = f"`{key}` stands under each product when there are several"
                self.written.fault("SM008", message, self.written.key_at((key,)), f"move it to products.NAME.{key}")

    def _bundles(self) -> None:
        for number, name in enumerate(self.definitions.publish):
            self.one_of("bundle", name, self.catalogue.bundles, ("publish", number))

    def _governance(self, name: str) -> None:
        keys = self._data("metrics", name)
        if not isinstance(keys, dict):
            return
        path: Path = ("metrics", name)
        if "." in name and name.partition(".")[0] in self.definitions.metrics:
            self.address(name, path, key=True)
        for number, team in enumerate(_texts(keys.get("team"))):
            self.one_of("team", team, self.definitions.settings.teams, (*path, "team", number))
        for number, segment in enumerate(_texts(keys.get("segments"))):
            self.one_of("segment", segment, self.declared("segments"), (*path, "segments", number))
        for number, driver in enumerate(_texts(keys.get("drivers"))):
            self.address(driver, (*path, "drivers", number))

    def address(self, text: str, path: Path, *, number: bool = False, key: bool = False) -> bool:
        """Whether a text names a metric, or one number of it; a finding where it does not."""
        definitions = self.definitions
        name = text.partition(".")[0]
        if not self.written.knows(path):
            return False
        if name not in definitions.metrics and name in (*self.declared("metrics"), *self.declared("scores")):
            return False
        try:
            definitions.number(text) if number else definitions.address(text)
        except InputError as error:
            (finding,) = error.findings
            place = self.written.key_at(path) if key else self.written.at(path)
            self.written.fault(finding.code, f"{_dotted(path)}: {finding.message}", place, finding.hint)
            return False
        return True

    def pattern(self, text: str, path: Path) -> None:
        """A text of a list: an address or a glob."""
        try:
            self.definitions.expand(text)
        except InputError as error:
            (finding,) = error.findings
            self.written.fault(finding.code, f"{_dotted(path)}: {finding.message}", self.written.at(path), finding.hint)

    def _rows(self, value: Any, path: Path) -> None:
        for spot, rows in found(Rows, value, path):
            form = rows.form
            if not self.written.knows((*spot, form)):
                continue
            lacking = self.availability.lacking(rows)
            if lacking is not None and not self._faulty(rows):
                message, hint = lacking
                self.written.fault("SM003", f"{_dotted(spot)}: {message}", self.written.at((*spot, form)), hint)
            if rows.at is not None and rows.source is not None and lacking is None:
                self._time(rows, spot)

    def _counted(self, spec: Any, path: Path) -> None:
        """A metric that is rows counts them."""
        for fault in uncountable(spec) if isinstance(spec, Rows) else ():
            context = fault.context or {}
            spot = (*path, *(int(step) if step.isdigit() else step for step in str(context["at"]).split(".")))
            if self.written.knows(spot):
                message = f"{_dotted(path)}: {context['message']}"
                self.written.fault(fault.type, message, self.written.key_at(spot), context["hint"])

    def _faulty(self, rows: Rows) -> bool:
        """Whether what rows name is there, only with a fault of its own."""
        names = {
            "workflows": rows.workflow or (rows.milestone or "").partition(".")[0],
            "features": rows.feature,
            "sources": rows.source,
            "scores": rows.milestone,
        }
        return any(
            name in self.declared(key) and name not in getattr(self.definitions, key) for key, name in names.items()
        )

    def _time(self, rows: Rows, spot: Path) -> None:
        """`at` of source rows is a time, as far as the role knows the column."""
        source = self.definitions.sources.get(rows.source or "")
        role = ROLES[source.role if source else rows.source or ""]
        column = role.columns.get(rows.at or "")
        times = [name for name, other in role.columns.items() if other.kind in ("time", "day")]
        if column is not None and column.kind not in ("time", "day"):
            message = f"{_dotted(spot)}: `{rows.at}` is no time"
            self.written.fault("SM005", message, self.written.at((*spot, "at")), f"times here: {', '.join(times)}")
        elif (
            column is None
            and (hint := near(rows.at or "", times))
            and rows.at not in (source.columns if source else ())
        ):
            message = f"{_dotted(spot)}: there is no time `{rows.at}`"
            self.written.fault("SM003", message, self.written.at((*spot, "at")), hint)

    def _data(self, *path: str) -> Any:
        data: Any = self.written.data
        for step in path:
            data = data.get(step) if isinstance(data, Mapping) else None
        return data


def _texts(value: Any) -> tuple[str, ...]:
    return tuple(item for item in value if isinstance(item, str)) if isinstance(value, tuple) else ()


def _dotted(path: Path) -> str:
    return ".".join(str(step) for step in path)
