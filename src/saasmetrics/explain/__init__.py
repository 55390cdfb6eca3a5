"""Explaining: what a name means here, where it is said, and the numbers that go with it."""
