"""Credentials change, by their key, by their token or by Walmart's door, and no order is lost."""

import pytest

from acknowledge_orders.handler import AcknowledgeFunction
from shared.walmart.client_provider import CACHE_SECONDS, REFUSED_SECONDS
from tests.integration.harness import Context, World, counts_of, token_door
from tests.local.marketplace import Fault, Marketplace
from tests.support.printed import records_of
from tests.support.services import order_event

ORDERS = [f"74000000000{number:02}" for number in range(30)]


@pytest.fixture(scope="module")
def new_key() -> str:
    return Marketplace().register_seller().private_key


def doors(world: World) -> list[str | None]:
    """Through which door each acknowledgement came."""
    return [call.scheme for call in world.marketplace.calls if call.action == "acknowledge"]


def outcomes(world: World) -> list[str]:
    return [record["outcome"] for record in world.records()]


def refused(world: World) -> int:
    return sum(call.status == 401 for call in world.marketplace.calls)


def replace_key(world: World, new_key: str) -> None:
    """Let Walmart accept the new key in place of the old one."""
    world.marketplace.add_key(world.seller.consumer_id, new_key)
    world.marketplace.revoke_key(world.seller.consumer_id, world.seller.private_key)


def served(world: World, *orders: str) -> AcknowledgeFunction:
    """A function that has acknowledged these orders."""
    function = world.function()
    world.place(*orders)
    world.deliver(function)
    return function


# The key


def test_secret_first_then_the_key_at_walmart(world: World, new_key: str) -> None:
    function = served(world, *ORDERS[:10])

    # The secret has the new key, which Walmart does not know yet: the previous version serves.
    world.store_secret(world.seller.secret().replace(world.seller.private_key, new_key))
    world.ahead_s += CACHE_SECONDS
    world.place(*ORDERS[10:20])
    world.deliver(function)
    assert counts_of(world.output())["CredentialFallback"] > 0

    replace_key(world, new_key)
    world.ahead_s += REFUSED_SECONDS
    world.place(*ORDERS[20:])
    # One order finds out. Another that is refused just then is held, and comes again.
    world.work_off(function)

    assert world.statuses(*ORDERS) == {"Acknowledged"}
    assert world.parked() == []


def test_the_key_at_walmart_first_then_the_secret(world: World, new_key: str) -> None:
    function = served(world, *ORDERS[:10])

    # Walmart accepts only the new key, which the secret does not have yet: orders are held.
    replace_key(world, new_key)
    world.place(*ORDERS[10:20])
    world.deliver(function)
    assert world.waiting() == 10
    seen = set(outcomes(world))
    assert seen <= {"acknowledged", "credentials_refused", "deferred"}
    assert "credentials_refused" in seen

    # And while they are, nothing more is sent with a key that is known to be bad.
    before = refused(world)
    world.deliver(function)
    assert refused(world) == before
    assert {record["reason"] for record in world.records()} == {"credentials_paused"}

    world.store_secret(world.seller.secret().replace(world.seller.private_key, new_key))
    world.ahead_s += REFUSED_SECONDS
    world.place(*ORDERS[20:])
    world.work_off(function)

    assert world.statuses(*ORDERS) == {"Acknowledged"}
    assert world.parked() == []


def test_refusals_of_single_calls_are_repeated_signed_anew_and_pause_nobody(world: World) -> None:
    function = served(world, ORDERS[0])
    world.place(*ORDERS[1:6])
    for purchase_order_id in ORDERS[2:4]:
        world.marketplace.fail(purchase_order_id, Fault.UNAUTHORIZED)

    world.deliver(function)

    for purchase_order_id in ORDERS[2:4]:
        first, second = world.marketplace.calls_for(purchase_order_id)
        assert (first.status, second.status) == (401, 200)
        for fresh in ("WM_QOS.CORRELATION_ID", "WM_SEC.TIMESTAMP", "WM_SEC.AUTH_SIGNATURE"):
            assert first.headers[fresh] != second.headers[fresh]
    assert world.statuses(*ORDERS[:6]) == {"Acknowledged"}


# Tokens


@token_door
def test_between_batches_a_token_is_kept_until_it_must_be_renewed(world: World) -> None:
    function = world.function()

    asked_for = []
    for number, later_s in enumerate((0, 800, 50)):
        world.ahead_s += later_s
        world.place(*ORDERS[10 * number : 10 * number + 10])
        world.deliver(function)
        asked_for.append(world.marketplace.tokens_issued)

    assert asked_for == [1, 1, 2]
    assert outcomes(world) == ["acknowledged"] * 30
    assert doors(world) == ["token"] * 30


@token_door
@pytest.mark.parametrize("status", [401, 400])
def test_a_token_that_walmart_ends_early_is_renewed_once_for_ten_orders(world: World, status: int) -> None:
    world.marketplace.expired_tokens_as(status)  # type: ignore[arg-type]  # parametrized by its two values
    function = served(world, ORDERS[20])
    world.marketplace.expire_tokens()
    world.place(*ORDERS[:10])

    world.deliver(function)

    assert outcomes(world) == ["acknowledged"] * 11
    assert world.marketplace.tokens_issued == 2


@token_door
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.SERVICE_UNAVAILABLE, "unavailable"),
        (Fault.THROTTLED, "throttled"),
        (Fault.UNAUTHORIZED, "credentials_refused"),
        (Fault.MAINTENANCE_PAGE, "unavailable"),
    ],
)
def test_without_a_token_the_order_waits_and_nothing_is_posted_nor_does_a_dry_run_succeed(
    world: World, fault: Fault, outcome: str
) -> None:
    world.marketplace.fail_all(fault, times=None, action="token")
    world.place(ORDERS[0])

    world.deliver(world.function())
    answer = world.function()(order_event(ORDERS[0], dryRun=True), Context())

    assert outcomes(world) == [outcome] * 2
    assert answer["disposition"] == "returned"
    assert world.actions() == []
    assert world.waiting() == 1


# The door


@pytest.mark.parametrize("door", ["signature", "token"])
def test_another_secret_opens_the_other_door_without_a_deployment(world: World, door: str) -> None:
    other = "token" if door == "signature" else "signature"
    secret = world.seller.token_secret() if other == "token" else world.seller.secret()
    function = served(world, ORDERS[0])

    world.store_secret(secret)
    world.place(ORDERS[1])
    world.deliver(function)
    world.ahead_s += CACHE_SECONDS + 1
    world.place(ORDERS[2])
    world.deliver(function)

    assert doors(world) == [door, door, other]
    assert outcomes(world) == ["acknowledged"] * 3


def test_when_the_signatures_door_closes_first_orders_wait_half_a_minute_for_the_new_secret(
    world: World,
) -> None:
    function = served(world, ORDERS[0])
    world.marketplace.withdraw_api("signature")
    world.place(ORDERS[1])
    world.deliver(function)
    world.store_secret(world.seller.token_secret())
    world.ahead_s += REFUSED_SECONDS

    world.deliver(function)

    records = records_of(world.output())
    assert [record["outcome"] for record in records] == ["acknowledged", "misconfigured", "acknowledged"]
    assert records[1]["reason"].startswith("CONTENT_NOT_FOUND")
    assert world.statuses(ORDERS[1]) == {"Acknowledged"}
