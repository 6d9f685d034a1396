"""The simulated AWS behaves as AWS documents, so that scenarios do not prove too much."""

import json
import random
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext
from botocore.exceptions import BotoCoreError, ClientError

from tests.simulation.aws import Events, SecretsManager, Sqs
from tests.simulation.environment import Environment, Invocation
from tests.simulation.faults import SystemFault
from tests.simulation.harness import Simulation
from tests.simulation.lambda_service import BATCH_SIZE, MAXIMUM_CONCURRENCY, EventSourceMapping, failed_ids
from tests.simulation.queue import MAX_RECEIVES, VISIBILITY_TIMEOUT_S, Message, NotInFlightError, Queue
from tests.simulation.timeline import Killed, Timeline

SEEDS: Final = range(20)
"""Enough seeds for both results of a random choice."""


class Queues:
    """An order queue and its dead-letter queue at the start of a timeline."""

    def __init__(self, seed: int = 0) -> None:
        self.timeline = Timeline()
        self.dead_letters = Queue("dead", self.timeline, random.Random(seed))
        self.orders = Queue("orders", self.timeline, random.Random(seed), redrives_to=self.dead_letters)

    def received(self) -> Message:
        [message] = self.orders.receive(10)
        return message

    def received_twice(self) -> tuple[str, Message]:
        """Receive a message a second time. Returns its first receipt handle too."""
        self.orders.send("body")
        old = self.received().receipt
        self.timeline.run(VISIBILITY_TIMEOUT_S)
        return old, self.received()


@pytest.mark.parametrize("timeout_s", [None, 20.0])
def test_a_message_is_hidden_for_its_visibility_timeout(timeout_s: float | None) -> None:
    queues = Queues()
    first_at = queues.timeline.clock()
    queues.orders.send("body", {"outcome": "rejected"})
    receipt = queues.received().receipt
    if timeout_s:
        queues.timeline.run(50)
        queues.orders.postpone(receipt, timeout_s)

    queues.timeline.run((timeout_s or VISIBILITY_TIMEOUT_S) - 1)
    assert queues.orders.receive(10) == []
    queues.timeline.run(1)

    again = queues.received()
    assert (again.body, again.attributes) == ("body", {"outcome": "rejected"})
    assert (again.receives, again.first_received_at) == (2, first_at)


@pytest.mark.parametrize("is_deleted", [True, False])
def test_a_deleted_or_visible_message_cannot_be_hidden(is_deleted: bool) -> None:
    queues = Queues()
    queues.orders.send("body")
    receipt = queues.received().receipt
    if is_deleted:
        queues.orders.delete(receipt)
    else:
        queues.timeline.run(VISIBILITY_TIMEOUT_S)

    with pytest.raises(NotInFlightError):
        queues.orders.postpone(receipt, 20)


def hidden(queues: Queues, receipt: str) -> bool:
    with suppress(NotInFlightError):
        queues.orders.postpone(receipt, 20)
        return True
    return False


def deleted(queues: Queues, receipt: str) -> bool:
    queues.orders.delete(receipt)
    return len(queues.orders) == 0


@pytest.mark.parametrize("do", [hidden, deleted])
def test_an_old_receipt_handle_may_have_an_effect(do: Callable[[Queues, str], bool]) -> None:
    done = {do(queues, queues.received_twice()[0]) for queues in map(Queues, SEEDS)}

    assert done == {True, False}


@pytest.mark.parametrize(("counted", "receives"), [(True, 3), (False, 2)])
def test_a_message_in_flight_may_be_delivered_again(counted: bool, receives: int) -> None:
    queues = Queues()
    _, message = queues.received_twice()
    before = message.receipt

    queues.orders.deliver_twice(message, counted=counted)

    again = queues.received()
    assert (again.message_id, again.receives) == (message.message_id, receives)
    assert again.receipt != before


