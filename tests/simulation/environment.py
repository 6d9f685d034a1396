"""Lambda's execution environments: the real function in one, from its composition to its end."""

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
from tests.simulation.network import Network
from tests.simulation.timeline import Actor, Killed
from tests.simulation.weather import Mishap

if TYPE_CHECKING:
    from tests.simulation.world import World

type Function = Callable[[object, LambdaContext], dict[str, object]]


@dataclass(frozen=True, slots=True)
class Said:
    """One answer about an order, or to a call for a list.

    Attributes:
        by_order_service: Whether the order service wrote it; any other text says nothing about an order.
        fault: What the call met.
        unreadable: The orders in it that nobody can read.
    """

    status: int
    by_order_service: bool
    fault: Fault | None
    unreadable: frozenset[str]


@dataclass(slots=True)
class Invocation:
    """One invocation, and what became of it.

    Attributes:
        returned: Whether it returned; not, when it was ended or raised something.
        lines: What it printed, in its order; each line is JSON, and `size` is how many bytes that was.
        secrets: What it sent to Walmart and must tell nobody.
        looks: The statuses that each right look of its own at an order showed, in their order.
        published: The bodies of the events that it published.
        answers: What Walmart's servers said of each order, and of the lists under None, in their order.
        pages: The orders on the pages that it got of Walmart's lists, by their ids.
        clocks_ahead_s: How far the machine's clock was ahead while it lasted; more than one, if it was set.
        credentials_in_doubt: Walmart has refused the caller, and took no call since, at some time in it.
        queue_failed: SQS did not do what it was asked to, or did not say so.
        slot: Of a sweep, which tick of the schedule it belongs to.
        released: Of a sweep, the orders that were released when it began.
    """

    event: Any
    returned: bool = False
    answer: Any = None
    lines: list[dict[str, Any]] = field(default_factory=list)
    size: int = 0
    took_s: float = 0.0
    secrets: set[str] = field(default_factory=set)
    looks: dict[str, list[frozenset[str]]] = field(default_factory=dict)
    published: list[str] = field(default_factory=list)
    answers: dict[str | None, list[Said]] = field(default_factory=dict)
    pages: set[str] = field(default_factory=set)
    clocks_ahead_s: set[float] = field(default_factory=set)
    credentials_in_doubt: bool = False
    queue_failed: bool = False
    began_at: float = 0.0
    slot: int = 0
    released: frozenset[str] = frozenset()


