"""Keys, tokens and the authentication scheme change, and no order is lost."""

import pytest

from acknowledge_orders.handler import AcknowledgeFunction
from shared.walmart.client_provider import CACHE_SECONDS, REFUSED_SECONDS
from tests.integration.harness import Harness, counts_of, token_scheme
from tests.local.marketplace import Fault, Marketplace
from tests.support.context import Context
from tests.support.printed import records_of
from tests.support.services import order_event

ORDERS = [f"74000000000{number:02}" for number in range(30)]


def schemes(harness: Harness) -> list[str | None]:
    """The authentication scheme of each acknowledge call."""
    return [call.scheme for call in harness.marketplace.calls if call.action == "acknowledge"]


def outcomes(harness: Harness) -> list[str]:
    return [record["outcome"] for record in harness.records()]


def served(harness: Harness, *orders: str) -> AcknowledgeFunction:
    """Return a function that has acknowledged these orders."""
    function = harness.function()
    harness.place(*orders)
    harness.deliver(function)
    return function


def test_the_secret_may_change_before_the_key_at_walmart(harness: Harness) -> None:
    function = served(harness, *ORDERS[:10])
    seller, new_key = harness.seller, Marketplace().register_seller().private_key

    # The secret has the new key, which Walmart does not know yet: the previous version serves.
    harness.store_secret(seller.secret().replace(seller.private_key, new_key))
    harness.clock_offset_s += CACHE_SECONDS
    harness.place(*ORDERS[10:20])
    harness.deliver(function)
    assert counts_of(harness.output())["CredentialFallback"] > 0

    harness.marketplace.add_key(seller.consumer_id, new_key)
    harness.marketplace.revoke_key(seller.consumer_id, seller.private_key)
    harness.clock_offset_s += REFUSED_SECONDS
    harness.place(*ORDERS[20:])
    # One order tries the new key. Another that is refused meanwhile is held and retried.
    harness.drain(function)

    assert harness.statuses(*ORDERS) == {"Acknowledged"}
    assert harness.parked() == []


@token_scheme
def test_batches_share_a_token_until_it_must_be_refreshed(harness: Harness) -> None:
    function = harness.function()

    asked_for = []
    for number, later_s in enumerate((0, 800, 50)):
        harness.clock_offset_s += later_s
        harness.place(*ORDERS[10 * number : 10 * number + 10])
        harness.deliver(function)
        asked_for.append(harness.marketplace.tokens_issued)

    assert asked_for == [1, 1, 2]
    assert outcomes(harness) == ["acknowledged"] * 30
    assert schemes(harness) == ["token"] * 30


@token_scheme
@pytest.mark.parametrize("status", [401, 400])
def test_a_token_that_ends_early_is_refreshed_once_for_ten_orders(harness: Harness, status: int) -> None:
    harness.marketplace.variants.expired_token_status = status  # type: ignore[assignment]  # 400 or 401
    function = served(harness, ORDERS[20])
    harness.marketplace.expire_tokens()
    harness.place(*ORDERS[:10])

    harness.deliver(function)

    assert outcomes(harness) == ["acknowledged"] * 11
    assert harness.marketplace.tokens_issued == 2


@token_scheme
@pytest.mark.parametrize(
    ("fault", "outcome"),
    [
        (Fault.THROTTLED, "throttled"),
        (Fault.UNAUTHORIZED, "credentials_refused"),
        (Fault.MAINTENANCE_PAGE, "unavailable"),
    ],
)
def test_without_a_token_no_order_call_is_made(harness: Harness, fault: Fault, outcome: str) -> None:
    harness.marketplace.fail_all(fault, times=None, action="token")
    harness.place(ORDERS[0])

    harness.deliver(harness.function())
    answer = harness.function()(order_event(ORDERS[0], dryRun=True), Context())

    assert outcomes(harness) == [outcome] * 2
    assert answer["disposition"] == "returned"
    assert harness.actions() == []
    assert harness.queued() == 1


@pytest.mark.parametrize("scheme", ["signature", "token"])
def test_a_new_secret_switches_the_scheme_without_a_deployment(harness: Harness, scheme: str) -> None:
    other = "token" if scheme == "signature" else "signature"
    secret = harness.seller.token_secret() if other == "token" else harness.seller.secret()
    function = served(harness, ORDERS[0])

    harness.store_secret(secret)
    harness.place(ORDERS[1])
    harness.deliver(function)
    harness.clock_offset_s += CACHE_SECONDS + 1
    harness.place(ORDERS[2])
    harness.deliver(function)

    assert schemes(harness) == [scheme, scheme, other]
    assert outcomes(harness) == ["acknowledged"] * 3


def test_orders_wait_for_a_token_secret_when_signatures_fail(harness: Harness) -> None:
    function = served(harness, ORDERS[0])
    harness.marketplace.withdraw_api("signature")
    harness.place(ORDERS[1])
    harness.deliver(function)
    harness.store_secret(harness.seller.token_secret())
    harness.clock_offset_s += REFUSED_SECONDS

    harness.deliver(function)

    records = records_of(harness.output())
    assert [record["outcome"] for record in records] == ["acknowledged", "misconfigured", "acknowledged"]
    assert records[1]["reason"].startswith("CONTENT_NOT_FOUND")
    assert harness.statuses(ORDERS[1]) == {"Acknowledged"}
