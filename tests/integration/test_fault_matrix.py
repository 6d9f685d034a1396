"""Faults and states of an order, over HTTP and a queue, through the function's own entry.

tests/unit/acknowledge_orders/test_decision_table.py holds every combination of responses to
docs/decision-table.md.
"""

import json
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.harness import Harness, both_schemes, counts_of
from tests.local.marketplace import Fault, Marketplace
from tests.support.batches import order_event
from tests.support.printed import records_of
from tests.support.queues import texts_of

ORDER = "7400000000001"
ACKNOWLEDGE, GET = "acknowledge", "get"
AUTHENTICATING = ("WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN", "Authorization")
YOUNG, QUARTER, HOUR = timedelta(0), timedelta(minutes=16), timedelta(minutes=61)

type Planned = tuple[Fault, dict[str, Any]]


@dataclass(frozen=True)
class Case:
    """One attempt at an order.

    Attributes:
        outcome: The expected outcome, with its reason after a colon where it matters.
        calls: The actions that Walmart receives, in their order.
        statuses: The statuses of the order's lines before; None if Walmart does not know the order.
        left: The statuses afterwards, if they change.
        faults: The faults of the calls, in their order.
        age: How long ago the buyer ordered, and the event was published.
    """

    name: str
    outcome: str
    disposition: str
    calls: list[str]
    statuses: tuple[str, ...] | None = ("Created",)
    left: tuple[str, ...] | None = None
    faults: list[Planned] = field(default_factory=list)
    age: timedelta = YOUNG


ACK = [ACKNOWLEDGE]
FETCH = [GET]
ACK_FETCH = [ACKNOWLEDGE, GET]
ACKNOWLEDGED = ("Acknowledged",)


def acknowledge_fault(
    fault: Fault,
    outcome: str,
    calls: list[str],
    *,
    leaves: str = "Created",
    times: int = 1,
    **details: object,
) -> Case:
    """A new order whose acknowledge call has a fault, and the status that the order gets all the same."""
    return Case(
        name=" ".join([fault.value] * times + [f"{name}={value}" for name, value in details.items()]),
        outcome=outcome,
        disposition="done" if outcome == "acknowledged" else "retry",
        calls=calls,
        left=(leaves,),
        faults=[(fault, {"action": ACKNOWLEDGE, **details})] * times,
    )


CASES = [
    # The order is new, or has changed since the event, which the fetch or the acknowledge call finds out.
    Case("a new order", "acknowledged", "done", ACK, left=ACKNOWLEDGED),
    Case("an old event", "acknowledged", "done", [GET, ACKNOWLEDGE], left=ACKNOWLEDGED, age=QUARTER),
    Case("old, mixed", "rejected: mixed_lines", "parked", FETCH, ("Created", "Shipped"), age=QUARTER),
    Case("unknown, new", "not_found: CONTENT_NOT_FOUND", "retry", ACK_FETCH, None),
    Case("unknown, old", "not_found: CONTENT_NOT_FOUND", "parked", FETCH, None, age=HOUR),
    # The call is sent, and has no usable response.
    acknowledge_fault(Fault.RESET_BEFORE_APPLYING, "outcome_unknown: connection_lost", ACK_FETCH),
    acknowledge_fault(Fault.RESET_AFTER_APPLYING, "acknowledged", ACK_FETCH, leaves="Acknowledged"),
    acknowledge_fault(Fault.TIMEOUT_AFTER_APPLYING, "acknowledged", ACK_FETCH, leaves="Acknowledged"),
    acknowledge_fault(Fault.HUGE, "acknowledged", ACK_FETCH, leaves="Acknowledged", size=3_000_000),
    # Walmart has trouble.
    acknowledge_fault(Fault.SERVICE_UNAVAILABLE, "unavailable: http_503", ACK),
    acknowledge_fault(Fault.THROTTLED, "throttled: REQUEST_THRESHOLD_VIOLATED", ACK),
    # A person has to help.
    acknowledge_fault(Fault.UNAUTHORIZED, "acknowledged", ACK * 2, leaves="Acknowledged"),
    acknowledge_fault(Fault.UNAUTHORIZED, "credentials_refused: UNAUTHORIZED", ACK * 2, times=2),
    acknowledge_fault(Fault.FORBIDDEN, "rejected: FORBIDDEN", ACK),
    acknowledge_fault(Fault.REDIRECT, "misconfigured: http_307 to elsewhere.example", ACK),
    # Walmart refuses an order that it has as Created: the order is retried for an hour.
    acknowledge_fault(Fault.NOT_FOUND, "rejected: CONTENT_NOT_FOUND", ACK_FETCH),
    # The fetch fails.
    Case(
        "a failed fetch",
        "unavailable",
        "retry",
        FETCH,
        faults=[(Fault.SERVICE_UNAVAILABLE, {"action": GET})],
        age=QUARTER,
    ),
]


