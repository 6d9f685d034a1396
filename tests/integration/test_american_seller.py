"""A seller in the United States: the secret of access tokens says `"market": "us"`."""

import json
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.harness import Harness
from tests.local.marketplace import Marketplace
from tests.support.batches import order_event
from tests.support.context import Context

ORDER = "7400000000001"
CANADIAN = ["WM_CONSUMER.CHANNEL.TYPE", "WM_CONSUMER.ID", "WM_SEC.TIMESTAMP", "WM_SEC.AUTH_SIGNATURE"]
"""The headers that only the Canadian API requires."""


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace(market="us") as marketplace:
        yield marketplace


@pytest.fixture
def scheme() -> str:
    return "token"


def test_an_american_order_is_acknowledged_below_the_global_path(harness: Harness) -> None:
    harness.place(ORDER)

    harness.deliver(harness.function())

    assert harness.statuses(ORDER) == {"Acknowledged"}
    token, acknowledge = harness.marketplace.calls
    assert (token.path, acknowledge.path) == ("/v3/token", f"/v3/orders/{ORDER}/acknowledge")
    assert (token.headers["WM_MARKET"], acknowledge.headers["WM_MARKET"]) == ("us", "us")
    assert acknowledge.headers["WM_GLOBAL_VERSION"] == "3.1"
    assert [header for header in CANADIAN if header in acknowledge.headers] == []


def test_every_american_order_without_an_event_is_swept(harness: Harness) -> None:
    an_hour_ago = datetime.now(UTC) - timedelta(hours=1)
    ids = [str(int(ORDER) + number) for number in range(210)]
    for number, purchase_order_id in enumerate(ids):
        harness.marketplace.add_order(
            purchase_order_id, order_date=an_hour_ago + number * timedelta(seconds=1)
        )

    record = harness.sweep()

    assert (record["outcome"], record["pages"], record["orders_published"]) == ("completed", 2, len(ids))
    assert sorted(harness.published()) == ids
    assert {call.bare_path for call in harness.marketplace.calls} == {"/v3/token", "/v3/orders/released"}


def test_a_secret_without_its_market_is_refused_and_the_member_named(harness: Harness) -> None:
    without = {name: value for name, value in json.loads(harness.secret()).items() if name != "market"}
    for _ in range(2):  # so that the good secret is no longer the previous version
        harness.store_secret(json.dumps(without))
    harness.place(ORDER)

    harness.deliver(harness.function())
    checked = harness.function()({"detail": {"selfCheck": True}}, Context())

    (record,) = harness.records()
    assert (record["outcome"], record["disposition"]) == ("credentials_refused", "retry")
    assert "member market" in str(checked["what_to_do"])
    assert harness.statuses(ORDER) == {"Created"}


def test_a_signature_is_for_canada_alone(harness: Harness) -> None:
    for _ in range(2):
        harness.store_secret(harness.seller.secret())
    harness.marketplace.add_order(ORDER)
    harness.send(order_event(ORDER))

    harness.deliver(harness.function())

    (record,) = harness.records()
    (call,) = harness.marketplace.calls
    assert (record["outcome"], record["disposition"]) == ("misconfigured", "retry")
    assert (call.bare_path, call.status) == (f"/v3/ca/orders/{ORDER}/acknowledge", 400)
    assert harness.statuses(ORDER) == {"Created"}
