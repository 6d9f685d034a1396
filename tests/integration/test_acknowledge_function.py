"""AcknowledgeFunction through its own entry: a real queue before it, a real marketplace behind it."""

import json
from datetime import UTC, datetime
from typing import Any

import pytest

from tests.integration.conftest import Context, World, counts_of, records_of
from tests.local_marketplace import Fault, Marketplace

ORDER = "7400000000001"


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


# Each way in which a call can go wrong, what it is called, and whether Walmart applied it all the same.
FAULTS: list[tuple[Fault, dict[str, Any], str, bool]] = [
    (Fault.RESET_BEFORE_APPLYING, {}, "outcome_unknown", False),
    (Fault.RESET_AFTER_APPLYING, {}, "outcome_unknown", True),
    (Fault.UNAUTHORIZED, {}, "credentials_refused", False),
    (Fault.THROTTLED, {}, "throttled", False),
    (Fault.INTERNAL_ERROR, {}, "unavailable", False),
    (Fault.SERVICE_UNAVAILABLE, {}, "unavailable", False),
    (Fault.EMPTY_SUCCESS, {}, "outcome_unknown", False),
    (Fault.FOREIGN_SUCCESS, {}, "outcome_unknown", False),
]


@pytest.mark.parametrize(("fault", "details", "outcome", "applied"), FAULTS)
def test_a_call_that_goes_wrong_comes_again_and_ends_acknowledged(
    world: World,
    fault: Fault,
    details: dict[str, Any],
    outcome: str,
    applied: bool,  # noqa: FBT001 - a row of the table
) -> None:
    world.marketplace.add_order(ORDER)
    world.marketplace.fail(ORDER, fault, **details)
    world.send(order_event())
    function = world.function()

    answer = world.deliver(function)

    (record,) = records_of(world.output())
    assert (record["outcome"], record["disposition"], record["attempt"]) == (outcome, "later", 1)
    assert len(answer["batchItemFailures"]) == 1
    assert world.waiting() == 1
    assert [call.applied for call in world.marketplace.calls] == [applied]

    world.deliver(function)

    (record,) = records_of(world.output())
    assert (record["outcome"], record["disposition"], record["attempt"]) == ("acknowledged", "done", 2)
    assert [line.status for line in world.marketplace.order(ORDER).lines] == ["Acknowledged"]
    assert world.waiting() == 0
    assert world.parked() == []


def test_a_slow_answer_is_waited_for(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.marketplace.fail(ORDER, Fault.DELAY, seconds=0.2)
    world.send(order_event())

    world.deliver(world.function())

    (record,) = records_of(world.output())
    assert (record["outcome"], len(world.marketplace.calls)) == ("acknowledged", 1)


def test_a_redirect_is_not_followed_and_the_other_host_sees_nothing(world: World) -> None:
    with Marketplace() as other:
        world.marketplace.add_order(ORDER)
        location = f"{other.url}/v3/ca/orders/{ORDER}/acknowledge"
        world.marketplace.fail(ORDER, Fault.REDIRECT, location=location)
        world.send(order_event())

        world.deliver(world.function())

        (record,) = records_of(world.output())
        assert (record["outcome"], record["reason"]) == ("misconfigured", "http_307 to 127.0.0.1")
        assert other.calls == []
        assert world.waiting() == 1


@pytest.mark.parametrize(
    ("status", "outcome", "reason"),
    [
        ("Shipped", "rejected", "INVALID_REQUEST_CONTENT"),
        ("Cancelled", "rejected", "INVALID_REQUEST_CONTENT"),
        ("Acknowledged", "acknowledged", None),
    ],
)
def test_the_orders_state_at_walmart_decides(
    world: World, status: str, outcome: str, reason: str | None
) -> None:
    world.marketplace.add_order(ORDER, statuses=[status])
    world.send(order_event())

    world.deliver(world.function())

    (record,) = records_of(world.output())
    assert (record["outcome"], record.get("reason")) == (outcome, reason)


def test_an_order_that_walmart_does_not_know_comes_again(world: World) -> None:
    world.send(order_event())

    world.deliver(world.function())

    (record,) = records_of(world.output())
    assert (record["outcome"], record["reason"]) == ("not_found", "CONTENT_NOT_FOUND")
    assert record["http_status"] == 404
    assert world.waiting() == 1


def test_a_header_that_walmart_blames_is_named(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.store_secret(json.dumps({**json.loads(world.seller.secret()), "channelType": "placeholder"}))
    world.send(order_event())

    world.deliver(world.function())

    (record,) = records_of(world.output())
    assert record["outcome"] == "misconfigured"
    assert record["reason"] == "INVALID_REQUEST_HEADER: WM_CONSUMER.CHANNEL.TYPE"
    assert record["level"] == "ERROR"


def test_a_marketplace_that_cannot_be_reached_costs_an_attempt_and_nothing_else(world: World) -> None:
    world.send(order_event())

    # Port 1 is nobody's.
    world.deliver(world.function(MARKETPLACE_URL="http://127.0.0.1:1"))

    (record,) = records_of(world.output())
    assert (record["outcome"], record["reason"]) == ("unavailable", "connect")
    assert "http_status" not in record
    assert world.waiting() == 1


GOOD_MEMBERS = {"consumerId", "channelType", "privateKey"}


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
        ('  {"detail": {"purchaseOrderId": 7}}\t', "detail.purchaseOrderId must be a string, not int"),
        ('{"detail": {"customerOrderId": "\u00e9\u6f22"}}', "detail.purchaseOrderId: missing"),
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


def test_with_too_little_time_left_the_batch_goes_back_untried(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.send(order_event())

    world.deliver(world.function(), Context(milliseconds=14_000))

    (record,) = records_of(world.output())
    assert (record["outcome"], record["reason"]) == ("deferred", "out_of_time")
    assert world.marketplace.calls == []
    assert world.waiting() == 1


def test_no_line_shows_a_secret_a_signature_or_the_buyer(world: World) -> None:
    faults = [fault for fault, *_ in FAULTS]
    ids = [f"74000000001{number:02}" for number in range(len(faults) + 1)]
    for purchase_order_id, fault in zip(ids, [*faults, None], strict=True):
        world.marketplace.add_order(purchase_order_id)
        if fault:
            world.marketplace.fail(purchase_order_id, fault)
    world.send(*(order_event(purchase_order_id) for purchase_order_id in ids))

    world.deliver(world.function())

    printed = json.dumps(world.output(), ensure_ascii=False)
    signatures = [call.headers["WM_SEC.AUTH_SIGNATURE"] for call in world.marketplace.calls]
    assert len(signatures) == len(ids)
    forbidden = [
        *signatures,
        *world.marketplace.buyer_data,
        world.seller.private_key,
        world.seller.channel_type,
    ]
    assert [text for text in forbidden if text in printed] == []


def test_an_empty_batch_is_nothing_to_do(world: World) -> None:
    assert world.function()({"Records": []}, Context()) == {"batchItemFailures": []}


@pytest.mark.parametrize("event", [None, [], "text", {}, {"Records": "text"}, {"detail": {}}])
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
