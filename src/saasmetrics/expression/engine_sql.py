"""An expression as SQL of an engine: rendered by the parser's own dialects after the gate has passed it."""

from __future__ import annotations

from collections.abc import Mapping

from sqlglot import exp

from saasmetrics.expression.gate import syntax


def render(sql: str, dialect: str, columns: Mapping[str, str]) -> str:
    """SQL text. Columns: renamed by `columns`, all quoted. Edges: a divisor of zero gives null, as in Polars."""

    def adapt(node: exp.Expr) -> exp.Expr:
        if isinstance(node, exp.Div | exp.Mod) and not isinstance(node.expression, exp.Nullif):
            divisor = exp.Nullif(this=node.expression, expression=exp.Literal.number(0))
            node.set("expression", divisor)
        elif isinstance(node, exp.Column):
            root = node.parts[0]
            root.set("this", columns.get(str(root.this), root.this))
        return node

    return syntax(sql).copy().transform(adapt).sql(dialect=dialect, identify=True, comments=False)
