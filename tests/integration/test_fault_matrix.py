"""Every fault over real HTTP and a real queue, through the function's own entry, and the ways of an order.

What each answer leads to, in every combination, is held to docs/decision-table.md by
tests/unit/acknowledge_orders/test_decision_table.py.
"""

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from shared.walmart.client_provider import REFUSED_SECONDS
from tests.integration.harness import World, counts_of, through_both_doors
from tests.local.marketplace import Fault, Marketplace, issue_certificate
from tests.local.marketplace.orders import SELLER_FULFILLED
from tests.support.printed import records_of
from tests.support.services import order_event
from tests.support.sqs_limits import MAX_BYTES

ORDER = "7400000000001"
ACKNOWLEDGE, GET = "acknowledge", "get"
OF_A_TOKEN = {"signature": "", "token": "token_"}
AUTHORISING = ("WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN", "Authorization")
ENDLESS = {Fault.TIMEOUT_AFTER_APPLYING, Fault.ENDLESS}
YOUNG, QUARTER, HOUR = timedelta(0), timedelta(minutes=16), timedelta(minutes=61)

type Planned = tuple[Fault, dict[str, Any]]


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
        age: How long ago the buyer ordered, and the event was published.
        ship_node: Who fulfils the order.
    """

    name: str
    outcome: str
    disposition: str
    calls: list[str]
    statuses: tuple[str, ...] | None = ("Created",)
    left: tuple[str, ...] | None = None
    faults: list[Planned] = field(default_factory=list)
    age: timedelta = YOUNG
    ship_node: str = SELLER_FULFILLED


POST = [ACKNOWLEDGE]
LOOK = [GET]
POST_LOOK = [ACKNOWLEDGE, GET]
ACKNOWLEDGED = ("Acknowledged",)


def meets(
    fault: Fault,
    outcome: str,
    calls: list[str],
    *,
    leaves: str = "Created",
    times: int = 1,
    **details: object,
) -> Case:
    """A new order whose post meets a fault, and what Walmart made of the order all the same."""
    return Case(
        name=" ".join([fault.value] * times + [f"{name}={value}" for name, value in details.items()]),
        outcome=outcome,
        disposition="done" if outcome == "acknowledged" else "retry",
        calls=calls,
        left=(leaves,),
        faults=[(fault, {"action": ACKNOWLEDGE, **details})] * times,
    )


def hides(fault: Fault, outcome: str) -> Case:
    """An order that is to be seen before anything is posted, when the look itself meets a fault."""
    name = f"no look, {fault.value}"
    return Case(name, outcome, "retry", LOOK, faults=[(fault, {"action": GET})], age=QUARTER)


CASES = [
    # The order is as it should be, or further than the event knows, which a look or the post finds out.
    Case("a new order", "acknowledged", "done", POST, left=ACKNOWLEDGED),
    Case("an acknowledged order", "acknowledged", "done", POST, ACKNOWLEDGED),
    Case("a partly acknowledged order", "acknowledged", "done", POST, ("Created", "Acknowledged"), ACKNOWLEDGED * 2),
    Case("an old event", "acknowledged", "done", [GET, ACKNOWLEDGE], left=ACKNOWLEDGED, age=QUARTER),
    Case("old, acknowledged", "already_acknowledged", "done", LOOK, ACKNOWLEDGED, age=QUARTER),
    Case("old, mixed", "rejected: mixed_lines", "parked", LOOK, ("Created", "Shipped"), age=QUARTER),
    Case("old, Walmart's", "rejected: walmart_fulfilled", "parked", LOOK, age=QUARTER, ship_node="WFSFulfilled"),
    Case("old, unheard of", "rejected: unclear_status", "retry", LOOK, ("Backordered",), age=QUARTER),
    Case("shipped", "already_shipped", "done", POST_LOOK, ("Shipped",)),
    Case("cancelled", "cancelled", "done", POST_LOOK, ("Cancelled",)),
    Case("mixed", "rejected: mixed_lines", "parked", POST_LOOK, ("Created", "Cancelled")),
    Case("unknown, new", "not_found: CONTENT_NOT_FOUND", "retry", POST_LOOK, None),
    Case("unknown, old", "not_found: CONTENT_NOT_FOUND", "parked", LOOK, None, age=HOUR),
    # Sent, and no usable answer.
    meets(Fault.DELAY, "acknowledged", POST, leaves="Acknowledged", seconds=0.1),
    meets(Fault.ECHO_CREATED, "acknowledged", POST, leaves="Acknowledged"),
    meets(Fault.RESET_BEFORE_APPLYING, "outcome_unknown: connection_lost", POST_LOOK),
    meets(Fault.RESET_AFTER_APPLYING, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.TIMEOUT_AFTER_APPLYING, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.ENDLESS, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.HUGE, "acknowledged", POST_LOOK, leaves="Acknowledged", size=3_000_000),
    meets(Fault.BROKEN_JSON, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.BROKEN_XML, "acknowledged", POST_LOOK, leaves="Acknowledged"),
    meets(Fault.EMPTY_SUCCESS, "outcome_unknown: empty_response", POST_LOOK),
    meets(Fault.FOREIGN_SUCCESS, "outcome_unknown: foreign_order", POST_LOOK),
    meets(Fault.MAINTENANCE_PAGE, "outcome_unknown: unreadable_response", POST_LOOK),
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
    meets(Fault.UNAUTHORIZED, "credentials_refused: UNAUTHORIZED", POST * 2, times=2),
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
    # The look itself goes wrong.
    hides(Fault.SERVICE_UNAVAILABLE, "unavailable"),
    hides(Fault.RESET_AFTER_APPLYING, "unavailable"),
    hides(Fault.EMPTY_SUCCESS, "unavailable"),
    hides(Fault.THROTTLED, "throttled"),
    hides(Fault.FORBIDDEN, "rejected: FORBIDDEN"),
]  # fmt: skip


def event_of(case: Case) -> dict[str, Any]:
    event = order_event(ORDER, case.age)
    return {**event, "detail": {**event["detail"], "orderDate": event["time"]}}


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


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@through_both_doors
def test_an_attempt_ends_as_the_table_says(world: World, case: Case) -> None:
    prepare(world, case)
    if ENDLESS & {fault for fault, _ in case.faults}:
        world.call_timeout_s = 3.0
    before = None if case.statuses is None else statuses(world)
    body = json.dumps(event_of(case))
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
    assert world.waiting() == (case.disposition == "retry")
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


@pytest.mark.parametrize(
    "fault", [Fault.SERVICE_UNAVAILABLE, Fault.HEADER_BLAMED, Fault.RESET_BEFORE_APPLYING]
)
@through_both_doors
def test_when_the_trouble_is_over_the_order_is_acknowledged(world: World, fault: Fault) -> None:
    world.place(ORDER)
    world.marketplace.fail(ORDER, fault)
    function = world.function()
    world.deliver(function)
    world.ahead_s += REFUSED_SECONDS

    world.deliver(function)

    assert [record["attempt"] for record in world.records()] == [1, 2]
    assert statuses(world) == ACKNOWLEDGED
    assert (world.waiting(), world.parked()) == (0, [])


@through_both_doors
def test_a_redirect_is_not_followed_and_the_other_host_sees_nothing(world: World) -> None:
    with Marketplace() as other:
        world.place(ORDER)
        location = f"{other.url}/v3/ca/orders/{ORDER}/acknowledge"
        world.marketplace.fail(ORDER, Fault.REDIRECT, location=location)

        world.deliver(world.function())

        assert other.calls == []


@through_both_doors
def test_a_host_that_is_not_there_costs_nothing_but_an_attempt(world: World) -> None:
    # Port 1 is nobody's.
    assert "http_status" not in not_reached(world, "http://127.0.0.1:1", "connect")


@through_both_doors
def test_a_certificate_that_nobody_trusts_is_not_talked_to(world: World) -> None:
    with Marketplace(tls=issue_certificate().context) as impostor:
        not_reached(world, impostor.url, "tls")

        assert impostor.calls == []


def not_reached(world: World, url: str, reason: str) -> dict[str, Any]:
    """Deliver an order while Walmart is looked for where it is not; return the record."""
    world.send(order_event(ORDER))

    world.deliver(world.function(MARKETPLACE_URL=url))

    (record,) = world.records()
    assert (record["outcome"], record["reason"]) == ("unavailable", f"{OF_A_TOKEN[world.door]}{reason}")
    assert world.waiting() == 1
    return record


def test_a_parked_message_that_is_redriven_is_the_same_event_again(world: World) -> None:
    world.marketplace.add_order(ORDER, ["Created", "Shipped"])
    world.send(order_event(ORDER))
    function = world.function()
    world.deliver(function)
    (parked,) = world.parked()
    world.marketplace.set_status(ORDER, "Created")

    # What a redrive does: the message as it is, attributes and all, back into the order queue.
    world.redrive(parked)
    world.deliver(function)

    first, second = world.records()
    assert (first["disposition"], second["outcome"]) == ("parked", "acknowledged")
    assert second["event_id"] == first["event_id"] == f"event-of-{ORDER}"
    assert statuses(world) == ("Acknowledged", "Acknowledged")


@pytest.mark.parametrize("left", [MAX_BYTES - 1_000, 30, 0], ids=lambda left: f"{left} bytes left")
def test_an_order_that_was_seen_shipped_in_part_is_not_posted_after_a_redrive_however_large_its_event(
    world: World, left: int
) -> None:
    world.marketplace.add_order(ORDER, ["Created", "Shipped"])
    body = json.dumps(order_event(ORDER))
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
    assert [record["disposition"] for record in world.records()] == ["parked", "parked"]
