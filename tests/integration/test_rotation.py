"""Rotating the key loses no order, whichever of its two steps comes first."""

import json
from datetime import UTC, datetime

import pytest

from acknowledge_orders.function import AcknowledgeFunction
from shared.credentials import CACHE_SECONDS, REFUSED_SECONDS
from tests.integration.harness import World, counts_of
from tests.local.marketplace import Fault, Marketplace
from tests.support.printed import records_of

ORDERS = [f"74000000000{number:02}" for number in range(30)]


@pytest.fixture(scope="module")
def new_key() -> str:
    return Marketplace().register_seller().private_key


def tell(world: World, *orders: str) -> None:
    for purchase_order_id in orders:
        world.marketplace.add_order(purchase_order_id)
        event = {"time": datetime.now(UTC).isoformat(), "detail": {"purchaseOrderId": purchase_order_id}}
        world.send(json.dumps(event))


def work_off(world: World, function: AcknowledgeFunction) -> None:
    """Deliver until nothing waits any more, or far too often."""
    for _ in range(40):
        if not world.waiting():
            return
        world.deliver(function)
    raise AssertionError(f"{world.waiting()} orders still wait")


def acknowledged(world: World) -> list[str]:
    applied = {call.purchase_order_id for call in world.marketplace.calls if call.applied}
    return [purchase_order_id for purchase_order_id in ORDERS if purchase_order_id in applied]


def refused(world: World) -> int:
    return sum(call.status == 401 for call in world.marketplace.calls)


def test_secret_first_then_the_key_at_walmart(world: World, new_key: str) -> None:
    function = world.function()
    tell(world, *ORDERS[:10])
    world.deliver(function)
    old_key = world.seller.private_key

    # The secret has the new key, which Walmart does not know yet: the previous version serves.
    world.store_secret(world.seller.secret().replace(old_key, new_key))
    world.ahead_s += CACHE_SECONDS
    tell(world, *ORDERS[10:20])
    world.deliver(function)
    assert counts_of(world.output())["CredentialFallback"] > 0

    # Now Walmart knows the new key, and the old one is no longer good.
    world.marketplace.add_key(world.seller.consumer_id, new_key)
    world.marketplace.revoke_key(world.seller.consumer_id, old_key)
    world.ahead_s += REFUSED_SECONDS
    tell(world, *ORDERS[20:])
    # One order finds out. Another that is refused just then is held, and comes again.
    work_off(world, function)

    assert acknowledged(world) == ORDERS
    assert world.parked() == []


def test_the_key_at_walmart_first_then_the_secret(world: World, new_key: str) -> None:
    function = world.function()
    tell(world, *ORDERS[:10])
    world.deliver(function)
    old_key = world.seller.private_key

    # Walmart accepts only the new key, which the secret does not have yet: orders are held.
    world.marketplace.add_key(world.seller.consumer_id, new_key)
    world.marketplace.revoke_key(world.seller.consumer_id, old_key)
    tell(world, *ORDERS[10:20])
    world.deliver(function)
    assert world.waiting() == 10
    outcomes = {record["outcome"] for record in records_of(world.output())}
    assert outcomes <= {"acknowledged", "credentials_refused", "deferred"}
    assert "credentials_refused" in outcomes

    # And while they are, nothing more is sent with a key that is known to be bad.
    before = refused(world)
    tell(world, ORDERS[20])
    world.deliver(function)
    assert refused(world) == before
    assert "credentials_paused" in {record.get("reason") for record in records_of(world.output())}

    world.store_secret(world.seller.secret().replace(old_key, new_key))
    world.ahead_s += REFUSED_SECONDS
    tell(world, *ORDERS[21:])
    work_off(world, function)

    assert acknowledged(world) == ORDERS
    assert world.parked() == []


def test_a_batch_after_a_pause_costs_one_refusal_and_not_ten(world: World, new_key: str) -> None:
    function = world.function()
    world.marketplace.add_key(world.seller.consumer_id, new_key)
    world.marketplace.revoke_key(world.seller.consumer_id, world.seller.private_key)
    tell(world, ORDERS[0])
    world.deliver(function)
    before = refused(world)

    world.ahead_s += REFUSED_SECONDS
    tell(world, *ORDERS[1:10])
    world.deliver(function)

    # The one that tried, and its repeat with the secret read again.
    assert refused(world) - before <= 2


def test_refusals_of_single_calls_are_repeated_signed_anew_and_pause_nobody(world: World) -> None:
    function = world.function()
    tell(world, ORDERS[0])
    world.deliver(function)
    tell(world, *ORDERS[1:6])
    for purchase_order_id in ORDERS[2:4]:
        world.marketplace.fail(purchase_order_id, Fault.UNAUTHORIZED)

    world.deliver(function)

    for purchase_order_id in ORDERS[2:4]:
        first, second = world.marketplace.calls_for(purchase_order_id)
        assert (first.status, second.status) == (401, 200)
        for fresh in ("WM_QOS.CORRELATION_ID", "WM_SEC.TIMESTAMP", "WM_SEC.AUTH_SIGNATURE"):
            assert first.headers[fresh] != second.headers[fresh]
    assert acknowledged(world) == ORDERS[:6]


def test_an_order_that_walmart_forbids_is_called_about_once_and_pauses_nobody(world: World) -> None:
    function = world.function()
    world.marketplace.fail(ORDERS[0], Fault.FORBIDDEN, times=None)
    tell(world, *ORDERS[:6])

    world.deliver(function)

    assert acknowledged(world) == ORDERS[1:6]
    assert [call.status for call in world.marketplace.calls_for(ORDERS[0])] == [403]
    outcomes = {record["purchase_order_id"]: record["outcome"] for record in records_of(world.output())}
    assert outcomes[ORDERS[0]] == "rejected"


def test_an_outage_of_secrets_manager_stops_nothing_that_was_under_way(world: World) -> None:
    function = world.function()
    tell(world, ORDERS[0])
    world.deliver(function)

    world.break_secrets_manager()
    world.ahead_s += CACHE_SECONDS
    tell(world, ORDERS[1])
    world.deliver(function)

    assert acknowledged(world) == ORDERS[:2]
    assert counts_of(world.output())["StaleCredentials"] == 1
