"""Where the functions touch what no code decides: time, chance, threads and the network."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from walmart_ca import Sender, elapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Edges:
    """The edges of one execution environment: the real ones, unless others are given.

    The clients of AWS are edges too. Each function has its own, so `compose` is given them one by one.

    Attributes:
        clock: Epoch seconds. Somebody may set it: it is only for times of day that others name.
        monotonic: Seconds since some moment, for how long something took or stands. Nobody can set it.
        sleep: Waits for so many seconds.
        uniform: Draws a number between two others; jitter, no secret.
        executor: Makes what runs so many blocking calls side by side, by a name.
        transport: Makes what sends the calls to a base URL; when None, the client's own connections do.
    """

    clock: Callable[[], float] = time.time
    monotonic: Callable[[], float] = elapsed
    sleep: Callable[[float], Awaitable[None]] = asyncio.sleep
    uniform: Callable[[float, float], float] = random.uniform
    executor: Callable[[int, str], Executor] = ThreadPoolExecutor
    transport: Callable[[str], Sender] | None = None

    def now(self) -> datetime:
        """Return the clock's time, aware."""
        return datetime.fromtimestamp(self.clock(), UTC)
