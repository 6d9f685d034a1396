"""Virtual time, and what waits in it: one thing at a time, and nothing from whoever was killed."""

import asyncio
import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from typing import Any, Final

import pytest
from botocore.exceptions import BotoCoreError, ClientError

from tests.simulation.aws import Events, SecretsManager, Sqs
from tests.simulation.environment import Environment, Invocation
from tests.simulation.network import URL, Network
from tests.simulation.timeline import START, Actor, Killed, Timeline, in_virtual_time
from tests.simulation.weather import Mishap
from tests.simulation.world import World, going_on
from walmart_ca import Client, SignatureCredentials


def test_what_is_planned_happens_at_its_time_and_in_its_order() -> None:
    timeline, happened = Timeline(), list[tuple[str, float]]()

    def note(name: str) -> Callable[[], None]:
        return lambda: happened.append((name, timeline.clock() - START))

    timeline.after(5, note("third"))
    timeline.after(2, note("first"))
    timeline.after(2, note("second"))
    timeline.after(20, note("too late"))
    timeline.run(10)

    assert happened == [("first", 2), ("second", 2), ("third", 5)]
    assert timeline.elapsed == 10


def test_what_was_cancelled_does_not_happen() -> None:
    timeline, happened = Timeline(), list[str]()

    timeline.after(1, lambda: happened.append("it")).cancel()
    timeline.run(10)

    assert happened == []


def test_two_threads_have_their_turns_as_their_time_comes() -> None:
    timeline, happened = Timeline(), list[tuple[str, float]]()

    def waiting(name: str, seconds: float) -> Actor:
        def body() -> None:
            for _ in range(3):
                actor.wait(seconds)
                happened.append((name, timeline.elapsed))

        actor = Actor(timeline, body, lambda: happened.append((f"{name} is over", timeline.elapsed)))
        return actor

    waiting("a", 2).start()
    waiting("b", 3).start()
    timeline.run(20)

    assert happened == [
        *(("a", 2), ("b", 3), ("a", 4)),
        # Of two at one time, the one that was planned first.
        *(("b", 6), ("a", 6), ("a is over", 6)),
        *(("b", 9), ("b is over", 9)),
    ]


def test_what_a_thread_raises_is_raised_where_time_passes() -> None:
    timeline = Timeline()

    def body() -> None:
        raise ValueError("a mistake")

    Actor(timeline, body, lambda: None).start()

    with pytest.raises(ValueError, match="a mistake"):
        timeline.run(1)


def test_a_thread_that_was_killed_does_nothing_any_more() -> None:
    timeline, happened = Timeline(), list[str]()

    def body() -> None:
        happened.append("begun")
        actor.wait(5)
        happened.append("gone on")

    actor = Actor(timeline, body, lambda: happened.append("over"))
    actor.start()
    timeline.after(3, actor.kill)
    timeline.run(10)

    assert happened == ["begun", "over"]


def test_coroutines_wait_in_virtual_time_side_by_side() -> None:
    timeline, happened = Timeline(), list[tuple[float, float]]()

    async def wait(seconds: float) -> None:
        await asyncio.sleep(seconds)
        happened.append((seconds, timeline.elapsed))

    async def wait_side_by_side() -> None:
        await asyncio.gather(wait(7), wait(4), wait(7))

    with in_virtual_time(timeline):
        Actor(timeline, lambda: asyncio.run(wait_side_by_side()), lambda: None).start()
        timeline.run(10)

    assert happened == [(4, 4), (7, 7), (7, 7)]


@pytest.fixture
def world(keys: Sequence[str]) -> Iterator[World]:
    with going_on(World(1, keys, sweeping=False)) as world:
        yield world


ORDER: Final = "7400000000001"
DETAIL: Final = {"Source": "s", "DetailType": "d", "Detail": json.dumps({"purchaseOrderId": ORDER})}


def parks(environment: Environment) -> None:
    attributes = {name: {"StringValue": "x"} for name in ("outcome", "reason")}
    Sqs(environment).send_message(
        QueueUrl=environment.world.dead_letters.name, MessageBody="body", MessageAttributes=attributes
    )


