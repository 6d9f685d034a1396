"""What Lambda does around the functions: it polls the queue, and keeps the sweeps' schedule."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.environment import Environment, Invocation
from tests.simulation.queue import Message, Queue
from tests.simulation.weather import Mishap
from tests.support.batches import sqs_record

if TYPE_CHECKING:
    from tests.simulation.timeline import Timer
    from tests.simulation.world import World

MAXIMUM_CONCURRENCY: Final = 2
BATCH_SIZE: Final = 10
_POLLS_AFTER_S: Final = (0.01, 0.5)


type _HandedOut = tuple[Message, dict[str, Any]]
"""A message, and what the function is given of it."""


class EventSourceMapping:
    """Hands the queue's messages to execution environments, as AWS documents it for partial batch responses.

    What the function returns decides: a message that it does not name is deleted, and so is every one when
    it names none, or returns nothing at all. When it was ended or raised something, or when what it returns
    names anything by no id, every message stays and comes again. AWS does not say what an id is worth that
    none of them has: here, nothing.

    `worked_off` is told of each invocation, and `deletes` of each message that is about to be deleted.
    """

    def __init__(
        self,
        world: "World",
        queue: Queue,
        new_environment: Callable[[], Environment],
        worked_off: Callable[[Invocation], None],
        deletes: Callable[[Message], None],
    ) -> None:
        self._world = world
        self._queue = queue
        self._new_environment = new_environment
        self._worked_off = worked_off
        self._deletes = deletes
        self._idle: list[Environment] = []
        self._busy = 0
        self._version = 0
        self._started_at: list[float] = []
        self._timer: Timer | None = None
        self.paused = False
        queue.changed = self.poke

    def poke(self) -> None:
        """Look for messages soon, or when the next one can be handed out."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        if self.paused or self._busy == MAXIMUM_CONCURRENCY:
            return
        visible_in = self._queue.next_visible_in()
        if visible_in is None:
            return
        soon = self._world.chance.uniform(*_POLLS_AFTER_S)
        self._timer = self._world.timeline.after(visible_in + soon, self._poll)

    def pause(self, *, paused: bool = True) -> None:
        """Disable it, or enable it again; what it has handed out is worked off."""
        self.paused = paused
        self.poke()

    def started_within(self, seconds: float) -> int:
        since = self._world.timeline.elapsed - seconds
        return sum(started_at >= since for started_at in self._started_at)

    def update(self) -> None:
        """Let every environment end as soon as it has nothing to do: the function's settings have changed."""
        self._version += 1
        self._idle = []

    def _start(self) -> Environment:
        self._started_at.append(self._world.timeline.elapsed)
        return self._new_environment()

    def _poll(self) -> None:
        self._timer = None
        batch = self._queue.receive(BATCH_SIZE)
        if batch:
            self._invoke(batch)
        self.poke()

    def _invoke(self, batch: list[Message]) -> None:
        weather = self._world.weather
        if weather.strikes(Mishap.INVOCATION_THROTTLED):
            return  # Their visibility timeout runs out.
        handed_out = [(message, _record(message)) for message in batch]
        for message in batch:
            if weather.strikes(Mishap.MESSAGE_TWICE):
                handed_out += self._hand_out_twice(message, room=len(handed_out) < BATCH_SIZE)
        environment = self._idle.pop() if self._idle else self._start()
        self._busy += 1
        event = {"Records": [record for _, record in handed_out]}
        environment.invoke(event, partial(self._ended, environment, self._version, handed_out))

    def _hand_out_twice(self, message: Message, *, room: bool) -> list[_HandedOut]:
        """Hand a message out a second time, to the same invocation or to another, counted or not."""
        if room and self._world.chance.random() < 0.3:
            if self._queue.hand_out(message):
                return [(message, _record(message))]
        else:
            self._queue.hand_out_twice(message, counted=self._world.chance.random() < 0.5)
        return []

    def _ended(
        self,
        environment: Environment,
        version: int,
        handed_out: list[_HandedOut],
        invocation: Invocation,
    ) -> None:
        weather = self._world.weather
        self._busy -= 1
        self._worked_off(invocation)
        if invocation.returned:
            failed = failed_ids(invocation.answer, {message.message_id for message, _ in handed_out})
            for message, record in handed_out:
                if message.message_id in failed:
                    continue
                self._deletes(message)
                if not weather.strikes(Mishap.DELETION_LOST):
                    self._queue.delete(record["receiptHandle"])
        up_to_date = version == self._version and not environment.dead
        if up_to_date and not weather.strikes(Mishap.RECYCLED):
            self._idle.append(environment)
        self.poke()


def failed_ids(answer: object, message_ids: set[str]) -> set[str]:
    """Return the ids of the messages that stay, by what a function answered to a batch of `message_ids`."""
    if answer is None:
        return set()
    failures = (answer.get("batchItemFailures") or []) if isinstance(answer, dict) else None
    if not isinstance(failures, list):
        return message_ids
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    if not all(named):
        return message_ids
    return message_ids.intersection(named)


def _record(message: Message) -> dict[str, Any]:
    return sqs_record(
        message_id=message.message_id,
        receipt=message.receipt,
        body=message.body,
        system={
            "ApproximateReceiveCount": str(message.receives),
            "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
        },
        attributes=message.attributes,
    )


class Schedule:
    """Invokes the sweep at an interval, at least once: two of them may be under way at the same time."""

    def __init__(
        self,
        world: "World",
        new_environment: Callable[[], Environment],
        swept: Callable[[Invocation], None],
        interval_s: float,
    ) -> None:
        """Begin in an interval's time, and tell `swept` of each one."""
        self._world = world
        self._new_environment = new_environment
        self._swept = swept
        self._interval_s = interval_s
        self._idle: list[Environment] = []
        self._busy = 0
        self._slot = 0
        self.overlapped = False
        self.enabled = True
        world.timeline.after(interval_s, self._tick)

    def _tick(self) -> None:
        self._slot += 1
        self._world.timeline.after(self._interval_s, self._tick)
        if not self.enabled:
            return
        event = {"scheduledTime": self._world.timeline.now().isoformat()}
        self.sweep(event)
        if self._world.weather.strikes(Mishap.SWEEP_TWICE):
            self._world.timeline.after(self._world.chance.uniform(0, 10), lambda: self.sweep(event))

    def sweep(self, event: object) -> None:
        self.overlapped |= self._busy > 0
        self._busy += 1
        environment = self._idle.pop() if self._idle else self._new_environment()
        environment.invoke(event, partial(self._ended, environment))
        if environment.invocation:
            environment.invocation.slot = self._slot
            environment.invocation.released = self._world.released()

    def _ended(self, environment: Environment, invocation: Invocation) -> None:
        self._busy -= 1
        if not environment.dead and not self._world.weather.strikes(Mishap.RECYCLED):
            self._idle.append(environment)
        self._swept(invocation)
