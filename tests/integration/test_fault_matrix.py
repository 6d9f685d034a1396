"""Every row of the consequences, over real HTTP and a real queue, through the function's own entry."""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from acknowledge_orders.policy import LAST_RECEIVE
from shared.credentials import REFUSED_SECONDS
from tests.integration.harness import Context, World, counts_of, through_both_doors
from tests.local.marketplace import Fault, Marketplace, issue_certificate
from tests.local.marketplace.orders import SELLER_FULFILLED
from tests.support.printed import records_of
from tests.support.sqs_limits import MAX_BYTES

ORDER = "7400000000001"
ACKNOWLEDGE, GET = "acknowledge", "get"
OF_A_TOKEN = {"signature": "", "token": "token_"}
AUTHORISING = ("WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN", "Authorization")
YOUNG, QUARTER, HOUR = timedelta(0), timedelta(minutes=16), timedelta(minutes=61)

type Planned = tuple[Fault, dict[str, Any]]


def on(action: str, fault: Fault, **details: Any) -> Planned:  # noqa: ANN401 - each fault has details of its own
    return fault, {"action": action, **details}


@dataclass(frozen=True)
class Case:
    """One row: what there is, what goes wrong, and what is to come of it.

    Attributes:
        name: What a reader calls it.
        outcome: With its reason after a colon, where that matters.
        disposition: What becomes of the message.
        calls: The actions that Walmart saw, in their order.
        statuses: Those of the order's lines beforehand; None, Walmart does not know it.
        left: And those afterwards, when they are others.
        faults: What the calls meet, in their order.
        event_age: How long ago the event was published.
        order_age: How long ago the buyer ordered.
        ship_node: Who fulfils the order.
    """

    name: str
    outcome: str
    disposition: str
    calls: list[str]
    statuses: tuple[str | tuple[str, ...], ...] | None = ("Created",)
    left: tuple[str, ...] | None = None
    faults: list[Planned] = field(default_factory=list)
    event_age: timedelta = YOUNG
    order_age: timedelta = YOUNG
    ship_node: str = SELLER_FULFILLED


POST = [ACKNOWLEDGE]
LOOK = [GET]
POST_LOOK = [ACKNOWLEDGE, GET]
LOOK_POST = [GET, ACKNOWLEDGE]
LOOK_POST_LOOK = [GET, ACKNOWLEDGE, GET]
ACKNOWLEDGED = ("Acknowledged",)


def meets(fault: Fault, outcome: str, calls: list[str], *, leaves: str = "Created", **details: Any) -> Case:  # noqa: ANN401 - see above
    """A new order whose post meets a fault, and what Walmart made of the order all the same."""
    return Case(
        name=" ".join([fault.value, *(f"{name}={value}" for name, value in details.items())]),
        outcome=outcome,
        disposition="done" if outcome == "acknowledged" else "later",
        calls=calls,
        left=(leaves,),
        faults=[on(ACKNOWLEDGE, fault, **details)],
    )


