"""Meanings: numbers under definitions that were accepted before, over the exports there are today."""
