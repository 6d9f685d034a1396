"""AcknowledgeFunction, called through its own entry, with a local queue and a local marketplace."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from tests.integration.harness import Harness, counts_of
from tests.local.marketplace import Fault
from tests.support.batches import order_event, record_of, sqs_record
from tests.support.context import Context
from tests.support.printed import measurements_of, records_of

ORDER = "7400000000001"


def test_an_order_event_ends_as_one_acknowledged_order_and_record(harness: Harness) -> None:
    harness.marketplace.add_order(ORDER)
    harness.send(order_event(ORDER, orderDate=datetime.now(UTC).isoformat()))

    function = harness.function()
    assert function({"Records": []}, Context()) == {"batchItemFailures": []}

    answer = harness.deliver(function)

    assert answer == {"batchItemFailures": []}
    assert harness.statuses(ORDER) == {"Acknowledged"}
    assert (harness.queued(), harness.parked()) == (0, [])
    output = harness.output()
    (record,) = records_of(output)
    (call,) = harness.marketplace.calls
    assert record["level"] == "INFO"
    assert record["function_request_id"] == "invocation-1"
    assert record["purchase_order_id"] == ORDER
    assert (record["outcome"], record["disposition"]) == ("acknowledged", "done")
    assert (record["http_status"], record["attempt"], record["origin"]) == (200, 1, "queue")
    assert record["correlation_id"] == call.headers["WM_QOS.CORRELATION_ID"]
    assert record["event_id"] == f"event-of-{ORDER}"
    assert record["message_id"]
    assert record["secret_version_id"]
    assert record["latency_ms"] > 0
    assert 0 <= record["order_age_s"] < 3600
    assert record["deadline_remaining_s"] == pytest.approx(4 * 3600 - record["order_age_s"])
    assert counts_of(output) == {"Acknowledged": 1}
    assert not {"location", "taskName"} & record.keys()


def test_no_queue_connection_is_kept_for_the_next_invocation(
    harness: Harness, caplog: pytest.LogCaptureFixture
) -> None:
    # By then it may be dead, and the call that fails on it would be neither a back-off nor a park.
    harness.send(order_event(ORDER), order_event("7400000000002"))
    first, second = harness.receive(2)
    function = harness.function()
    function({"Records": [record_of(first)]}, Context())

    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        function({"Records": [record_of(second)]}, Context())

    queue = harness.order_queue.url.split("/")[2]
    opened = [line for line in caplog.messages if line.startswith("Starting new HTTP connection")]
    assert len([line for line in opened if line.endswith(queue)]) == 1


def test_a_batch_of_ten_keeps_each_order_to_itself(harness: Harness) -> None:
    ids = [f"74000000000{number:02}" for number in range(10)]
    for purchase_order_id in ids[:7]:
        harness.marketplace.add_order(purchase_order_id)
    for purchase_order_id in ids[5:7]:
        harness.marketplace.fail(purchase_order_id, Fault.SERVICE_UNAVAILABLE)
    # The first call gets the last response: no record may have the fields of another order.
    for place, purchase_order_id in enumerate(ids[:5]):
        harness.marketplace.fail(purchase_order_id, Fault.DELAY, seconds=0.3 - place * 0.05)
    harness.send(*map(order_event, ids[:9]), "not json")

    answer = harness.deliver(harness.function())

    output = harness.output()
    records = records_of(output)
    by_order = {record.get("purchase_order_id", "none"): record for record in records}
    assert len(records) == 10
    assert {key: record["outcome"] for key, record in by_order.items()} == {
        **dict.fromkeys(ids[:5], "acknowledged"),
        **dict.fromkeys(ids[5:7], "unavailable"),
        **dict.fromkeys(ids[7:9], "not_found"),
        "none": "invalid_event",
    }
    sent = {
        call.purchase_order_id: call.headers["WM_QOS.CORRELATION_ID"] for call in harness.marketplace.calls
    }
    assert {key: by_order[key]["correlation_id"] for key in ids[:9]} == sent
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} == {
        by_order[purchase_order_id]["message_id"] for purchase_order_id in ids[5:9]
    }
    assert counts_of(output) == {"Acknowledged": 5, "Unavailable": 2, "NotFound": 2, "InvalidEvent": 1}


def test_an_attempt_and_an_acknowledgement_are_measured(harness: Harness) -> None:
    harness.marketplace.add_order(ORDER)
    harness.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE)
    ordered_at = datetime.now(UTC) - timedelta(minutes=5)
    harness.send(order_event(ORDER, orderDate=ordered_at.isoformat()))
    function = harness.function()

    harness.deliver(function)
    failed = measurements_of(harness.output())
    harness.deliver(function)
    acknowledged = measurements_of(harness.output())

    assert failed["OrderAge"] == [pytest.approx(300, abs=60)]
    assert "OrderAgeAtAcknowledgement" not in failed
    assert acknowledged["OrderAge"] == acknowledged["OrderAgeAtAcknowledgement"]
    assert len(failed["MarketplaceLatency"]) == len(acknowledged["MarketplaceLatency"]) == 1


def test_an_unexpected_error_fails_only_its_own_message(harness: Harness) -> None:
    harness.marketplace.add_order(ORDER)
    harness.marketplace.fail("7400000000002", Fault.SERVICE_UNAVAILABLE)

    def broken(a: float, b: float) -> float:
        raise ZeroDivisionError(a, b)

    received = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795532400000"}
    # The second order needs a delay, which is drawn at random.
    batch = [
        sqs_record(message_id=message_id, receipt="r", body=json.dumps(order_event(order)), system=received)
        for message_id, order in (("m-2", "7400000000002"), ("m-1", ORDER))
    ]
    harness.uniform = broken

    answer = harness.function()({"Records": batch}, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
    output = harness.output()
    (failed,) = [line for line in output if line.get("message") == "unexpected error"]
    assert (failed["level"], failed["message_id"]) == ("ERROR", "m-2")
    assert failed["exception"]
    assert [record["message_id"] for record in records_of(output)] == ["m-1"]
    assert counts_of(output) == {"Acknowledged": 1, "MessageFailed": 1}


DAYS_AGO = datetime.now(UTC) - timedelta(days=3)


@pytest.mark.parametrize(
    ("statuses", "dry_run", "ordered_at"),
    [
        (("Created", "Cancelled"), False, DAYS_AGO),
        (("Created",), True, datetime.now(UTC)),
        ((), False, DAYS_AGO),
    ],
    ids=["an order that no sweep sees any more", "a dry run", "an order that Walmart does not know"],
)
def test_an_origin_of_sweep_alone_does_not_prevent_parking(
    harness: Harness, statuses: tuple[str, ...], dry_run: bool, ordered_at: datetime
) -> None:
    if statuses:
        harness.marketplace.add_order(ORDER, statuses, ordered_at)
    age = timedelta(hours=2)
    old = (datetime.now(UTC) - age).isoformat()
    harness.send(order_event(ORDER, age, origin="sweep", dryRun=dry_run, orderDate=old))

    harness.deliver(harness.function())

    output = harness.output()
    (record,) = records_of(output)
    assert (record["disposition"], record["origin"]) == ("parked", "sweep")
    assert len(harness.parked()) == 1
    assert "LeftToSweep" not in counts_of(output)
