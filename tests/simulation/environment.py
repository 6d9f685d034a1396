"""Lambda's execution environments, each with the real function."""

import asyncio
import json
import traceback
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from shared.runtime import Runtime
from tests.local.marketplace import Fault
from tests.simulation.faults import SystemFault
from tests.simulation.network import Network
from tests.simulation.timeline import Actor, Killed
from tests.support.context import Context

if TYPE_CHECKING:
    from tests.simulation.harness import Simulation

type Function = Callable[[object, LambdaContext], dict[str, object]]


@dataclass(frozen=True, slots=True)
class ObservedResponse:
    """One response about an order or a list.

    Attributes:
        by_order_service: Whether the order service wrote it, and not a gateway or a proxy.
        unreadable: The orders in it that are not in readable form.
    """

    status: int
    by_order_service: bool
    fault: Fault | None
    unreadable: frozenset[str]


@dataclass(slots=True)
class Invocation:
    """One invocation and its result.

    Attributes:
        returned: Whether it returned; False if it was killed or raised an exception.
        lines: The JSON lines that it printed; `size` is their length in bytes.
        secrets: The signatures and tokens that it sent, which must not be logged.
        fetched: For each order, the statuses that each successful fetch showed.
        published: The bodies of the events that it published.
        responses: The responses about each order, and those to list calls under None.
        pages: The ids of the orders on the list pages that it got.
        clocks_ahead_s: The clock errors during the invocation; several if the clock was set.
        credentials_in_doubt: Whether at some time the last call was one that Walmart refused.
        queue_failed: Whether a request to SQS failed, or its response was lost.
        slot: The slot of the schedule that a sweep belongs to.
        released: The orders that were released when a sweep began.
    """

    event: Any
    returned: bool = False
    result: Any = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    took_s: float = 0.0
    secrets: set[str] = field(default_factory=set)
    fetched: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    responses: dict[str | None, list[ObservedResponse]] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    clocks_ahead_s: set[float] = field(default_factory=set)
    credentials_in_doubt: bool = False
    queue_failed: bool = False
    began_at: float = 0.0
    slot: int = 0
    released: frozenset[str] = frozenset()


class Environment:
    """One execution environment, which handles one invocation at a time.

    Attributes:
        dead: Whether it was killed or timed out; then it has no further effects.
        credentials_in_doubt: Whether Walmart refused the caller and has accepted no call since.
    """

    def __init__(
        self, simulation: "Simulation", build: Callable[["Environment"], Function], timeout_s: float
    ) -> None:
        """Start cold: `build` creates the function at the first invocation."""
        self.simulation = simulation
        self.dead = False
        self.credentials_in_doubt = False
        self.invocation: Invocation | None = None
        self._build = build
        self._timeout_s = timeout_s
        self._function: Function | None = None
        self._actor: Actor | None = None
        self._effects_left: int | None = None
        self._deadline = 0.0
        self._is_immediate = False

    def runtime(self) -> Runtime:
        """Return the side effects that the simulation replaces."""
        timeline = self.simulation.timeline
        return Runtime(
            clock=lambda: timeline.clock() + self.simulation.clock_ahead_s,
            monotonic=lambda: timeline.elapsed + timeline.ahead,
            uniform=self.simulation.rng.uniform,
            executor=lambda _size, _name: _ImmediateExecutor(self),
            transport=lambda _url: Network(self, self.simulation.marketplace),
        )

    def invoke(self, event: object, ended: Callable[[Invocation], None]) -> None:
        """Invoke the function, and call `ended` when it has returned or was killed."""
        timeline, faults = self.simulation.timeline, self.simulation.faults
        invocation = self.invocation = Invocation(event, began_at=timeline.elapsed)
        invocation.clocks_ahead_s.add(self.simulation.clock_ahead_s)
        invocation.credentials_in_doubt = self.credentials_in_doubt
        timers = [timeline.after(self._timeout_s, self._end)]
        self._deadline = timeline.clock() + self._timeout_s
        if faults.draw(SystemFault.KILLED_AT_EFFECT):
            self._effects_left = faults.rng.randint(1, 60)
        if faults.draw(SystemFault.KILLED_AT_TIME):
            timers.append(timeline.after(faults.rng.expovariate(1 / 3), self._kill))

        def run() -> None:
            try:
                self._function = self._function or self._build(self)
                result = json.loads(json.dumps(self._function(event, Context(self.time_left_s))))
            except Exception:  # noqa: BLE001 - Lambda prints every exception
                invocation.lines.append({"exception": traceback.format_exc()})
                return
            if not self.dead:
                invocation.returned, invocation.result = True, result

        def over() -> None:
            for timer in timers:
                timer.cancel()
            self._actor = self.invocation = self._effects_left = None
            invocation.took_s = timeline.elapsed - invocation.began_at
            ended(invocation)

        self._actor = Actor(timeline, run, over)
        self.simulation.actors[self._actor] = self
        self._actor.start()

    def doubt_credentials(self) -> None:
        self.credentials_in_doubt = True
        if self.invocation:
            self.invocation.credentials_in_doubt = True

    def checkpoint(self) -> None:
        """Mark a side effect, before or after which the environment may be killed."""
        if self.dead:
            raise Killed
        if self._effects_left is not None:
            self._effects_left -= 1
            if self._effects_left <= 0 and self._actor:
                self.simulation.faults.occurred[SystemFault.KILLED_AT_EFFECT] += 1
                self.dead = self._actor.killed = True
                raise Killed

    def spend(self, seconds: float) -> None:
        """Let time pass in a blocking call: for the whole function, unless a thread pool runs the call."""
        if self.dead or self._actor is None:
            raise Killed
        if self._is_immediate:
            self.simulation.timeline.ahead += seconds
        else:
            self._actor.wait(seconds)

    def write(self, text: str) -> None:
        for line in text.splitlines():
            if line.strip() and self.invocation:
                self.checkpoint()
                self.invocation.lines.append(json.loads(line))
                self.invocation.size += len(line.encode())
                self.checkpoint()

    def time_left_s(self) -> float:
        return max(0.0, self._deadline - self.simulation.timeline.clock())

    def play(self, future: Future[Any], do: Callable[[], Any]) -> None:
        """Run a blocking call at once, and complete its future at the time when it would end."""
        timeline = self.simulation.timeline
        with timeline.immediately():
            self._is_immediate = True
            complete: Callable[[], None]
            try:
                result = do()
                complete = lambda: future.set_result(result)  # noqa: E731 - one of two
            except Exception as error:  # noqa: BLE001 - the future gets every exception
                failure = error
                complete = lambda: future.set_exception(failure)  # noqa: E731 - one of two
            finally:
                self._is_immediate = False
            took_s = timeline.ahead
        asyncio.get_running_loop().call_later(took_s, lambda: None if future.cancelled() else complete())

    def _kill(self) -> None:
        self.simulation.faults.occurred[SystemFault.KILLED_AT_TIME] += 1
        self._end()

    def _end(self) -> None:
        self.dead = True
        if self._actor:
            self._actor.kill()


class _ImmediateExecutor(Executor):
    """A pool with a thread for every call, each of which runs at once."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self._environment.play(future, lambda: fn(*args, **kwargs))
        return future
