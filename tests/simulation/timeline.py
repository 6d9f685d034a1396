"""Virtual time: what happens when, and threads that wait in it instead of in ours.

One thing happens at a time. A thread of the simulation (`Actor`) runs alone until it waits or ends, so that
the same seed gives the same course of events, instruction by instruction.
"""

import asyncio
import contextlib
import heapq
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor
from datetime import UTC, datetime
from typing import Final

START: Final = datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp()


class Killed(BaseException):
    """Ends a thread of the simulation wherever it is."""


class Timer:
    def __init__(self, do: Callable[[], None]) -> None:
        self._do: Callable[[], None] | None = do

    def cancel(self) -> None:
        self._do = None

    def strike(self) -> None:
        if self._do:
            self._do()


class Timeline:
    """What happens when.

    Attributes:
        elapsed: Seconds since the start.
        ahead: How far the call that is under way is ahead of everything else. A blocking call that a thread
            pool would run is played through at once, and its time passes afterwards.
        running: The thread that has its turn.
    """

    def __init__(self) -> None:
        self.elapsed = 0.0
        self.ahead = 0.0
        self.running: Actor | None = None
        self._coming: list[tuple[float, int, Timer]] = []
        self._planned = 0

    def clock(self) -> float:
        return START + self.elapsed + self.ahead

    def now(self) -> datetime:
        return datetime.fromtimestamp(self.clock(), UTC)

    def after(self, seconds: float, do: Callable[[], None]) -> Timer:
        """Let something happen in so many seconds; of two at one time, the first planned is the first."""
        timer = Timer(do)
        self._planned += 1
        heapq.heappush(self._coming, (self.elapsed + self.ahead + max(0.0, seconds), self._planned, timer))
        return timer

    def run(self, seconds: float) -> None:
        end = self.elapsed + seconds
        while self._coming and self._coming[0][0] <= end:
            at, _, timer = heapq.heappop(self._coming)
            self.elapsed = max(self.elapsed, at)
            timer.strike()
        self.elapsed = end

    @contextlib.contextmanager
    def in_one_go(self) -> Iterator[None]:
        before, self.ahead = self.ahead, 0.0
        try:
            yield
        finally:
            self.ahead = before


class Actor:
    """A thread that has its turn only while everything else stands still."""

    def __init__(self, timeline: Timeline, body: Callable[[], None], ended: Callable[[], None]) -> None:
        """Run `body`, from `start` on, and then let `ended` happen."""
        self._timeline = timeline
        self._body = body
        self._ended = ended
        self._timer: Timer | None = None
        self._failure: BaseException | None = None
        self._turn = threading.Lock()
        self._turn.acquire()
        self._back = threading.Lock()
        self._back.acquire()
        self._thread = threading.Thread(target=self._run, daemon=True)
        self.killed = False
        self.over = False

    def start(self) -> None:
        self._thread.start()
        self._timer = self._timeline.after(0, self._give_turn)

    def wait(self, seconds: float) -> None:
        """Let time pass; called by itself."""
        if self.killed:
            raise Killed
        self._timer = self._timeline.after(seconds, self._give_turn)
        self._back.release()
        self._turn.acquire()
        if self.killed:
            raise Killed

    def kill(self) -> None:
        """End it where it waits; called by others."""
        self.killed = True
        if self._timer:
            self._timer.cancel()
        self._give_turn()

    def _give_turn(self) -> None:
        before, self._timeline.running = self._timeline.running, self
        self._turn.release()
        self._back.acquire()
        self._timeline.running = before
        if self.over:
            self._thread.join()
            if self._failure:
                raise self._failure
            self._ended()

    def _run(self) -> None:
        self._turn.acquire()
        try:
            if not self.killed:
                self._body()
        except Killed:
            pass
        except BaseException as error:  # noqa: BLE001 - raised where its turn was given
            self._failure = error
        self.over = True
        self._back.release()


class VirtualLoop(asyncio.BaseEventLoop):
    """An event loop in virtual time; it has no files to watch."""

    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline
        # The name by which the base class waits.
        self._selector = self

    def time(self) -> float:
        return self._timeline.elapsed + self._timeline.ahead

    def run_in_executor[*Ts, T](
        self, executor: Executor | None, func: Callable[[*Ts], T], *args: *Ts
    ) -> asyncio.Future[T]:
        """Run at once what has no executor of its own: no thread of another world may wake this loop."""
        if executor is not None:
            return super().run_in_executor(executor, func, *args)
        done: asyncio.Future[T] = self.create_future()
        done.set_result(func(*args))
        return done

    def select(self, timeout: float | None) -> list[object]:
        """Wait until the next callback is due."""
        if timeout is None:
            raise RuntimeError("the simulation waits for something that nothing in it will bring about")
        if timeout > 0:
            actor = self._timeline.running
            if actor is None:
                raise RuntimeError("only a thread of the simulation waits in virtual time")
            actor.wait(timeout)
        return []

    def call_exception_handler(self, context: dict[str, object]) -> None:
        """Say nothing of tasks that were killed: nobody would be there to say it."""
        if not isinstance(context.get("exception"), Killed):
            super().call_exception_handler(context)

    def _process_events(self, event_list: list[object]) -> None:
        """Have none."""

    def _write_to_self(self) -> None:
        """Need no waking: whoever wakes a loop runs in its thread."""


class _VirtualLoops(asyncio.DefaultEventLoopPolicy):
    def __init__(self, timeline: Timeline) -> None:
        super().__init__()
        self._timeline = timeline

    def new_event_loop(self) -> asyncio.AbstractEventLoop:
        return VirtualLoop(self._timeline)


@contextlib.contextmanager
def in_virtual_time(timeline: Timeline) -> Iterator[None]:
    """Let `asyncio.run` wait in virtual time."""
    before = asyncio.get_event_loop_policy()
    asyncio.set_event_loop_policy(_VirtualLoops(timeline))
    try:
        yield
    finally:
        asyncio.set_event_loop_policy(before)