CASES = [
    # The order is as it should be.
    Case("a new order", "acknowledged", "done", POST, left=ACKNOWLEDGED),
    Case("an acknowledged order", "acknowledged", "done", POST, ACKNOWLEDGED),
    Case("a partly acknowledged order", "acknowledged", "done", POST, ("Created", "Acknowledged"), ACKNOWLEDGED * 2),
    Case("an old event", "acknowledged", "done", LOOK_POST, left=ACKNOWLEDGED, event_age=QUARTER),
    # It is further than the event knows; the event is old, so that is seen before anything is posted.
    Case("old, acknowledged", "already_acknowledged", "done", LOOK, ACKNOWLEDGED, event_age=QUARTER),
    Case("old, shipped", "already_shipped", "done", LOOK, ("Shipped",), event_age=QUARTER),
    Case("old, delivered", "already_shipped", "done", LOOK, ("Delivered",), event_age=QUARTER),
    Case("old, shipped or cancelled", "already_shipped", "done", LOOK, ("Shipped", "Cancelled"), event_age=QUARTER),
    Case("old, cancelled", "cancelled", "done", LOOK, ("Cancelled",), event_age=QUARTER),
    Case("old, mixed", "rejected: mixed_lines", "parked", LOOK, ("Created", "Shipped"), event_age=QUARTER),
    Case("old, a split line", "rejected: mixed_lines", "parked", LOOK, (("Created", "Shipped"),), event_age=QUARTER),
    Case("old, Walmart's", "rejected: walmart_fulfilled", "parked", LOOK, event_age=QUARTER, ship_node="WFSFulfilled"),
    Case("old, unheard of", "rejected: unclear_status", "later", LOOK, ("Backordered",), event_age=QUARTER),
    Case("older, unheard of", "rejected: unclear_status", "parked", LOOK, ("Backordered",), event_age=HOUR),
    # And here the post finds out.
    Case("shipped", "already_shipped", "done", POST_LOOK, ("Shipped",)),
    Case("cancelled", "cancelled", "done", POST_LOOK, ("Cancelled",)),
    Case("acknowledged and shipped", "already_acknowledged", "done", POST_LOOK, ("Acknowledged", "Shipped")),
    Case("mixed", "rejected: mixed_lines", "parked", POST_LOOK, ("Created", "Cancelled")),
    Case("Walmart's", "rejected: walmart_fulfilled", "parked", POST_LOOK, ship_node="WFSFulfilled"),
    Case("unknown, new", "not_found: CONTENT_NOT_FOUND", "later", POST_LOOK, None),
    Case("unknown, released late", "not_found: CONTENT_NOT_FOUND", "later", POST_LOOK, None, order_age=HOUR),
    Case("unknown, old event", "not_found: CONTENT_NOT_FOUND", "parked", LOOK, None, event_age=HOUR, order_age=HOUR),
    # Sent, and no usable answer.
    meets(Fault.DELAY, "acknowledged", POST, leaves="Acknowledged", seconds=0.1),
    meets(Fault.ECHO_CREATED, "acknowledged", POST, leaves="Acknowledged"),
    meets(Fault.RESET_BEFORE_APPLYING, "outcome_unknown: connection_lost", POST_LOOK),
    meets(Fault.RESET_AFTER_APPLYING, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.TIMEOUT_AFTER_APPLYING, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.SLOW_DRIP, "acknowledged", POST_LOOK, leaves="Acknowledged", interval=0.2),
    meets(Fault.ENDLESS, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.HUGE, "acknowledged", POST_LOOK, leaves="Acknowledged", size=3_000_000),
    meets(Fault.BROKEN_JSON, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.BROKEN_XML, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.EMPTY_SUCCESS, "outcome_unknown: empty_answer", POST_LOOK),
    meets(Fault.FOREIGN_SUCCESS, "outcome_unknown: foreign_order", POST_LOOK),
    meets(Fault.MAINTENANCE_PAGE, "outcome_unknown: unreadable_answer", POST_LOOK),
    # Walmart has trouble.
    meets(Fault.INTERNAL_ERROR, "unavailable: SYSTEM_ERROR", POST),
    meets(Fault.SERVICE_UNAVAILABLE, "unavailable: http_503", POST),
    meets(Fault.GATEWAY_TIMEOUT, "unavailable", POST),
    meets(Fault.GATEWAY_TIMEOUT, "unavailable", POST, leaves="Acknowledged", applied=True),
    meets(Fault.UNKNOWN_ERROR, "unavailable: http_520", POST),
    meets(Fault.REQUEST_TIMEOUT, "unavailable", POST),
    meets(Fault.OUTAGE_AS_BAD_REQUEST, "unavailable: INVALID_REQUEST", POST),
    meets(Fault.THROTTLED, "throttled: REQUEST_THRESHOLD_VIOLATED", POST),
    meets(Fault.THROTTLED, "throttled", POST, header="x-next-replenish-time", form="iso"),
    meets(Fault.THROTTLED, "throttled", POST, header=None),
    meets(Fault.LOCKED, "throttled: RESOURCE_IS_LOCKED", POST),
    # A person has to help.
    meets(Fault.UNAUTHORIZED, "acknowledged", POST * 2, leaves="Acknowledged"),
    Case(
        "unauthorized, and its repeat",
        "credentials_refused: UNAUTHORIZED",
        "later",
        POST * 2,
        faults=[on(ACKNOWLEDGE, Fault.UNAUTHORIZED)] * 2,
    ),
    meets(Fault.FORBIDDEN, "rejected: FORBIDDEN", POST),
    meets(Fault.HEADER_BLAMED, "misconfigured: INVALID_REQUEST_HEADER: WM_SVC.NAME", POST),
    meets(Fault.METHOD_NOT_ALLOWED, "misconfigured", POST),
    meets(Fault.NOT_ACCEPTABLE, "misconfigured", POST),
    meets(Fault.UNSUPPORTED_MEDIA_TYPE, "misconfigured", POST),
    meets(Fault.REDIRECT, "misconfigured: http_307 to elsewhere.example", POST),
    # Walmart refuses an order that it has as Created: it is given an hour to agree with itself.
    meets(Fault.NOT_FOUND, "rejected: CONTENT_NOT_FOUND", POST_LOOK),
    meets(Fault.CONFLICT, "rejected", POST_LOOK),
    meets(Fault.GONE, "rejected", POST_LOOK),
    meets(Fault.UNPROCESSABLE, "rejected", POST_LOOK),
    Case(
        "refused for an hour",
        "rejected",
        "parked",
        LOOK_POST_LOOK,
        faults=[on(ACKNOWLEDGE, Fault.CONFLICT)],
        event_age=HOUR,
    ),
    # The look itself goes wrong.
    Case("no look, 503", "unavailable", "later", LOOK, faults=[on(GET, Fault.SERVICE_UNAVAILABLE)], event_age=QUARTER),
    Case("no look, reset", "unavailable", "later", LOOK, faults=[on(GET, Fault.RESET_AFTER_APPLYING)], event_age=QUARTER),
    Case("no look, empty", "unavailable", "later", LOOK, faults=[on(GET, Fault.EMPTY_SUCCESS)], event_age=QUARTER),
    Case("no look, 429", "throttled", "later", LOOK, faults=[on(GET, Fault.THROTTLED)], event_age=QUARTER),
    Case(
        "no look, 401",
        "credentials_refused",
        "later",
        LOOK * 2,
        faults=[on(GET, Fault.UNAUTHORIZED)] * 2,
        event_age=QUARTER,
    ),
    Case("no look, 403", "rejected: FORBIDDEN", "later", LOOK, faults=[on(GET, Fault.FORBIDDEN)], event_age=QUARTER),
    Case("older, 403", "rejected: FORBIDDEN", "parked", LOOK, faults=[on(GET, Fault.FORBIDDEN)], event_age=HOUR),
    Case(
        "reset, then no look",
        "outcome_unknown: connection_lost",
        "later",
        POST_LOOK,
        left=ACKNOWLEDGED,
        faults=[on(ACKNOWLEDGE, Fault.RESET_AFTER_APPLYING), on(GET, Fault.SERVICE_UNAVAILABLE)],
    ),
    Case(
        "shipped, but no look",
        "unavailable: http_503",
        "later",
        POST_LOOK,
        ("Shipped",),
        faults=[on(GET, Fault.SERVICE_UNAVAILABLE)],
    ),
]  # fmt: skip


