"""Bytes that nobody meant: files and definitions, broken at random, must be read or refused in a sentence.

    python tests/fuzz/reading.py --seconds 60 --seed 1

Every export of the preset cases and the definition files are taken, a few of their bytes changed, and read. What comes
must be a look at the file or an InputError; whatever else is a bug, and the bytes that made it are kept in the folder
of `--keep`, with the seed that draws them again.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parent.parent.parent
sys.path.insert(0, str(ROOT / "src"))

from saasmetrics.definitions.load import load  # noqa: E402 - the path comes first
from saasmetrics.definitions.settings import Settings  # noqa: E402 - the path comes first
from saasmetrics.engine.examine import examined  # noqa: E402 - the path comes first
from saasmetrics.finding import InputError  # noqa: E402 - the path comes first
from saasmetrics.ledgers.index import REGISTRY  # noqa: E402 - the path comes first
from saasmetrics.sources.look import look  # noqa: E402 - the path comes first

EXPORTS = sorted((ROOT / "tests" / "cases" / "presets").glob("*/export*"))
DEFINITIONS = [ROOT / "metrics.yaml", *sorted((ROOT / "tests" / "cases" / "cli" / "company").glob("*.yaml"))]
TOKENS = (
    b"\0", b'"', b",", b";", b"\t", b"\r", b"\n", b"\xef\xbb\xbf", b"\xff\xfe", b"\xc3", b"{", b"[", b"}", b"]", b":",
    b"'", b"-", b"*", b"&a ", b"<<: ", b"!!python ", b"1e999", b"9" * 40, b"NaN", b"null", b"\\ud800", b" " * 50,
)  # fmt: skip


def mutated(content: bytes, draw: random.Random) -> bytes:
    """A few changes: bytes turned over, tokens put in, parts lost, doubled or moved, the end cut off."""
    bytes_ = bytearray(content)
    for _ in range(draw.randint(1, 6)):
        at, kind = draw.randint(0, len(bytes_)), draw.randrange(6)
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
        else:
            del bytes_[draw.randint(len(bytes_) // 2, len(bytes_)) :]
    return bytes(bytes_)


def read_export(path: Path) -> None:
    """As `saasmetrics inspect` reads a file, by itself and as the export that it was."""
    examined(look(path, Settings()))
    examined(look(path, Settings(), chosen=path.parent.name))


def read_definitions(path: Path) -> None:
    """As every command reads definitions."""
    load(path, REGISTRY)


def attempt(read: Callable[[Path], None], original: Path, draw: random.Random, folder: Path) -> bytes | None:
    """Read one broken file; its bytes when that ends in anything but a result or a refusal."""
    content = mutated(original.read_bytes(), draw)
    path = folder / original.parent.name / original.name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(content)
    try:
        read(path)
    except InputError:
        return None
    except Exception:  # whatever else comes out is what is looked for
        traceback.print_exc()
        return content
    return None


def main() -> int:
    """Break files until the time is over; the number of bugs is the exit code."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--keep", type=Path, default=Path("fuzz-kept"))
    options = parser.parse_args()
    began, tried, bugs = time.monotonic(), 0, 0
    with tempfile.TemporaryDirectory() as folder:
        while time.monotonic() - began < options.seconds:
            draw = random.Random(f"{options.seed}/{tried}")
            export = draw.random() < 0.8
            original = draw.choice(EXPORTS if export else DEFINITIONS)
            found = attempt(read_export if export else read_definitions, original, draw, Path(folder))
            tried += 1
            if found is not None:
                bugs += 1
                options.keep.mkdir(exist_ok=True)
                name = f"{options.seed}-{tried}-{original.parent.name}-{original.name}"
                (options.keep / name).write_bytes(found)
    sys.stdout.write(f"{tried:,} files broken, {bugs} that were neither read nor refused\n")
    return min(bugs, 100)


if __name__ == "__main__":
    sys.exit(main())
