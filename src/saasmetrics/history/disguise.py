"""Accounts without their names: the same account is the same hash in all editions of a folder, and in no other."""

from __future__ import annotations

import os
from hashlib import blake2b
from pathlib import Path

import polars as pl

SALT = ".salt"


def disguised(folder: Path, entries: pl.DataFrame) -> pl.DataFrame:
    """Entries whose accounts are hashed with the folder's own salt; null stays null."""
    salt = _salt(folder / SALT)
    names = entries["account"].unique().drop_nulls()
    hashes = [blake2b(name.encode(), key=salt, digest_size=8).hexdigest() for name in names]
    table = pl.DataFrame({"account": names, "hash": hashes}, schema={"account": pl.String, "hash": pl.String})
    joined = entries.join(table, on="account", how="left", maintain_order="left")
    return joined.with_columns(account="hash").drop("hash")


def _salt(path: Path) -> bytes:
    """The folder's salt; made once, by who holds the lock."""
    if not path.exists():
        scratch = path.with_name(f"{path.name}.part")
        scratch.write_text(os.urandom(16).hex(), encoding="ascii")
        scratch.chmod(0o600)
        scratch.replace(path)
    return bytes.fromhex(path.read_text(encoding="ascii"))
