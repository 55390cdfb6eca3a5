"""The shapes everything agrees on."""
