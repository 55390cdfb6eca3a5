"""Libraries that wait: imported by name at once, and loaded by the first thing that is asked of them.

What reads, computes or draws rows needs Polars and NumPy; what a check looks at needs neither, and they are a quarter
of its time. Nothing that is imported on its way has to know: a type of metric is its keys, which a check reads, and its
plan, which only a computation draws up, so that with the books behind it more than seventy modules would otherwise have
to import what they draw with inside of every function.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import Any


class _Waiting(ModuleType):
    """A library in name. Edges: what it has none of is asked of the true one, whose names it has from then on."""

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__") and name != "__path__":
            raise AttributeError(name)
        if sys.modules.get(self.__name__) is self:
            del sys.modules[self.__name__]
        library = import_module(self.__name__)
        self.__dict__.update(vars(library))
        return getattr(library, name)


def let_wait(*libraries: str) -> None:
    """Let these libraries wait, unless they are there. Edges: only where no threads load modules."""
    for name in libraries:
        sys.modules.setdefault(name, _Waiting(name))
