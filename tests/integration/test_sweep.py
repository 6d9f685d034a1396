"""SweepFunction through its own entry: a real marketplace before it, a real bus and queue behind it."""

import json
import logging
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import urlsplit

import pytest

from sweep_orders.function import SweepFunction
from tests.integration.harness import Context, World, through_both_doors
from tests.local.marketplace import Fault
from tests.local.marketplace.orders import SELLER_FULFILLED
from tests.support.printed import measurements_of, records_of

ORDER = "7400000000001"
HOUR_AGO = timedelta(hours=1)


def add_order(
    world: World,
    purchase_order_id: str = ORDER,
    age: timedelta = HOUR_AGO,
    statuses: tuple[str, ...] = ("Created",),
    ship_node: str = SELLER_FULFILLED,
) -> None:
    world.marketplace.add_order(
        purchase_order_id, statuses, order_date=datetime.now(UTC) - age, ship_node=ship_node
    )


def sweep(function: SweepFunction, milliseconds: int = 240_000) -> dict[str, Any]:
    return function({"source": "aws.scheduler"}, Context(milliseconds))


@through_both_doors
def test_an_order_that_nobody_told_of_is_acknowledged(world: World) -> None:
    add_order(world)

    record = sweep(world.sweep_function())
    world.deliver(world.function())

    assert (record["outcome"], record["orders_published"]) == ("completed", 1)
    assert [line.status for line in world.marketplace.order(ORDER).lines] == ["Acknowledged"]
    (outcome,) = records_of(world.output())
    assert (outcome["outcome"], outcome["origin"]) == ("acknowledged", "sweep")
    assert outcome["order_age_s"] == pytest.approx(3600, abs=60)


@through_both_doors
def test_once_acknowledged_an_order_is_not_swept_again(world: World) -> None:
    add_order(world)
    function = world.sweep_function()
    sweep(function)
    world.deliver(world.function())

    record = sweep(function)

    assert (record["outcome"], record["orders_seen"], record["orders_published"]) == ("completed", 0, 0)
    assert world.waiting() == 0


@through_both_doors
def test_when_nothing_waits_an_age_of_zero_is_measured_which_ends_the_alarm(world: World) -> None:
    sweep(world.sweep_function())

    assert measurements_of(world.output())["OldestUnacknowledgedOrderAge"] == [0]


@through_both_doors
def test_an_event_of_the_sweep_is_an_order_event_like_any_other(world: World) -> None:
    add_order(world)

    sweep(world.sweep_function())

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


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("fault", [None, Fault.BARE_CURSOR, Fault.REPEATED_ORDER])
@through_both_doors
def test_every_order_of_every_page_is_published_once(world: World, form: str, fault: Fault | None) -> None:
    ids = [str(7400000000001 + number) for number in range(420)]
    for number, purchase_order_id in enumerate(ids):
        add_order(world, purchase_order_id, HOUR_AGO + timedelta(seconds=number))
    world.marketplace.answer_as(form)  # type: ignore[arg-type]  # parametrized by its two values
    if fault:
        world.marketplace.fail_all(fault, times=None, action="released")

    record = sweep(world.sweep_function())

    assert (record["pages"], record["orders_seen"], record["orders_published"]) == (3, 420, 420)
    published = [json.loads(message["Body"])["detail"]["purchaseOrderId"] for message in world.receive_all()]
    assert sorted(published) == ids


@through_both_doors
def test_a_sweep_is_recorded_and_measured(world: World) -> None:
    add_order(world, age=timedelta(hours=3))
    world.send("{}")

    record = sweep(world.sweep_function(REQUESTS_PER_MINUTE="60"))

    output = world.output()
    (line,) = [line for line in output if line.get("message") == "sweep outcome"]
    assert line["level"] == "INFO"
    assert line["function_request_id"] == "invocation-1"
    assert {name: line[name] for name in record if record[name] is not None} == {
        name: value for name, value in record.items() if value is not None
    }
    call = world.marketplace.calls[-1]
    assert record["correlation_id"] == call.headers["WM_QOS.CORRELATION_ID"]
    measured = measurements_of(output)
    (age,) = measured.pop("OldestUnacknowledgedOrderAge")
    assert age == pytest.approx(3 * 3600, abs=60)
    assert measured == {"SweepCompleted": [1], "OrdersPublished": [1], "DrainTime": [pytest.approx(2.1)]}


