"""Metrics as code for B2B SaaS, on plain files."""
