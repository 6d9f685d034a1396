"""Reading the dates that Walmart, and those who pass its orders on, write; and writing those it reads."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from .validation import InvalidArgument

EARLIEST: Final = datetime.fromtimestamp(1e9, UTC)
"""An order has no earlier instant: 1970-01-01 is the default date of a database, and 20261124, read as
seconds, a date without separators."""
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""An order has no later instant: 9999-12-31 stands for "never", and 20261124140152, read as milliseconds,
would lie in the year 2612."""
_EARLIEST_S: Final = EARLIEST.timestamp()
_LATEST_S: Final = LATEST.timestamp()


def parse_instant(value: object) -> datetime | None:
    """Read an instant from an ISO 8601 text or an epoch number, in seconds or milliseconds.

    Walmart's XML has ISO 8601, with offsets at times; its JSON has epoch milliseconds; what passes
    orders on adds epoch seconds. A text without an offset counts as UTC.

    Returns:
        An aware datetime in UTC between `EARLIEST` and `LATEST`, or None when `value` is no such instant.
    """
    try:
        if isinstance(value, str):
            text = value.strip()
            if not (text.isascii() and text.isdecimal()):
                return _plausible(datetime.fromisoformat(text))
            value = int(text)
        if isinstance(value, int | float) and not isinstance(value, bool):
            # The two windows are far apart, so a number means one thing only.
            for per_second in (1, 1000):
                if _EARLIEST_S * per_second <= value <= _LATEST_S * per_second:
                    return datetime.fromtimestamp(value / per_second, UTC)
    except (ValueError, OverflowError):
        return None  # not a date, or one beyond what a datetime can hold
    return None


def _plausible(instant: datetime) -> datetime | None:
    in_utc = instant.astimezone(UTC) if instant.tzinfo else instant.replace(tzinfo=UTC)
    return in_utc if EARLIEST <= in_utc <= LATEST else None


def parse_http_date(value: str | None) -> datetime | None:
    """Read a `Date` header into an aware datetime in UTC, or None when there is none to be read."""
    try:
        instant = parsedate_to_datetime(value or "")
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None  # not a date, or one beyond what a datetime can hold


def write_instant(parameter: str, instant: datetime) -> str:
    """Write an aware instant as Walmart's lists take it: ISO 8601 in UTC, in whole seconds.

    Its documentation says epoch seconds for one list and ISO 8601 for the other; every client found sends
    ISO 8601 to both. With milliseconds it was refused ("Invalid Date format value").

    Args:
        parameter: The argument's name, for the error.
        instant: Fractions of its second are dropped.

    Raises:
        InvalidArgument: `instant` is no datetime, is naive, or lies beyond the calendar in UTC.
    """
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise InvalidArgument(parameter, "must be a datetime with its time zone")
    try:
        in_utc = instant.astimezone(UTC)
    except OverflowError:
        raise InvalidArgument(parameter, "must lie within the years 1 to 9999 in UTC") from None
    return f"{in_utc.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
