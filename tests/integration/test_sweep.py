"""SweepFunction through its own entry: a real marketplace before it, a real bus and queue behind it."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from tests.integration.harness import Context, World, counts_of, through_both_doors
from tests.local.marketplace import Fault
from tests.support.printed import measurements_of, records_of

FIRST = 7400000000001
ORDER = str(FIRST)
HOUR_AGO = timedelta(hours=1)


def add_order(
    world: World,
    purchase_order_id: str = ORDER,
    age: timedelta = HOUR_AGO,
    statuses: tuple[str, ...] = ("Created",),
) -> None:
    world.marketplace.add_order(purchase_order_id, statuses, order_date=datetime.now(UTC) - age)


def add_orders(world: World, count: int) -> list[str]:
    """Add orders some seconds apart; the last one is the newest, and comes first in Walmart's list."""
    ids = [str(FIRST + number) for number in range(count)]
    for number, purchase_order_id in enumerate(ids):
        add_order(world, purchase_order_id, 3 * HOUR_AGO - number * timedelta(seconds=15))
    return ids


@through_both_doors
def test_an_order_that_nobody_told_of_is_acknowledged_and_then_not_swept_again(world: World) -> None:
    add_order(world)

    record = world.sweep()
    world.deliver(world.function())
    again = world.sweep()

    assert (record["outcome"], record["orders_published"]) == ("completed", 1)
    assert world.statuses(ORDER) == {"Acknowledged"}
    output = world.output()
    (outcome,) = records_of(output)
    assert (outcome["outcome"], outcome["origin"]) == ("acknowledged", "sweep")
    assert outcome["order_age_s"] == pytest.approx(3600, abs=60)
    assert (again["outcome"], again["orders_seen"], again["orders_published"]) == ("completed", 0, 0)
    assert measurements_of(output)["OldestUnacknowledgedOrderAge"] == [pytest.approx(3600, abs=60), 0]


def test_an_event_of_the_sweep_is_an_order_event_like_any_other(world: World) -> None:
    add_order(world)

    world.sweep()

    (message,) = world.receive()
    event = json.loads(message["Body"])
    assert (event["source"], event["detail-type"]) == ("walmart.ca.orders", "Order Created")
    ordered_at = world.marketplace.order(ORDER).order_date.replace(microsecond=0)
    assert event["detail"].keys() == {
        "purchaseOrderId",
        "orderDate",
        "origin",
        "nextSweepAt",
        "parkIfStuck",
        "mark",
    }
    assert event["detail"]["purchaseOrderId"] == ORDER
    assert datetime.fromisoformat(event["detail"]["orderDate"]).replace(microsecond=0) == ordered_at
    assert event["detail"]["origin"] == "sweep"


@through_both_doors
def test_every_order_of_every_page_is_published_once(world: World) -> None:
    ids = add_orders(world, 420)

    record = world.sweep()

    assert (record["pages"], record["orders_seen"], record["orders_published"]) == (3, 420, 420)
    assert sorted(world.published()) == ids


def test_a_sweep_is_recorded_and_measured(world: World) -> None:
    add_order(world, age=timedelta(hours=3))
    world.send("{}")

    record = world.sweep(REQUESTS_PER_MINUTE="60")

    output = world.output()
    (line,) = [line for line in output if line.get("message") == "sweep outcome"]
    assert line["level"] == "INFO"
    assert line["function_request_id"] == "invocation-1"
    told = {name: value for name, value in record.items() if value is not None}
    assert {name: line[name] for name in told} == told
    call = world.marketplace.calls[-1]
    assert record["correlation_id"] == call.headers["WM_QOS.CORRELATION_ID"]
    measured = measurements_of(output)
    (age,) = measured.pop("OldestUnacknowledgedOrderAge")
    assert age == pytest.approx(3 * 3600, abs=60)
    assert measured == {"SweepCompleted": [1], "OrdersPublished": [1], "DrainTime": [pytest.approx(2.1)]}


NAMES = {"SweepCompleted", "Misconfigured", "CredentialsRefused"}


@pytest.mark.parametrize(
    ("fault", "outcome", "counted"),
    [
        (Fault.SERVICE_UNAVAILABLE, "unavailable", {}),
        (Fault.REDIRECT, "misconfigured", {"Misconfigured": [1]}),
        (Fault.UNAUTHORIZED, "credentials_refused", {"CredentialsRefused": [1]}),
        (Fault.ENDLESS_CURSOR, "unavailable", {}),
    ],
)
def test_when_a_later_page_fails_the_orders_before_it_are_published_and_what_a_person_has_to_mend_is_counted(
    world: World, fault: Fault, outcome: str, counted: dict[str, list[int]]
) -> None:
    add_orders(world, 201)
    world.marketplace.fail_all(Fault.DELAY, action="released", seconds=0.0)
    world.marketplace.fail_all(fault, times=None, action="released")

    record = world.sweep()

    assert record["outcome"] == outcome
    assert record["orders_published"] >= 200
    assert len(set(world.published())) >= 200
    output = world.output()
    assert {name: values for name, values in measurements_of(output).items() if name in NAMES} == counted
    (level,) = [line["level"] for line in output if line.get("message") == "sweep outcome"]
    assert level == ("ERROR" if counted else "WARNING")


