"""The simulated AWS behaves as AWS documents, so that scenarios do not prove too much."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import pytest

from tests.simulation.aws import Aws
from tests.simulation.environment import Environment, Function, Invocation
from tests.simulation.faults import SystemFault
from tests.simulation.harness import Simulation
from tests.simulation.lambda_service import (
    BATCH_SIZE,
    MAXIMUM_CONCURRENCY,
    EventSourceMapping,
    Fleet,
    failed_ids,
)
from tests.simulation.queue import MAX_RECEIVES, VISIBILITY_TIMEOUT_S, Message, NotInFlightError, Queue
from tests.simulation.timeline import Killed, Timeline

SEEDS: Final = range(20)
"""Enough seeds for both results of a random choice."""


def queue_of(*bodies: str, seed: int = 0) -> Queue:
    timeline, rng = Timeline(), random.Random(seed)
    queue = Queue("orders", timeline, rng, Queue("dead", timeline, rng))
    for body in bodies:
        queue.send(body, {"outcome": "rejected"})
    return queue


def received(queue: Queue) -> Message:
    [message] = queue.receive(10)
    return message


@pytest.mark.parametrize("timeout_s", [None, 20.0])
def test_a_message_is_hidden_for_its_visibility_timeout(timeout_s: float | None) -> None:
    queue = queue_of("body")
    first_at, message = queue.timeline.clock(), received(queue)
    if timeout_s:
        queue.timeline.run(50)
        queue.postpone(message.receipts[-1], timeout_s)

    queue.timeline.run((timeout_s or VISIBILITY_TIMEOUT_S) - 1)
    assert queue.receive(10) == []
    queue.timeline.run(1)

    again = received(queue)
    assert (again.body, again.attributes) == ("body", {"outcome": "rejected"})
    assert (again.receives, again.first_received_at) == (2, first_at)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_deleted_or_visible_message_cannot_be_hidden(is_deleted: bool) -> None:
    queue = queue_of("body")
    [receipt] = received(queue).receipts
    if is_deleted:
        queue.delete(receipt)
    else:
        queue.timeline.run(VISIBILITY_TIMEOUT_S)

    with pytest.raises(NotInFlightError):
        queue.postpone(receipt, 20)


def test_an_old_receipt_handle_may_have_an_effect() -> None:
    effects = set[tuple[bool, bool]]()
    for queue in (queue_of("body", seed=seed) for seed in SEEDS):
        received(queue)
        queue.timeline.run(VISIBILITY_TIMEOUT_S)
        message = received(queue)
        hidden_until = message.visible_at
        with suppress(NotInFlightError):
            queue.postpone(message.receipts[0], 20)
        queue.delete(message.receipts[0])
        effects.add((message.visible_at != hidden_until, len(queue) == 0))

    assert effects == {(False, False), (False, True), (True, False), (True, True)}


@pytest.mark.parametrize(("counted", "receives"), [(True, 2), (False, 1)])
def test_a_message_in_flight_may_be_delivered_again(counted: bool, receives: int) -> None:
    queue = queue_of("body")
    message = received(queue)

    queue.deliver_twice(message, counted=counted)

    assert received(queue).receives == receives
    assert len(set(message.receipts)) == 2


def test_a_message_moves_after_the_most_receives() -> None:
    queue = queue_of("body")
    for _ in range(MAX_RECEIVES):
        received(queue)
        queue.timeline.run(VISIBILITY_TIMEOUT_S)

    assert queue.receive(10) == []

    assert len(queue) == 0
    assert queue.redrives_to
    assert [message.body for message in queue.redrives_to.messages] == ["body"]


def test_messages_arrive_in_any_order() -> None:
    queues = [queue_of("one", "two", seed=seed) for seed in SEEDS]

    orders = {tuple(message.body for message in queue.receive(10)) for queue in queues}

    assert orders == {("one", "two"), ("two", "one")}


def failures(*ids: object) -> dict[str, object]:
    return {"batchItemFailures": [{"itemIdentifier": each} for each in ids]}


@pytest.mark.parametrize(
    ("response", "kept"),
    [
        *((None, ""), ({}, ""), ({"batchItemFailures": None}, ""), (failures(), ""), (failures("3"), "")),
        *((failures("1", "1"), "1"), (failures("1", None), "12"), (failures(""), "12"), ("1", "12")),
        *(({"batchItemFailures": each}, "12") for each in ("1", ["1"], [{"itemId": "1"}])),
    ],
)
def test_a_response_keeps_failed_messages_and_all_if_malformed(response: object, kept: str) -> None:
    assert failed_ids(response, {"1", "2"}) == set(kept)


TIMEOUT_S: Final = 60.0
SOON_S: Final = 2.0
"""Long enough for a poll."""
EVERY: Final = {"body 0", "body 1", "body 2"}


class PolledQueue(Queue):
    """A queue with an event source mapping for a function that does what `behavior` does."""

    def __init__(self, simulation: Simulation) -> None:
        super().__init__("polled", simulation.timeline, simulation.rng)
        self.behavior: Callable[[Environment, list[Any]], object] = succeeds
        self.batches: list[list[Any]] = []
        self.environments = set[Environment]()
        EventSourceMapping(simulation, self, Fleet(simulation, self._build, TIMEOUT_S))

    def _build(self, environment: Environment) -> Function:
        self.environments.add(environment)

        def function(event: Any, _context: object) -> Any:  # noqa: ANN401 - any JSON
            self.batches.append(event["Records"])
            return self.behavior(environment, event["Records"])

        return function

    def send_all(self, count: int) -> None:
        for number in range(count):
            self.send(f"body {number}")


@pytest.fixture
def polled(simulation: Simulation) -> PolledQueue:
    return PolledQueue(simulation)


def succeeds(_environment: Environment, _records: object) -> None:
    pass


def fails_one(_environment: Environment, records: list[Any]) -> object:
    return failures(*(record["messageId"] for record in records if record["body"] == "body 1"))


def fails(_environment: Environment, _records: object) -> object:
    raise RuntimeError("a bug")


def hangs(environment: Environment, _records: object) -> None:
    environment.spend(2 * TIMEOUT_S)


def is_slow(environment: Environment, _records: object) -> None:
    environment.spend(TIMEOUT_S / 2)


@pytest.mark.parametrize(
    ("behavior", "again", "environments"), [(fails_one, {"body 1"}, 1), (fails, EVERY, 1), (hangs, EVERY, 2)]
)
def test_a_message_is_retried_after_its_timeout_when_the_function(
    behavior: Callable[..., object],
    again: set[str],
    environments: int,
    polled: PolledQueue,
    simulation: Simulation,
) -> None:
    polled.behavior = behavior
    polled.send_all(3)
    polled.timeline.run(2 * TIMEOUT_S)
    assert {message.body for message in polled.messages} == again
    assert any("a bug" in each for each in simulation.invariants.violations) is (behavior is fails)

    polled.behavior = succeeds
    polled.batches.clear()
    polled.timeline.run(VISIBILITY_TIMEOUT_S)

    retried = [record for batch in polled.batches for record in batch]
    assert {record["body"] for record in retried} == again
    assert {record["attributes"]["ApproximateReceiveCount"] for record in retried} == {"2"}
    assert len(polled) == 0
    assert len(polled.environments) >= environments


def test_a_throttled_invocation_counts_as_a_receive(polled: PolledQueue, simulation: Simulation) -> None:
    simulation.faults.probabilities = {SystemFault.INVOCATION_THROTTLED: 1.0}
    polled.send("body")
    polled.timeline.run(SOON_S)
    assert polled.batches == []

    simulation.faults.probabilities = {}
    polled.timeline.run(VISIBILITY_TIMEOUT_S)

    [[again]] = polled.batches
    assert again["attributes"]["ApproximateReceiveCount"] == "2"


def test_invocations_keep_to_the_maximum_concurrency(polled: PolledQueue) -> None:
    polled.behavior = is_slow
    polled.send_all(BATCH_SIZE * 5)

    polled.timeline.run(5 * TIMEOUT_S)

    assert len(polled) == 0
    assert len(polled.environments) == MAXIMUM_CONCURRENCY


def test_a_batch_with_duplicates_has_at_most_ten_records(polled: PolledQueue, simulation: Simulation) -> None:
    simulation.faults.probabilities = {SystemFault.MESSAGE_TWICE: 0.9}
    for _ in range(5):
        polled.send_all(9)
        polled.timeline.run(SOON_S)

    twice = [batch for batch in polled.batches if len({record["messageId"] for record in batch}) < len(batch)]
    assert twice
    assert max(map(len, polled.batches)) == BATCH_SIZE
    for batch in twice:
        assert len({record["receiptHandle"] for record in batch}) == len(batch)


DETAIL: Final = json.dumps({"purchaseOrderId": "7400000000001"})
ATTRIBUTES: Final = {name: {"StringValue": "x"} for name in ("outcome", "reason")}
EFFECTS: Final[dict[str, Callable[[Environment], object]]] = {
    "prints": lambda environment: environment.write('{"message": "order outcome"}'),
    "reads the secret": lambda environment: Aws(environment).get_secret_value(VersionStage="AWSCURRENT"),
    "publishes": lambda environment: Aws(environment).put_events(
        Entries=[{"Source": "walmart.ca.orders", "Detail": DETAIL}]
    ),
    "parks": lambda environment: Aws(environment).send_message(
        QueueUrl=environment.simulation.dead_letters.name, MessageBody="body", MessageAttributes=ATTRIBUTES
    ),
}


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("effect", EFFECTS)
def test_a_killed_environment_has_no_effect_when_it(
    effect: str, killed: bool, simulation: Simulation
) -> None:
    ended: list[Invocation] = []

    def build(environment: Environment) -> Function:
        def function(_event: object, _context: object) -> dict[str, object]:
            environment.dead = killed
            with suppress(Killed):  # The function may swallow every exception.
                EFFECTS[effect](environment)
                simulation.undelivered.send("no exception")
            return {}

        return function

    Environment(simulation, build, TIMEOUT_S).invoke({"Records": [{"body": "body"}]}, ended.append)
    simulation.pass_time(100)

    assert ended[0].returned is not killed
    assert bool(simulation.undelivered) is not killed
    if killed:
        assert not ended[0].lines
        assert not simulation.dead_letters
        assert not simulation.marketplace.calls
