"""What is wrong with an expression, and where in its text."""

from __future__ import annotations


class ExpressionError(ValueError):
    """An expression that the language does not have, or that does not fit its columns.

    Edges: `offset` counts characters from the start of the text, 0 when the place is not known; `hint` is what to
    write instead, where that can be said.
    """

    def __init__(self, message: str, offset: int = 0, hint: str | None = None) -> None:
        self.message = message
        self.offset = offset
        self.hint = hint
        super().__init__(message)