@pytest.mark.parametrize(
    ("fault", "outcome", "details"),
    [
        (Fault.SERVICE_UNAVAILABLE, "unavailable", {}),
        (Fault.THROTTLED, "throttled", {}),
        (Fault.RESET_BEFORE_APPLYING, "unavailable", {}),
        (Fault.MAINTENANCE_PAGE, "unavailable", {}),
        (Fault.EMPTY_SUCCESS, "unavailable", {}),
        (Fault.BROKEN_JSON, "unavailable", {}),
        (Fault.REDIRECT, "misconfigured", {}),
        (Fault.UNAUTHORIZED, "credentials_refused", {}),
        (Fault.ENDLESS_CURSOR, "unavailable", {}),
    ],
)
@through_both_doors
def test_when_a_later_page_fails_the_orders_before_it_are_published(
    world: World, fault: Fault, outcome: str, details: dict[str, Any]
) -> None:
    for number in range(201):
        add_order(world, str(7400000000001 + number), HOUR_AGO + timedelta(seconds=number))
    world.marketplace.fail_all(Fault.DELAY, action="released", seconds=0.0)
    world.marketplace.fail_all(fault, times=None, action="released", **details)

    record = sweep(world.sweep_function())

    assert record["outcome"] == outcome
    assert record["orders_published"] >= 200
    assert len({json.loads(each["Body"])["detail"]["purchaseOrderId"] for each in world.receive_all()}) >= 200
    assert "SweepCompleted" not in measurements_of(world.output())


@pytest.mark.parametrize(
    ("fault", "metric"), [(Fault.UNAUTHORIZED, "CredentialsRefused"), (Fault.HEADER_BLAMED, "Misconfigured")]
)
@through_both_doors
def test_what_a_person_has_to_mend_is_counted_even_when_no_order_comes(
    world: World, fault: Fault, metric: str
) -> None:
    world.marketplace.fail_all(fault, times=None)

    sweep(world.sweep_function())

    output = world.output()
    assert measurements_of(output)[metric] == [1]
    assert [line["level"] for line in output if line.get("message") == "sweep outcome"] == ["ERROR"]


@through_both_doors
def test_a_key_that_is_refused_gives_way_to_the_previous_one(world: World) -> None:
    add_order(world)
    unknown = world.marketplace.register_seller(consumer_id="someone-else")
    secret = {**json.loads(world.seller.secret()), "privateKey": unknown.private_key}
    world.store_secret(json.dumps(secret))

    record = sweep(world.sweep_function())

    assert (record["outcome"], record["orders_published"]) == ("completed", 1)
    assert measurements_of(world.output())["CredentialFallback"] == [1]


@pytest.mark.parametrize("missing", ["orderDate", "orderLines"])
@through_both_doors
def test_an_order_that_lacks_a_member_is_acknowledged_all_the_same(world: World, missing: str) -> None:
    add_order(world)
    world.marketplace.fail_all(Fault.INCOMPLETE_ORDER, action="released", missing=missing)

    sweep(world.sweep_function())
    world.deliver(world.function())

    assert [record["outcome"] for record in records_of(world.output())] == ["acknowledged"]


@pytest.mark.parametrize(
    ("fault", "details"),
    [(Fault.INCOMPLETE_ORDER, {"missing": "purchaseOrderId"}), (Fault.HOSTILE_ORDER_ID, {})],
)
@through_both_doors
def test_an_order_without_a_usable_id_is_told_of_and_costs_the_others_nothing(
    world: World, fault: Fault, details: dict[str, Any]
) -> None:
    add_order(world, "7400000000001", HOUR_AGO)
    add_order(world, "7400000000002", 2 * HOUR_AGO)
    world.marketplace.fail_all(fault, action="released", **details)

    record = sweep(world.sweep_function())

    assert (record["orders_unusable"], record["orders_published"]) == (1, 1)
    output = world.output()
    assert [line["orders_unusable"] for line in output if line.get("level") == "WARNING"] == [1]
    assert "WM_CONSUMER.ID: y" not in json.dumps(output)


@through_both_doors
def test_a_swept_order_that_cannot_succeed_is_recorded_counted_and_not_parked(world: World) -> None:
    add_order(world, statuses=("Created", "Shipped"))
    sweeping, acknowledging = world.sweep_function(), world.function()

    for _ in range(2):
        sweep(sweeping)
        world.deliver(acknowledging)

    records = records_of(world.output())
    assert [(each["level"], each["outcome"], each["reason"], each["disposition"]) for each in records] == [
        ("ERROR", "rejected", "mixed_lines", "left")
    ] * 2
    assert world.parked() == []
    assert world.waiting() == 0
    assert world.posts() == 0


@through_both_doors
def test_a_swept_order_that_needs_a_person_is_parked_at_two_hours(world: World) -> None:
    add_order(world, age=timedelta(hours=2, minutes=1), statuses=("Created", "Shipped"))

    sweep(world.sweep_function())
    world.deliver(world.function())

    (parked,) = world.parked()
    assert parked["MessageAttributes"]["reason"]["StringValue"] == "mixed_lines"


@through_both_doors
def test_a_swept_order_that_walmart_will_not_show_is_left_although_nobody_saw_it(world: World) -> None:
    add_order(world)
    world.marketplace.fail(ORDER, Fault.NOT_FOUND, times=None)

    sweep(world.sweep_function())
    world.deliver(world.function())

    (outcome,) = records_of(world.output())
    assert (outcome["outcome"], outcome["disposition"]) == ("not_found", "left")
    assert (world.parked(), world.waiting()) == ([], 0)


