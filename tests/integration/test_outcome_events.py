"""Outcome events on the real bus of the local AWS, and the limit for notifications in its DynamoDB."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acknowledge_orders.dynamodb_notification_limit import NOTIFICATIONS_A_DAY, DynamoDbNotificationLimit
from shared.lazy_client import LazyClient
from tests.integration.harness import Harness
from tests.local.aws import Subscriber
from tests.support.batches import order_event
from tests.support.context import Context

ORDERS = [f"74000000000{number:02}" for number in range(10)]


@pytest.fixture
def outcomes(harness: Harness) -> Subscriber:
    """A queue that a rule of the bus sends every outcome event to."""
    return harness.subscribe_outcomes()


def summaries(events: list[dict[str, Any]]) -> set[tuple[str, str]]:
    return {(event["detail-type"], event["detail"]["purchase_order_id"]) for event in events}


def test_an_order_acknowledged_by_hand_is_published_too(harness: Harness, outcomes: Subscriber) -> None:
    harness.marketplace.add_order(ORDERS[0])

    record = harness.function()(order_event(ORDERS[0]), Context())

    (event,) = outcomes.wait_for(1)
    assert event["detail"].items() >= record.items()


def test_a_dry_run_by_hand_publishes_nothing(harness: Harness, outcomes: Subscriber) -> None:
    harness.function()(order_event(ORDERS[0], dryRun=True), Context())
    harness.place(ORDERS[1])
    harness.deliver(harness.function())

    assert summaries(outcomes.wait_for(1)) == {("Order Acknowledged", ORDERS[1])}


def test_a_direct_invocation_says_that_its_outcome_was_not_published(harness: Harness) -> None:
    harness.marketplace.add_order(ORDERS[0])

    with harness.without_event_bus():
        record = harness.function()(order_event(ORDERS[0]), Context())

    assert (record["outcome"], record["disposition"]) == ("acknowledged", "returned")
    assert str(record["reason"]).startswith("event_bus: ")


NOON = datetime(2026, 11, 24, 12, tzinfo=UTC)


def limit_at(harness: Harness, now: datetime) -> DynamoDbNotificationLimit:
    return DynamoDbNotificationLimit(
        LazyClient(lambda: harness.dynamodb), harness.notifications_table(), lambda: now
    )


def test_an_order_is_notified_about_once_a_day(harness: Harness) -> None:
    today, tomorrow = limit_at(harness, NOON), limit_at(harness, NOON + timedelta(hours=12))

    assert [limit.admit(ORDERS[0]) for limit in (today, today, tomorrow, tomorrow)] == [
        True,
        False,
        True,
        False,
    ]


def test_a_burst_leads_to_ten_notifications(harness: Harness) -> None:
    orders = [str(number) for number in range(40)] * 2

    with ThreadPoolExecutor(8) as threads:
        admitted = list(threads.map(limit_at(harness, NOON).admit, orders))

    assert sum(admitted) == NOTIFICATIONS_A_DAY


def test_the_items_of_the_limit_expire(harness: Harness) -> None:
    limit_at(harness, NOON).admit(ORDERS[0])

    (item,) = harness.dynamodb.scan(TableName=harness.notifications_table())["Items"]
    assert datetime.fromtimestamp(int(item["expires_at"]["N"]), UTC) == NOON + timedelta(days=2)
