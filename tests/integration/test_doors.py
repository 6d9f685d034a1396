"""The token's door, and moving from one door to the other by nothing but the secret."""

import json
from datetime import UTC, datetime

import pytest

from acknowledge_orders.function import AcknowledgeFunction
from shared.credentials import CACHE_SECONDS, REFUSED_SECONDS
from tests.integration.harness import Context, World, counts_of
from tests.local.marketplace import Fault
from tests.support.printed import records_of

ORDERS = [str(7400000000001 + number) for number in range(10)]

token_door = pytest.mark.parametrize("door", ["token"])


def event(purchase_order_id: str) -> str:
    time = datetime.now(UTC).isoformat()
    return json.dumps({"time": time, "detail": {"purchaseOrderId": purchase_order_id}})


def tell_of(world: World, *ids: str) -> None:
    for purchase_order_id in ids:
        world.marketplace.add_order(purchase_order_id)
    world.send(*map(event, ids))


def doors(world: World) -> list[str | None]:
    """Through which door each acknowledgement came."""
    return [call.door for call in world.marketplace.calls if call.action == "acknowledge"]


def all_acknowledged(world: World, *ids: str) -> bool:
    return {status for each in ids for status in world.statuses(each)} == {"Acknowledged"}


def outcomes(world: World) -> list[str]:
    return [record["outcome"] for record in records_of(world.output())]


# Tokens


@token_door
def test_for_a_batch_of_ten_orders_a_token_is_asked_for_once(world: World) -> None:
    tell_of(world, *ORDERS)

    world.deliver(world.function())

    assert outcomes(world) == ["acknowledged"] * 10
    assert doors(world) == ["token"] * 10
    assert world.marketplace.tokens_issued == 1


@token_door
def test_between_batches_a_token_is_kept_until_it_must_be_renewed(world: World) -> None:
    function = world.function()

    asked_for = []
    for number, later_s in enumerate((0, 800, 50)):
        world.ahead_s += later_s
        tell_of(world, ORDERS[number])
        world.deliver(function)
        asked_for.append(world.marketplace.tokens_issued)

    assert asked_for == [1, 1, 2]
    assert outcomes(world) == ["acknowledged"] * 3


@token_door
@pytest.mark.parametrize("status", [401, 400])
def test_a_token_that_walmart_ends_early_is_renewed_once_for_ten_orders(world: World, status: int) -> None:
    world.marketplace.expired_tokens_as(status)  # type: ignore[arg-type]  # parametrized by its two values
    function = world.function()
    tell_of(world, "7400000000100")
    world.deliver(function)
    world.marketplace.expire_tokens()
    tell_of(world, *ORDERS)

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
        (Fault.EMPTY_SUCCESS, "unavailable"),
    ],
)
def test_without_a_token_the_order_waits_and_nothing_is_posted(
    world: World, fault: Fault, outcome: str
) -> None:
    world.marketplace.fail_all(fault, times=None, action="token")
    tell_of(world, ORDERS[0])

    world.deliver(world.function())

    assert outcomes(world) == [outcome]
    assert world.actions() == []
    assert world.waiting() == 1


@token_door
def test_an_order_that_arrives_acknowledged_is_acknowledged(world: World) -> None:
    world.marketplace.add_order(ORDERS[0], ["Acknowledged"])
    world.send(event(ORDERS[0]))

    world.deliver(world.function())

    assert outcomes(world) == ["acknowledged"]


@token_door
def test_a_dry_run_shows_that_a_token_is_to_be_had_and_posts_nothing(world: World) -> None:
    dry_run = {"detail": {"purchaseOrderId": ORDERS[0], "dryRun": True}}

    answer = world.function()(dry_run, Context())

    assert (answer["outcome"], answer["disposition"]) == ("dry_run", "done")
    assert world.marketplace.tokens_issued == 1
    assert world.actions() == []


@token_door
def test_a_dry_run_without_a_token_tells_why(world: World) -> None:
    world.marketplace.fail_all(Fault.UNAUTHORIZED, action="token")
    dry_run = {"detail": {"purchaseOrderId": ORDERS[0], "dryRun": True}}

    answer = world.function()(dry_run, Context())

    assert (answer["outcome"], answer["disposition"]) == ("credentials_refused", "answered")


