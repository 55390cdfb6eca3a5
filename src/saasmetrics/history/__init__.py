"""Published editions: what was said, when, and what has changed since."""