def statuses(harness: Harness) -> tuple[str, ...]:
    return tuple(line.status for line in harness.marketplace.order(ORDER).lines)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
@both_schemes
def test_an_attempt_ends_as_the_table_says(harness: Harness, case: Case) -> None:
    if case.statuses is not None:
        harness.marketplace.add_order(ORDER, case.statuses)
    expected_calls = case.calls
    for fault, details in case.faults:
        refreshes = harness.scheme == "token" and fault is Fault.UNAUTHORIZED
        # A call that gets a 401 is repeated with a new token, which is refused here as well.
        harness.marketplace.fail(ORDER, fault, times=2 if refreshes else 1, **details)
        expected_calls = [details["action"]] * refreshes + expected_calls
        if fault is Fault.TIMEOUT_AFTER_APPLYING:
            harness.call_timeout_s = 3.0
    before = None if case.statuses is None else statuses(harness)
    ordered_at = (datetime.now(UTC) - case.age).isoformat()
    body = json.dumps(order_event(ORDER, case.age, orderDate=ordered_at))
    harness.send(body)

    harness.deliver(harness.function())

    # One record, and one count of its outcome.
    output = harness.output()
    (record,) = records_of(output)
    outcome, _, reason = case.outcome.partition(": ")
    assert (record["outcome"], record["disposition"]) == (outcome, case.disposition)
    assert not reason or record["reason"] == reason
    assert sum(counts_of(output).values()) == 1
    # Walmart received these calls only, and the order has the status that they set.
    assert harness.actions() == expected_calls
    if case.statuses is not None:
        assert statuses(harness) == (case.left or before)
    # The message is unchanged in the right queue.
    assert harness.queued() == (case.disposition == "retry")
    parked = harness.parked()
    assert [message["Body"] for message in parked] == ([body] if case.disposition == "parked" else [])
    for message in parked:
        texts = texts_of(message)
        assert (texts["outcome"], texts["reason"]) == (outcome, record["reason"])
    # No line shows a credential or a buyer's data.
    printed = json.dumps(output, ensure_ascii=False)
    headers = [
        call.headers[name]
        for call in harness.marketplace.calls
        for name in AUTHENTICATING
        if name in call.headers
    ]
    seller = harness.seller
    secrets = [seller.private_key, seller.channel_type, seller.client_secret]
    assert [text for text in (*headers, *secrets, *harness.marketplace.buyer_data) if text in printed] == []
    assert bool(headers) == bool(harness.marketplace.calls)


@both_schemes
def test_the_function_does_not_follow_a_redirect(harness: Harness) -> None:
    with Marketplace() as other:
        harness.place(ORDER)
        location = f"{other.url}/v3/ca/orders/{ORDER}/acknowledge"
        harness.marketplace.fail(ORDER, Fault.REDIRECT, location=location)

        harness.deliver(harness.function())

        assert other.calls == []
