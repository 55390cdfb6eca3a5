"""How far long work has come: drawn on a terminal after a second, or told stage by stage when verbose."""

from __future__ import annotations

from collections.abc import Callable
from time import perf_counter
from types import TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import Progress as Bars
    from rich.progress import TaskID

PATIENCE = 1.0
"""Seconds before anything is drawn."""


class Progress:
    """Called with what is done, how many rows of it are done, and how many there are.

    `on` is the terminal to draw on, `say` takes the line of a finished stage; either may be none.
    """

    def __init__(self, on: Console | None, say: Callable[[str], None] | None) -> None:
        self._on, self._say = on, say
        self._began = self._stage_began = perf_counter()
        self._stage: tuple[str, int, int] | None = None
        self._bars: Bars | None = None
        self._task: TaskID | None = None

    def __enter__(self) -> Progress:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._finish_stage()
        if self._bars is not None:
            self._bars.stop()

    def __call__(self, what: str, done: int, total: int) -> None:
        """Tell how far a stage has come; another name begins another stage."""
        if self._stage is not None and self._stage[0] != what:
            self._finish_stage()
        self._stage = what, done, total
        if self._on is not None and perf_counter() - self._began > PATIENCE:
            self._draw(what, done, total)

    def _finish_stage(self) -> None:
        if self._stage is None:
            return
        what, done, _ = self._stage
        now = perf_counter()
        if self._say is not None:
            rows = f": {done:,} rows" if done else ""
            self._say(f"{what}{rows} in {now - self._stage_began:.2f} s")
        self._stage, self._stage_began = None, now

    def _draw(self, what: str, done: int, total: int) -> None:
        if self._bars is None:
            from rich.progress import BarColumn, TextColumn, TimeElapsedColumn
            from rich.progress import Progress as Bars

            words = TextColumn("{task.description}")
            rows = TextColumn("{task.completed:,.0f} of {task.total:,.0f} rows")
            self._bars = Bars(words, BarColumn(24), rows, TimeElapsedColumn(), console=self._on, transient=True)
            self._bars.start()
            self._task = self._bars.add_task(what, total=total)
        if self._task is not None:
            self._bars.update(self._task, description=what, completed=done, total=total)
