"""The blocks of the language: which model reads which top-level key."""

from __future__ import annotations

from collections.abc import Mapping

from saasmetrics.definitions.goals import Benchmark, Target
from saasmetrics.definitions.model import Model
from saasmetrics.definitions.policies import Policies
from saasmetrics.definitions.rows import Rows
from saasmetrics.definitions.scores import Part, Score, Signal
from saasmetrics.definitions.segments import Segment
from saasmetrics.definitions.settings import Published, Settings, Team
from saasmetrics.definitions.sources import ColumnSource, Source
from saasmetrics.definitions.views import Lint, Note, Shown, View
from saasmetrics.definitions.workflows import Activation, Active, Feature, Journey, Product, Workflow, WorkflowValue

SINGLE: Mapping[str, type[Model]] = {
    "settings": Settings,
    "policies": Policies,
    "activation": Activation,
    "active": Active,
    "lint": Lint,
}
"""Keys that hold one block."""

NAMED: Mapping[str, type[Model]] = {
    "products": Product,
    "sources": Source,
    "segments": Segment,
    "workflows": Workflow,
    "features": Feature,
    "journeys": Journey,
    "scores": Score,
    "views": View,
}
"""Keys that hold blocks by name."""

LISTED: Mapping[str, type[Model]] = {"targets": Target, "benchmarks": Benchmark}
"""Keys that hold a list of blocks."""

OTHERS = ("version", "product", "include", "north_star", "publish", "metrics")
KEYS = (*OTHERS, *SINGLE, *NAMED, *LISTED)

__all__ = [
    "Activation",
    "Active",
    "Benchmark",
    "ColumnSource",
    "Feature",
    "Journey",
    "Lint",
    "Note",
    "Part",
    "Policies",
    "Product",
    "Published",
    "Rows",
    "Score",
    "Segment",
    "Settings",
    "Shown",
    "Signal",
    "Source",
    "Target",
    "Team",
    "View",
    "Workflow",
    "WorkflowValue",
]
