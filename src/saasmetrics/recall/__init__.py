"""What was said, and what has become of it: publishing, reading what was published, holding it against today."""
