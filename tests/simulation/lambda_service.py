"""Lambda's event source mapping for the order queue, and the schedule of the sweeps."""

from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any, Final

from tests.simulation.environment import Environment, Function, Invocation
from tests.simulation.faults import SystemFault
from tests.simulation.queue import Message, Queue
from tests.support.batches import sqs_record
from tests.support.settings import ACKNOWLEDGE, SWEEP

if TYPE_CHECKING:
    from tests.simulation.harness import Simulation
    from tests.simulation.timeline import Timer

MAXIMUM_CONCURRENCY: Final = int(ACKNOWLEDGE["MAXIMUM_CONCURRENCY"])
BATCH_SIZE: Final = 10
SWEEP_INTERVAL_S: Final = 60 * float(SWEEP["SWEEP_INTERVAL_MINUTES"])
_POLLS_AFTER_S: Final = (0.01, 0.5)

type _Record = dict[str, Any]


class Fleet:
    """The execution environments of a function, each of which handles one invocation at a time."""

    def __init__(
        self, simulation: "Simulation", build: Callable[[Environment], Function], timeout_s: float
    ) -> None:
        self._simulation = simulation
        self._build = build
        self._timeout_s = timeout_s
        self._idle: list[Environment] = []
        self._version = 0
        self._started_at: list[float] = []
        self.busy = 0

    def invoke(self, event: object, ended: Callable[[Invocation], None]) -> Environment:
        """Invoke the function in an idle environment or a new one, and call `ended` afterwards."""
        if self._idle:
            environment = self._idle.pop()
        else:
            environment = Environment(self._simulation, self._build, self._timeout_s)
            self._started_at.append(self._simulation.timeline.elapsed)
        self.busy += 1
        environment.invoke(event, partial(self._ended, environment, self._version, ended))
        return environment

    def update(self) -> None:
        """Replace every environment after its current invocation: the settings have changed."""
        self._version += 1
        self._idle = []

    def started_within(self, seconds: float) -> int:
        since = self._simulation.timeline.elapsed - seconds
        return sum(started_at >= since for started_at in self._started_at)

    def _ended(
        self,
        environment: Environment,
        version: int,
        ended: Callable[[Invocation], None],
        invocation: Invocation,
    ) -> None:
        self.busy -= 1
        ended(invocation)
        up_to_date = version == self._version and not environment.dead
        if up_to_date and not self._simulation.faults.occurs(SystemFault.RECYCLED):
            self._idle.append(environment)


class EventSourceMapping:
    """Invokes a function with batches, with partial batch responses as AWS documents them.

    A message that the response does not name as failed is deleted. If the function raises or is killed, or if
    the response is malformed, every message stays. AWS does not document ids that are not in the batch: here
    they are ignored.
    """

    def __init__(self, simulation: "Simulation", queue: Queue, fleet: Fleet) -> None:
        self._simulation = simulation
        self._queue = queue
        self.fleet = fleet
        self._timer: Timer | None = None
        self.paused = False
        queue.changed = self.poke

    def poke(self) -> None:
        """Schedule the next poll for when a message is visible."""
        if self._timer:
            self._timer.cancel()
            self._timer = None
        visible_in = self._queue.next_visible_in()
        if self.paused or self.fleet.busy == MAXIMUM_CONCURRENCY or visible_in is None:
            return
        soon = self._simulation.rng.uniform(*_POLLS_AFTER_S)
        self._timer = self._simulation.timeline.after(visible_in + soon, self._poll)

    def pause(self) -> None:
        """Disable the mapping. Batches in progress continue."""
        self.paused = True
        self.poke()

    def resume(self) -> None:
        self.paused = False
        self.poke()

    def _poll(self) -> None:
        self._timer = None
        batch = self._queue.receive(BATCH_SIZE)
        # The messages of a throttled invocation become visible again after their timeout.
        if batch and not self._simulation.faults.occurs(SystemFault.INVOCATION_THROTTLED):
            self._invoke(batch)
        self.poke()

    def _invoke(self, batch: list[Message]) -> None:
        delivered = [(message, _record(message)) for message in batch]
        for message in batch:
            if self._simulation.faults.occurs(SystemFault.MESSAGE_TWICE):
                self._deliver_twice(message, delivered)
        event = {"Records": [record for _, record in delivered]}
        self.fleet.invoke(event, partial(self._ended, delivered))

    def _deliver_twice(self, message: Message, delivered: list[tuple[Message, _Record]]) -> None:
        """Deliver a message a second time, to the same invocation or another, counted or not."""
        rng = self._simulation.rng
        if len(delivered) < BATCH_SIZE and rng.random() < 0.3:
            if self._queue.receive_one(message):
                delivered.append((message, _record(message)))
        else:
            self._queue.deliver_twice(message, counted=rng.random() < 0.5)

    def _ended(self, delivered: list[tuple[Message, _Record]], invocation: Invocation) -> None:
        invariants = self._simulation.invariants
        invariants.check_invocation(invocation)
        if invocation.returned:
            failed = failed_ids(invocation.result, {message.message_id for message, _ in delivered})
            for message, record in delivered:
                if message.message_id in failed:
                    continue
                invariants.check_deletion(message)
                if not self._simulation.faults.occurs(SystemFault.DELETION_LOST):
                    self._queue.delete(record["receiptHandle"])
        self.poke()


def failed_ids(response: object, message_ids: set[str]) -> set[str]:
    """Return the ids of the messages in a batch that stay in the queue after a response."""
    if response is None:
        return set()
    failures = (response.get("batchItemFailures") or []) if isinstance(response, dict) else None
    if not isinstance(failures, list):
        return message_ids
    named = [failure.get("itemIdentifier") if isinstance(failure, dict) else None for failure in failures]
    return message_ids.intersection(named) if all(named) else message_ids


def _record(message: Message) -> _Record:
    return sqs_record(
        message_id=message.message_id,
        receipt=message.receipts[-1],
        body=message.body,
        system={
            "ApproximateReceiveCount": str(message.receives),
            "ApproximateFirstReceiveTimestamp": str(int(message.first_received_at * 1000)),
        },
        attributes=message.attributes,
    )


class Schedule:
    """Invokes the sweep at an interval, at least once: two sweeps may overlap."""

    def __init__(self, simulation: "Simulation", fleet: Fleet) -> None:
        self._simulation = simulation
        self._fleet = fleet
        self._slot = 0
        self.overlapped = False
        simulation.timeline.after(SWEEP_INTERVAL_S, self._tick)

    def _tick(self) -> None:
        simulation = self._simulation
        self._slot += 1
        simulation.timeline.after(SWEEP_INTERVAL_S, self._tick)
        if not simulation.sweeping:
            return
        event = {"scheduledTime": simulation.timeline.now().isoformat()}
        self._sweep(event)
        if simulation.faults.occurs(SystemFault.SWEEP_TWICE):
            simulation.timeline.after(simulation.rng.uniform(0, 10), partial(self._sweep, event))

    def _sweep(self, event: object) -> None:
        self.overlapped |= self._fleet.busy > 0
        simulation = self._simulation
        environment = self._fleet.invoke(event, simulation.invariants.check_sweep)
        if environment.invocation:
            environment.invocation.slot = self._slot
            orders = map(simulation.marketplace.order, simulation.placed)
            environment.invocation.released = {order.purchase_order_id for order in orders if order.released}