def test_a_message_moves_after_the_most_receives() -> None:
    queues = Queues()
    queues.orders.send("body")
    for _ in range(MAX_RECEIVES):
        queues.received()
        queues.timeline.run(VISIBILITY_TIMEOUT_S)

    assert queues.orders.receive(10) == []

    assert len(queues.orders) == 0
    assert [message.body for message in queues.dead_letters.messages] == ["body"]


def test_messages_arrive_in_any_order() -> None:
    orders = set()
    for queues in map(Queues, SEEDS):
        queues.orders.send("one")
        queues.orders.send("two")
        orders.add(tuple(message.body for message in queues.orders.receive(10)))
    assert orders == {("one", "two"), ("two", "one")}


NO_FAILURES: Final[tuple[object, ...]] = (None, [], [{"itemIdentifier": "three"}])
MALFORMED: Final[tuple[object, ...]] = (
    *([{"itemIdentifier": ""}], [{"itemIdentifier": None}], [{"itemId": "one"}], [{}], ["one"], "one"),
    [{"itemIdentifier": "one"}, {"itemIdentifier": None}],
)


@pytest.mark.parametrize(
    ("response", "kept"),
    [
        (None, set()),
        ({}, set()),
        *(({"batchItemFailures": failures}, set()) for failures in NO_FAILURES),
        *(({"batchItemFailures": failures}, {"one", "two"}) for failures in MALFORMED),
        ("one", {"one", "two"}),
        ({"batchItemFailures": [{"itemIdentifier": "one"}] * 2}, {"one"}),
    ],
    ids=lambda value: repr(sorted(value) if isinstance(value, set) else value),
)
def test_a_response_keeps_failed_messages_and_all_if_malformed(response: object, kept: set[str]) -> None:
    assert failed_ids(response, {"one", "two"}) == kept


TIMEOUT_S: Final = 60.0
SOON_S: Final = 2.0
"""Long enough for a poll."""

type Behavior = Callable[[Environment, Any], object]


class PolledQueue:
    """A queue with an event source mapping for a function that does what `behavior` does."""

    def __init__(self, simulation: Simulation) -> None:
        self.simulation = simulation
        self.behavior: Behavior = lambda _environment, _event: {"batchItemFailures": []}
        self.batches: list[list[dict[str, Any]]] = []
        self.environments: list[Environment] = []
        self.at_once = self.most_at_once = 0
        self.invocations: list[Invocation] = []
        self.queue = Queue("polled", simulation.timeline, simulation.rng)
        self.mapping = EventSourceMapping(
            simulation,
            self.queue,
            lambda: Environment(simulation, self._build, TIMEOUT_S),
            self.invocations.append,
            lambda _message: None,
        )

    def _build(self, environment: Environment) -> Callable[[object, LambdaContext], Any]:
        self.environments.append(environment)

        def function(event: Any, _context: LambdaContext) -> object:  # noqa: ANN401 - any JSON
            self.batches.append(event["Records"])
            self.at_once += 1
            self.most_at_once = max(self.most_at_once, self.at_once)
            try:
                return self.behavior(environment, event)
            finally:
                self.at_once -= 1

        return function

    def send(self, count: int = 1) -> None:
        for number in range(count):
            self.queue.send(f"body {number}")

    def pass_time(self, seconds: float = SOON_S) -> None:
        self.simulation.pass_time(seconds)


@pytest.fixture
def polled(simulation: Simulation) -> PolledQueue:
    return PolledQueue(simulation)


def fails_one(_environment: Environment, event: Any) -> object:  # noqa: ANN401 - any JSON
    named = [record["messageId"] for record in event["Records"] if record["body"] == "body 1"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in named]}


def fails(_environment: Environment, _event: object) -> object:
    raise RuntimeError("a bug")


def hangs(environment: Environment, _event: object) -> object:
    environment.spend(2 * TIMEOUT_S)
    return {"batchItemFailures": []}


def is_slow(environment: Environment, _event: object) -> object:
    environment.spend(TIMEOUT_S / 2)
    return {"batchItemFailures": []}


EVERY: Final = {"body 0", "body 1", "body 2"}


