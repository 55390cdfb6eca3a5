"""A rule of lint explained: what it flags and why, with an example and what to do."""

from __future__ import annotations

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.lint.index import by_code
from saasmetrics.lint.rule import Rule
from saasmetrics.output.explanation import Explanation, Facts, Section


def rule_page(definitions: Definitions, name: str) -> Explanation:
    """The page of a rule, and what the file says about it."""
    rule = by_code(name)
    if rule is None:
        raise KeyError(name)
    page, reason = page_of(rule), definitions.lint.ignore.get(rule.code)
    if reason is None:
        return page
    facts = Facts((("ignored", f"in this file: {reason}"),))
    return Explanation(page.name, page.kind, page.label, (*page.sections, Section("", (facts,))))


def rule_called(text: str) -> Explanation | None:
    """The page of a rule, by its code or name; null where there is no such rule."""
    rule = by_code(text.removeprefix("rules."))
    return None if rule is None else page_of(rule)


def page_of(rule: Rule) -> Explanation:
    """The page of a rule, which needs no file."""
    told = [
        ("name", rule.name),
        ("weight", rule.severity.name.lower()),
        ("looks at", rule.needs or "the definition file"),
    ]
    told += [("corrected by", "saasmetrics check --fix, where there is no choice")] if rule.fixable else []
    parts = (Facts(tuple((heading.lower(), text) for heading, text in rule.parts.items())),)
    return Explanation(rule.code, "rule", "", (Section("", (rule.title, Facts(tuple(told)))), Section("", parts)))
