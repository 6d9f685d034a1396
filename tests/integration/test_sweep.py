"""SweepFunction, called through its own entry, with a local marketplace, event bus and queue."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.harness import Harness, both_schemes, counts_of
from tests.local.marketplace import Fault
from tests.support.context import Context
from tests.support.printed import measurements_of, records_of

FIRST = 7400000000001
ORDER = str(FIRST)
HOUR_AGO = timedelta(hours=1)


def add_order(
    harness: Harness,
    purchase_order_id: str = ORDER,
    age: timedelta = HOUR_AGO,
    statuses: tuple[str, ...] = ("Created",),
) -> None:
    harness.marketplace.add_order(purchase_order_id, statuses, order_date=datetime.now(UTC) - age)


def add_orders(harness: Harness, count: int) -> list[str]:
    """Add orders some seconds apart; the last one is the newest, and the first in Walmart's list."""
    ids = [str(FIRST + number) for number in range(count)]
    for number, purchase_order_id in enumerate(ids):
        add_order(harness, purchase_order_id, 3 * HOUR_AGO - number * timedelta(seconds=15))
    return ids


@both_schemes
def test_an_order_without_an_event_is_acknowledged_and_swept_once(harness: Harness) -> None:
    add_order(harness)

    record = harness.sweep()
    harness.deliver(harness.function())
    again = harness.sweep()

    assert (record["outcome"], record["orders_published"]) == ("completed", 1)
    assert harness.statuses(ORDER) == {"Acknowledged"}
    output = harness.output()
    (outcome,) = records_of(output)
    assert (outcome["outcome"], outcome["origin"]) == ("acknowledged", "sweep")
    assert outcome["order_age_s"] == pytest.approx(3600, abs=60)
    assert (again["outcome"], again["orders_seen"], again["orders_published"]) == ("completed", 0, 0)
    assert measurements_of(output)["OldestUnacknowledgedOrderAge"] == [pytest.approx(3600, abs=60), 0]


def test_the_sweep_publishes_order_events_like_any_other(harness: Harness) -> None:
    add_order(harness)

    harness.sweep()

    (message,) = harness.receive()
    event = json.loads(message["Body"])
    detail = event["detail"]
    assert (event["source"], event["detail-type"]) == ("walmart.ca.orders", "Order Created")
    ordered_at = harness.marketplace.order(ORDER).order_date.replace(microsecond=0)
    assert (detail["purchaseOrderId"], detail["origin"]) == (ORDER, "sweep")
    assert datetime.fromisoformat(detail["orderDate"]).replace(microsecond=0) == ordered_at
    assert detail.keys() >= {"nextSweepAt", "mayPark", "mark"}


def test_a_sweep_is_recorded_and_measured(harness: Harness) -> None:
    add_order(harness, age=timedelta(hours=3))
    harness.send("{}")

    record = harness.sweep(REQUESTS_PER_MINUTE="60")

    output = harness.output()
    (line,) = [line for line in output if line.get("message") == "sweep outcome"]
    assert line["level"] == "INFO"
    assert line["function_request_id"] == "invocation-1"
    present = {name: value for name, value in record.items() if value is not None}
    assert {name: line[name] for name in present} == present
    call = harness.marketplace.calls[-1]
    assert record["correlation_id"] == call.headers["WM_QOS.CORRELATION_ID"]
    measured = measurements_of(output)
    (age,) = measured.pop("OldestUnacknowledgedOrderAge")
    assert age == pytest.approx(3 * 3600, abs=60)
    assert measured == {"SweepCompleted": [1], "OrdersPublished": [1], "DrainTime": [pytest.approx(2.1)]}


@pytest.mark.parametrize(
    ("fault", "outcome", "counted", "level"),
    [
        (Fault.ENDLESS_CURSOR, "unavailable", {}, "WARNING"),
        (Fault.UNAUTHORIZED, "credentials_refused", {"CredentialsRefused": [1]}, "ERROR"),
    ],
)
def test_orders_of_the_pages_before_a_failed_page_are_published(
    harness: Harness, fault: Fault, outcome: str, counted: dict[str, list[int]], level: str
) -> None:
    add_orders(harness, 201)
    harness.marketplace.fail_all(Fault.DELAY, action="released", seconds=0.0)
    harness.marketplace.fail_all(fault, times=None, action="released")

    record = harness.sweep()

    assert record["outcome"] == outcome
    assert len(set(harness.published())) == record["orders_published"] >= 200
    output = harness.output()
    names = {"SweepCompleted", "Misconfigured", "CredentialsRefused"}
    assert {name: values for name, values in measurements_of(output).items() if name in names} == counted
    assert [line["level"] for line in output if line.get("message") == "sweep outcome"] == [level]


