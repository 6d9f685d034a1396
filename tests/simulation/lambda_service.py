"""What Lambda does around the functions: it polls the queue, and keeps the sweeps' schedule."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.environment import Environment, Invocation
from tests.simulation.queue import Message, Queue
from tests.simulation.weather import Mishap

if TYPE_CHECKING:
    from tests.simulation.timeline import Timer
    from tests.simulation.world import World

MAXIMUM_CONCURRENCY: Final = 2
BATCH_SIZE: Final = 10
_POLLS_AFTER_S: Final = (0.01, 0.5)


class EventSourceMapping:
    """Hands the queue's messages to execution environments, as AWS documents it for partial batch responses.

    What the function returns decides: a message that it does not name is deleted. When it returns nothing,
    because it was ended, or something that cannot be understood, every message stays and comes again.
    """

    def __init__(
        self,
        world: "World",
        queue: Queue,
        new_environment: Callable[[], Environment],
        worked_off: Callable[[Invocation], None],
        deletes: Callable[[Message], None],
    ) -> None:
        """Poll `queue`.

        Args:
            world: Whose weather it is.
            queue: What to poll.
            new_environment: Starts an execution environment.
            worked_off: Told of each invocation.
            deletes: Told of each message that is about to be deleted.
        """
        self._world = world
        self._queue = queue
        self._new_environment = new_environment
        self._worked_off = worked_off
        self._deletes = deletes
        self._idle: list[Environment] = []
        self._busy = 0
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

    def recycle(self) -> None:
        """Let every environment end that has nothing to do."""
        self._idle = []

    def _poll(self) -> None:
        self._timer = None
        batch = self._queue.receive(BATCH_SIZE)
        if batch:
            self._invoke(batch)
        self.poke()

    def _invoke(self, batch: list[Message]) -> None:
        weather = self._world.weather
        event = {"Records": [_record(message) for message in batch]}
        receipts = [message.receipt for message in batch]
        for message in batch:
            if weather.strikes(Mishap.MESSAGE_TWICE):
                self._queue.hand_out_twice(message)
        environment = self._idle.pop() if self._idle else self._new_environment()
        self._busy += 1
        environment.invoke(event, partial(self._ended, environment, batch, receipts))

    def _ended(
        self, environment: Environment, batch: list[Message], receipts: list[str], invocation: Invocation
    ) -> None:
        weather = self._world.weather
        self._busy -= 1
        self._worked_off(invocation)
        if invocation.answer is not None:
            failed = _failed(invocation.answer, batch)
            for message, receipt in zip(batch, receipts, strict=True):
                if message.message_id in failed:
                    continue
                if weather.strikes(Mishap.DELETION_LOST):
                    continue
                self._deletes(message)
                self._queue.delete(receipt)
        if not environment.dead and not weather.strikes(Mishap.RECYCLED):
            self._idle.append(environment)
        self.poke()


def _failed(answer: dict[str, Any], batch: list[Message]) -> set[str]:
    """Return the ids of the messages that stay: all of them, when the answer makes no sense."""
    everything = {message.message_id for message in batch}
    failures = answer.get("batchItemFailures") or []
    failed = {failure.get("itemIdentifier") for failure in failures}
    if failed - everything:
        return everything
    return failed


def _record(message: Message) -> dict[str, Any]:
    return {
        "messageId": message.message_id,
        "receiptHandle": message.receipt,
        "body": message.body,
        "attributes": {
            "ApproximateReceiveCount": str(message.receives),
            "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
            "SentTimestamp": "0",
            "SenderId": "simulated",
        },
        "messageAttributes": {
            name: {"dataType": "String", "stringValue": value} for name, value in message.attributes.items()
        },
        "md5OfBody": "",
        "eventSource": "aws:sqs",
        "eventSourceARN": "arn:aws:sqs:ca-central-1:000000000000:orders",
        "awsRegion": "ca-central-1",
    }


class Schedule:
    """Invokes the sweep at an interval; one that is still under way is not started anew."""

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
        self._environment: Environment | None = None
        self._under_way = False
        world.timeline.after(interval_s, self._tick)

    def _tick(self) -> None:
        self._world.timeline.after(self._interval_s, self._tick)
        self.sweep()

    def sweep(self) -> None:
        """Invoke it now."""
        if self._under_way:
            return
        self._under_way = True
        environment = self._environment or self._new_environment()
        environment.invoke({"source": "aws.scheduler"}, partial(self._ended, environment))

    def _ended(self, environment: Environment, invocation: Invocation) -> None:
        self._under_way = False
        keeps = not environment.dead and not self._world.weather.strikes(Mishap.RECYCLED)
        self._environment = environment if keeps else None
        self._swept(invocation)
