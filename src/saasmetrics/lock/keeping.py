"""Keeping: what was accepted put on the disk, so that a run that dies leaves the old lock or the new one."""

from __future__ import annotations

from pathlib import Path

from saasmetrics.lock.accept import Accepted
from saasmetrics.lock.history import folder
from saasmetrics.lock.placing import place, tidy
from saasmetrics.lock.reading import lock_path
from saasmetrics.lock.writing import written


def keep(definitions: Path, accepted: Accepted) -> tuple[Path, ...]:
    """Write the closed documents, then the lock; the files that are new or other than before.

    Edges: a closed document that is there already is of the same version, by a run that died before it wrote the
    lock, and is written again; the lock comes last, so that it never names a document that is not there.
    """
    path, text = lock_path(definitions), written(accepted.lock)
    tidy(path)
    wrote = []
    for name, document in sorted(accepted.superseded.items()):
        place(folder(definitions) / name, document)
        wrote.append(folder(definitions) / name)
    if not path.is_file() or path.read_text(encoding="utf-8") != text:
        place(path, text)
        wrote.append(path)
    return tuple(wrote)
