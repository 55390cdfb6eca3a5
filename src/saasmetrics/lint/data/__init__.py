"""Data: rules over the rows themselves, where they say different things of each other."""
