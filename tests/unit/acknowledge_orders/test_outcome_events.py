"""Which outcomes have an event, and what is in it."""

import json
from typing import Any

import pytest

from acknowledge_orders.outcome_events import (
    MAX_DETAIL_BYTES,
    SOURCE,
    DetailType,
    detail_type_of,
    order_of,
    outcome_event,
)
from acknowledge_orders.policy import CallResults, Disposition
from acknowledge_orders.records import OutcomeRecord
from shared.orders.outcome import Outcome
from tests.support.outcome_schema import check_outcome_event
from walmart_ca import CallInfo, Order, OrderLine, OrderLineStatus, OutcomeUnknown

LINE = OrderLine("1", "SKU-1", (OrderLineStatus("Acknowledged", 2), OrderLineStatus("Odd", None)))
ORDER = Order("7400000000001", customer_order_id="5800000000001", lines=(LINE,))
HANDLED = {
    Outcome.ACKNOWLEDGED: DetailType.ACKNOWLEDGED,
    Outcome.ALREADY_ACKNOWLEDGED: DetailType.ALREADY_HANDLED,
    Outcome.ALREADY_SHIPPED: DetailType.ALREADY_HANDLED,
    Outcome.CANCELLED: DetailType.ALREADY_HANDLED,
}


def record(outcome: Outcome, disposition: Disposition) -> OutcomeRecord:
    return OutcomeRecord(
        purchase_order_id="7400000000001",
        outcome=outcome,
        reason=None,
        disposition=disposition,
        http_status=200,
        attempt=1,
        order_age_s=60.5,
        deadline_remaining_s=14339.5,
        latency_ms=104.2,
        correlation_id="c-1",
        event_id=None,
        message_id="m-1",
        origin="queue",
        secret_version_id=None,
    )


@pytest.mark.parametrize("outcome", Outcome)
def test_an_outcome_has_an_event_once_it_is_final(outcome: Outcome) -> None:
    detail_types = {each: detail_type_of(record(outcome, each)) for each in Disposition}

    assert detail_types.pop(Disposition.PARKED) is DetailType.PARKED
    assert detail_types.pop(Disposition.DONE) is HANDLED.get(outcome)
    assert set(detail_types.values()) == {None}


@pytest.mark.parametrize("outcome", Outcome)
def test_every_event_fits_the_published_schema(outcome: Outcome) -> None:
    for disposition in (Disposition.DONE, Disposition.PARKED):
        outcome_record = record(outcome, disposition)
        if detail_type := detail_type_of(outcome_record):
            event = outcome_event(detail_type, outcome_record, ORDER, "orders", notify=True)
            check_outcome_event(event.detail_type, json.loads(event.detail), SOURCE)


def test_an_acknowledged_order_has_its_lines_and_statuses() -> None:
    event = outcome_event(
        DetailType.ACKNOWLEDGED, record(Outcome.ACKNOWLEDGED, Disposition.DONE), ORDER, "orders", notify=False
    )

    statuses = [{"status": "Acknowledged", "quantity": 2}, {"status": "Odd", "quantity": None}]
    assert json.loads(event.detail)["lines"] == [{"number": "1", "sku": "SKU-1", "statuses": statuses}]


def test_half_of_a_surrogate_pair_is_made_printable() -> None:
    order = Order("7400000000001", lines=(OrderLine("1", "SKU\ud83d"),))
    acknowledged = record(Outcome.ACKNOWLEDGED, Disposition.DONE)

    event = outcome_event(DetailType.ACKNOWLEDGED, acknowledged, order, "orders", notify=False)

    assert json.loads(event.detail)["lines"][0]["sku"] == "SKU?"


def test_an_order_with_too_many_lines_is_published_without_them() -> None:
    order = Order("7400000000001", lines=(LINE,) * 1000)

    event = outcome_event(
        DetailType.ACKNOWLEDGED, record(Outcome.ACKNOWLEDGED, Disposition.DONE), order, "orders", notify=False
    )

    assert json.loads(event.detail)["lines"] is None
    assert len(event.detail) < MAX_DETAIL_BYTES


@pytest.mark.parametrize("outcome", Outcome)
def test_a_parked_order_says_what_to_do(outcome: Outcome) -> None:
    parked = record(outcome, Disposition.PARKED)

    detail = json.loads(outcome_event(DetailType.PARKED, parked, None, "orders", notify=False).detail)

    assert detail["what_to_do"].endswith(".")
    assert "lines" not in detail


@pytest.mark.parametrize(
    ("changed", "summary"),
    [
        ({"reason": "mixed_lines"}, "Order 7400000000001: rejected, mixed_lines"),
        ({}, "Order 7400000000001: rejected"),
        ({"purchase_order_id": None, "event_id": "e-1"}, "Event e-1: rejected"),
        ({"purchase_order_id": None}, "Message m-1: rejected"),
    ],
)
def test_a_parked_order_is_named_in_one_line(changed: dict[str, Any], summary: str) -> None:
    parked = record(Outcome.REJECTED, Disposition.PARKED)._replace(**changed)

    event = outcome_event(DetailType.PARKED, parked, None, "orders", notify=True)

    assert json.loads(event.detail)["summary"] == summary


def test_the_order_is_the_one_that_walmart_showed_last() -> None:
    unknown, acknowledged = (
        OutcomeUnknown("response_timeout", CallInfo("POST", "url", "c-1", None, 1.0)),
        Order("7400000000002"),
    )

    assert order_of(CallResults(acknowledged, ORDER, None, None)) is ORDER
    assert order_of(CallResults(acknowledged, None, None, None)) is acknowledged
    assert order_of(CallResults(unknown, ORDER, None, None)) is ORDER
    assert order_of(CallResults(unknown, unknown, None, None)) is None
