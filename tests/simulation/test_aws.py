"""The simulated AWS is no kinder than AWS documents: where it were, storms would prove too much."""

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
from tests.simulation.lambda_service import BATCH_SIZE, MAXIMUM_CONCURRENCY, EventSourceMapping, failed_ids
from tests.simulation.queue import MAX_RECEIVES, VISIBILITY_TIMEOUT_S, Message, NotInFlightError, Queue
from tests.simulation.timeline import Killed, Timeline
from tests.simulation.weather import Mishap
from tests.simulation.world import World

EITHER_WAY: Final = range(20)
"""Seeds enough for a coin to show both of its sides."""


class Queues:
    """An order queue and the one that it redrives to, at the beginning of time."""

    def __init__(self, seed: int = 0) -> None:
        self.timeline = Timeline()
        self.dead_letters = Queue("dead", self.timeline, random.Random(seed))
        self.orders = Queue("orders", self.timeline, random.Random(seed), redrives_to=self.dead_letters)

    def received(self) -> Message:
        [message] = self.orders.receive(10)
        return message

    def received_twice(self) -> tuple[str, Message]:
        """Receive a message again after its visibility timeout. Returns its old receipt too."""
        self.orders.send("body")
        old = self.received().receipt
        self.timeline.run(VISIBILITY_TIMEOUT_S)
        return old, self.received()


@pytest.mark.parametrize("asked_for_s", [None, 20.0])
def test_a_message_is_hidden_for_the_visibility_timeout_or_as_long_as_is_asked_for_from_then_on(
    asked_for_s: float | None,
) -> None:
    queues = Queues()
    first_at = queues.timeline.clock()
    queues.orders.send("body", {"outcome": "rejected"})
    receipt = queues.received().receipt
    if asked_for_s:
        queues.timeline.run(50)
        queues.orders.postpone(receipt, asked_for_s)

    queues.timeline.run((asked_for_s or VISIBILITY_TIMEOUT_S) - 1)
    assert queues.orders.receive(10) == []
    queues.timeline.run(1)

    again = queues.received()
    assert (again.body, again.attributes) == ("body", {"outcome": "rejected"})
    assert (again.receives, again.first_received_at) == (2, first_at)


@pytest.mark.parametrize("is_gone", [True, False])
def test_a_message_that_is_deleted_or_visible_again_cannot_be_hidden(is_gone: bool) -> None:
    queues = Queues()
    queues.orders.send("body")
    receipt = queues.received().receipt
    if is_gone:
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
def test_an_old_receipt_may_or_may_not_do_anything(do: Callable[[Queues, str], bool]) -> None:
    done = {do(queues, queues.received_twice()[0]) for queues in map(Queues, EITHER_WAY)}

    assert done == {True, False}


@pytest.mark.parametrize(("counted", "receives"), [(True, 3), (False, 2)])
def test_a_message_may_be_handed_out_while_it_is_worked_on_and_be_counted_or_not(
    counted: bool, receives: int
) -> None:
    queues = Queues()
    _, message = queues.received_twice()
    before = message.receipt

    queues.orders.hand_out_twice(message, counted=counted)

    again = queues.received()
    assert (again.message_id, again.receives) == (message.message_id, receives)
    assert again.receipt != before


def test_a_message_is_moved_instead_of_being_handed_out_once_too_often() -> None:
    queues = Queues()
    queues.orders.send("body")
    for _ in range(MAX_RECEIVES):
        queues.received()
        queues.timeline.run(VISIBILITY_TIMEOUT_S)

    assert queues.orders.receive(10) == []

    assert len(queues.orders) == 0
    assert [message.body for message in queues.dead_letters.messages] == ["body"]


def test_messages_come_in_any_order() -> None:
    orders = set()
    for queues in map(Queues, EITHER_WAY):
        queues.orders.send("one")
        queues.orders.send("two")
        orders.add(tuple(message.body for message in queues.orders.receive(10)))
    assert orders == {("one", "two"), ("two", "one")}


NAMES_NOTHING: Final[tuple[object, ...]] = (None, [], [{"itemIdentifier": "three"}])
NAMES_NO_ID: Final[tuple[object, ...]] = (
    *([{"itemIdentifier": ""}], [{"itemIdentifier": None}], [{"itemId": "one"}], [{}], ["one"], "one"),
    [{"itemIdentifier": "one"}, {"itemIdentifier": None}],
)


@pytest.mark.parametrize(
    ("answer", "kept"),
    [
        (None, set()),
        ({}, set()),
        *(({"batchItemFailures": failures}, set()) for failures in NAMES_NOTHING),
        *(({"batchItemFailures": failures}, {"one", "two"}) for failures in NAMES_NO_ID),
        ("one", {"one", "two"}),
        ({"batchItemFailures": [{"itemIdentifier": "one"}] * 2}, {"one"}),
    ],
    ids=lambda value: repr(sorted(value) if isinstance(value, set) else value),
)
def test_an_answer_keeps_what_it_names_and_everything_when_it_makes_no_sense(
    answer: object, kept: set[str]
) -> None:
    assert failed_ids(answer, {"one", "two"}) == kept


TIMEOUT_S: Final = 60.0
SOON_S: Final = 2.0
"""Time enough for a poll."""

type Behaviour = Callable[[Environment, Any], object]


