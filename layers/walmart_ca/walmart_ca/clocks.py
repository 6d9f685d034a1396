"""The clock for how long something took or may still take."""

import time


def elapsed() -> float:
    """Return seconds since the machine started, those in which it was suspended included.

    This clock cannot be set. `time.monotonic` stops during a suspension on Linux: what was read before the
    suspension would seem fresh after it.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
