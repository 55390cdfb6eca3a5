"""From what was checked to a report of it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from saasmetrics.cli.version import version
from saasmetrics.finding import Change
from saasmetrics.lock.classes import TITLES
from saasmetrics.lock.held import commands
from saasmetrics.lock.node import CANON
from saasmetrics.output.reports.report import Report

if TYPE_CHECKING:
    from saasmetrics.pipeline import Checked


def report_of(checked: Checked) -> Report:
    """The report of a check, with the commands that accept what failed."""
    changes = [finding for finding in checked.findings if isinstance(finding, Change)]
    objects = tuple(dict.fromkeys(checked.held.objects))
    return Report(checked.findings, objects, commands(changes), TITLES, version(), CANON)


def report_of_changes(changes: Sequence[Change]) -> Report:
    """The report of what is being accepted."""
    return Report(tuple(changes), tool=version(), canon=CANON)
