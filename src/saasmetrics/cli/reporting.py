"""From what was checked to a report of it."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from saasmetrics.cli.version import version
from saasmetrics.finding import Change
from saasmetrics.lint.index import by_code
from saasmetrics.lock.classes import TITLES
from saasmetrics.lock.held import commands
from saasmetrics.lock.node import CANON
from saasmetrics.output.reports.report import Report
from saasmetrics.output.reports.text import lines
from saasmetrics.output.sheet import text

if TYPE_CHECKING:
    from rich.text import Text

    from saasmetrics.examination import Checked


def report_of(checked: Checked) -> Report:
    """The report of a check, with the commands that accept what failed."""
    changes = [finding for finding in checked.findings if isinstance(finding, Change)]
    objects = tuple(dict.fromkeys(checked.held.objects))
    found = {finding.code for finding in checked.findings}
    rules = {code: rule.title.rstrip(".") for code in found if (rule := by_code(code)) is not None}
    return Report(checked.findings, objects, commands(changes), {**rules, **TITLES}, version(), CANON)


def lines_of_changes(changes: Sequence[Change], *, is_first: bool) -> Iterator[Text]:
    """What is being accepted; of a first lock, in which all is new, how many of each kind."""
    if not is_first:
        *told, _ = lines(Report(tuple(changes)))
        classes = ", ".join(f"{number} {name}" for name, number in Report(tuple(changes)).classes.items())
        yield from (*told, text((f"accepted: {classes}", "strong")))
        return
    kinds = Counter(change.object.partition(".")[0] for change in changes if change.class_ == "additive")
    said = ", ".join(
        f"{number} {kind if number == 1 else _PLURAL.get(kind, f'{kind}s')}" for kind, number in kinds.items()
    )
    yield text(f"new: {said}")


_PLURAL = {"policy": "policies", "activation": "activations", "active": "rules of active"}