MIXED = ("Created", "Shipped")


@pytest.mark.parametrize(
    ("statuses", "age", "lacking", "sweeps", "disposition"),
    [
        (("Created",), HOUR_AGO, "orderDate", "true", "done"),
        (("Created",), HOUR_AGO, "orderLines", "true", "done"),
        (MIXED, HOUR_AGO, None, "true", "left_to_sweep"),
        (MIXED, HOUR_AGO, "orderDate", "true", "left_to_sweep"),
        (MIXED, timedelta(hours=2, minutes=1), None, "true", "parked"),
        (MIXED, HOUR_AGO, None, "false", "parked"),
    ],
)
def test_a_stuck_swept_order_is_left_to_the_sweep_or_parked(
    harness: Harness,
    statuses: tuple[str, ...],
    age: timedelta,
    lacking: str | None,
    sweeps: str,
    disposition: str,
) -> None:
    add_order(harness, age=age, statuses=statuses)
    if lacking:
        harness.marketplace.fail_all(Fault.INCOMPLETE_ORDER, action="released", missing=lacking)

    harness.sweep()
    harness.deliver(harness.function(SWEEP_ENABLED=sweeps))

    output = harness.output()
    (record,) = records_of(output)
    assert record["disposition"] == disposition
    assert counts_of(output).get("LeftToSweep", 0) == (disposition == "left_to_sweep")
    reasons = [each["MessageAttributes"]["reason"]["StringValue"] for each in harness.parked()]
    assert reasons == ["mixed_lines"] * (disposition == "parked")
    assert harness.queued() == 0


def test_a_sweep_counts_the_visible_and_the_invisible_backlog(harness: Harness) -> None:
    add_orders(harness, 30)
    harness.send("{}")
    harness.receive()
    harness.send("{}", "{}")

    # One a minute less its margin: 14 in a quarter of an hour.
    record = harness.sweep(REQUESTS_PER_MINUTE="1")

    assert (record["orders_due"], record["orders_published"], record["orders_left"]) == (30, 11, 19)
    assert measurements_of(harness.output())["OrdersPublished"] == [11]
    assert harness.queued() == 14


def test_only_events_that_the_bus_refuses_are_published_again(harness: Harness) -> None:
    ids = add_orders(harness, 12)
    refuse_first_two(harness)

    record = harness.sweep()

    assert (record["outcome"], record["orders_published"]) == ("completed", 12)
    assert sorted(harness.published()) == ids


def refuse_first_two(harness: Harness) -> None:
    """Let the bus refuse the first two events of its next call, as when it throttles."""
    refusals = [2]

    def refuse(params: dict[str, Any], **_: object) -> None:
        if refusals[0]:
            body = json.loads(params["body"])
            body["Entries"] = body["Entries"][refusals[0] :]
            params["body"] = json.dumps(body).encode()

    def report(parsed: dict[str, Any], **_: object) -> None:
        if refusals[0]:
            refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
            parsed["Entries"] = [refused] * refusals[0] + parsed["Entries"]
            parsed["FailedEntryCount"] = refusals[0]
            refusals[0] = 0

    # Between the client and the network, because the local bus refuses nothing.
    harness.events.meta.events.register("before-call.events.PutEvents", refuse)
    harness.events.meta.events.register("after-call.events.PutEvents", report)


def test_no_bus_connection_is_kept_for_the_next_sweep(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    add_order(harness)
    function = harness.sweep_function()
    function({}, Context(lambda: 240.0))

    # The other AWS clients keep theirs, because they repeat a call that fails on a dead connection.
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        record = function({}, Context(lambda: 240.0))

    aws = f"Starting new HTTP connection (1): {urlsplit(harness.events.meta.endpoint_url).netloc}"
    assert record["orders_published"] == 1
    assert [line for line in caplog.messages if line == aws] == [aws]
