"""The audit: what has to be looked after from time to time, seen in the definitions and in what was published."""