def event_of(case: Case) -> str:
    now = datetime.now(UTC)
    return json.dumps(
        {
            "id": "e-1",
            "time": (now - case.event_age).isoformat(),
            "detail": {"purchaseOrderId": ORDER, "orderDate": (now - case.order_age).isoformat()},
        }
    )


def prepare(world: World, case: Case) -> None:
    if case.statuses is not None:
        world.marketplace.add_order(ORDER, case.statuses, ship_node=case.ship_node)
    for fault, details in case.faults:
        # A call that is answered with 401 is repeated with a new token, and here that is refused as well.
        times = 2 if world.door == "token" and fault is Fault.UNAUTHORIZED else 1
        world.marketplace.fail(ORDER, fault, times=times, **details)


def expected_calls(world: World, case: Case) -> list[str]:
    """The calls of the case, and one more for each refused one whose token was renewed."""
    refused = [details["action"] for fault, details in case.faults if fault is Fault.UNAUTHORIZED]
    return (refused if world.door == "token" else []) + case.calls


def statuses(world: World) -> tuple[str, ...]:
    return tuple(line.status for line in world.marketplace.order(ORDER).lines)


def test_there_are_enough_cases_and_each_has_its_name() -> None:
    assert len(CASES) >= 40
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@through_both_doors
def test_an_attempt_ends_as_the_table_says(world: World, case: Case) -> None:
    prepare(world, case)
    before = None if case.statuses is None else statuses(world)
    body = event_of(case)
    world.send(body)

    world.deliver(world.function())

    # One record with one outcome, and one count of it.
    output = world.output()
    (record,) = records_of(output)
    outcome, _, reason = case.outcome.partition(": ")
    assert (record["outcome"], record["disposition"]) == (outcome, case.disposition)
    assert not reason or record["reason"] == reason
    assert sum(counts_of(output).values()) == 1
    # Walmart saw these calls and no others, and the order is as they left it.
    assert world.actions() == expected_calls(world, case)
    if case.statuses is not None:
        assert statuses(world) == (case.left or before)
    # The message is where it belongs, as it came.
    assert world.waiting() == (case.disposition == "later")
    parked = world.parked()
    assert [message["Body"] for message in parked] == ([body] if case.disposition == "parked" else [])
    for message in parked:
        assert message["MessageAttributes"]["outcome"]["StringValue"] == outcome
        assert message["MessageAttributes"]["reason"]["StringValue"] == record["reason"]
    # And no line tells what must not be told.
    printed = json.dumps(output, ensure_ascii=False)
    headers = [
        call.headers[name] for call in world.marketplace.calls for name in AUTHORISING if name in call.headers
    ]
    seller = world.seller
    secrets = [seller.private_key, seller.channel_type, seller.client_secret]
    assert [text for text in (*headers, *secrets, *world.marketplace.buyer_data) if text in printed] == []
    assert bool(headers) == bool(world.marketplace.calls)


