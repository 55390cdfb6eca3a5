"""Definitions and sources become values: plan, read, make books, reduce."""
