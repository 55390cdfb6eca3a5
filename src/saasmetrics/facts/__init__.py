"""The one pass over big event logs."""
