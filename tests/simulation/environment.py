"""Lambda's execution environments, each with the real function."""

import asyncio
import json
import traceback
from collections import defaultdict
from collections.abc import Callable
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

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


class ObservedResponse(NamedTuple):
    """One response about an order or a list.

    Attributes:
        by_order_service: Whether the order service wrote it, and not a gateway or a proxy.
        unreadable: The orders in it that are not in readable form.
    """

    status: int
    by_order_service: bool
    fault: Fault | None
    unreadable: set[str]


@dataclass(slots=True)
class Invocation:
    """One invocation and its result.

    Attributes:
        returned: Whether it returned; False if it was killed or raised an exception.
        lines: The JSON lines that it printed.
        secrets: The signatures and tokens that it sent, which must not be logged.
        fetched: For each order, the statuses that each successful fetch showed.
        published: The bodies of the order events that it published.
        outcome_calls: For each call that published outcome events, the accepted ones: detail-type and detail.
        outcomes_refused: Whether such a call failed, or refused an event.
        admitted: The orders that the limit of notifications admitted.
        responses: The responses about each order, and those to list calls under None.
        pages: The ids of the orders on the list pages that it got.
        clocks_ahead_s: The clock errors during the invocation; several if the clock was set.
        credentials_in_doubt: Whether at some time the last call was one that Walmart refused.
        queue_failed: Whether a request to SQS failed, or its response was lost.
        slot: The slot of the schedule that a sweep belongs to.
        released: The orders that were released when a sweep began.
    """

    event: Any
    began_at: float
    clocks_ahead_s: set[float]
    credentials_in_doubt: bool
    returned: bool = False
    result: Any = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    took_s: float = 0.0
    secrets: set[str] = field(default_factory=set)
    fetched: defaultdict[str, list[frozenset[str]]] = field(default_factory=lambda: defaultdict(list))
    published: list[str] = field(default_factory=list)
    outcome_calls: list[list[tuple[str, dict[str, Any]]]] = field(default_factory=list)
    outcomes_refused: bool = False
    admitted: list[str] = field(default_factory=list)
    responses: defaultdict[str | None, list[ObservedResponse]] = field(
        default_factory=lambda: defaultdict(list)
    )
    pages: set[str] = field(default_factory=set)
    queue_failed: bool = False
    slot: int = 0
    released: set[str] = field(default_factory=set)


class Environment:
    """One execution environment, which handles one invocation at a time.

    Attributes:
        dead: Whether it was killed or timed out; then it has no further effects.
        is_immediate: Whether a blocking call of a thread pool runs.
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
        self.is_immediate = False

    def runtime(self) -> Runtime:
        timeline = self.simulation.timeline
        return Runtime(
            clock=lambda: timeline.clock() + self.simulation.clock_ahead_s,
            monotonic=timeline.monotonic,
            uniform=self.simulation.rng.uniform,
            executor=lambda _size, _name: _ImmediateExecutor(self),
            transport=lambda _url: Network(self),
        )

    def invoke(self, event: object, ended: Callable[[Invocation], None]) -> None:
        """Invoke the function, and call `ended` when it has returned or was killed."""
        timeline, faults = self.simulation.timeline, self.simulation.faults
        invocation = self.invocation = Invocation(
            event, timeline.elapsed, {self.simulation.clock_ahead_s}, self.credentials_in_doubt
        )
        timers = [timeline.after(self._timeout_s, self._end)]
        deadline = timeline.clock() + self._timeout_s
        if faults.draw(SystemFault.KILLED_AT_EFFECT):
            self._effects_left = faults.rng.randint(1, 60)
        if faults.draw(SystemFault.KILLED_AT_TIME):
            timers.append(timeline.after(faults.rng.expovariate(1 / 3), self._kill))

        def run() -> None:
            try:
                self._function = self._function or self._build(self)
                context = Context(lambda: max(0.0, deadline - timeline.clock()))
                result = json.loads(json.dumps(self._function(event, context)))
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
        if self.is_immediate:
            self.simulation.timeline.ahead += seconds
        else:
            self._actor.wait(seconds)

    def write(self, text: str) -> None:
        for line in text.splitlines():
            if line.strip() and self.invocation:
                self.checkpoint()
                self.invocation.lines.append(json.loads(line))
                self.checkpoint()

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
        """Run a blocking call, and complete its future at the time when it would end."""
        future: Future[T] = Future()
        complete: Callable[[], None]
        timeline = self._environment.simulation.timeline
        before, timeline.ahead = timeline.ahead, 0.0
        self._environment.is_immediate = True
        try:
            complete = partial(future.set_result, fn(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - the future gets every exception
            complete = partial(future.set_exception, error)
        finally:
            self._environment.is_immediate = False
            took_s, timeline.ahead = timeline.ahead, before
        loop = asyncio.get_running_loop()
        loop.call_later(took_s, lambda: None if future.cancelled() else complete())
        return future