class Served:
    """A queue that is polled for a function of a test's own, which does what `behaviour` does."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.behaviour: Behaviour = lambda _environment, _event: {"batchItemFailures": []}
        self.batches: list[list[dict[str, Any]]] = []
        self.environments: list[Environment] = []
        self.at_once = self.most_at_once = 0
        self.invocations: list[Invocation] = []
        self.queue = Queue("tried", world.timeline, world.chance)
        self.mapping = EventSourceMapping(
            world,
            self.queue,
            lambda: Environment(world, self._build, TIMEOUT_S),
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
                return self.behaviour(environment, event)
            finally:
                self.at_once -= 1

        return function

    def send(self, count: int = 1) -> None:
        for number in range(count):
            self.queue.send(f"body {number}")

    def pass_time(self, seconds: float = SOON_S) -> None:
        self.world.pass_time(seconds)


@pytest.fixture
def served(world: World) -> Served:
    return Served(world)


def names_one(_environment: Environment, event: Any) -> object:  # noqa: ANN401 - any JSON
    named = [record["messageId"] for record in event["Records"] if record["body"] == "body 1"]
    return {"batchItemFailures": [{"itemIdentifier": each} for each in named]}


def fails(_environment: Environment, _event: object) -> object:
    raise RuntimeError("a mistake")


def hangs(environment: Environment, _event: object) -> object:
    environment.spend(2 * TIMEOUT_S)
    return {"batchItemFailures": []}


def takes_a_while(environment: Environment, _event: object) -> object:
    environment.spend(TIMEOUT_S / 2)
    return {"batchItemFailures": []}


EVERY: Final = {"body 0", "body 1", "body 2"}


@pytest.mark.parametrize(
    ("behaviour", "again", "environments"),
    [(names_one, {"body 1"}, 1), (fails, EVERY, 1), (hangs, EVERY, 2)],
)
def test_a_message_comes_again_after_its_visibility_timeout_when_the_function(
    behaviour: Behaviour, again: set[str], environments: int, served: Served
) -> None:
    usual, served.behaviour = served.behaviour, behaviour
    served.send(3)
    served.pass_time(2 * TIMEOUT_S)
    assert {message.body for message in served.queue.messages} == again
    assert any("a mistake" in str(line) for line in served.invocations[0].lines) is (behaviour is fails)

    served.behaviour, before = usual, len(served.batches)
    served.pass_time(VISIBILITY_TIMEOUT_S)

    received = [record for batch in served.batches[before:] for record in batch]
    assert {record["body"] for record in received} == again
    assert {record["attributes"]["ApproximateReceiveCount"] for record in received} == {"2"}
    assert len(served.queue) == 0
    assert len(served.environments) >= environments


def test_a_message_that_the_function_is_throttled_for_comes_again_and_was_counted(served: Served) -> None:
    served.world.weather.likely = {Mishap.INVOCATION_THROTTLED: 1.0}
    served.send()
    served.pass_time()
    assert served.batches == []

    served.world.weather.clear_up()
    served.pass_time(VISIBILITY_TIMEOUT_S)

    [[again]] = served.batches
    assert again["attributes"]["ApproximateReceiveCount"] == "2"


def test_no_more_run_at_once_than_the_maximum_concurrency(served: Served) -> None:
    served.behaviour = takes_a_while
    served.send(BATCH_SIZE * 5)

    served.pass_time(5 * TIMEOUT_S)

    assert len(served.queue) == 0
    assert served.most_at_once == MAXIMUM_CONCURRENCY == len(served.environments)


def test_no_batch_is_longer_than_ten_even_when_messages_are_in_it_twice(served: Served) -> None:
    served.world.weather.likely = {Mishap.MESSAGE_TWICE: 0.9}
    for _ in range(5):
        served.send(9)
        served.pass_time()

    twice = [batch for batch in served.batches if len({record["messageId"] for record in batch}) < len(batch)]
    assert twice
    assert max(map(len, served.batches)) == BATCH_SIZE
    for batch in twice:
        assert len({record["receiptHandle"] for record in batch}) == len(batch)


def parks(environment: Environment) -> None:
    attributes = {name: {"StringValue": "x"} for name in ("outcome", "reason")}
    Sqs(environment).send_message(
        QueueUrl=environment.world.dead_letters.name, MessageBody="body", MessageAttributes=attributes
    )


def publishes(environment: Environment) -> None:
    detail = json.dumps({"purchaseOrderId": "7400000000001"})
    Events(environment).put_events(Entries=[{"Source": "s", "DetailType": "d", "Detail": detail}])


def prints(environment: Environment) -> None:
    environment.write('{"message": "order outcome"}')


def reads_the_secret(environment: Environment) -> None:
    SecretsManager(environment).get_secret_value(SecretId="secret", VersionStage="AWSCURRENT")
    environment.world.dead_letters.send("read")


@pytest.mark.parametrize("killed", [False, True])
@pytest.mark.parametrize("edge", [parks, publishes, prints, reads_the_secret])
def test_an_environment_has_an_effect_unless_it_was_killed_when_it(
    edge: Callable[[Environment], None], killed: bool, world: World
) -> None:
    ended: list[Invocation] = []

    def build(environment: Environment) -> Callable[[object, Any], dict[str, object]]:
        def function(_event: object, _context: object) -> dict[str, object]:
            environment.dead = killed
            # Even if something in it swallows whatever comes up.
            with suppress(Killed, BotoCoreError, ClientError):
                edge(environment)
            return {}

        return function

    Environment(world, build, TIMEOUT_S).invoke({"Records": [{"body": "body"}]}, ended.append)
    world.pass_time(100)

    traces = len(world.dead_letters) + len(world.marketplace.calls) + len(ended[0].lines)
    assert ended[0].returned is not killed
    assert (traces == 0) is killed
