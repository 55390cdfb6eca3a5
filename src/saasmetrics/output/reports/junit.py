"""A report as JUnit XML: a suite for each kind of care, a case for each thing looked at, also where all is well."""

from __future__ import annotations

import re
from collections.abc import Iterator

from saasmetrics.finding import Finding, Severity
from saasmetrics.output.reports.report import Report, family, title

SUITES = ("definition", "lint", "tracking", "restatement")


def junit(report: Report) -> bytes:
    """Errors are failures; warnings and notes are the output of a case that passes."""
    suites = [suite for name in SUITES for suite in _suite(name, report)]
    failures = sum(finding.severity is Severity.ERROR for finding in report.findings)
    head = f'<testsuites name="saasmetrics" failures="{failures}">'
    whole = "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>", ""])
    return _NO_XML.sub("\ufffd", whole).encode()


_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML has no way to write."""


def _quoted(text: str) -> str:
    return f'"{text.translate(_IN_ATTRIBUTES)}"'


_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTES = _IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
"""Lines that break in an attribute would be read as spaces."""


def _suite(name: str, report: Report) -> Iterator[str]:
    cases: dict[str, list[Finding]] = {id_: [] for id_ in report.objects} if name == "definition" else {}
    for finding in report.findings:
        if family(finding) == name:
            cases.setdefault(finding.object or (finding.location.file if finding.location else "file"), []).append(
                finding
            )
    if not cases:
        return
    failures = sum(finding.severity is Severity.ERROR for findings in cases.values() for finding in findings)
    yield f'  <testsuite name="{name}" tests="{len(cases)}" failures="{failures}" errors="0" skipped="0">'
    for id_, findings in cases.items():
        yield from _case(name, id_, findings)
    yield "  </testsuite>"


def _case(suite: str, id_: str, findings: list[Finding]) -> Iterator[str]:
    head = f"    <testcase classname={_quoted(f'saasmetrics.{suite}')} name={_quoted(id_)}"
    if not findings:
        yield f"{head}/>"
        return
    yield f"{head}>"
    for finding in findings:
        if finding.severity is Severity.ERROR:
            message = _quoted(f"{title(finding)}: {finding.message}")
            said = str(finding).translate(_IN_TEXT)
            yield f"      <failure type={_quoted(finding.code)} message={message}>{said}</failure>"
    others = [str(finding) for finding in findings if finding.severity is not Severity.ERROR]
    if others:
        yield f"      <system-out>{chr(10).join(others).translate(_IN_TEXT)}</system-out>"
    yield "    </testcase>"
