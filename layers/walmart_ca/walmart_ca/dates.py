"""Parses the dates in Walmart's responses and in order events, and formats the dates in requests."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

from .validation import InvalidArgument

EARLIEST: Final = datetime.fromtimestamp(1e9, UTC)
"""The earliest date of an order (2001-09-09). 1970-01-01 is a database's default date, and 20261124 is a date
without separators, not epoch seconds."""
LATEST: Final = datetime(2100, 1, 1, tzinfo=UTC)
"""The latest date of an order. 9999-12-31 means "never", and 20261124140152 is a date without separators, not
epoch milliseconds, which would be in the year 2612."""
_EARLIEST_S: Final = EARLIEST.timestamp()
_LATEST_S: Final = LATEST.timestamp()


def parse_instant(value: object) -> datetime | None:
    """Parse an instant from ISO 8601 text or from epoch seconds or milliseconds.

    Walmart's XML has ISO 8601, sometimes with an offset; its JSON has epoch milliseconds; order events also
    have epoch seconds.

    Args:
        value: Text or a number, of any type. A text without an offset counts as UTC.

    Returns:
        An aware datetime in UTC between `EARLIEST` and `LATEST`, or None for any other value.
    """
    try:
        if isinstance(value, str):
            text = value.strip()
            if not (text.isascii() and text.isdecimal()):
                return _plausible(datetime.fromisoformat(text))
            value = int(text)
        if isinstance(value, int | float) and not isinstance(value, bool):
            # The two ranges do not overlap, so a number has one meaning only.
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
    """Return a `Date` header as an aware datetime in UTC, or None when it is missing or unreadable."""
    try:
        instant = parsedate_to_datetime(value or "")
        return instant.astimezone(UTC) if instant.tzinfo else None
    except (ValueError, OverflowError):
        return None  # not a date, or one beyond what a datetime can hold


def write_instant(parameter: str, instant: datetime) -> str:
    """Format an instant for the query of Walmart's lists: ISO 8601 in UTC, in whole seconds.

    Walmart's documentation says epoch seconds for one list and ISO 8601 for the other; every public client
    sends ISO 8601 to both. Walmart refused milliseconds ("Invalid Date format value").

    Args:
        parameter: The argument's name, for the error.
        instant: An aware datetime; fractions of a second are dropped.

    Raises:
        InvalidArgument: `instant` is not a datetime, is naive, or is outside the years 1 to 9999 in UTC.
    """
    if not isinstance(instant, datetime) or instant.utcoffset() is None:
        raise InvalidArgument(parameter, "must be a datetime with its time zone")
    try:
        in_utc = instant.astimezone(UTC)
    except OverflowError:
        raise InvalidArgument(parameter, "must lie within the years 1 to 9999 in UTC") from None
    return f"{in_utc.replace(tzinfo=None).isoformat(timespec='seconds')}Z"
