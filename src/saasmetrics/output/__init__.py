"""Values become text and files."""
