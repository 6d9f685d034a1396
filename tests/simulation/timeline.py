"""Virtual time: a queue of timers, and threads that wait in virtual time.

Only one thread runs at a time. A thread of the simulation (`Actor`) runs alone until it waits or ends, so
that a seed reproduces every step.
"""

import asyncio
import contextlib
import heapq
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Any, Final

START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()


class Killed(BaseException):
    """Ends a thread of the simulation."""


class Timer:
    def __init__(self, do: Callable[[], object]) -> None:
        self.fire = do

    def cancel(self) -> None:
        self.fire = lambda: None


class Timeline:
    """The clock and the timers.

    Attributes:
        elapsed: Seconds since the start.
        ahead: How far the current call is ahead of everything else. A blocking call that a thread pool would
            run is run at once, and its time passes afterwards.
        running: The thread that is running.
    """

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.ahead = 0.0
        self.running: Actor | None = None
        self._timers: list[tuple[float, int, Timer]] = []
        self._created = 0

    def monotonic(self) -> float:
        return self.elapsed + self.ahead

    def clock(self) -> float:
        return START + self.elapsed + self.ahead

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def after(self, seconds: float, do: Callable[[], object]) -> Timer:
        """Do something in this many seconds; timers for one moment fire in the order of their creation."""
        timer = Timer(do)
        self._created += 1
        heapq.heappush(self._timers, (self.monotonic() + max(0.0, seconds), self._created, timer))
        return timer

    def run(self, seconds: float) -> None:
        end = self.elapsed + seconds
        while self._timers and self._timers[0][0] <= end:
            at, _, timer = heapq.heappop(self._timers)
            self.elapsed = max(self.elapsed, at)
            timer.fire()
        self.elapsed = end


class Actor:
    """A thread that runs only while everything else waits."""

    def __init__(self, timeline: Timeline, body: Callable[[], None], ended: Callable[[], None]) -> None:
        """Run `body` at once when time passes, and then call `ended`."""
        self._timeline = timeline
        self._body = body
        self._ended = ended
        self._resumed = threading.Semaphore(0)
        self._suspended = threading.Semaphore(0)
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.killed = False
        self._over = False
        self._thread.start()
        self._timer = timeline.after(0, self._resume)

    def wait(self, seconds: float) -> None:
        """Let time pass; the thread itself calls this."""
        if self.killed:
            raise Killed
        self._timer = self._timeline.after(seconds, self._resume)
        self._suspended.release()
        self._resumed.acquire()
        if self.killed:
            raise Killed

    def kill(self) -> None:
        """End the thread where it waits; others call this."""
        self.killed = True
        self._timer.cancel()
        self._resume()

    def _resume(self) -> None:
        before, self._timeline.running = self._timeline.running, self
        self._resumed.release()
        self._suspended.acquire()
        self._timeline.running = before
        if self._over:
            self._thread.join()
            self._ended()

    def _run(self) -> None:
        self._resumed.acquire()
        try:
            if not self.killed:
                self._body()
        except Killed:
            pass
        finally:
            self._over = True
            self._suspended.release()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time, without files."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline
        # The base class waits with this attribute.
        self._selector = self

    def time(self) -> float:
        return self._timeline.monotonic()

    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run a function without an executor at once, so that no foreign thread wakes this loop."""
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        done: asyncio.Future[T] = self.create_future()
        done.set_result(func(*args))
        return done

    def select(self, timeout: float | None) -> list[object]:
        """Wait until the next callback is due."""
        actor = self._timeline.running
        if timeout is None or actor is None:
            raise RuntimeError("only an actor can wait in virtual time, and not forever")
        if timeout > 0:
            actor.wait(timeout)
        return []

    def call_exception_handler(self, context: dict[str, object]) -> None:
        """Ignore tasks that were killed."""
        if not isinstance(context.get("exception"), Killed):
            super().call_exception_handler(context)

    def _process_events(self, event_list: list[object]) -> None:
        """Do nothing: there are no events."""

    def _write_to_self(self) -> None:
        """Do nothing: all callbacks come from the loop's own thread."""


@contextlib.contextmanager
def in_virtual_time(timeline: Timeline) -> Iterator[None]:
    """Make `asyncio.run` use virtual time."""
    before = asyncio.get_event_loop_policy()
    policy: Any = asyncio.DefaultEventLoopPolicy()
    policy.new_event_loop = lambda: VirtualLoop(timeline)
    asyncio.set_event_loop_policy(policy)
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(before)
