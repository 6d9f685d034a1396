"""The clock that measures durations."""

import time


def elapsed() -> float:
    """Return seconds since the machine started, including the time in which it was suspended.

    This clock is never set. On Linux, `time.monotonic` stops during a suspension: an idle connection or a
    token would seem fresh after it.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
