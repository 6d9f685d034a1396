"""SweepFunction, called through its own entry, with a local marketplace, event bus and queue."""

import logging
from datetime import UTC, datetime, timedelta
from urllib.parse import urlsplit

import pytest

from tests.integration.harness import Harness, both_schemes
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
