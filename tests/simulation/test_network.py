"""What a client sees of each thing that can happen to bytes, and what Walmart has done by then."""

import json
from datetime import timedelta
from typing import Final

import pytest

from tests.local.marketplace import Fault
from tests.simulation.bus import order_event
from tests.simulation.environment import Environment, Function
from tests.simulation.network import URL, Network
from tests.simulation.weather import Mishap
from tests.simulation.world import World
from walmart_ca import Client, NotSent, Order, OutcomeUnknown, SignatureCredentials, WalmartError

ORDER: Final = "7400000000001"
A_CALL_S: Final = 15.0


@pytest.fixture(autouse=True)
def _order(world: World) -> None:
    world.marketplace.add_order(ORDER, order_date=world.timeline.now())


def acknowledged(world: World, *, lives_s: float = 60.0) -> Order | WalmartError | None:
    """Acknowledge the order from an execution environment, and return what came of it until it was killed."""
    outcome = list[Order | WalmartError]()

    def build(environment: Environment) -> Function:
        network = Network(environment, world.marketplace)
        seller = world.seller
        credentials = SignatureCredentials(
            consumer_id=seller.consumer_id, channel_type=seller.channel_type, private_key=seller.private_key
        )

        def function(_event: object, _context: object) -> dict[str, object]:
            with Client(credentials, base_url=URL, transport=network, clock=world.timeline.clock) as client:
                try:
                    outcome.append(client.orders.acknowledge(ORDER, timeout=A_CALL_S))
                except WalmartError as error:
                    outcome.append(error)
            return {}

        return function

    record = {
        "body": json.dumps(order_event({"purchaseOrderId": ORDER}, "event", world.timeline, timedelta(0))),
        "attributes": {"ApproximateReceiveCount": "1"},
        "messageAttributes": {},
    }
    Environment(world, build, lives_s).invoke({"Records": [record]}, lambda _invocation: None)
    world.pass_time(A_CALL_S)
    return outcome[0] if outcome else None


def is_applied(world: World) -> bool:
    return not world.marketplace.order(ORDER).released


def test_an_answer_that_takes_seconds_comes_as_walmart_gave_it(world: World) -> None:
    world.marketplace.fail(ORDER, Fault.DELAY, seconds=8.0)

    order = acknowledged(world)

    assert isinstance(order, Order)
    assert order.purchase_order_id == ORDER
    assert is_applied(world)


def test_nothing_is_sent_without_a_connection(world: World) -> None:
    world.weather.likely = {Mishap.UNREACHABLE: 1.0}

    assert isinstance(acknowledged(world), NotSent)
    assert world.marketplace.calls == []


@pytest.mark.parametrize(
    ("fault", "reason", "applied"),
    [
        (Fault.RESET_BEFORE_APPLYING, "connection_lost", False),
        (Fault.RESET_AFTER_APPLYING, "connection_lost", True),
        (Fault.TIMEOUT_AFTER_APPLYING, "response_timeout", True),
        (Fault.SLOW_DRIP, "response_timeout", True),
        (Fault.HUGE, "response_too_large", True),
        (Fault.ENDLESS, "response_timeout", True),
    ],
)
def test_an_answer_that_does_not_come_as_a_whole_leaves_the_outcome_open(
    fault: Fault, reason: str, applied: bool, world: World
) -> None:
    world.marketplace.fail(ORDER, fault)

    error = acknowledged(world)

    assert isinstance(error, OutcomeUnknown)
    assert error.reason == reason
    assert is_applied(world) is applied


@pytest.mark.parametrize("meanwhile", ["Created", "Shipped"])
def test_a_call_that_nobody_waits_for_any_more_may_be_applied_later_unless_it_was_shipped(
    meanwhile: str, world: World
) -> None:
    world.weather.likely = {Mishap.APPLIED_LATE: 1.0}
    error = acknowledged(world)
    assert isinstance(error, OutcomeUnknown)
    assert error.reason == "response_timeout"
    assert not is_applied(world)
    world.marketplace.set_status(ORDER, meanwhile)

    world.pass_time(300)

    expected = "Acknowledged" if meanwhile == "Created" else meanwhile
    assert world.marketplace.order(ORDER).lines[0].status == expected


@pytest.mark.parametrize(("lives_s", "applied"), [(0.01, False), (0.41, True)])
def test_nobody_sees_the_answer_of_a_call_whose_environment_was_killed_while_it_was_on_its_way(
    lives_s: float, applied: bool, world: World
) -> None:
    world.weather.likely = {Mishap.SLOW: 1.0}

    assert acknowledged(world, lives_s=lives_s) is None
    assert is_applied(world) is applied
