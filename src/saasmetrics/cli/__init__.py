"""One file per command; the console owns streams and exit codes."""
