"""Each alarm on a metric of the code goes off for what the functions print, and only for its cause."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from acknowledge_orders.batch import ForeignBatchError
from shared.telemetry import NAMESPACE
from shared.walmart.client_provider import CACHE_SECONDS, FAILURE_SECONDS
from sweep_orders.powertools_recorder import ALARMING_AGE_S
from tests.integration.harness import Harness
from tests.local.marketplace import Fault
from tests.support.batches import order_event
from tests.support.context import Context
from tests.support.deployed import deployed
from tests.support.evaluation import breaches, series, watched
from tests.support.metrics import Series
from tests.support.printed import measurements_of
from tests.support.template import read

type Incident = Callable[[Harness], None]

ORDER: Final = "7400000000001"
ALARMS: Final = {
    name: alarm
    for name, alarm in deployed(read()).of_type("AWS::CloudWatch::Alarm").items()
    if any(each.namespace == NAMESPACE for each in series(alarm).values())
}
PERIOD: Final = range(1_000_000)


def goes_off(alarm: dict[str, Any], output: list[dict[str, Any]]) -> bool:
    """Return whether an alarm goes off when each of its periods has what was printed, one value a second."""
    sent = {each.metric: dict(enumerate(printed(each, output))) for each in series(alarm).values()}
    value = watched(alarm, sent, PERIOD)
    return value is not None and breaches(alarm, value)


def printed(wanted: Series, output: list[dict[str, Any]]) -> list[float]:
    """The values that CloudWatch gets of a metric: the code's from the printed lines, and 0 of AWS's own."""
    if wanted.namespace != NAMESPACE:
        return [0.0]
    return measurements_of(output, wanted.namespace, wanted.dimensions).get(wanted.metric, [])


def deliver(age: timedelta, *faults: Fault, statuses: tuple[str, ...] = ("Created",)) -> Incident:
    """Attempt an order of some age once; each fault affects one call."""

    def incident(harness: Harness) -> None:
        at = datetime.now(UTC) - age
        harness.marketplace.add_order(ORDER, statuses, order_date=at)
        for fault in faults:
            harness.marketplace.fail_all(fault)
        harness.send(order_event(ORDER, age, orderDate=at.isoformat()))
        harness.deliver(harness.function())

    return incident


def sweep(age: timedelta | None, *faults: Fault) -> Incident:
    """Sweep once, with an order of some age or none; each fault affects one call."""

    def incident(harness: Harness) -> None:
        if age is not None:
            harness.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - age)
        for fault in faults:
            harness.marketplace.fail_all(fault)
        harness.sweep()

    return incident


def fail_second_page(age: timedelta) -> Incident:
    """Sweep a page of orders of some age, and fail at the next page."""

    def incident(harness: Harness) -> None:
        harness.marketplace.fail_all(Fault.DELAY, action="released", seconds=0.0)
        harness.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, action="released")
        for number in range(201):
            at = datetime.now(UTC) - age - timedelta(seconds=number)
            harness.marketplace.add_order(str(int(ORDER) + number), order_date=at)
        harness.sweep()

    return incident


def send_foreign_batch(harness: Harness) -> None:
    """Invoke the function with a message that SQS would not send."""
    message = {"messageId": "m-1", "receiptHandle": "r-1", "body": "{}", "attributes": {}}
    with pytest.raises(ForeignBatchError):
        harness.function()({"Records": [message]}, Context())


def leave_to_sweep(harness: Harness) -> None:
    """Sweep an old order that cannot be acknowledged, and leave it to the next sweep."""
    harness.marketplace.add_order(ORDER, ("Created", "Shipped"), order_date=datetime.now(UTC) - LEFT_AFTER)
    harness.sweep()
    harness.deliver(harness.function())


def serve_stale(harness: Harness) -> None:
    """Let Secrets Manager fail for longer than a secret is cached, while orders arrive."""
    function, event = harness.function(), {"detail": {"purchaseOrderId": ORDER}}
    harness.marketplace.add_order(ORDER)
    function(event, Context())
    harness.break_secrets_manager()
    for seconds in (CACHE_SECONDS, FAILURE_SECONDS, FAILURE_SECONDS):
        harness.clock_offset_s += seconds + 1
        function(event, Context())


def backlog(messages: int) -> Incident:
    """Sweep with so many messages in the queue, at one acknowledgement in ten minutes."""

    def incident(harness: Harness) -> None:
        harness.send(*["{}"] * messages)
        harness.sweep(REQUESTS_PER_MINUTE="0.1")

    return incident


def invoke_directly(harness: Harness) -> None:
    """Invoke the function directly with an old order, and fail."""
    ordered_at = (datetime.now(UTC) - LATE).isoformat()
    harness.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE)
    harness.function()({"detail": {"purchaseOrderId": ORDER, "orderDate": ordered_at}}, Context())


MINUTES: Final = timedelta(minutes=1)
LATE: Final = 125 * MINUTES
LEFT_AFTER: Final = 150 * MINUTES
"""At this age a stuck swept order is left to the sweep: half an hour ago it was parked."""
UNAUTHORIZED: Final = [Fault.UNAUTHORIZED] * 3
"""As many as the calls of one attempt."""
STUCK: Final = ("Created", "Shipped")
GOES_OFF: Final[dict[str, list[Incident]]] = {
    "DeadlineAtRisk": [
        deliver(LATE, Fault.SERVICE_UNAVAILABLE),
        deliver(LATE, *UNAUTHORIZED),
        deliver(LATE),
        deliver(LATE, statuses=STUCK),
    ],
    "OldestOrderUnacknowledged": [sweep(61 * MINUTES), leave_to_sweep, fail_second_page(61 * MINUTES)],
    "SweepMissing": [sweep(30 * MINUTES, *[Fault.SERVICE_UNAVAILABLE] * 2), deliver(MINUTES)],
    "CredentialsRefused": [deliver(MINUTES, *UNAUTHORIZED), sweep(None, *UNAUTHORIZED)],
    "Misconfigured": [deliver(MINUTES, Fault.HEADER_BLAMED), sweep(None, Fault.REDIRECT)],
    "AcknowledgeFunctionFailing": [send_foreign_batch],
    "StaleCredentialsServed": [serve_stale],
    "QueueDrainTimeHigh": [backlog(9)],
}
HEALTHY: Final = sweep(None)
UNAVAILABLE: Final = deliver(MINUTES, Fault.SERVICE_UNAVAILABLE)
STAYS_OFF: Final[dict[str, list[Incident]]] = {
    "DeadlineAtRisk": [
        deliver(115 * MINUTES, Fault.SERVICE_UNAVAILABLE),
        deliver(LATE, statuses=("Acknowledged",)),
        deliver(LATE, statuses=("Shipped",)),
        deliver(LATE, statuses=("Cancelled",)),
        leave_to_sweep,
        HEALTHY,
        invoke_directly,
    ],
    "OldestOrderUnacknowledged": [sweep(59 * MINUTES), HEALTHY],
    "SweepMissing": [HEALTHY],
    "CredentialsRefused": [UNAVAILABLE, HEALTHY],
    "Misconfigured": [UNAVAILABLE, HEALTHY],
    "AcknowledgeFunctionFailing": [UNAVAILABLE, deliver(MINUTES, statuses=STUCK)],
    "StaleCredentialsServed": [deliver(MINUTES)],
    "QueueDrainTimeHigh": [backlog(8)],
}


def rows(table: dict[str, list[Incident]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("name", "incident"), [(name, incident) for name, several in table.items() for incident in several]
    )


def test_every_alarm_on_a_metric_of_the_code_has_cases() -> None:
    assert GOES_OFF.keys() == STAYS_OFF.keys() == ALARMS.keys()


@rows(GOES_OFF)
def test_an_alarm_goes_off_for_its_cause(harness: Harness, name: str, incident: Incident) -> None:
    incident(harness)

    assert goes_off(ALARMS[name], harness.output())


@rows(STAYS_OFF)
def test_an_alarm_stays_off_without_its_cause(harness: Harness, name: str, incident: Incident) -> None:
    incident(harness)

    assert not goes_off(ALARMS[name], harness.output())


def test_a_failed_sweep_that_saw_young_orders_ends_no_alarm(harness: Harness) -> None:
    fail_second_page(30 * MINUTES)(harness)

    assert "OldestUnacknowledgedOrderAge" not in measurements_of(harness.output())


def test_the_code_and_the_alarm_have_the_same_alarming_age() -> None:
    assert ALARMS["OldestOrderUnacknowledged"]["Threshold"] == ALARMING_AGE_S
