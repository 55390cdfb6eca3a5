"""A realistic company, made from a seed."""
