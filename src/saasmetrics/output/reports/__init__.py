"""Reports: what a check found, in the words of whoever reads it next."""
