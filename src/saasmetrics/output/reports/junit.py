"""A report as JUnit XML: a suite for each kind of care, a case for each thing looked at, also where all is well."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping

from saasmetrics.finding import Finding, Severity
from saasmetrics.output.reports.report import Report, effect, family, title

SUITES = ("definition", "lint", "tracking", "restatement")


def junit(report: Report) -> bytes:
    """Errors are failures; warnings and notes are the output of a case that passes."""
    cases = {name: found for name in SUITES if (found := _cases(name, report))}
    suites = [line for name, found in cases.items() for line in _suite(name, found)]
    total = _counts([findings for found in cases.values() for findings in found.values()])
    head = f'<testsuites name="saasmetrics" {total}>'
    whole = "\n".join(['<?xml version="1.0" encoding="UTF-8"?>', head, *suites, "</testsuites>", ""])
    return _NO_XML.sub("\ufffd", whole).encode(errors="replace")


_NO_XML = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")
"""Characters that XML has no way to write."""


def _quoted(text: str) -> str:
    return f'"{text.translate(_IN_ATTRIBUTES)}"'


_IN_TEXT = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;", "\r": "&#13;"})
_IN_ATTRIBUTES = _IN_TEXT | str.maketrans({'"': "&quot;", "\n": "&#10;", "\t": "&#9;"})
"""Lines that break in an attribute would be read as spaces."""


def _cases(suite: str, report: Report) -> dict[str, list[Finding]]:
    """What was found about each thing that was looked at; for definitions also about those that are fine."""
    cases: dict[str, list[Finding]] = {id_: [] for id_ in report.objects} if suite == "definition" else {}
    for finding in report.findings:
        if family(finding) == suite:
            about = finding.object or (finding.location.file if finding.location else "file")
            cases.setdefault(about, []).append(finding)
    return cases


def _counts(cases: Iterable[list[Finding]]) -> str:
    """How many cases there are, and how many fail. Edges: nothing is timed, so that two runs write the same."""
    found = list(cases)
    failing = sum(any(each.severity is Severity.ERROR for each in findings) for findings in found)
    return f'tests="{len(found)}" failures="{failing}" errors="0" time="0"'


def _suite(name: str, cases: Mapping[str, list[Finding]]) -> Iterator[str]:
    yield f'  <testsuite name="{name}" {_counts(cases.values())} skipped="0">'
    for id_, findings in cases.items():
        yield from _case(name, id_, findings)
    yield "  </testsuite>"


def _case(suite: str, id_: str, findings: list[Finding]) -> Iterator[str]:
    """One case; it fails once, however many errors there are, as its readers expect."""
    head = f'    <testcase classname={_quoted(f"saasmetrics.{suite}")} name={_quoted(id_)} time="0"'
    if not findings:
        yield f"{head}/>"
        return
    yield f"{head}>"
    errors = [each for each in findings if each.severity is Severity.ERROR]
    others = [each for each in findings if each.severity is not Severity.ERROR]
    if errors:
        more = f" (and {len(errors) - 1} more)" if len(errors) > 1 else ""
        message = _quoted(f"{title(errors[0])}: {errors[0].message}{more}")
        yield f"      <failure type={_quoted(errors[0].code)} message={message}>{_lines(errors)}</failure>"
    if others:
        yield f"      <system-out>{_lines(others)}</system-out>"
    yield "    </testcase>"


def _lines(findings: list[Finding]) -> str:
    return "\n".join(map(_whole, findings)).translate(_IN_TEXT)


def _whole(finding: Finding) -> str:
    """A finding with what it does to numbers, a line each."""
    numbers = (f"{address}: {said}" if address else said for address, said in effect(finding, None))
    return "\n".join((str(finding), *numbers))
