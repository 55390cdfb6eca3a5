"""Which edition stood when, and where the editions are."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, datetime
from pathlib import Path

from saasmetrics.definitions.definitions import Definitions
from saasmetrics.finding import Finding, InputError, Location, Severity
from saasmetrics.history.edition import HEAD, Edition
from saasmetrics.history.folder import alterations, by_time, last_day
from saasmetrics.pipeline import instant


def folder_of(definitions: Definitions) -> Path:
    """Where the editions are, seen from where the definitions are."""
    return definitions.path.parent / definitions.settings.published.path


def moment_of(definitions: Definitions, as_of: date | datetime | None) -> datetime | None:
    """The first moment that is not visible any more; null: all are."""
    return instant(definitions.settings.calendar, as_of)


def standing(definitions: Definitions, found: Sequence[Edition], moment: datetime | None) -> list[Edition]:
    """The editions that there were at a moment. Raises: InputError (exit 3) where there were none."""
    ordered = by_time(found, definitions.settings.calendar)
    if not ordered:
        raise nothing_yet(definitions, found)
    there = [edition for edition in ordered if moment is None or edition.as_of <= moment]
    if not there:
        message = "nothing had been published by then"
        raise InputError([Finding("SM935", Severity.ERROR, message, hint=known_first(definitions, found))], 3)
    return there


def known_first(definitions: Definitions, found: Sequence[Edition]) -> str:
    """A hint that says since when there are editions."""
    first = by_time(found, definitions.settings.calendar)[0]
    return f"the first edition is {first.number}, as of {last_day(first, definitions.settings.calendar)}"


def nothing_yet(definitions: Definitions, found: Sequence[Edition]) -> InputError:
    """No edition can be read: there is none, or all are broken (exit 3)."""
    message, hint = "nothing has been published yet", "saasmetrics compute --publish appends the first edition"
    place = Location(str(folder_of(definitions)))
    broken = [edition for edition in found if HEAD in edition.broken]
    return InputError([*alterations(broken), Finding("SM935", Severity.ERROR, message, place, hint)], 3)
