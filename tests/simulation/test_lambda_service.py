"""The simulated Lambda does with a batch, and with a schedule, what AWS documents."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from aws_lambda_powertools.utilities.typing import LambdaContext

from tests.simulation.environment import Environment, Invocation
from tests.simulation.lambda_service import (
    BATCH_SIZE,
    MAXIMUM_CONCURRENCY,
    EventSourceMapping,
    Schedule,
    failed_ids,
)
from tests.simulation.queue import VISIBILITY_TIMEOUT_S, Queue
from tests.simulation.weather import Mishap
from tests.simulation.world import World, going_on

TIMEOUT_S = 60.0
SOON_S = 2.0
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
def world(keys: Sequence[str]) -> Iterator[World]:
    with going_on(World(1, keys, sweeping=False)) as world:
        yield world


@pytest.fixture
def served(world: World) -> Served:
    return Served(world)


def naming(*bodies: str) -> Behaviour:
    """Answer that the messages with these bodies failed."""
    return lambda _environment, event: {
        "batchItemFailures": [
            {"itemIdentifier": record["messageId"]} for record in event["Records"] if record["body"] in bodies
        ]
    }


def fails(_environment: Environment, _event: object) -> object:
    raise RuntimeError("a mistake")


def hangs(environment: Environment, _event: object) -> object:
    environment.spend(2 * TIMEOUT_S)
    return {"batchItemFailures": []}


def takes_a_while(environment: Environment, _event: object) -> object:
    environment.spend(TIMEOUT_S / 2)
    return {"batchItemFailures": []}


@pytest.mark.parametrize(
    "answer", [None, {}, {"batchItemFailures": None}, {"batchItemFailures": []}], ids=repr
)
def test_an_answer_that_names_nothing_lets_every_message_be_deleted(answer: object) -> None:
    assert failed_ids(answer, {"one", "two"}) == set()


@pytest.mark.parametrize(
    "failures",
    [
        [{"itemIdentifier": ""}],
        [{"itemIdentifier": None}],
        [{"itemId": "one"}],
        [{}],
        ["one"],
        [{"itemIdentifier": "one"}, {"itemIdentifier": None}],
        "one",
    ],
    ids=repr,
)
def test_an_answer_that_makes_no_sense_keeps_every_message(failures: object) -> None:
    assert failed_ids({"batchItemFailures": failures}, {"one", "two"}) == {"one", "two"}


def test_an_answer_that_is_no_object_keeps_every_message() -> None:
    assert failed_ids("one", {"one", "two"}) == {"one", "two"}


def test_an_answer_may_name_a_message_twice() -> None:
    assert failed_ids({"batchItemFailures": [{"itemIdentifier": "one"}] * 2}, {"one", "two"}) == {"one"}


def test_an_answer_that_names_only_a_stranger_keeps_nothing() -> None:
    assert failed_ids({"batchItemFailures": [{"itemIdentifier": "three"}]}, {"one", "two"}) == set()


def test_a_message_that_is_not_named_is_deleted(served: Served) -> None:
    served.send(3)

    served.pass_time()

    assert len(served.queue) == 0


def test_a_message_that_is_named_comes_again_after_its_visibility_timeout(served: Served) -> None:
    served.behaviour = naming("body 1")
    served.send(3)
    served.pass_time()
    assert [message.body for message in served.queue.messages] == ["body 1"]

    served.pass_time(VISIBILITY_TIMEOUT_S)

    [again] = served.batches[-1]
    assert (again["body"], again["attributes"]["ApproximateReceiveCount"]) == ("body 1", "2")


@pytest.mark.parametrize("behaviour", [fails, hangs])
def test_every_message_comes_again_when_the_function(behaviour: Behaviour, served: Served) -> None:
    served.behaviour = behaviour
    served.send(3)
    served.pass_time(2 * TIMEOUT_S)
    assert len(served.queue) == 3

    served.behaviour = naming()
    served.pass_time(VISIBILITY_TIMEOUT_S)

    assert len(served.queue) == 0
    assert not served.invocations[0].returned


def test_a_function_that_returns_nothing_lets_every_message_be_deleted(served: Served) -> None:
    served.behaviour = lambda _environment, _event: None
    served.send(3)

    served.pass_time()

    assert len(served.queue) == 0


def test_what_a_function_raises_is_printed(served: Served) -> None:
    served.behaviour = fails
    served.send()

    served.pass_time()

    assert "a mistake" in served.invocations[0].lines[0]["exception"]


def test_an_environment_that_ran_out_of_time_is_not_used_again(served: Served) -> None:
    served.behaviour = hangs
    served.send()
    served.pass_time(2 * TIMEOUT_S)

    served.behaviour = naming()
    served.pass_time(VISIBILITY_TIMEOUT_S)

    assert len(served.batches) == 2
    assert len(served.environments) == 2


def test_an_environment_is_used_again(served: Served) -> None:
    served.send()
    served.pass_time()
    served.send()
    served.pass_time()

    assert len(served.batches) == 2
    assert len(served.environments) == 1


def test_it_tells_how_many_environments_were_started_of_late(served: Served) -> None:
    served.world.weather.likely = {Mishap.RECYCLED: 1.0}
    served.send()
    served.pass_time(100)
    served.send()
    served.pass_time(100)

    assert served.mapping.started_within(150) == 1
    assert served.mapping.started_within(300) == 2


@pytest.mark.parametrize("updated_while", ["busy", "idle"])
def test_an_environment_is_not_used_again_once_the_settings_have_changed(
    updated_while: str, served: Served
) -> None:
    served.behaviour = takes_a_while
    served.send()
    served.pass_time(SOON_S if updated_while == "busy" else TIMEOUT_S)
    served.mapping.update()
    served.pass_time(TIMEOUT_S)

    served.send()
    served.pass_time()

    assert len(served.environments) == 2


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


def test_a_deletion_that_is_lost_lets_the_message_come_again(served: Served) -> None:
    served.world.weather.likely = {Mishap.DELETION_LOST: 1.0}
    served.send()

    served.pass_time(VISIBILITY_TIMEOUT_S + SOON_S)

    assert len(served.batches) == 2


def test_nothing_is_handed_out_while_it_is_paused(served: Served) -> None:
    served.mapping.pause()
    served.send()
    served.pass_time(VISIBILITY_TIMEOUT_S)
    assert served.batches == []

    served.mapping.pause(paused=False)
    served.pass_time()

    assert len(served.queue) == 0


class Scheduled:
    """A function that takes half a minute and is invoked every five."""

    def __init__(self, world: World) -> None:
        self.swept: list[Invocation] = []
        self.schedule = Schedule(
            world, lambda: Environment(world, self._build, TIMEOUT_S), self.swept.append, 300.0
        )

    def _build(self, environment: Environment) -> Callable[[object, LambdaContext], Any]:
        return lambda event, _context: takes_a_while(environment, event)


def test_a_schedule_invokes_at_its_interval(world: World) -> None:
    scheduled = Scheduled(world)

    world.pass_time(1000)

    assert len(scheduled.swept) == 3
    assert not scheduled.schedule.overlapped


def test_a_schedule_may_invoke_twice_at_once(world: World) -> None:
    scheduled = Scheduled(world)
    world.weather.likely = {Mishap.SWEEP_TWICE: 1.0}

    world.pass_time(400)

    assert len(scheduled.swept) == 2
    assert scheduled.schedule.overlapped


def test_a_schedule_that_is_disabled_invokes_nothing_until_it_is_enabled(world: World) -> None:
    scheduled = Scheduled(world)
    scheduled.schedule.enabled = False
    world.pass_time(400)
    assert scheduled.swept == []

    scheduled.schedule.enabled = True
    world.pass_time(300)

    assert len(scheduled.swept) == 1