MIXED = ("Created", "Shipped")


@pytest.mark.parametrize(
    ("statuses", "age", "lacking", "sweeps", "disposition"),
    [
        (("Created",), HOUR_AGO, "orderDate", "true", "done"),
        (("Created",), HOUR_AGO, "orderLines", "true", "done"),
        (MIXED, HOUR_AGO, None, "true", "left_to_sweep"),
        (MIXED, HOUR_AGO, "orderDate", "true", "left_to_sweep"),
        (MIXED, timedelta(hours=2, minutes=1), None, "true", "parked"),
        # Like an order of any other event.
        (MIXED, HOUR_AGO, None, "false", "parked"),
    ],
)
def test_a_swept_order_that_cannot_succeed_is_left_to_the_next_sweep_or_parked_at_two_hours(
    world: World,
    statuses: tuple[str, ...],
    age: timedelta,
    lacking: str | None,
    sweeps: str,
    disposition: str,
) -> None:
    add_order(world, age=age, statuses=statuses)
    if lacking:
        world.marketplace.fail_all(Fault.INCOMPLETE_ORDER, action="released", missing=lacking)

    world.sweep()
    world.deliver(world.function(SWEEP_ENABLED=sweeps))

    output = world.output()
    (record,) = records_of(output)
    assert record["disposition"] == disposition
    assert counts_of(output).get("LeftToSweep", 0) == (disposition == "left_to_sweep")
    reasons = [each["MessageAttributes"]["reason"]["StringValue"] for each in world.parked()]
    assert reasons == ["mixed_lines"] * (disposition == "parked")
    assert world.waiting() == 0


def test_a_backlog_is_not_doubled_whether_it_is_hidden_or_not(world: World) -> None:
    add_orders(world, 30)
    world.send("{}")
    world.receive()
    world.send("{}", "{}")

    # One a minute less its margin: 14 in a quarter of an hour.
    record = world.sweep(REQUESTS_PER_MINUTE="1")

    assert (record["orders_due"], record["orders_published"], record["orders_left"]) == (30, 11, 19)
    assert measurements_of(world.output())["OrdersPublished"] == [11]
    assert world.waiting() == 14


def test_events_that_the_bus_refuses_are_published_again_and_no_other(world: World) -> None:
    ids = add_orders(world, 12)
    refuse_first_two(world)

    record = world.sweep()

    assert (record["outcome"], record["orders_published"]) == ("completed", 12)
    assert sorted(world.published()) == ids


def refuse_first_two(world: World) -> None:
    """Let the bus refuse the first two events of its next call, as when it is throttled."""
    refusals = [2]

    def refuse(params: dict[str, Any], **_: object) -> None:
        if refusals[0]:
            body = json.loads(params["body"])
            body["Entries"] = body["Entries"][refusals[0] :]
            params["body"] = json.dumps(body).encode()

    def tell(parsed: dict[str, Any], **_: object) -> None:
        if refusals[0]:
            refused = {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
            parsed["Entries"] = [refused] * refusals[0] + parsed["Entries"]
            parsed["FailedEntryCount"] = refusals[0]
            refusals[0] = 0

    # Between the client and the wire: the local bus itself takes everything.
    world.events.meta.events.register("before-call.events.PutEvents", refuse)
    world.events.meta.events.register("after-call.events.PutEvents", tell)


def test_no_connection_to_the_bus_is_kept_for_the_next_sweep(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    add_order(world)
    function = world.sweep_function()
    function({}, Context(240_000))

    # The functions' other clients of AWS keep theirs: they repeat a call that a dead one costs.
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        record = function({}, Context(240_000))

    aws = f"Starting new HTTP connection (1): {urlsplit(world.events.meta.endpoint_url).netloc}"
    assert record["orders_published"] == 1
    assert [line for line in caplog.messages if line == aws] == [aws]


def test_a_sweep_that_was_not_shown_every_order_that_is_counted_is_not_completed(world: World) -> None:
    ids = add_orders(world, 500)
    world.marketplace.fail_all(Fault.MISSING_CURSOR, times=None, action="released")

    record = world.sweep()

    assert (record["outcome"], record["reason"]) == ("unavailable", "orders_missing")
    missing = set(ids) - set(world.published())
    assert record["orders_missing"] == len(missing) == 500 - record["orders_seen"] > 0
    assert "SweepCompleted" not in measurements_of(world.output())
