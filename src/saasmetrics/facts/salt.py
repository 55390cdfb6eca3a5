"""Numbers that stand for texts, the same in every run."""

from __future__ import annotations

import hashlib


def salt(text: str) -> int:
    """A 64-bit number for a text, to tell apart hashes of the same value in different places."""
    return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "little")