@token_door
def test_a_client_secret_that_walmart_does_not_know_is_refused(world: World) -> None:
    world.marketplace.change_client_secret(world.seller.consumer_id)
    tell_of(world, ORDERS[0])

    world.deliver(world.function())

    assert outcomes(world) == ["credentials_refused"]
    assert world.waiting() == 1


# Moving


@pytest.mark.parametrize("door", ["signature", "token"])
def test_another_secret_opens_the_other_door_without_a_deployment(world: World, door: str) -> None:
    other = "token" if door == "signature" else "signature"
    secret = world.seller.token_secret() if other == "token" else world.seller.secret()
    function = world.function()
    tell_of(world, ORDERS[0])
    world.deliver(function)

    world.store_secret(secret)
    tell_of(world, ORDERS[1])
    world.deliver(function)
    world.ahead_s += CACHE_SECONDS + 1
    tell_of(world, ORDERS[2])
    world.deliver(function)

    assert doors(world) == [door, door, other]
    assert outcomes(world) == ["acknowledged"] * 3


def test_while_walmart_does_not_know_the_new_client_the_signature_serves(world: World) -> None:
    function = served_once(world)
    world.store_secret(json.dumps({"clientId": "too-new", "clientSecret": "s"}))
    world.ahead_s += CACHE_SECONDS + 1
    tell_of(world, *ORDERS[1:])

    world.deliver(function)

    assert all_acknowledged(world, *ORDERS)
    assert doors(world) == ["signature"] * 10
    assert counts_of(world.output())["CredentialFallback"] == 9


def test_when_the_old_key_is_refused_first_the_secret_is_read_again_at_once(world: World) -> None:
    function = served_once(world)
    world.store_secret(world.seller.token_secret())
    world.marketplace.revoke_key(world.seller.consumer_id, world.seller.private_key)
    world.ahead_s += REFUSED_SECONDS
    tell_of(world, ORDERS[1])

    world.deliver(function)

    assert all_acknowledged(world, ORDERS[1])
    assert doors(world) == ["signature", "signature", "token"]


def test_when_the_signatures_door_closes_first_orders_wait_half_a_minute_for_the_new_secret(
    world: World,
) -> None:
    function = served_once(world)
    world.marketplace.close_door("signature")
    tell_of(world, ORDERS[1])
    world.deliver(function)
    world.store_secret(world.seller.token_secret())
    world.ahead_s += REFUSED_SECONDS

    world.deliver(function)

    records = records_of(world.output())
    assert [record["outcome"] for record in records] == ["acknowledged", "misconfigured", "acknowledged"]
    assert records[1]["reason"].startswith("CONTENT_NOT_FOUND")
    assert all_acknowledged(world, ORDERS[1])


def test_a_secret_with_members_of_both_doors_stops_nothing_that_served(world: World) -> None:
    function = served_once(world)
    both = {**json.loads(world.seller.secret()), **json.loads(world.seller.token_secret())}
    world.store_secret(json.dumps(both))
    world.ahead_s += CACHE_SECONDS + 1
    tell_of(world, ORDERS[1])

    world.deliver(function)

    output = world.output()
    assert [record["outcome"] for record in records_of(output)] == ["acknowledged"] * 2
    assert counts_of(output)["StaleCredentials"] == 1


def test_a_secret_with_members_of_both_doors_is_named_where_nothing_served(world: World) -> None:
    both = {**json.loads(world.seller.secret()), **json.loads(world.seller.token_secret())}
    for _ in range(2):  # until the good one is not the previous version any more
        world.store_secret(json.dumps(both))
    tell_of(world, ORDERS[0])

    world.deliver(world.function())

    (record,) = records_of(world.output())
    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("secret: has consumerId and privateKey, which sign, and clientId")


def served_once(world: World) -> AcknowledgeFunction:
    """A function that has acknowledged an order by the signature."""
    function = world.function()
    tell_of(world, ORDERS[0])
    world.deliver(function)
    return function
