"""AcknowledgeFunction through its own entry: a real queue before it, a real marketplace behind it."""

import json
import logging
from datetime import UTC, datetime, timedelta

import pytest

from acknowledge_orders.batch import ForeignBatchError
from shared.sweep_mark import SweepNote, mark_key_of
from tests.integration.harness import Context, World, counts_of
from tests.local.marketplace import Fault
from tests.support.batches import record_of, sqs_record
from tests.support.printed import measurements_of, records_of

ORDER = "7400000000001"
UNSAFE = "detail.purchaseOrderId must be 1 to 64 ASCII letters, digits, '_' or '-'"
HOSTILE_IDS = [
    "",
    "1/../x",
    "..",
    "1%2f2",
    "1?x=1",
    "1#x",
    "1\r\nWM_CONSUMER.ID: x",
    "1\x00",
    "1\n2",
    "\u0661\u0662\u0663",
    "\uff11\uff12\uff13",
    "1\u200b",
    "1" * 10_000,
]


def order_event(purchase_order_id: str = ORDER, **detail: object) -> str:
    return json.dumps(
        {
            "id": "e-1",
            "source": "walmart.ca.orders",
            "detail-type": "Order Created",
            "time": datetime.now(UTC).isoformat(),
            "detail": {"purchaseOrderId": purchase_order_id, **detail},
        }
    )


def test_an_order_event_becomes_an_acknowledged_order(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.send(order_event())

    answer = world.deliver(world.function())

    assert answer == {"batchItemFailures": []}
    assert [line.status for line in world.marketplace.order(ORDER).lines] == ["Acknowledged"]
    assert world.waiting() == 0
    assert world.parked() == []


def test_the_outcome_is_recorded_once_with_everything_that_is_known(world: World) -> None:
    world.marketplace.add_order(ORDER)
    ordered_at = datetime.now(UTC).isoformat()
    world.send(order_event(orderDate=ordered_at))

    world.deliver(world.function())

    output = world.output()
    (record,) = records_of(output)
    (call,) = world.marketplace.calls
    assert record["level"] == "INFO"
    assert record["function_request_id"] == "invocation-1"
    assert record["purchase_order_id"] == ORDER
    assert (record["outcome"], record["disposition"]) == ("acknowledged", "done")
    assert (record["http_status"], record["attempt"], record["origin"]) == (200, 1, "queue")
    assert record["correlation_id"] == call.headers["WM_QOS.CORRELATION_ID"]
    assert record["event_id"] == "e-1"
    assert record["message_id"]
    assert record["secret_version_id"]
    assert record["latency_ms"] > 0
    assert 0 <= record["order_age_s"] < 3600
    assert record["deadline_remaining_s"] == pytest.approx(4 * 3600 - record["order_age_s"])
    assert counts_of(output) == {"Acknowledged": 1}
    assert not {"location", "taskName"} & record.keys()


GOOD_MEMBERS = {"consumerId", "channelType", "privateKey"}


def test_no_connection_to_the_queue_is_kept_for_the_next_invocation(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    """By then it may be dead, and a back-off or a park that it costs is not repeated."""
    world.send(order_event())
    world.deliver(world.function())

    with caplog.at_level(logging.DEBUG, "urllib3.connectionpool"):
        assert world.waiting() == 1

    assert len([line for line in caplog.messages if line.startswith("Starting new HTTP connection")]) == 1


@pytest.mark.parametrize(
    ("secret", "reason"),
    [
        ("hunter2", "secret: must be JSON"),
        ('["hunter2"]', "secret: must be a JSON object"),
        (
            '{"consumerId": "hunter2", "channelType": "hunter2", "privateKey": "hunter2"}',
            "secret.privateKey: must be an RSA private key",
        ),
    ],
)
def test_an_unusable_secret_is_named_not_shown_and_the_order_waits(
    world: World, secret: str, reason: str
) -> None:
    for _ in range(2):  # until the good one is not the previous version any more
        world.store_secret(secret)
    world.send(order_event())

    world.deliver(world.function())

    output = world.output()
    (record,) = records_of(output)
    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith(reason)
    assert "hunter2" not in json.dumps(output)
    assert world.waiting() == 1
    assert world.marketplace.calls == []


@pytest.mark.parametrize("member", sorted(GOOD_MEMBERS))
def test_a_member_that_the_secret_lacks_is_named(world: World, member: str) -> None:
    secret = json.loads(world.seller.secret())
    for _ in range(2):  # until the good one is not the previous version any more
        world.store_secret(json.dumps({name: secret[name] for name in GOOD_MEMBERS - {member}}))
    world.send(order_event())

    world.deliver(world.function())

    (record,) = records_of(world.output())
    assert (record["outcome"], record["reason"]) == ("misconfigured", f"secret.{member}: missing")
    assert world.waiting() == 1


def test_a_secret_that_is_not_there_is_said_to_be(world: World) -> None:
    world.delete_secret()
    world.send(order_event())

    world.deliver(world.function())

    (record,) = records_of(world.output())
    assert record["outcome"] == "misconfigured"
    assert record["reason"] == "secret: there is none of this name: check CredentialsSecretArn"
    assert world.waiting() == 1


@pytest.mark.parametrize(
    "url", ["http://marketplace.example", "ftp://127.0.0.1", "https://marketplace.example/hunter2", "hunter2"]
)
def test_a_marketplace_url_that_is_not_https_is_refused(world: World, url: str) -> None:
    world.send(order_event())

    world.deliver(world.function(MARKETPLACE_URL=url))

    output = world.output()
    (record,) = records_of(output)
    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("MARKETPLACE_URL must be https")
    assert "hunter2" not in json.dumps(output)
    assert world.waiting() == 1


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("not json {", "body: must be JSON"),
        ('  {"detail": {"purchaseOrderId": 7.5}}\t', "detail.purchaseOrderId must be a string, not float"),
        ('{"detail": {"purchaseOrderId": "released"}}', "detail.purchaseOrderId must have a digit"),
        (
            '{"Type": "Notification", "TopicArn": "arn:aws:sns:x", "Message": "{}"}',
            (
                "event: is an SNS notification: turn on raw message delivery, so that the order event itself"
                " arrives"
            ),
        ),
        (
            '{"detail": {"purchaseOrderId": "7400000000001", "selfCheck": true}}',
            "detail.selfCheck: is for direct invocation, and no order event may have it",
        ),
        ('{"detail": {"customerOrderId": "\u00e9\u6f22"}}', "detail.purchaseOrderId: missing"),
        ("null", "event: must be a JSON object"),
        ('["7400000000001"]', "event: must be a JSON object"),
        ('{"detail": "7400000000001"}', "detail: must be a JSON object"),
        ('{"detail": {"purchaseOrderId": null}}', "detail.purchaseOrderId must be a string, not NoneType"),
        ('{"detail": {"purchaseOrderId": "1", "dryRun": "yes"}}', "detail.dryRun: must be true or false"),
        *((json.dumps({"detail": {"purchaseOrderId": hostile}}), UNSAFE) for hostile in HOSTILE_IDS),
    ],
)
def test_an_unusable_event_is_parked_byte_for_byte_with_its_reason(
    world: World, body: str, reason: str
) -> None:
    world.send(body)

    answer = world.deliver(world.function())

    assert answer == {"batchItemFailures": []}
    assert world.waiting() == 0
    (parked,) = world.parked()
    assert parked["Body"] == body
    assert parked["MessageAttributes"]["outcome"]["StringValue"] == "invalid_event"
    assert parked["MessageAttributes"]["reason"]["StringValue"] == reason
    assert world.marketplace.calls == []


