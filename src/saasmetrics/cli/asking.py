"""From the texts of flags to what is asked."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta
from typing import TYPE_CHECKING

from saasmetrics.cli.console import usage
from saasmetrics.finding import Severity

if TYPE_CHECKING:
    from saasmetrics.definitions.scalars import Duration
    from saasmetrics.engine.opened import Depth
    from saasmetrics.period import Grain


def day(flag: str, text: str | None) -> date | None:
    """A date. Raises: InputError (exit 2) for anything else."""
    if text is None:
        return None
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise usage(f"{flag} {text} is not a date", "write it like 2026-12-31") from None


def day_before(flag: str, text: str | None) -> date | None:
    """The last day of a range that ends before a date. Raises: as `day`."""
    end = day(flag, text)
    return end - timedelta(days=1) if end else None


def moment(flag: str, text: str | None) -> date | datetime | None:
    """A date, or an instant; one without an offset is UTC. Raises: InputError (exit 2) for anything else."""
    if text is None or ("T" not in text and " " not in text):
        return day(flag, text)
    try:
        instant = datetime.fromisoformat(text)
    except ValueError:
        raise usage(f"{flag} {text} is not an instant", "write it like 2026-12-31T06:00Z") from None
    return instant.replace(tzinfo=UTC) if instant.tzinfo is None else instant.astimezone(UTC)


def edition(flag: str, text: str | None) -> str | None:
    """A day, or the number of an edition. Raises: InputError (exit 2) for anything else."""
    if text is not None and not text.isdigit():
        day(flag, text)
    return text


def length(flag: str, text: str | None) -> Duration | None:
    """A length of time. Raises: InputError (exit 2) for anything else."""
    from pydantic_core import PydanticCustomError

    from saasmetrics.definitions.scalars import Duration

    try:
        return None if text is None else Duration.parse(text)
    except PydanticCustomError:
        raise usage(f"{flag} {text} is not a duration", "write one like 4w") from None


def basis(text: str) -> str:
    """Which numbers are asked for. Raises: InputError (exit 2) for any other word."""
    if text not in ("current", "as_defined", "as_published"):
        raise usage(f"--basis {text}", "write current, as_defined or as_published")
    return text


def grain(text: str | None) -> Grain | None:
    """A grain by its name. Raises: InputError (exit 2) for anything else."""
    from saasmetrics.period import Grain

    if text is None:
        return None
    if text not in list(Grain):
        raise usage(f"--grain {text}", f"write one of {', '.join(Grain)}")
    return Grain(text)


def breakdowns(texts: Sequence[str] | None) -> tuple[tuple[str, ...], ...]:
    """`plan` and `plan,size`: one breakdown each; segments of one text are crossed."""
    return tuple(dict.fromkeys(_listed("--by", text) for text in texts or ()))


def narrowing(texts: Sequence[str] | None) -> dict[str, tuple[str, ...]]:
    """`plan=pro,enterprise`: by segment the values that stay; the same segment again adds to them."""
    where: dict[str, tuple[str, ...]] = {}
    for text in texts or ():
        segment, equals, values = text.partition("=")
        if not segment or not equals:
            raise usage(f"--where {text} names no value", "write plan=pro or plan=pro,enterprise")
        where[segment] = (*where.get(segment, ()), *_listed("--where", values))
    return where


def depth(text: str) -> Depth:
    """How deep a ledger opens. Raises: InputError (exit 2) for any other word."""
    if text not in ("account", "entry", "row"):
        raise usage(f"--depth {text}", "write account, entry or row")
    return text  # type: ignore[return-value]  # one of the three, by the line above


def threshold(text: str) -> Severity | None:
    """The lightest finding that fails a run; null for `never`. Raises: InputError (exit 2) for any other word."""
    if text == "never":
        return None
    try:
        return Severity[text.upper()]
    except KeyError:
        raise usage(f"--fail-on {text}", "write error, warning, note or never") from None


def _listed(flag: str, text: str) -> tuple[str, ...]:
    parts = tuple(part.strip() for part in text.split(","))
    if not all(parts):
        raise usage(f"{flag} {text}: a name is empty")
    return parts
