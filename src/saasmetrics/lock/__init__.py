"""Lock: the meaning of every number as it was accepted, and what has changed since."""
