"""Parses the headers in which Walmart's responses report the quota."""

from datetime import UTC, datetime, timedelta
from typing import Final

from .dates import parse_http_date, parse_instant
from .responses import Headers

_MAX_DIGITS: Final = 9


def replenished_at(headers: Headers, now: float) -> datetime | None:
    """Return the time at which Walmart's quota is replenished.

    Walmart's documentation and public clients have both spellings of the header; its value is epoch
    milliseconds or ISO 8601. Walmart does not document `Retry-After` (seconds or a date, RFC 9110, 10.2.3);
    it is read when it is present.

    Args:
        headers: The response's headers.
        now: The time of the response in epoch seconds.

    Returns:
        An aware datetime in UTC, or None when no header has a readable time.
    """
    for name in ("x-next-replenishment-time", "x-next-replenish-time"):
        if instant := parse_instant(headers.get(name)):
            return instant
    retry_after = (headers.get("Retry-After") or "").strip()
    if retry_after.isascii() and retry_after.isdecimal():
        try:
            return datetime.fromtimestamp(now, UTC) + timedelta(seconds=int(retry_after))
        except (OverflowError, ValueError):
            return None
    return parse_http_date(retry_after)


def tokens_left(headers: Headers) -> int | None:
    """Return how many more calls the quota allows (`x-current-token-count`), or None when unreadable."""
    count = (headers.get("x-current-token-count") or "").strip()
    return int(count) if count.isascii() and count.isdecimal() and len(count) <= _MAX_DIGITS else None
