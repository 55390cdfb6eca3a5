"""Mending: what findings ask for where they leave no choice, done in the files themselves."""
