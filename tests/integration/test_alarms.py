"""Each alarm on a metric of ours goes off by what the functions print, and not by what is well."""

from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from acknowledge_orders.batch import ForeignBatchError
from shared.telemetry import NAMESPACE
from shared.walmart.client_provider import CACHE_SECONDS, FAILURE_SECONDS
from sweep_orders.powertools_recorder import ALARMING_AGE_S
from tests.integration.harness import Context, World
from tests.local.marketplace import Fault
from tests.support.deployed import deployed
from tests.support.evaluation import breaches, series, watched
from tests.support.metrics import Series
from tests.support.printed import measurements_of
from tests.support.services import order_event
from tests.support.template import read

type Happen = Callable[[World], None]
"""What happens before the alarm looks."""

ORDER: Final = "7400000000001"
ALARMS: Final = {
    name: alarm
    for name, alarm in deployed(read()).of_type("AWS::CloudWatch::Alarm").items()
    if any(each.namespace == NAMESPACE for each in series(alarm).values())
}
PERIOD: Final = range(1_000_000)


def goes_off(alarm: dict[str, Any], output: list[dict[str, Any]]) -> bool:
    """Whether an alarm goes off when every period it looks at is like the one in which this was printed."""
    value = watched(alarm, {each.metric: _sent(each, output) for each in series(alarm).values()}, PERIOD)
    return value is not None and breaches(alarm, value)


def _sent(wanted: Series, output: list[dict[str, Any]]) -> dict[int, float]:
    """The values that CloudWatch gets of a metric: ours from the printed lines, one a second."""
    if wanted.namespace != NAMESPACE:
        return {0: 0.0}
    return dict(enumerate(_printed(wanted, output)))


def _printed(wanted: Series, output: list[dict[str, Any]]) -> Iterator[float]:
    for line in output:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            names = [each["Name"] for each in directive["Metrics"]]
            dimensions = [{name: line[name] for name in names} for names in directive["Dimensions"]]
            if (
                directive["Namespace"] == NAMESPACE
                and wanted.metric in names
                and wanted.dimensions in dimensions
            ):
                found = line[wanted.metric]
                yield from found if isinstance(found, list) else [found]


def deliver(age: timedelta, *faults: Fault, statuses: tuple[str, ...] = ("Created",)) -> Happen:
    """An order of some age is attempted once; each fault strikes one call."""

    def happen(world: World) -> None:
        at = datetime.now(UTC) - age
        world.marketplace.add_order(ORDER, statuses, order_date=at)
        for fault in faults:
            world.marketplace.fail_all(fault)
        world.send(order_event(ORDER, age, orderDate=at.isoformat()))
        world.deliver(world.function())

    return happen


def sweep(age: timedelta | None, *faults: Fault) -> Happen:
    """A sweep finds an order of some age, or none; each fault strikes one call."""

    def happen(world: World) -> None:
        if age is not None:
            world.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - age)
        for fault in faults:
            world.marketplace.fail_all(fault)
        world.sweep()

    return happen


def break_off(age: timedelta) -> Happen:
    """A sweep reads a page of orders of some age, and fails at the next one."""

    def happen(world: World) -> None:
        world.marketplace.fail_all(Fault.DELAY, action="released", seconds=0.0)
        world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, action="released")
        for number in range(201):
            at = datetime.now(UTC) - age - timedelta(seconds=number)
            world.marketplace.add_order(str(int(ORDER) + number), order_date=at)
        world.sweep()

    return happen


def stumble(world: World) -> None:
    """Let the function meet a message such as SQS does not send."""
    message = {"messageId": "m-1", "receiptHandle": "r-1", "body": "{}", "attributes": {}}
    with pytest.raises(ForeignBatchError):
        world.function()({"Records": [message]}, Context())


def leave(world: World) -> None:
    """Let a sweep find an old order that cannot be acknowledged, and an attempt leave it to the next one."""
    world.marketplace.add_order(ORDER, ("Created", "Shipped"), order_date=datetime.now(UTC) - LEFT)
    world.sweep()
    world.deliver(world.function())


def serve_stale(world: World) -> None:
    """Let Secrets Manager fail for longer than a secret is cached, while orders come."""
    function, event = world.function(), {"detail": {"purchaseOrderId": ORDER}}
    world.marketplace.add_order(ORDER)
    function(event, Context())
    world.break_secrets_manager()
    for seconds in (CACHE_SECONDS, FAILURE_SECONDS, FAILURE_SECONDS):
        world.ahead_s += seconds + 1
        function(event, Context())


