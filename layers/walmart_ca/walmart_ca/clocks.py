"""The clock for how long something took or may still take."""

import time


def elapsed() -> float:
    """Return seconds since the machine started, those in which it was suspended included.

    Nobody can set this clock. `time.monotonic` leaves a suspension out on Linux: what was read before it
    would seem fresh after it.
    """
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()
