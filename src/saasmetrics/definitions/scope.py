"""Scope: what a metric type is handed to make sense of its keys: names, policies, rows and inputs resolved."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING, Literal

from saasmetrics.definitions import outcomes
from saasmetrics.definitions.inputs import Input, ResolvedInput
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.selection import Milestone, Outcome, Selection, Selector
from saasmetrics.frames.canonical import ROLES
from saasmetrics.period import Calendar

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions
    from saasmetrics.frames.ledger import Shape

Part = Selector | Milestone | Selection


@dataclass(frozen=True)
class Scope:
    """The file as one metric sees it.

    Edges: `policies` are those of the file, overridden by the metric's. `owner` is the metric's id.
    """

    definitions: Definitions
    policies: Policies
    owner: str = ""

    @cached_property
    def choices(self) -> str:
        """The policies as text: what is made under the same ones is the same."""
        return self.policies.model_dump_json()

    @property
    def calendar(self) -> Calendar:
        """The calendar of the file."""
        return self.definitions.settings.calendar

    @property
    def currency(self) -> str | None:
        """The reporting currency."""
        return self.definitions.settings.currency

    def has_role(self, role: str) -> bool:
        """Whether any source has the role."""
        return any(source.role == role for source in self.definitions.sources.values())

    def has_column(self, role: str, column: str) -> bool:
        """Whether the file says that a source of the role has the column.

        Edges: true where it is mapped or written inline, and where a source maps nothing at all, so that its file is
        taken to have the canonical names.
        """
        for source in self.definitions.sources.values():
            if source.role != role:
                continue
            if column in source.columns or any(column in row for row in source.rows or ()):
                return True
            if not source.columns and source.rows is None and column in ROLES[role].columns:
                return True
        return False

    def select(self, rows: Rows, run: str | None = None) -> Selection:
        """Which rows of which roles a selector comes down to. `run` is the run column that `same_run` joins by."""
        selection = self._selected(rows, run)
        return replace(selection, parts=_told(selection.parts, self.policies.client_errors))

    def _selected(self, rows: Rows, run: str | None) -> Selection:
        """The same with conditions as they are written."""
        parts = self._parts(rows, run)
        join = "all" if rows.all is not None else "any"
        at_least = 1 if rows.feature is not None else rows.at_least or 1
        return Selection(parts, join, at_least if rows.at_least is not None else 1, rows.same_run)  # type: ignore[arg-type]  # one of two words

    def runs(self, workflow: str, outcome: Outcome = "success") -> Selection:
        """The rows of a workflow's attempt, success or failure; of every core workflow for `core`."""
        return self.select(Rows.model_construct(workflow=workflow, outcome=outcome))

    def tiers(self, workflow: str) -> dict[str, Selection]:
        """What each tier of a workflow asks for, lowest first, joined by the workflow's run."""
        block = self.definitions.workflows[workflow]
        return {name: self.select(rows, block.run) for name, rows in block.tiers.items()}

    def input(self, input: Input) -> ResolvedInput:
        """The metric that an input names, or the hidden one that an inline input became."""
        return self.definitions.resolved_input(input, self.owner)

    def shape_of(self, input: Input) -> Shape:
        """Shape of what an input names; its parts are those that the address leaves open."""
        address = self.input(input).address
        shape = self.definitions.shape(address.metric)
        return replace(shape, parts=self.definitions.parts(address.metric)[len(address.cut) :])

    def _parts(self, rows: Rows, run: str | None) -> tuple[Part, ...]:
        if rows.event is not None:
            return (Selector("events", "at", event=rows.event, filter=rows.filter, run=run),)
        if rows.source is not None:
            return (self._source(rows, run),)
        if rows.milestone is not None:
            return (self._milestone(rows.milestone),)
        if rows.workflow is not None:
            return self._workflow(rows, rows.outcome or "success")
        if rows.feature is not None:
            feature = self.definitions.features[rows.feature].rows.model_copy(update={"at_least": None})
            return _narrowed(self._flat(feature, run), rows.filter)
        if rows.any is not None:
            parts = tuple(part for member in rows.any for part in self._flat(member, run))
            return _narrowed(parts, rows.filter)
        inner = run if rows.same_run else None
        return _narrowed(tuple(self._member(member, inner) for member in rows.all or ()), rows.filter)

    def _flat(self, rows: Rows, run: str | None) -> tuple[Part, ...]:
        """A member of a union: its parts where they can be counted together, else itself."""
        selection = self._selected(rows, run)
        return selection.parts if selection.join == "any" and selection.at_least == 1 else (selection,)

    def _member(self, rows: Rows, run: str | None) -> Part:
        selection = self._selected(rows, run)
        return selection.parts[0] if len(selection.parts) == 1 and selection.at_least == 1 else selection

    def _source(self, rows: Rows, run: str | None) -> Selector:
        name = rows.source or ""
        source = self.definitions.sources.get(name)
        everything = source is None or (name == source.role and self.definitions.is_catalogue(self.owner))
        role = name if source is None else source.role
        at = rows.at or ROLES[role].at or ""
        return Selector(role, at, source=None if everything else name, filter=rows.filter, run=run)

    def _milestone(self, text: str) -> Milestone:
        name, _, rest = text.partition(".")
        if name in self.definitions.workflows:
            return Milestone(rest, of=name)
        return Milestone(name, of=rest or None)

    def _workflow(self, rows: Rows, outcome: Outcome) -> tuple[Part, ...]:
        workflows = self.definitions.workflows
        names = (
            [rows.workflow] if rows.workflow != "core" else [name for name, block in workflows.items() if block.core]
        )
        parts: list[Part] = []
        for name in names:
            block = workflows[name or ""]
            chosen: Rows | None = getattr(block, outcome)
            if chosen is None:
                continue
            for part in self._flat(chosen, block.run):
                marked = (
                    replace(part, workflow=name, outcome=outcome, run=block.run) if isinstance(part, Selector) else part
                )
                parts.append(marked)
        return _narrowed(tuple(parts), rows.filter)


def _told(parts: tuple[Part, ...], client_errors: Literal["exclude", "include"]) -> tuple[Part, ...]:
    """Conditions on requests with their outcome read as the policy wants it."""
    read: list[Part] = []
    for part in parts:
        if isinstance(part, Selector) and part.role == outcomes.ROLE and part.filter is not None:
            read.append(replace(part, filter=outcomes.told(part.filter, client_errors)))
        elif isinstance(part, Selection):
            read.append(replace(part, parts=_told(part.parts, client_errors)))
        else:
            read.append(part)
    return tuple(read)


def both(first: str | None, second: str | None) -> str | None:
    """Two conditions as one."""
    if first and second:
        return f"({first}) AND ({second})"
    return first or second


def _narrowed(parts: tuple[Part, ...], condition: str | None) -> tuple[Part, ...]:
    """A condition put on every selector."""
    if not condition:
        return parts
    narrowed: list[Part] = []
    for part in parts:
        if isinstance(part, Selector):
            narrowed.append(replace(part, filter=both(part.filter, condition)))
        elif isinstance(part, Selection):
            narrowed.append(replace(part, parts=_narrowed(part.parts, condition)))
        else:
            narrowed.append(part)
    return tuple(narrowed)