def test_a_dry_run_from_the_queue_is_parked_and_posts_nothing(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.send(order_event(dryRun=True))

    world.deliver(world.function())

    (parked,) = world.parked()
    assert parked["MessageAttributes"]["outcome"]["StringValue"] == "dry_run"
    assert world.marketplace.calls == []
    assert world.waiting() == 0


def test_what_cannot_be_parked_stays_in_the_queue(world: World) -> None:
    world.send("not json")

    world.deliver(world.function(DEAD_LETTER_QUEUE_URL=f"{world.dead_letter_queue}-gone"))

    (record,) = records_of(world.output())
    assert (record["outcome"], record["disposition"]) == ("invalid_event", "later")
    assert world.waiting() == 1


def test_a_batch_of_ten_keeps_each_order_to_itself(world: World) -> None:
    ids = [f"74000000000{number:02}" for number in range(10)]
    for purchase_order_id in ids[:7]:
        world.marketplace.add_order(purchase_order_id)
    for purchase_order_id in ids[5:7]:
        world.marketplace.fail(purchase_order_id, Fault.SERVICE_UNAVAILABLE)
    # The first to be sent is the last to be answered: no line may take another's fields.
    for place, purchase_order_id in enumerate(ids[:5]):
        world.marketplace.fail(purchase_order_id, Fault.DELAY, seconds=0.3 - place * 0.05)
    world.send(*(order_event(purchase_order_id) for purchase_order_id in ids[:9]), "not json")

    answer = world.deliver(world.function())

    output = world.output()
    records = records_of(output)
    by_order = {record.get("purchase_order_id", "none"): record for record in records}
    assert len(records) == 10
    assert {key: record["outcome"] for key, record in by_order.items()} == {
        **dict.fromkeys(ids[:5], "acknowledged"),
        **dict.fromkeys(ids[5:7], "unavailable"),
        **dict.fromkeys(ids[7:9], "not_found"),
        "none": "invalid_event",
    }
    sent = {call.purchase_order_id: call.headers["WM_QOS.CORRELATION_ID"] for call in world.marketplace.calls}
    assert {key: by_order[key]["correlation_id"] for key in ids[:9]} == sent
    assert {failure["itemIdentifier"] for failure in answer["batchItemFailures"]} == {
        by_order[purchase_order_id]["message_id"] for purchase_order_id in ids[5:9]
    }
    assert counts_of(output) == {"Acknowledged": 5, "Unavailable": 2, "NotFound": 2, "InvalidEvent": 1}


@pytest.mark.parametrize(
    ("order_date", "warned"),
    [
        ("2026-11-20T14:01:52Z", False),
        ("2026-11-20T19:31:52+05:30", False),
        (1795183312, False),
        (1795183312000, False),
        ("1795183312000", False),
        ("2126-01-01T00:00:00Z", True),
        ("20261124", True),
        ("1970-01-01T00:00:00Z", True),
        ("2099-01-01T00:00:00Z", True),
        ("x" * 10_000, True),
        ({"date": "2026-11-24"}, True),
        (True, True),
    ],
    ids=lambda value: str(value)[:30],
)
def test_an_odd_order_date_costs_a_warning_at_most_and_never_the_order(
    world: World,
    order_date: object,
    warned: bool,
) -> None:
    world.marketplace.add_order(ORDER)
    world.send(order_event(orderDate=order_date))

    world.deliver(world.function())

    output = world.output()
    (record,) = records_of(output)
    assert record["outcome"] == "acknowledged"
    warnings = [line["field"] for line in output if line.get("level") == "WARNING"]
    assert warnings == ["detail.orderDate"] * warned


def test_the_same_order_twice_in_a_batch_is_acknowledged_and_recorded_twice(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.send(order_event(), order_event())

    answer = world.deliver(world.function())

    assert answer == {"batchItemFailures": []}
    assert [record["outcome"] for record in records_of(world.output())] == ["acknowledged"] * 2
    assert world.waiting() == 0


def test_with_too_little_time_left_the_batch_goes_back_untried(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.send(order_event())

    world.deliver(world.function(), Context(milliseconds=14_000))

    (record,) = records_of(world.output())
    assert (record["outcome"], record["reason"]) == ("deferred", "out_of_time")
    assert world.marketplace.calls == []
    assert world.waiting() == 1


def test_an_attempt_is_measured_and_an_acknowledgement_beside(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE)
    ordered_at = datetime.now(UTC) - timedelta(minutes=5)
    world.send(order_event(orderDate=ordered_at.isoformat()))
    function = world.function()

    world.deliver(function)
    failed = measurements_of(world.output())
    world.deliver(function)
    acknowledged = measurements_of(world.output())

    assert (failed["Attempts"], acknowledged["Attempts"]) == ([1], [2])
    assert failed["OrderAge"] == [pytest.approx(300, abs=60)]
    assert "OrderAgeAtAcknowledgement" not in failed
    assert acknowledged["OrderAge"] == acknowledged["OrderAgeAtAcknowledgement"]
    assert len(failed["MarketplaceLatency"]) == len(acknowledged["MarketplaceLatency"]) == 1


def test_a_mistake_of_ours_costs_its_message_an_attempt_and_its_neighbours_nothing(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.marketplace.fail("7400000000002", Fault.SERVICE_UNAVAILABLE)

    def broken(a: float, b: float) -> float:
        raise ZeroDivisionError(a, b)

    received = {"ApproximateReceiveCount": "1", "ApproximateFirstReceiveTimestamp": "1795532400000"}
    # The second order needs a delay, which is drawn at random.
    batch = [
        sqs_record(message_id=message_id, receipt="r", body=body, system=received)
        for message_id, body in (("m-2", order_event("7400000000002")), ("m-1", order_event()))
    ]

    world.uniform = broken

    answer = world.function()({"Records": batch}, Context())

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-2"}]}
    output = world.output()
    (failed,) = [line for line in output if line.get("message") == "message failed unexpectedly"]
    assert (failed["level"], failed["message_id"]) == ("ERROR", "m-2")
    assert failed["exception"]
    assert [record["message_id"] for record in records_of(output)] == ["m-1"]
    assert counts_of(output) == {"Acknowledged": 1, "MessageFailed": 1}


@pytest.mark.parametrize(
    ("second", "reason"),
    [
        (
            {"receiptHandle": None},
            "Records[1]: has no usable receiptHandle, which SQS sends with each message",
        ),
        ({"eventSource": "aws:sns"}, "Records[1]: comes from aws:sns; only SQS may trigger the function"),
    ],
)
def test_a_batch_that_is_not_one_of_sqs_raises_before_any_order_is_tried(
    world: World, second: dict[str, object], reason: str
) -> None:
    world.marketplace.add_order(ORDER)
    world.send(order_event(), order_event())
    good, bad = (record_of(message) for message in world.receive())

    with pytest.raises(ForeignBatchError) as raised:
        world.function()({"Records": [good, bad | second]}, Context())

    assert str(raised.value).startswith(reason)
    assert ORDER not in str(raised.value)
    output = world.output()
    (line,) = [line for line in output if line.get("level") == "ERROR"]
    assert (line["message"], line["reason"]) == ("batch refused", str(raised.value))
    assert counts_of(output) == {"MessageFailed": 1}
    assert world.marketplace.calls == []
    assert world.waiting() == 2


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
def test_the_mark_of_the_sweep_alone_keeps_no_order_from_being_parked(
    world: World, statuses: tuple[str, ...], dry_run: bool, ordered_at: datetime
) -> None:
    if statuses:
        world.marketplace.add_order(ORDER, statuses, ordered_at)
    event = json.loads(order_event(origin="sweep", dryRun=dry_run))
    old = (datetime.now(UTC) - timedelta(hours=2)).isoformat()
    event["time"] = event["detail"]["orderDate"] = old
    world.send(json.dumps(event))

    world.deliver(world.function())

    output = world.output()
    (record,) = records_of(output)
    assert (record["disposition"], record["origin"]) == ("parked", "sweep")
    assert len(world.parked()) == 1
    assert "LeftToSweep" not in counts_of(output)


def test_an_order_that_the_next_sweep_sees_is_left_to_it_and_counted(world: World) -> None:
    hour_ago = datetime.now(UTC) - timedelta(hours=1)
    world.marketplace.add_order(ORDER, ("Created", "Cancelled"), hour_ago)
    key = mark_key_of(world.secret())
    note = SweepNote(
        purchase_order_id=ORDER,
        ordered_at=hour_ago,
        next_sweep_at=datetime.now(UTC) + timedelta(minutes=15),
        park_if_stuck=False,
    )
    world.send(json.dumps({**json.loads(order_event()), "detail": note.as_detail(key)}))

    world.deliver(world.function())

    output = world.output()
    (record,) = records_of(output)
    assert record["disposition"] == "left"
    assert counts_of(output) == {"Rejected": 1, "LeftToSweep": 1}
    assert (world.waiting(), world.parked()) == (0, [])


@pytest.mark.parametrize("statuses", [("Shipped",), ("Created", "Cancelled")])
def test_an_event_from_the_future_is_checked_at_walmart_before_anything_is_sent(
    world: World, statuses: tuple[str, ...]
) -> None:
    world.marketplace.add_order(ORDER, statuses)
    world.send(json.dumps({"time": "2999-01-01T00:00:00Z", "detail": {"purchaseOrderId": ORDER}}))

    world.deliver(world.function())

    assert world.actions() == ["get"]
    (warning,) = [line for line in world.output() if line.get("message") == "event date ignored"]
    assert warning["field"] == "time"


def test_an_empty_batch_is_nothing_to_do(world: World) -> None:
    assert world.function()({"Records": []}, Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize(
    "event",
    [
        None,
        "text",
        {},
        {"detail": {}},
        {"detail": {"selfCheck": "true"}},
        {"order": {"purchaseOrderId": "7"}},
    ],
)
def test_a_bare_event_that_is_unusable_answers_with_a_record(world: World, event: object) -> None:
    answer = world.function()(event, Context())

    assert (answer["outcome"], answer["disposition"], answer["origin"]) == (
        "invalid_event",
        "answered",
        "manual",
    )


def test_a_bare_event_that_fails_is_answered_and_waits_nowhere(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.marketplace.fail(ORDER, Fault.INTERNAL_ERROR)

    answer = world.function()(json.loads(order_event()), Context())

    assert (answer["outcome"], answer["disposition"]) == ("unavailable", "answered")
    assert world.waiting() == 0


def test_bare_events_and_batches_may_follow_one_another(world: World) -> None:
    function = world.function()
    world.marketplace.add_order(ORDER)

    outcomes = [function(json.loads(order_event()), Context())["outcome"]]
    world.send(order_event())
    world.deliver(function)
    outcomes.append(function(json.loads(order_event()), Context())["outcome"])

    assert outcomes == ["acknowledged", "acknowledged"]
    assert [call.applied for call in world.marketplace.calls] == [True] * 3
