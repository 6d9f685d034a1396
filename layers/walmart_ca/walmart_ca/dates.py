"""Reading the dates that Walmart, and those who pass its orders on, write."""

from datetime import UTC, datetime

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
