"""The manifest of a run: what it read and how, enough to repeat it."""

from __future__ import annotations

import json
from dataclasses import asdict
from datetime import date
from hashlib import file_digest, sha256
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pydantic import BaseModel

from saasmetrics.cli.version import version
from saasmetrics.definitions.scalars import Duration

if TYPE_CHECKING:
    from saasmetrics.definitions.definitions import Definitions
    from saasmetrics.engine.ask import Ask
    from saasmetrics.pipeline import Result

SCHEMA = 1


def record(result: Result, ask: Ask) -> bytes:
    """JSON: tool, definitions with the digest of their files, question, as-of, policies, and every input.

    Edges: the digest of the definitions is that of their files' digests in order; inputs are named by source.
    """
    definitions = result.definitions
    files = [_file(Path(name)) for name in _written(definitions)]
    fingerprint = sha256("".join(each["sha256"] for each in files).encode()).hexdigest()
    manifest = {
        "schema": SCHEMA,
        "tool": {"name": "saasmetrics", "version": version()},
        "as_of": result.as_of,
        "asked": asdict(ask),
        "definitions": {"fingerprint": fingerprint, "files": files},
        "policies": dict(definitions.policies),
        "inputs": {
            name: {
                "rows": read.rows,
                "used": read.used,
                "first": read.first,
                "last": read.last,
                "files": [_file(Path(path)) for path in read.files],
            }
            for name, read in result.sources.items()
        },
    }
    return (json.dumps(manifest, indent=2, default=_plain, ensure_ascii=False) + "\n").encode()


def _written(definitions: Definitions) -> list[str]:
    """The definition file and what it includes, in the order they were read."""
    return list(dict.fromkeys(document.file for document, _, _ in definitions.written.origins.values()))


def _file(path: Path) -> dict[str, Any]:
    with path.open("rb") as stream:
        return {"path": str(path), "size": path.stat().st_size, "sha256": file_digest(stream, "sha256").hexdigest()}


def _plain(value: object) -> object:
    match value:
        case date():
            return value.isoformat()
        case Duration():
            return value.text
        case BaseModel():
            return dict(value)
    raise TypeError(f"{type(value).__name__} has no JSON form")