class Environment:
    """One execution environment. It takes one invocation at a time, until it is dead.

    Attributes:
        dead: It was killed, or ran out of time: nothing that it does has any effect any more.
        credentials_in_doubt: Walmart has refused its caller, for no order's sake, and took no call since.
    """

    def __init__(self, world: "World", build: Callable[["Environment"], Function], timeout_s: float) -> None:
        """Start with nothing: `build` puts the function together at the first invocation."""
        self.world = world
        self.dead = False
        self.credentials_in_doubt = False
        self.invocation: Invocation | None = None
        self._build = build
        self._timeout_s = timeout_s
        self._function: Function | None = None
        self._actor: Actor | None = None
        self._edges_to_come: int | None = None
        self._deadline = 0.0
        self._in_one_go = False

    def edges(self) -> Runtime:
        """Make the function's runtime: everything that is not this one is the real thing."""
        timeline = self.world.timeline
        return Runtime(
            clock=lambda: timeline.clock() + self.world.clock_ahead_s,
            monotonic=lambda: timeline.elapsed + timeline.ahead,
            uniform=self.world.chance.uniform,
            executor=lambda _size, _name: _InOneGo(self),
            transport=lambda _url: Network(self, self.world.marketplace),
        )

    def invoke(self, event: object, ended: Callable[[Invocation], None]) -> None:
        """Invoke the function, and let `ended` happen when it has returned or was ended."""
        timeline, weather = self.world.timeline, self.world.weather
        invocation = self.invocation = Invocation(event, began_at=timeline.elapsed)
        invocation.clocks_ahead_s.add(self.world.clock_ahead_s)
        invocation.credentials_in_doubt = self.credentials_in_doubt
        timers = [timeline.after(self._timeout_s, self._end)]
        self._deadline = timeline.clock() + self._timeout_s
        if weather.looms(Mishap.KILLED_AT_AN_EDGE):
            self._edges_to_come = weather.chance.randint(1, 60)
        if weather.looms(Mishap.KILLED_AT_A_TIME):
            timers.append(timeline.after(weather.chance.expovariate(1 / 3), self._kill))

        def run() -> None:
            try:
                self._function = self._function or self._build(self)
                answer = json.loads(json.dumps(self._function(event, _Context(self))))
            except Exception:  # noqa: BLE001 - whatever it raises, Lambda prints it
                invocation.lines.append({"exception": traceback.format_exc()})
                return
            if not self.dead:
                invocation.returned, invocation.answer = True, answer

        def over() -> None:
            for timer in timers:
                timer.cancel()
            self._actor = self.invocation = self._edges_to_come = None
            invocation.took_s = timeline.elapsed - invocation.began_at
            ended(invocation)

        self._actor = Actor(timeline, run, over)
        self.world.actors[self._actor] = self
        self._actor.start()

    def doubt_credentials(self) -> None:
        self.credentials_in_doubt = True
        if self.invocation:
            self.invocation.credentials_in_doubt = True

    def touch(self) -> None:
        """Touch something outside, which is where an environment can be killed with a difference."""
        if self.dead:
            raise Killed
        if self._edges_to_come is not None:
            self._edges_to_come -= 1
            if self._edges_to_come <= 0 and self._actor:
                self.world.weather.struck[Mishap.KILLED_AT_AN_EDGE] += 1
                self.dead = self._actor.killed = True
                raise Killed

    def spend(self, seconds: float) -> None:
        """Let a call that blocks take its time: in a thread pool its own, otherwise the whole function's."""
        if self.dead or self._actor is None:
            raise Killed
        if self._in_one_go:
            self.world.timeline.ahead += seconds
        else:
            self._actor.wait(seconds)

    def write(self, text: str) -> None:
        for line in text.splitlines():
            if line.strip() and self.invocation:
                self.touch()
                self.invocation.lines.append(json.loads(line))
                self.invocation.size += len(line.encode())
                self.touch()

    def time_left_s(self) -> float:
        return max(0.0, self._deadline - self.world.timeline.clock())

    def play(self, future: Future[Any], do: Callable[[], Any]) -> None:
        """Play a blocking call through at once, and let its end come when it would."""
        timeline = self.world.timeline
        with timeline.in_one_go():
            self._in_one_go = True
            settle: Callable[[], None]
            try:
                result = do()
                settle = lambda: future.set_result(result)  # noqa: E731 - one of two
            except Exception as error:  # noqa: BLE001 - whatever the call raises is the future's
                failure = error
                settle = lambda: future.set_exception(failure)  # noqa: E731 - one of two
            finally:
                self._in_one_go = False
            took_s = timeline.ahead
        asyncio.get_running_loop().call_later(took_s, lambda: None if future.cancelled() else settle())

    def _kill(self) -> None:
        self.world.weather.struck[Mishap.KILLED_AT_A_TIME] += 1
        self._end()

    def _end(self) -> None:
        self.dead = True
        if self._actor:
            self._actor.kill()


class _InOneGo(Executor):
    """A pool with a thread for every call."""

    def __init__(self, environment: Environment) -> None:
        self._environment = environment

    def submit[**P, T](self, fn: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        self._environment.play(future, lambda: fn(*args, **kwargs))
        return future


class _Context(LambdaContext):
    def __init__(self, environment: Environment) -> None:
        self._environment = environment
        self._aws_request_id = "simulated"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools declares it static
        return int(self._environment.time_left_s() * 1000)
