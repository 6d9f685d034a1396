"""What a client sees of each network fault, and what Walmart has done by then."""

import pytest

from tests.local.marketplace import Fault
from tests.simulation.environment import Environment, Function
from tests.simulation.faults import SystemFault
from tests.simulation.harness import Simulation
from tests.simulation.network import URL, Network
from walmart_ca import Client, NotSent, Order, OutcomeUnknown, SignatureCredentials, WalmartError

ORDER = "7400000000001"


@pytest.fixture(autouse=True)
def _order(simulation: Simulation) -> None:
    simulation.marketplace.add_order(ORDER, order_date=simulation.timeline.now())


def acknowledged(simulation: Simulation, *, lives_s: float = 60.0) -> Order | WalmartError | None:
    """Acknowledge the order in an execution environment, and return the result unless it was killed."""
    seller, results = simulation.seller, list[Order | WalmartError]()
    credentials = SignatureCredentials(
        consumer_id=seller.consumer_id, channel_type=seller.channel_type, private_key=seller.private_key
    )

    def build(environment: Environment) -> Function:
        network, clock = Network(environment), simulation.timeline.clock
        client = Client(credentials, base_url=URL, transport=network, clock=clock)

        def function(_event: object, _context: object) -> dict[str, object]:
            try:
                results.append(client.orders.acknowledge(ORDER, timeout=15.0))
            except WalmartError as error:
                results.append(error)
            return {}

        return function

    Environment(simulation, build, lives_s).invoke({"Records": []}, lambda _invocation: None)
    simulation.pass_time(15.0)
    return results[0] if results else None


def is_applied(simulation: Simulation) -> bool:
    return not simulation.marketplace.order(ORDER).released


def test_a_slow_response_arrives_unchanged(simulation: Simulation) -> None:
    simulation.marketplace.fail(ORDER, Fault.DELAY, seconds=8.0)

    order = acknowledged(simulation)

    assert isinstance(order, Order)
    assert order.purchase_order_id == ORDER
    assert is_applied(simulation)


def test_nothing_is_sent_without_a_connection(simulation: Simulation) -> None:
    simulation.faults.probabilities = {SystemFault.UNREACHABLE: 1.0}

    assert isinstance(acknowledged(simulation), NotSent)
    assert simulation.marketplace.calls == []


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
def test_an_incomplete_response_leaves_the_outcome_unknown(
    fault: Fault, reason: str, applied: bool, simulation: Simulation
) -> None:
    simulation.marketplace.fail(ORDER, fault)

    error = acknowledged(simulation)

    assert isinstance(error, OutcomeUnknown)
    assert error.reason == reason
    assert is_applied(simulation) is applied


@pytest.mark.parametrize(("meanwhile", "then"), [("Created", "Acknowledged"), ("Shipped", "Shipped")])
def test_walmart_may_apply_a_call_after_its_timeout(
    meanwhile: str, then: str, simulation: Simulation
) -> None:
    simulation.faults.probabilities = {SystemFault.APPLIED_LATE: 1.0}
    assert isinstance(acknowledged(simulation), OutcomeUnknown)
    assert not is_applied(simulation)
    simulation.marketplace.set_status(ORDER, meanwhile)

    simulation.pass_time(300)

    assert simulation.marketplace.order(ORDER).lines[0].status == then


@pytest.mark.parametrize(("lives_s", "applied"), [(0.01, False), (0.41, True)])
def test_a_killed_environment_gets_no_response(lives_s: float, applied: bool, simulation: Simulation) -> None:
    simulation.faults.probabilities = {SystemFault.SLOW: 1.0}

    assert acknowledged(simulation, lives_s=lives_s) is None
    assert is_applied(simulation) is applied
