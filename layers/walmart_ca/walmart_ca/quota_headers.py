"""What Walmart's response headers say about its quota."""

from datetime import UTC, datetime, timedelta
from typing import Final

from .dates import parse_http_date, parse_instant
from .responses import Headers

_MAX_DIGITS: Final = 9


def replenished_at(headers: Headers, now: float) -> datetime | None:
    """Read when Walmart's quota is replenished.

    Both spellings are found in Walmart's documentation and in clients; the value is epoch milliseconds,
    ISO 8601 at times. `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3), is not promised and read
    where it comes.

    Args:
        headers: Of the response.
        now: Epoch seconds, the moment of the response.
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
    """Read how many more calls Walmart's quota allows (`x-current-token-count`), where it says so."""
    count = headers.get("x-current-token-count") or ""
    return int(count) if count.isascii() and count.isdecimal() and len(count) <= _MAX_DIGITS else None