def publishes(environment: Environment) -> None:
    Events(environment).put_events(Entries=[DETAIL])


def prints(environment: Environment) -> None:
    environment.write('{"message": "order outcome"}')


def acknowledges(environment: Environment) -> None:
    seller = environment.world.seller
    credentials = SignatureCredentials(
        consumer_id=seller.consumer_id, channel_type=seller.channel_type, private_key=seller.private_key
    )
    network = Network(environment, environment.world.marketplace)
    clock = environment.world.timeline.clock
    with Client(credentials, base_url=URL, transport=network, clock=clock) as client:
        client.orders.acknowledge(ORDER)


def reads_the_secret(environment: Environment) -> None:
    SecretsManager(environment).get_secret_value(SecretId="secret", VersionStage="AWSCURRENT")
    environment.world.dead_letters.send("read")


EDGES: Final = (parks, publishes, prints, acknowledges, reads_the_secret)


def effects(world: World, invocation: Invocation) -> tuple[object, ...]:
    """Return what anybody could see of an environment's doings."""
    calls = len(world.marketplace.calls)
    return len(world.dead_letters), sum(world.bus.on_their_way.values()), calls, len(invocation.lines)


def invoked(world: World, environment: Environment) -> Invocation:
    """Invoke an environment's function, and let time pass until it is over."""
    ended = list[Invocation]()
    environment.invoke({"Records": [{"body": "body"}]}, ended.append)
    world.pass_time(100)
    return ended[0]


def environment_that(world: World, do: Callable[[Environment], None]) -> Environment:
    """Make an environment whose function does something."""

    def build(environment: Environment) -> Callable[[object, Any], dict[str, object]]:
        def function(_event: object, _context: object) -> dict[str, object]:
            do(environment)
            return {}

        return function

    return Environment(world, build, 60.0)


@pytest.mark.parametrize("edge", EDGES)
def test_an_environment_has_an_effect_by_way_of_an_edge_when_it(
    edge: Callable[[Environment], None], world: World
) -> None:
    world.marketplace.add_order(ORDER, order_date=world.timeline.now())

    invocation = invoked(world, environment_that(world, edge))

    assert invocation.returned
    assert effects(world, invocation) != (0, 0, 0, 0)


@pytest.mark.parametrize("edge", EDGES)
def test_an_environment_that_was_killed_has_no_effect_when_it(
    edge: Callable[[Environment], None], world: World
) -> None:
    world.marketplace.add_order(ORDER, order_date=world.timeline.now())

    def is_killed_and_tries(environment: Environment) -> None:
        environment.dead = True
        # Even if something in it swallows whatever comes up.
        with suppress(Killed, BotoCoreError, ClientError):
            edge(environment)

    invocation = invoked(world, environment_that(world, is_killed_and_tries))

    assert not invocation.returned
    assert effects(world, invocation) == (0, 0, 0, 0)


def test_an_environment_is_killed_at_an_edge_and_does_nothing_after_it(world: World) -> None:
    world.weather.likely = {Mishap.KILLED_AT_AN_EDGE: 1.0}

    def prints_for_ever(environment: Environment) -> None:
        for _ in range(100):
            prints(environment)

    invocation = invoked(world, environment_that(world, prints_for_ever))

    assert not invocation.returned
    assert len(invocation.lines) < 61
    assert world.weather.struck[Mishap.KILLED_AT_AN_EDGE] == 1


def test_an_environment_that_waits_too_long_is_ended(world: World) -> None:
    def waits_and_parks(environment: Environment) -> None:
        environment.spend(61)
        parks(environment)

    environment = environment_that(world, waits_and_parks)
    invocation = invoked(world, environment)

    assert environment.dead
    assert not invocation.returned
    assert len(world.dead_letters) == 0


def test_a_clock_that_is_set_leaves_the_one_alone_that_nobody_can_set(keys: Sequence[str]) -> None:
    world = World(1, keys)
    edges = Environment(world, lambda _environment: lambda _event, _context: {}, 60).edges()
    clock, monotonic = edges.clock(), edges.monotonic()

    world.set_clock(-3600)

    assert edges.clock() == clock - 3600
    assert edges.monotonic() == monotonic
