"""Files become canonical frames."""
