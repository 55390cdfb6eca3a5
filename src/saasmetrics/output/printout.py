"""A result in the two forms it is printed in: blocks for people, rows for machines."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import polars as pl

from saasmetrics.finding import Finding
from saasmetrics.output.sheet import Block


@dataclass(frozen=True)
class Sight:
    """What a page is made for: its width, whether that is a limit (a terminal) or a wish, and shaded cells or none."""

    width: int = 80
    bounded: bool = False
    shades: bool = False


@dataclass(frozen=True)
class Printout:
    """Rows under a `name` (`values`, `entries`), what else a JSON document says `about` them, findings, the page."""

    rows: pl.DataFrame
    name: str
    about: Mapping[str, Any]
    page: Callable[[Sight], Iterator[Block]]
    findings: tuple[Finding, ...] = ()
