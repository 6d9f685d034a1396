"""Wait for what happens soon. No test passes or fails by how long it took."""

import time
from collections.abc import Callable, Iterable
from typing import Final

PATIENCE_S: Final = 300.0
"""Long, for a busy machine."""
_POLL_S: Final = 0.2


def poll[T](read: Callable[[], T], until: Callable[[T], bool] = bool, seconds: float = PATIENCE_S) -> T:
    """Read until the result meets a condition or the time is over, and return the last result."""
    deadline = time.monotonic() + seconds
    while not until(result := read()) and time.monotonic() < deadline:
        time.sleep(_POLL_S)
    return result


def eventually[T](read: Callable[[], T | None], problem: Callable[[], str] = lambda: "timed out") -> T:
    """Read until the result is true, and return it; an `AssertionError` with the problem if it never is."""
    result = poll(read)
    assert result, problem()
    return result


def at_least[T](count: int, read: Callable[[], Iterable[T]]) -> list[T]:
    """Read until so many have come, and return them with whatever came by then."""
    found: list[T] = []

    def enough() -> bool:
        found.extend(read())
        return len(found) >= count

    eventually(enough, lambda: f"{len(found)} of {count} came")
    return found
