"""Reading the dates that Walmart, and those who pass its orders on, write; and writing those it reads."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_SECONDS_FROM = 1e9
"""Numbers below it are no instant of an order, as seconds they lie before 2002: `20261124`, for one."""
_MILLISECONDS_FROM = 1e11
"""Numbers above it are milliseconds: as seconds they would lie beyond the year 5000."""


def parse_instant(value: object) -> datetime | None:
    """Read an instant from an ISO 8601 text or an epoch number, in seconds or milliseconds.

    Walmart's XML has ISO 8601, with offsets at times; its JSON has epoch milliseconds; what passes
    orders on adds epoch seconds. A text without an offset counts as UTC.

    Returns:
        An aware datetime in UTC, or None when `value` is none of these.
        A number from before 2002 is none: it is rather a date without separators.
    """
    try:
        if isinstance(value, str):
            text = value.strip()
            if not (text.isascii() and text.isdecimal()):
                instant = datetime.fromisoformat(text)
                return instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
            value = int(text)
        if isinstance(value, int | float) and not isinstance(value, bool) and value >= _SECONDS_FROM:
            return datetime.fromtimestamp(value / 1000 if value >= _MILLISECONDS_FROM else value, UTC)
    except (ValueError, OverflowError, OSError):
        return None  # not a date, or one beyond what a datetime can hold
    return None


def parse_http_date(value: str | None) -> datetime | None:
    """Read a `Date` header into an aware datetime in UTC, or None when there is none to be read."""
    try:
        instant = parsedate_to_datetime(value or "")
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None  # not a date, or one beyond what a datetime can hold


def write_instant(name: str, instant: datetime) -> str:
    """Write an aware instant as Walmart's lists take it: ISO 8601 in UTC, in whole seconds.

    Its documentation says epoch seconds for one list and ISO 8601 for the other; every client found sends
    ISO 8601 to both. With milliseconds it was refused ("Invalid Date format value").

    Args:
        name: What a refusal calls it.
        instant: Fractions of its second are dropped.

    Raises:
        ValueError: `instant` is no datetime, is naive, or lies beyond the calendar in UTC.
    """
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise ValueError(f"{name} must be a datetime with its time zone")
    try:
        in_utc = instant.astimezone(UTC)
    except OverflowError:
        raise ValueError(f"{name} must lie within the years 1 to 9999 in UTC") from None
    return f"{in_utc.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
