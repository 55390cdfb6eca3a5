"""The form of an expression that layout, operand order and synonyms leave alone: what the lock keeps.

A change of any rule below is a new version, since it moves fingerprints.
"""

from __future__ import annotations

from typing import Any

from saasmetrics.expression.tree import Node

VERSION = "expr/1"

Canonical = tuple[Any, ...]

_FLIPPED = {">": "<", ">=": "<="}
_NEGATED = {"=": "<>", "<>": "=", "<": "<=", "<=": "<"}
_SYMMETRIC = frozenset({"=", "<>", "is distinct", "+", "*"})
_LEAVES = frozenset({"text", "number", "flag", "date", "instant", "clock", "null"})


def canonical(root: Node) -> Canonical:
    """The canonical form of a tree: equal forms have equal values on every row, missing values included."""
    return (VERSION, _form(root))


def _form(node: Node) -> Canonical:
    if node.op == "column" and isinstance(node.value, tuple):
        return ("column", *node.value)
    if node.op in _LEAVES:
        return (node.op, node.value)
    if node.op == "not":
        return _negation(_form(node.args[0]))
    if node.op in ("and", "or"):
        return _junction(node)
    if node.op == "in":
        return _membership(node)
    forms = [_form(arg) for arg in node.args]
    op = node.op
    if op in _FLIPPED:
        op, forms = _FLIPPED[op], forms[::-1]
    if op in _SYMMETRIC:
        forms.sort(key=repr)
    return (op, *forms) if node.value is None else (op, node.value, *forms)


def _negation(form: Canonical) -> Canonical:
    """Unknown stays unknown under each of these rewrites; `a < b` turns round into `b <= a`."""
    if form[0] == "not":
        return tuple(form[1])
    if form[0] in ("=", "<>"):
        return (_NEGATED[form[0]], *form[1:])
    if form[0] in _NEGATED:
        return (_NEGATED[form[0]], form[2], form[1])
    return ("not", form)


def _junction(node: Node) -> Canonical:
    members: dict[str, Canonical] = {}
    for arg in node.args:
        form = _form(arg)
        for member in form[1:] if form[0] == node.op else (form,):
            members[repr(member)] = member
    ordered = [members[key] for key in sorted(members)]
    return (node.op, *ordered) if len(ordered) > 1 else ordered[0]


def _membership(node: Node) -> Canonical:
    subject, *items = (_form(arg) for arg in node.args)
    unique = sorted(set(items), key=repr)
    if len(unique) == 1:
        return ("=", *sorted((subject, unique[0]), key=repr))
    return ("in", subject, *unique)
