"""A report as one JSON object."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from typing import Any

from saasmetrics.finding import Change, Finding, Impact, Meant
from saasmetrics.output.reports.report import LEVELS, Report


def json(report: Report) -> bytes:
    """`{schema, tool, canon, as_of, summary, findings}`; a finding keeps its `id` when lines move."""
    whole = {
        "schema": 1,
        "tool": report.tool,
        "canon": report.canon,
        "as_of": None,
        "summary": {**report.counts, "classes": report.classes, "objects": len(report.objects)},
        "findings": [_finding(finding) for finding in report.findings],
        "accept": list(report.accepts),
    }
    return (dumps(whole, indent=2, ensure_ascii=False) + "\n").encode(errors="replace")


def _impact(impact: Impact) -> dict[str, Any]:
    return {key: value or None if value == "" else value for key, value in asdict(impact).items()}


def _finding(finding: Finding) -> dict[str, Any]:
    place, change = finding.location, finding if isinstance(finding, Change) else None
    return {
        "code": finding.code,
        "severity": LEVELS[finding.severity],
        "class": change.class_ if change else None,
        "object": finding.object or None,
        "field": (change.field or None) if change else None,
        "path": place.file if place else None,
        "line": (place.line or None) if place else None,
        "column": (place.column or None) if place else None,
        "message": finding.message,
        "hint": finding.hint,
        "fix": {"old": finding.hint.old, "new": finding.hint.new} if isinstance(finding.hint, Meant) else None,
        "old": (change.old or None) if change else None,
        "new": (change.new or None) if change else None,
        "direction": (change.direction or None) if change else None,
        "reaches": list(change.reaches) if change else [],
        "impact": [_impact(each) for each in change.impact] if change else [],
        "id": finding.id,
    }
