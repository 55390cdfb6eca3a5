"""The formats of a report, by name."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from saasmetrics.output.reports.github import github
from saasmetrics.output.reports.json import json
from saasmetrics.output.reports.junit import junit
from saasmetrics.output.reports.markdown import markdown
from saasmetrics.output.reports.report import Report
from saasmetrics.output.reports.sarif import sarif
from saasmetrics.output.reports.text import text

REPORTS: Mapping[str, Callable[[Report], bytes]] = {
    "text": text,
    "json": json,
    "github": github,
    "sarif": sarif,
    "junit": junit,
    "markdown": markdown,
}
