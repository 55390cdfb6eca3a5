"""Names of columns that no file has: what is between a file's rows and canonical ones."""

from __future__ import annotations

EXTRA = "\x00extra"
"""Cells beyond the header's: a row that has one is wider than the header."""
VALUE = "\x00value "
"""Before the name of a column to be made that is not converted yet."""
DROPPED = "\x00dropped "
"""Before what rows are called that are no records: whether a row is one of them."""
UNREAD = "_unread"
"""Of a row of a log, the first column with a cell that is no number where one should be."""
