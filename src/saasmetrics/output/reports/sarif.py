"""A report as SARIF 2.1.0, for code scanning."""

from __future__ import annotations

from dataclasses import asdict
from json import dumps
from typing import Any
from urllib.parse import quote

from saasmetrics.finding import Change, Finding
from saasmetrics.output.reports.report import LEVELS, Report, class_of, effect, family

SCHEMA = "https://json.schemastore.org/sarif-2.1.0.json"


def sarif(report: Report) -> bytes:
    """One run; a rule for every code that was found; results keep their fingerprints when lines move."""
    codes = list(dict.fromkeys(finding.code for finding in report.findings))
    driver = {"name": "saasmetrics", "rules": [_rule(code, report) for code in codes]}
    driver |= {"semanticVersion": report.tool} if report.tool else {}
    results = [_result(finding, codes) for finding in report.findings]
    run = {
        "tool": {"driver": driver},
        "invocations": [{"executionSuccessful": True}],
        "columnKind": "unicodeCodePoints",
        "results": results,
    }
    whole = {"$schema": SCHEMA, "version": "2.1.0", "runs": [run]}
    return (dumps(whole, indent=2, ensure_ascii=False) + "\n").encode(errors="replace")


def _rule(code: str, report: Report) -> dict[str, Any]:
    first = next(finding for finding in report.findings if finding.code == code)
    said = (report.titles or {}).get(code) or first.message
    return {
        "id": code,
        "shortDescription": {"text": said},
        "help": {"text": f"{said}. `saasmetrics explain {code}` tells why, and what to do."},
        "defaultConfiguration": {"level": LEVELS[first.severity]},
        "properties": {"tags": [family(first)]},
    }


def _result(finding: Finding, codes: list[str]) -> dict[str, Any]:
    result: dict[str, Any] = {
        "ruleId": finding.code,
        "ruleIndex": codes.index(finding.code),
        "level": LEVELS[finding.severity],
        "message": {"text": f"{finding.message}; {finding.hint}" if finding.hint else finding.message},
        "partialFingerprints": {"saasmetrics/v1": finding.id},
    }
    if class_of(finding):
        result["properties"] = {"class": class_of(finding)}
    if isinstance(finding, Change) and finding.impact:
        numbers = "\n".join(f"{f'{address}: ' if address else ''}{said}" for address, said in effect(finding))
        result["message"]["text"] += f"\n{numbers}"
        result["properties"]["impact"] = [asdict(each) for each in finding.impact]
    if (place := finding.location) is not None:
        physical: dict[str, Any] = {"artifactLocation": {"uri": quote(place.file, errors="replace")}}
        if place.line:
            physical["region"] = {"startLine": place.line, "startColumn": max(place.column, 1)}
        result["locations"] = [{"physicalLocation": physical}]
    return result