def backlog(messages: int) -> Happen:
    """A sweep finds so many messages in the queue, at one acknowledgement in ten minutes."""

    def happen(world: World) -> None:
        world.send(*["{}"] * messages)
        world.sweep(REQUESTS_PER_MINUTE="0.1")

    return happen


def try_by_hand(world: World) -> None:
    """Let somebody try an old order by hand, and fail."""
    ordered_at = (datetime.now(UTC) - LATE).isoformat()
    world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE)
    world.function()({"detail": {"purchaseOrderId": ORDER, "orderDate": ordered_at}}, Context())


MINUTES: Final = timedelta(minutes=1)
LATE: Final = 125 * MINUTES
LEFT: Final = 150 * MINUTES
"""So old, an order of the sweep that needs a person is left: it was parked half an hour before."""
UNAUTHORIZED: Final = [Fault.UNAUTHORIZED] * 3
"""As often as a call is repeated."""
STUCK: Final = ("Created", "Shipped")
GOES_OFF: Final[dict[str, list[Happen]]] = {
    "DeadlineAtRisk": [
        deliver(LATE, Fault.SERVICE_UNAVAILABLE),
        deliver(LATE, *UNAUTHORIZED),
        deliver(LATE),
        deliver(LATE, statuses=STUCK),
    ],
    "OldestOrderUnacknowledged": [sweep(61 * MINUTES), leave, break_off(61 * MINUTES)],
    "SweepMissing": [sweep(30 * MINUTES, *[Fault.SERVICE_UNAVAILABLE] * 2), deliver(MINUTES)],
    "CredentialsRefused": [deliver(MINUTES, *UNAUTHORIZED), sweep(None, *UNAUTHORIZED)],
    "Misconfigured": [deliver(MINUTES, Fault.HEADER_BLAMED), sweep(None, Fault.REDIRECT)],
    "AcknowledgeFunctionFailing": [stumble],
    "StaleCredentialsServed": [serve_stale],
    "QueueDrainTimeHigh": [backlog(9)],
}
WELL: Final = sweep(None)
UNAVAILABLE: Final = deliver(MINUTES, Fault.SERVICE_UNAVAILABLE)
STAYS_QUIET: Final[dict[str, list[Happen]]] = {
    "DeadlineAtRisk": [
        deliver(115 * MINUTES, Fault.SERVICE_UNAVAILABLE),
        deliver(LATE, statuses=("Acknowledged",)),
        deliver(LATE, statuses=("Shipped",)),
        deliver(LATE, statuses=("Cancelled",)),
        leave,
        WELL,
        try_by_hand,
    ],
    "OldestOrderUnacknowledged": [sweep(59 * MINUTES), WELL],
    "SweepMissing": [WELL],
    "CredentialsRefused": [UNAVAILABLE, WELL],
    "Misconfigured": [UNAVAILABLE, WELL],
    "AcknowledgeFunctionFailing": [UNAVAILABLE, deliver(MINUTES, statuses=STUCK)],
    "StaleCredentialsServed": [deliver(MINUTES)],
    "QueueDrainTimeHigh": [backlog(8)],
}


def rows(table: dict[str, list[Happen]]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize(
        ("name", "happen"), [(name, happen) for name, several in table.items() for happen in several]
    )


def test_every_alarm_on_a_metric_of_ours_is_here() -> None:
    assert GOES_OFF.keys() == STAYS_QUIET.keys() == ALARMS.keys()


@rows(GOES_OFF)
def test_an_alarm_goes_off_by_what_it_is_for(world: World, name: str, happen: Happen) -> None:
    happen(world)

    assert goes_off(ALARMS[name], world.output())


@rows(STAYS_QUIET)
def test_an_alarm_stays_quiet_while_all_is_well(world: World, name: str, happen: Happen) -> None:
    happen(world)

    assert not goes_off(ALARMS[name], world.output())


def test_a_sweep_that_saw_only_young_orders_before_it_failed_ends_no_alarm(world: World) -> None:
    break_off(30 * MINUTES)(world)

    assert "OldestUnacknowledgedOrderAge" not in measurements_of(world.output())


def test_what_is_worth_telling_is_what_the_alarm_goes_off_at() -> None:
    assert ALARMS["OldestOrderUnacknowledged"]["Threshold"] == ALARMING_AGE_S
