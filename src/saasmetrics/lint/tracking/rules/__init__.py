"""The rules of tracking drift, one to a file; a file's docstring is the manual page of its rule."""
