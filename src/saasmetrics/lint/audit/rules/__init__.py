"""The rules of the audit, one to a file; a file's docstring is the manual page of its rule."""
