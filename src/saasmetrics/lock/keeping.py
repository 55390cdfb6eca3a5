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
    lock; the lock comes last, so that it never names a document that is not there.
    """
    path, text = lock_path(definitions), written(accepted.lock)
    tidy(path.parent)
    tidy(folder(definitions))
    documents = {folder(definitions) / name: said for name, said in sorted(accepted.superseded.items())}
    wrote = []
    for file, said in {**documents, path: text}.items():
        if not file.is_file() or file.read_text(encoding="utf-8") != said:
            place(file, said)
            wrote.append(file)
    return tuple(wrote)
