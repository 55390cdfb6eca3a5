"""Tracking drift: what definitions refer to, held against what the logs of events show."""
