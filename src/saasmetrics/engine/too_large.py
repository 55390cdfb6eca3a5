"""Amounts that leave the range of whole numbers while they are worked out: told, never wrapped round."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import polars as pl

from saasmetrics.finding import Finding, InputError, Severity

_OVERFLOW = re.compile(r"conversion from `f\d+` to `i\d+` failed in column '([^']+)'")

_OURS = {"annual": "mrr", "list_annual": "mrr"}
"""Columns of our own, and the one of a file that people know them by."""


@contextmanager
def too_large_told() -> Iterator[None]:
    """Stands around whatever turns amounts of rows into whole numbers.

    Raises: InputError (exit 3) in place of the reader's error, when a product of sound cells is too large.
    """
    try:
        yield
    except pl.exceptions.InvalidOperationError as error:
        found = _OVERFLOW.search(str(error))
        if found is None:
            raise
        name = _OURS.get(found[1], found[1])
        message = f"a row's `{name}` is too large to be added up exactly"
        hint = "look at its amounts and quantities, or set a coarser `unit` on the metric"
        raise InputError([Finding("SM975", Severity.ERROR, message, hint=hint)], 3) from error