PASSING = [
    case for case in CASES if case.disposition == "later" and case.statuses == ("Created",) and case.faults
]


@pytest.mark.parametrize("case", PASSING[::4], ids=lambda case: case.name)
@through_both_doors
def test_when_the_trouble_is_over_the_order_is_acknowledged(world: World, case: Case) -> None:
    prepare(world, case)
    world.send(event_of(case))
    function = world.function()
    world.deliver(function)
    world.ahead_s += REFUSED_SECONDS

    world.deliver(function)

    assert [record["attempt"] for record in records_of(world.output())] == [1, 2]
    assert statuses(world) == ACKNOWLEDGED
    assert world.waiting() == 0
    assert world.parked() == []


@through_both_doors
def test_a_redirect_is_not_followed_and_the_other_host_sees_nothing(world: World) -> None:
    with Marketplace() as other:
        world.marketplace.add_order(ORDER)
        location = f"{other.url}/v3/ca/orders/{ORDER}/acknowledge"
        world.marketplace.fail(ORDER, Fault.REDIRECT, location=location)
        world.send(event_of(CASES[0]))

        world.deliver(world.function())

        assert other.calls == []


@through_both_doors
def test_a_host_that_is_not_there_is_tried_twice_and_costs_nothing_else(world: World) -> None:
    world.send(event_of(CASES[0]))

    # Port 1 is nobody's.
    world.deliver(world.function(MARKETPLACE_URL="http://127.0.0.1:1"))

    (record,) = records_of(world.output())
    assert (record["outcome"], record["reason"]) == ("unavailable", f"{OF_A_TOKEN[world.door]}connect")
    assert "http_status" not in record
    assert world.waiting() == 1


