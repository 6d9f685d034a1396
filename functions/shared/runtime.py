"""The side effects that a test replaces: clock, sleep, randomness, threads, network."""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from concurrent.futures import Executor, ThreadPoolExecutor
from datetime import UTC, datetime
from typing import NamedTuple

from walmart_ca import Sender, elapsed


class Runtime(NamedTuple):
    """The side effects of one execution environment; by default the real ones.

    The clients of AWS are not among them: each function has others, so `build` takes them one by one.

    Attributes:
        clock: Epoch seconds. It can be set, so it serves only for the times of day that others send.
        monotonic: Seconds since an arbitrary moment, for durations. It cannot be set.
        sleep: Waits for so many seconds.
        uniform: Draws a number between two others, for jitter.
        executor: Makes an executor for so many blocking calls at a time, with a name.
        transport: Makes the transport for a base URL; None for the client's own connections.
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


async def in_thread[*Arguments, Result](
    executor: Executor, call: Callable[[*Arguments], Result], *arguments: *Arguments
) -> Result:
    """Run a blocking call in a thread of the executor, and return its result."""
    return await asyncio.get_running_loop().run_in_executor(executor, call, *arguments)
