"""Lint: what a definition file says about how a company steers, held against rules that each have a page."""
