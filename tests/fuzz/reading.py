"""Bytes that nobody meant: exports, broken at random, must be read or refused in a sentence.

    python tests/fuzz/reading.py --seconds 60 --seed 1

Every export of the preset cases is taken, a few of its bytes changed, and read. What comes must be a look at the file
or an InputError; whatever else is a fault, and the bytes that made it are kept in the folder of `--keep`. What goes a
new way through `sources/` is broken further.
"""

from __future__ import annotations

import random
import sys
from collections.abc import Sequence
from pathlib import Path

sys.path[:0] = [str(Path(__file__).parent), str(Path(__file__).parent.parent.parent / "src")]

from guided import ROOT, SOURCES, Search, Seed, asked, attempt  # noqa: E402 - the path comes first

from saasmetrics.definitions.settings import Settings  # noqa: E402 - the path comes first
from saasmetrics.engine.examine import examined  # noqa: E402 - the path comes first
from saasmetrics.finding import InputError  # noqa: E402 - the path comes first
from saasmetrics.sources.look import look  # noqa: E402 - the path comes first

EXPORTS = sorted((ROOT / "tests" / "cases" / "presets").glob("*/export*"))
TOKENS = (
    b"\0", b'"', b",", b";", b"\t", b"\r", b"\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"{", b"[", b"}", b"]", b":",
    b"'", b"-", b"1e999", b"9" * 40, b"NaN", b"null", b"\\ud800", b" " * 50, b"0000-00-00", b"9999-12-31", b"1,234",
    b"1.234,5", b"31/12/2024", b"1700000000", b"1700000000000", b"(5.00)", b"$", b"inf", b"-0", b"\xe2\x80\xa8", b'""',
    b"2024-03-31T02:30:00", b"+99:99", b"\r\r\n",
)  # fmt: skip


def mutated(content: bytes, draw: random.Random, others: Sequence[bytes] = ()) -> bytes:
    """A few changes: bytes turned over, tokens put in, parts lost, doubled, moved or of another, the end cut off."""
    bytes_ = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        at, kind = draw.randint(0, len(bytes_)), draw.randrange(7 if others else 6)
        until = min(len(bytes_), at + draw.randint(1, 40))
        if kind == 0 and at < len(bytes_):
            bytes_[at] = draw.randrange(256)
        elif kind == 1:
            bytes_[at:at] = draw.choice(TOKENS)
        elif kind == 2:
            del bytes_[at:until]
        elif kind == 3:
            bytes_[at:at] = bytes_[at:until] * draw.randint(1, 3)
        elif kind == 4:
            part = bytes_[at:until]
            del bytes_[at:until]
            place = draw.randint(0, len(bytes_))
            bytes_[place:place] = part
        elif kind == 5:
            del bytes_[draw.randint(len(bytes_) // 2, len(bytes_)) :]
        elif others:
            lines = draw.choice(others).split(b"\n")
            first = draw.randrange(len(lines))
            bytes_[at:at] = b"\n".join(lines[first : first + draw.randint(1, 3)])[:_LONGEST]
    return bytes(bytes_[:_LONGEST])


_LONGEST = 2**16


def broken(seed: Seed, draw: random.Random, kept: Sequence[Seed]) -> bytes:
    """An export of which a few bytes are others."""
    return mutated(seed.content, draw, [draw.choice(kept).content])


def read_export(path: Path) -> None:
    """As `saasmetrics inspect` reads a file, by itself and, where it is not taken for that, as the export it was."""
    refused = None
    try:
        found = look(path, Settings())
        examined(found)
        if found.known is not None and found.known.name == path.parent.name:
            return
    except InputError as error:
        refused = error
    examined(look(path, Settings(), chosen=path.parent.name))
    if refused is not None:
        raise refused


def seeds() -> list[Seed]:
    """The exports of the preset cases."""
    return [Seed(f"{path.parent.name}/{path.name}", path.read_bytes()) for path in EXPORTS]


def tried(number: int, folder: Path) -> str:
    """One export broken as the number says; what was wrong with how it was read, or nothing."""
    draw = random.Random(f"house/{number}")
    seed = draw.choice(seeds())
    return attempt(read_export, Seed(seed.kind, mutated(seed.content, draw)), folder, InputError)


if __name__ == "__main__":
    watched = (SOURCES / "sources", SOURCES / "engine" / "examine.py")
    sys.exit(Search(seeds(), broken, read_export, InputError, watched).run(asked(__doc__)))