@through_both_doors
def test_a_certificate_that_nobody_trusts_is_not_talked_to(world: World) -> None:
    with Marketplace(tls=issue_certificate().context) as impostor:
        world.send(event_of(CASES[0]))

        world.deliver(world.function(MARKETPLACE_URL=impostor.url))

        (record,) = records_of(world.output())
        assert (record["outcome"], record["reason"]) == ("unavailable", f"{OF_A_TOKEN[world.door]}tls")
        assert impostor.calls == []
        assert world.waiting() == 1


@through_both_doors
def test_a_message_at_its_last_receive_is_parked_with_its_last_reason(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.marketplace.fail(ORDER, Fault.SERVICE_UNAVAILABLE)
    body = event_of(CASES[0])
    world.send(body)

    world.deliver(world.function(), received=LAST_RECEIVE)

    (message,) = world.parked()
    assert message["Body"] == body
    assert message["MessageAttributes"]["outcome"]["StringValue"] == "unavailable"
    assert message["MessageAttributes"]["reason"]["StringValue"] == "http_503"
    assert world.waiting() == 0


@through_both_doors
def test_a_parked_message_that_is_redriven_is_the_same_event_again(world: World) -> None:
    world.marketplace.add_order(ORDER, ["Created", "Shipped"])
    body = event_of(CASES[0])
    world.send(body)
    function = world.function()
    world.deliver(function)
    (parked,) = world.parked()
    world.marketplace.set_status(ORDER, "Created")

    # What a redrive does: the message as it is, attributes and all, back into the order queue.
    world.redrive(parked)
    world.deliver(function)

    first, second = records_of(world.output())
    assert (first["disposition"], second["outcome"]) == ("parked", "acknowledged")
    assert second["event_id"] == first["event_id"] == "e-1"
    assert statuses(world) == ("Acknowledged", "Acknowledged")


@through_both_doors
def test_an_order_that_was_seen_shipped_in_part_is_not_posted_after_a_redrive_either(world: World) -> None:
    world.marketplace.add_order(ORDER, ["Created", "Shipped"])
    world.send(event_of(CASES[0]))
    function = world.function()
    world.deliver(function)
    (parked,) = world.parked()

    world.redrive(parked)
    world.deliver(function)

    assert world.actions() == [ACKNOWLEDGE, GET, GET]
    assert [record["disposition"] for record in records_of(world.output())] == ["parked", "parked"]


@pytest.mark.parametrize("left", [0, 20, 30, 2_000], ids=lambda left: f"{left} bytes left")
def test_an_order_event_as_large_as_a_message_may_be_is_parked_and_not_posted_after_a_redrive(
    world: World, left: int
) -> None:
    world.marketplace.add_order(ORDER, ["Created", "Shipped"])
    body = event_of(CASES[0])
    body += " " * (MAX_BYTES - len(body) - left)
    world.send(body)
    function = world.function()
    world.deliver(function)
    (parked,) = world.parked()
    before = len(world.actions())

    world.redrive(parked)
    world.deliver(function)

    assert parked["Body"] == body
    assert world.actions()[before:] == [GET]
    assert [record["disposition"] for record in records_of(world.output())] == ["parked", "parked"]


@through_both_doors
def test_with_too_little_time_for_a_look_an_unknown_outcome_stays_one(world: World) -> None:
    world.marketplace.add_order(ORDER)
    world.marketplace.fail(ORDER, Fault.RESET_AFTER_APPLYING)
    world.send(event_of(CASES[0]))
    # Enough to begin a call with, and no more after it.
    context = Context(milliseconds=[16_000] * 3 + [14_000])

    world.deliver(world.function(), context)

    (record,) = records_of(world.output())
    assert (record["outcome"], record["reason"]) == ("outcome_unknown", "connection_lost")
    assert world.actions() == POST
