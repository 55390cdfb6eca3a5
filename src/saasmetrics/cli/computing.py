"""Where the numbers of `compute` come from: the data, or the editions; and what is remembered of them."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from saasmetrics.cli.progress import Progress
    from saasmetrics.definitions.scalars import Duration
    from saasmetrics.engine.ask import Ask
    from saasmetrics.pipeline import Result


def computed(
    path: Path,
    ask: Ask,
    *,
    publish: bool,
    basis: str,
    overlap: Duration | None,
    data_root: Path | None,
    cache: Path | None,
    no_cache: bool,
    progress: Progress,
) -> tuple[Result, tuple[str, ...]]:
    """The numbers, and what there is to say of publishing them."""
    if basis == "as_published":
        from saasmetrics.recall.reading import as_published

        return as_published(path, ask, data_root=data_root), ()
    if publish:
        from saasmetrics.cli.recalling import published
        from saasmetrics.cli.version import version
        from saasmetrics.recall.publishing import publish as run_and_publish

        result, done = run_and_publish(
            path, ask, data_root=data_root, cache=cache, no_cache=no_cache, progress=progress, tool=version()
        )
        return result, (published(done),)
    from saasmetrics.lock.overlapping import overlaps

    if basis == "current" and overlap is None and not overlaps(path):
        from saasmetrics.pipeline import compute

        return compute(path, ask, data_root=data_root, cache=cache, no_cache=no_cache, progress=progress), ()
    from saasmetrics.meanings.answer import compute as with_versions

    result = with_versions(
        path,
        ask,
        as_defined=basis == "as_defined",
        overlap=overlap,
        data_root=data_root,
        cache=cache,
        no_cache=no_cache,
        progress=progress,
    )
    return result, ()
