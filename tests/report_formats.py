"""What makes a SARIF log and a JUnit report valid, as far as ours go: the properties that are needed, what they may be.

Source: Static Analysis Results Interchange Format 2.1.0 (OASIS), sections 3.13 to 3.58; the attributes and order that
readers of JUnit reports agree on.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Any
from xml.etree import ElementTree

Shape = Mapping[str, Any]
"""By property: a type, a form of text, choices, a shape inside, or a list of one; `!` before what is needed."""

LEVEL = {"none", "note", "warning", "error"}
TEXT: Shape = {"text": str, "markdown": str, "id": str, "arguments": [str]}
MESSAGE: Shape = {**TEXT, "!text": str}
REGION: Shape = {"startLine": range(1, 2**31), "startColumn": range(1, 2**31), "endLine": range(1, 2**31)}
URI = r"(?!/?[A-Za-z]:\\)(?:[A-Za-z0-9._~:/?#\[\]@!$&'()*+,;=-]|%[0-9A-Fa-f]{2})+"
LOCATION: Shape = {"physicalLocation": {"!artifactLocation": {"!uri": URI, "uriBaseId": str}, "region": REGION}}
RULE: Shape = {
    "!id": str, "name": str, "shortDescription": MESSAGE, "fullDescription": MESSAGE, "help": MESSAGE, "helpUri": URI,
    "defaultConfiguration": {"level": LEVEL, "enabled": bool}, "properties": {"tags": [str]},
}  # fmt: skip
RESULT: Shape = {
    "ruleId": str, "ruleIndex": range(2**31), "level": LEVEL, "!message": MESSAGE, "locations": [LOCATION],
    "partialFingerprints": {"*": str}, "properties": {"*": object},
}  # fmt: skip
SEMANTIC_VERSION = r"\d+\.\d+\.\d+(?:-[0-9A-Za-z.-]+)?(?:\+[0-9A-Za-z.-]+)?"
RUN: Shape = {
    "!tool": {"!driver": {"!name": str, "version": str, "semanticVersion": SEMANTIC_VERSION, "rules": [RULE]}},
    "invocations": [{"!executionSuccessful": bool}],
    "columnKind": {"utf16CodeUnits", "unicodeCodePoints"},
    "results": [RESULT],
}  # fmt: skip
SARIF: Shape = {"$schema": URI, "!version": {"2.1.0"}, "!runs": [RUN]}


def sarif_faults(log: Any) -> list[str]:
    """What is wrong with a log; nothing for a valid one."""
    faults = list(_faults(log, SARIF, "log"))
    for run in [] if faults else log["runs"]:
        rules = run["tool"]["driver"].get("rules", [])
        faults += ["rules: one stands twice"] * (len({rule["id"] for rule in rules}) < len(rules))
        for result in run["results"]:
            if rules[result["ruleIndex"]]["id"] != result["ruleId"]:
                faults.append(f"{result['ruleId']}: ruleIndex is of another rule")
    return faults


def _faults(value: Any, shape: Any, at: str) -> Iterator[str]:
    if isinstance(shape, Mapping):
        yield from _faults_of_object(value, shape, at)
    elif isinstance(shape, list):
        if not isinstance(value, list):
            yield f"{at}: no list"
        for number, inner in enumerate(value if isinstance(value, list) else ()):
            yield from _faults(inner, shape[0], f"{at}[{number}]")
    elif not _fits(value, shape):
        yield f"{at}: {value!r} is not allowed"


def _fits(value: Any, shape: Any) -> bool:
    if shape is object:  # a bag of properties takes whatever a tool puts into it
        return True
    if isinstance(shape, range | set):
        return value in shape and not isinstance(value, bool)
    if isinstance(shape, str):
        return isinstance(value, str) and re.fullmatch(shape, value) is not None
    return type(value) is shape and value != ""


def _faults_of_object(value: Any, shape: Shape, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        yield f"{at}: no object"
        return
    known = {name.lstrip("!"): inner for name, inner in shape.items()}
    yield from (f"{at}: no {name[1:]}" for name in shape if name[0] == "!" and name[1:] not in value)
    for name, inner in value.items():
        if name in known or "*" in known:
            yield from _faults(inner, known.get(name, known.get("*")), f"{at}.{name}")
        else:
            yield f"{at}: {name} is no property"


COUNTS = ("tests", "failures", "errors")
ATTRIBUTES: Mapping[str, tuple[set[str], set[str]]] = {
    "testsuites": ({"name", *COUNTS}, {"time", "disabled"}),
    "testsuite": ({"name", *COUNTS}, {"time", "skipped", "disabled", "timestamp", "hostname", "id", "package"}),
    "testcase": ({"name", "classname", "time"}, {"status", "assertions"}),
    "failure": ({"type", "message"}, set()),
    "error": ({"type", "message"}, set()),
    "skipped": (set(), {"message"}),
    "system-out": (set(), set()),
}
"""Attributes that an element needs, and those that it may have."""
INSIDE: Mapping[str, tuple[str, ...]] = {
    "testsuites": ("testsuite",),
    "testsuite": ("testcase",),
    "testcase": ("skipped", "error", "failure", "system-out", "system-err"),
}
"""Elements that may stand in an element, in this order."""


def junit_faults(text: bytes) -> list[str]:
    """What is wrong with a report; nothing for a valid one."""
    root = ElementTree.fromstring(text)
    faults = [] if root.tag == "testsuites" else [f"{root.tag} is no root"]
    faults += [fault for element in root.iter() for fault in _faults_of_element(element)]
    names = [(case.get("classname"), case.get("name")) for case in root.iter("testcase")]
    return faults + ["a case stands twice"] * (len(set(names)) < len(names))


def _faults_of_element(element: ElementTree.Element) -> Iterator[str]:
    needed, allowed = ATTRIBUTES.get(element.tag, (set(), set()))
    if element.tag not in ATTRIBUTES:
        yield f"{element.tag} is no element"
    if needed - set(element.attrib) or set(element.attrib) - needed - allowed:
        yield f"{element.tag}: {sorted(element.attrib)}"
    inside = INSIDE.get(element.tag, ())
    places = [inside.index(inner.tag) for inner in element if inner.tag in inside]
    if len(places) < len(element) or places != sorted(places):
        yield f"{element.tag}: {[inner.tag for inner in element]}"
    if element.tag == "testcase" and len(element.findall("failure")) + len(element.findall("error")) > 1:
        yield f"{element.get('name')}: fails more than once"
    if element.tag in ("testsuites", "testsuite"):
        cases = list(element.iter("testcase"))
        failing = [sum(case.find(each) is not None for case in cases) for each in ("failure", "error")]
        said = [int(element.get(name, "-1")) for name in COUNTS]
        if said != [len(cases), *failing]:
            yield f"{element.get('name')}: {said} are {[len(cases), *failing]}"