@pytest.mark.parametrize(
    ("behavior", "again", "environments"), [(fails_one, {"body 1"}, 1), (fails, EVERY, 1), (hangs, EVERY, 2)]
)
def test_a_message_is_retried_after_its_timeout_when_the_function(
    behavior: Behavior, again: set[str], environments: int, polled: PolledQueue
) -> None:
    usual, polled.behavior = polled.behavior, behavior
    polled.send(3)
    polled.pass_time(2 * TIMEOUT_S)
    assert {message.body for message in polled.queue.messages} == again
    assert any("a bug" in str(line) for line in polled.invocations[0].lines) is (behavior is fails)

    polled.behavior, before = usual, len(polled.batches)
    polled.pass_time(VISIBILITY_TIMEOUT_S)

    received = [record for batch in polled.batches[before:] for record in batch]
    assert {record["body"] for record in received} == again
    assert {record["attributes"]["ApproximateReceiveCount"] for record in received} == {"2"}
    assert len(polled.queue) == 0
    assert len(polled.environments) >= environments


def test_a_throttled_invocation_counts_as_a_receive(polled: PolledQueue) -> None:
    polled.simulation.faults.probabilities = {SystemFault.INVOCATION_THROTTLED: 1.0}
    polled.send()
    polled.pass_time()
    assert polled.batches == []

    polled.simulation.faults.stop()
    polled.pass_time(VISIBILITY_TIMEOUT_S)

    [[again]] = polled.batches
    assert again["attributes"]["ApproximateReceiveCount"] == "2"


def test_invocations_keep_to_the_maximum_concurrency(polled: PolledQueue) -> None:
    polled.behavior = is_slow
    polled.send(BATCH_SIZE * 5)

    polled.pass_time(5 * TIMEOUT_S)

    assert len(polled.queue) == 0
    assert polled.most_at_once == MAXIMUM_CONCURRENCY == len(polled.environments)


def test_a_batch_with_duplicates_has_at_most_ten_records(polled: PolledQueue) -> None:
    polled.simulation.faults.probabilities = {SystemFault.MESSAGE_TWICE: 0.9}
    for _ in range(5):
        polled.send(9)
        polled.pass_time()

    twice = [batch for batch in polled.batches if len({record["messageId"] for record in batch}) < len(batch)]
    assert twice
    assert max(map(len, polled.batches)) == BATCH_SIZE
    for batch in twice:
        assert len({record["receiptHandle"] for record in batch}) == len(batch)


def parks(environment: Environment) -> None:
    attributes = {name: {"StringValue": "x"} for name in ("outcome", "reason")}
    Sqs(environment).send_message(
        QueueUrl=environment.simulation.dead_letters.name, MessageBody="body", MessageAttributes=attributes
    )


def publishes(environment: Environment) -> None:
    detail = json.dumps({"purchaseOrderId": "7400000000001"})
    Events(environment).put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": detail}])


def prints(environment: Environment) -> None:
    environment.write('{"message": "order outcome"}')


def reads_the_secret(environment: Environment) -> None:
    SecretsManager(environment).get_secret_value(SecretId="secret", VersionStage="AWSCURRENT")
    environment.simulation.dead_letters.send("read")


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("effect", [parks, publishes, prints, reads_the_secret])
def test_a_killed_environment_has_no_effect_when_it(
    effect: Callable[[Environment], None], killed: bool, simulation: Simulation
) -> None:
    ended: list[Invocation] = []

    def build(environment: Environment) -> Callable[[object, Any], dict[str, object]]:
        def function(_event: object, _context: object) -> dict[str, object]:
            environment.dead = killed
            # The function may swallow every exception.
            with suppress(Killed, BotoCoreError, ClientError):
                effect(environment)
            return {}

        return function

    Environment(simulation, build, TIMEOUT_S).invoke({"Records": [{"body": "body"}]}, ended.append)
    simulation.pass_time(100)

    traces = len(simulation.dead_letters) + len(simulation.marketplace.calls) + len(ended[0].lines)
    assert ended[0].returned is not killed
    assert (traces == 0) is killed