@through_both_doors
def test_once_sweeps_are_off_a_swept_order_is_parked_like_any_other(world: World) -> None:
    add_order(world, statuses=("Created", "Shipped"))

    sweep(world.sweep_function())
    world.deliver(world.function(SWEEP_ENABLED="false"))

    (parked,) = world.parked()
    assert parked["MessageAttributes"]["reason"]["StringValue"] == "mixed_lines"


@through_both_doors
def test_a_swept_order_that_the_list_has_undated_is_left_as_well(world: World) -> None:
    add_order(world, statuses=("Created", "Shipped"))
    world.marketplace.fail_all(Fault.INCOMPLETE_ORDER, action="released", missing="orderDate")

    sweep(world.sweep_function())
    world.deliver(world.function())

    (outcome,) = records_of(world.output())
    assert (outcome["reason"], outcome["disposition"]) == ("mixed_lines", "left")
    assert world.parked() == []


@through_both_doors
def test_walmarts_own_orders_are_none_of_the_sellers(world: World) -> None:
    add_order(world, ship_node="WFSFulfilled")

    record = sweep(world.sweep_function())

    # Behind a token Walmart lists what the seller ships.
    seen = 1 if world.door == "signature" else 0
    assert (record["orders_seen"], record["orders_waiting"], record["oldest_order_age_s"]) == (seen, 0, 0.0)


@through_both_doors
def test_a_backlog_is_not_doubled_whether_it_is_hidden_or_not(world: World) -> None:
    for number in range(30):
        add_order(world, str(7400000000001 + number), HOUR_AGO + timedelta(minutes=number))
    world.send("{}")
    world.receive()
    world.send("{}", "{}")

    # One a minute less its margin: 14 in a quarter of an hour.
    record = sweep(world.sweep_function(REQUESTS_PER_MINUTE="1"))

    assert (record["orders_due"], record["orders_published"], record["orders_left"]) == (30, 11, 19)
    assert measurements_of(world.output())["OrdersPublished"] == [11]
    assert world.waiting() == 14


@through_both_doors
def test_the_further_sweeps_are_apart_the_more_each_publishes(world: World) -> None:
    for number in range(30):
        add_order(world, str(7400000000001 + number), HOUR_AGO + timedelta(minutes=number))

    record = sweep(world.sweep_function(REQUESTS_PER_MINUTE="1", SWEEP_INTERVAL_MINUTES="30"))

    assert record["orders_published"] == 28


@through_both_doors
def test_two_sweeps_at_once_lose_nothing(world: World) -> None:
    ids = {str(7400000000001 + number) for number in range(15)}
    for purchase_order_id in ids:
        add_order(world, purchase_order_id)
    sweeps = [world.sweep_function(), world.sweep_function()]

    # Neither knows of the other's events, as if side by side; in one process they would share their metrics.
    records = [sweep(each) for each in sweeps]
    acknowledging = world.function()
    while world.waiting():
        world.deliver(acknowledging)

    assert [record["outcome"] for record in records] == ["completed"] * 2
    assert {status for each in ids for status in world.statuses(each)} == {"Acknowledged"}
    assert {record["outcome"] for record in records_of(world.output())} <= {
        "acknowledged",
        "already_acknowledged",
    }


@pytest.mark.parametrize("ahead_s", [-600.0, 600.0])
@through_both_doors
def test_a_clock_that_is_wrong_loses_nothing_and_is_told_of(world: World, ahead_s: float) -> None:
    add_order(world, age=timedelta(minutes=15))
    world.ahead_s = ahead_s

    record = sweep(world.sweep_function())

    assert (record["outcome"], record["orders_published"]) == ("completed", 1)
    assert record["clock_ahead_s"] == pytest.approx(ahead_s, abs=5)
    warnings = [line for line in world.output() if line.get("level") == "WARNING"]
    assert [line["clock_ahead_s"] for line in warnings] == [record["clock_ahead_s"]]


@through_both_doors
def test_events_that_the_bus_refuses_are_published_again_and_no_other(world: World) -> None:
    for number in range(12):
        add_order(world, str(7400000000001 + number), HOUR_AGO + timedelta(minutes=number))
    refuse_first_two(world)

    record = sweep(world.sweep_function())

    assert (record["outcome"], record["orders_published"]) == ("completed", 12)
    published = [json.loads(message["Body"])["detail"]["purchaseOrderId"] for message in world.receive_all()]
    assert len(published) == len(set(published)) == 12


@through_both_doors
def test_no_connection_to_the_bus_is_kept_for_the_next_sweep(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    add_order(world)
    function = world.sweep_function()
    sweep(function)

    # The functions' other clients of AWS keep theirs: they repeat a call that a dead one costs.
    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        record = sweep(function)

    aws = f"Starting new HTTP connection (1): {urlsplit(world.events.meta.endpoint_url).netloc}"
    assert record["orders_published"] == 1
    assert [line for line in caplog.messages if line == aws] == [aws]


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
