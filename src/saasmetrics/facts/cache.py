"""Parcels of partial facts on disk, kept from one run to the next."""

from __future__ import annotations

import os
from collections.abc import Collection, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import polars as pl

from saasmetrics.facts.parcel import BrokenParcelError, Parcel, read_parcel, write_parcel
from saasmetrics.finding import Finding, Location, Severity

SUFFIX = ".facts"
LIMIT = 8 << 30
"""Bytes that a cache may take before the parcels that were not used for longest are dropped."""
WORTH = 64 << 20
"""Bytes of logs from which on a cache is kept without being asked for: less is reduced faster than it is missed."""


@dataclass(frozen=True)
class Caching:
    """What was said of caching: a folder, that there shall be none, or nothing."""

    folder: Path | None = None
    off: bool = False

    def cache(self, size: int) -> Cache | None:
        """The cache for logs of so many bytes, if there shall be one."""
        if self.off or (self.folder is None and size < WORTH):
            return None
        return Cache(self.folder or usual_folder())


UNSAID = Caching()
"""Nothing was said: large logs are cached where this user's programs keep such things."""


def usual_folder() -> Path:
    """Where this user's programs keep what they can make again, or what SAASMETRICS_CACHE says."""
    if said := os.environ.get("SAASMETRICS_CACHE"):
        return Path(said)
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(home) if home else Path.home() / ".cache") / "saasmetrics"


@dataclass
class Cache:
    """A folder of parcels.

    Every parcel is named by what it rests on and never changed, so that two runs at once at worst write the same one
    twice. A folder that cannot be written, a full disk and a broken parcel cost time and no number: what is missing is
    reduced again.
    """

    folder: Path
    limit: int = LIMIT
    used: int = 0
    """Parcels of this run that were there, and those that it wrote."""
    written: int = 0
    _kept: set[Path] = field(default_factory=set)
    _trouble: str | None = None
    _told: bool = False

    def parcels(self, plan: str) -> Iterator[Parcel]:
        """All whole parcels of a plan, by name; broken ones are removed."""
        for path in sorted(self.folder.glob(f"{plan}-*{SUFFIX}")):
            yield from self._whole(path)

    def parcel(self, plan: str, name: str) -> Parcel | None:
        """One parcel, if it is there and whole."""
        return next(self._whole(self._path(plan, name)), None)

    def _whole(self, path: Path) -> Iterator[Parcel]:
        try:
            yield read_parcel(path)
        except BrokenParcelError:
            self.drop(path)
        except FileNotFoundError:
            pass  # nobody wrote it, or another run has just removed it
        except OSError as error:
            self._trouble = str(error.strerror)

    def _path(self, plan: str, name: str) -> Path:
        return self.folder / f"{plan}-{name}{SUFFIX}"

    def use(self, parcel: Parcel, names: Collection[str] | None = None) -> dict[str, pl.DataFrame] | None:
        """The tables of a parcel, or those named; None when it turns out to be broken, and is removed."""
        try:
            tables = parcel.tables(names)
            if parcel.path not in self._kept:
                os.utime(parcel.path)
        except (BrokenParcelError, OSError):
            self.drop(parcel.path)
            return None
        self._kept.add(parcel.path)
        return tables

    def write(self, plan: str, name: str, head: Mapping[str, Any], tables: Mapping[str, pl.DataFrame]) -> int | None:
        """Keep a parcel; its seal, or None: after the first failure nothing more is tried."""
        if self._trouble is not None:
            return None
        path = self._path(plan, name)
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            seal = write_parcel(path, head, tables)
        except OSError as error:
            self._trouble = error.strerror or str(error)
            return None
        self._kept.add(path)
        return seal

    @staticmethod
    def drop(path: Path) -> None:
        """Remove a parcel."""
        with suppress(OSError):
            path.unlink()

    def close(self) -> tuple[Finding, ...]:
        """Keep within the limit, least recently used first; say so, once, when something could not be written."""
        sizes = []
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(OSError):
                status = path.stat()
                sizes.append((path in self._kept, status.st_mtime_ns, status.st_size, path))
        spare = sum(size for _, _, size, _ in sizes) - self.limit
        for _, _, size, path in sorted(sizes):
            if spare <= 0:
                break
            self.drop(path)
            spare -= size
        if self._trouble is None or self._told:
            return ()
        self._told = True
        message = f"facts could not be kept for the next run: {self._trouble}"
        hint = "give --cache a folder with room, or --no-cache; the numbers are the same"
        return (Finding("SM977", Severity.WARNING, message, Location(str(self.folder)), hint),)

    @property
    def size(self) -> int:
        """Bytes it takes."""
        total = 0
        for path in self.folder.glob(f"*{SUFFIX}"):
            with suppress(OSError):
                total += path.stat().st_size
        return total
