"""The side effects that a test replaces: clock, sleep, randomness, threads, network."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from dataclasses import dataclass
from datetime import UTC, datetime

from walmart_ca import Sender, elapsed


@dataclass(frozen=True, slots=True, kw_only=True)
class Runtime:
    """The runtime of one execution environment: the real ones, unless others are given.

    The clients of AWS are runtime too. Each function has its own, so `build` is given them one by one.

    Attributes:
        clock: Epoch seconds. It may be set, so it is only for times that others name.
        monotonic: Seconds since some moment, for durations. It cannot be set.
        sleep: Waits for so many seconds.
        uniform: Draws a number between two others, for jitter.
        executor: Makes an executor for so many blocking calls at a time, with a name.
        transport: Makes what sends requests to a base URL; when None, the client's own connections do.
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
