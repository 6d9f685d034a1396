"""Each alarm on a metric of ours goes off by what the functions print, and not by what is well."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

import pytest

from acknowledge_orders.batch import ForeignBatchError
from shared.credentials import CACHE_SECONDS, FAILURE_SECONDS
from shared.telemetry import NAMESPACE
from sweep_orders.recorder import WORTH_TELLING_S
from tests.integration.harness import Context, World
from tests.local.marketplace import Fault
from tests.support.deployed import deployed
from tests.support.evaluation import breaches, series, watched
from tests.support.metrics import Series
from tests.support.printed import measurements_of
from tests.support.template import read

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


def deliver(world: World, age: timedelta, *faults: Fault, statuses: tuple[str, ...] = ("Created",)) -> None:
    """Let an order of some age be attempted once; each fault strikes one call."""
    ordered_at = datetime.now(UTC) - age
    world.marketplace.add_order(ORDER, statuses, order_date=ordered_at)
    for fault in faults:
        world.marketplace.fail_all(fault)
    detail = {"purchaseOrderId": ORDER, "orderDate": ordered_at.isoformat()}
    world.send(json.dumps({"time": ordered_at.isoformat(), "detail": detail}))
    world.deliver(world.function())


def sweep(world: World, age: timedelta | None = None, *faults: Fault, **environment: str) -> None:
    """Let a sweep find an order of some age, or none; each fault strikes one call."""
    if age is not None:
        world.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - age)
    for fault in faults:
        world.marketplace.fail_all(fault)
    world.sweep_function(**environment)({}, Context(240_000))


def stumble(world: World) -> None:
    """Let the function meet a message such as SQS does not send."""
    message = {"messageId": "m-1", "receiptHandle": "r-1", "body": "{}", "attributes": {}}
    with pytest.raises(ForeignBatchError):
        world.function()({"Records": [message]}, Context())


def leave(world: World) -> None:
    """Let a sweep find an old order that cannot be acknowledged, and an attempt leave it to the next one."""
    world.marketplace.add_order(ORDER, ("Created", "Shipped"), order_date=datetime.now(UTC) - LEFT)
    sweep(world)
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


def backlog(world: World, messages: int) -> None:
    """Let a sweep find so many messages in the queue, at one acknowledgement a minute."""
    world.send(*["{}"] * messages)
    sweep(world, REQUESTS_PER_MINUTE="1")


MINUTES = timedelta(minutes=1)
LATE = 125 * MINUTES
LEFT = 150 * MINUTES
"""So old, an order of the sweep that needs a person is left: it was parked half an hour before."""
GOES_OFF: dict[str, list[Callable[[World], None]]] = {
    "DeadlineAtRisk": [
        lambda world: deliver(world, LATE, Fault.SERVICE_UNAVAILABLE),
        lambda world: deliver(world, LATE, Fault.UNAUTHORIZED, Fault.UNAUTHORIZED, Fault.UNAUTHORIZED),
        lambda world: deliver(world, LATE),
        lambda world: deliver(world, LATE, statuses=("Created", "Shipped")),
    ],
    "OldestOrderWaiting": [lambda world: sweep(world, 61 * MINUTES), leave],
    "SweepMissing": [
        lambda world: sweep(world, 30 * MINUTES, *[Fault.SERVICE_UNAVAILABLE] * 2),
        lambda world: deliver(world, MINUTES),
    ],
    "CredentialsRefused": [
        lambda world: deliver(world, MINUTES, *[Fault.UNAUTHORIZED] * 3),
        lambda world: sweep(world, None, *[Fault.UNAUTHORIZED] * 3),
    ],
    "SetupWrong": [
        lambda world: deliver(world, MINUTES, Fault.HEADER_BLAMED),
        lambda world: sweep(world, None, Fault.REDIRECT),
    ],
    "AcknowledgeFunctionFailing": [stumble],
    "StaleCredentialsServed": [serve_stale],
    "DrainTimeLong": [lambda world: backlog(world, 86)],
}
STAYS_QUIET: dict[str, list[Callable[[World], None]]] = {
    "DeadlineAtRisk": [
        lambda world: deliver(world, 115 * MINUTES, Fault.SERVICE_UNAVAILABLE),
        lambda world: deliver(world, LATE, statuses=("Acknowledged",)),
        lambda world: deliver(world, LATE, statuses=("Shipped",)),
        lambda world: deliver(world, LATE, statuses=("Cancelled",)),
        leave,
        sweep,
    ],
    "OldestOrderWaiting": [lambda world: sweep(world, 59 * MINUTES), sweep],
    "SweepMissing": [sweep],
    "CredentialsRefused": [lambda world: deliver(world, MINUTES, Fault.SERVICE_UNAVAILABLE), sweep],
    "SetupWrong": [lambda world: deliver(world, MINUTES, Fault.SERVICE_UNAVAILABLE), sweep],
    "AcknowledgeFunctionFailing": [
        lambda world: deliver(world, MINUTES, Fault.SERVICE_UNAVAILABLE),
        lambda world: deliver(world, MINUTES, statuses=("Created", "Shipped")),
    ],
    "StaleCredentialsServed": [lambda world: deliver(world, MINUTES)],
    "DrainTimeLong": [lambda world: backlog(world, 85)],
}


def rows(table: dict[str, list[Callable[[World], None]]]) -> list[Any]:
    return [
        pytest.param(name, happen, id=f"{name}-{number}")
        for name, several in table.items()
        for number, happen in enumerate(several, 1)
    ]


def test_every_alarm_on_a_metric_of_ours_is_here() -> None:
    assert GOES_OFF.keys() == STAYS_QUIET.keys() == ALARMS.keys()


@pytest.mark.parametrize(("name", "happen"), rows(GOES_OFF))
def test_an_alarm_goes_off_by_what_it_is_for(
    world: World, name: str, happen: Callable[[World], None]
) -> None:
    happen(world)

    assert goes_off(ALARMS[name], world.output())


@pytest.mark.parametrize(("name", "happen"), rows(STAYS_QUIET))
def test_an_alarm_stays_quiet_while_all_is_well(
    world: World, name: str, happen: Callable[[World], None]
) -> None:
    happen(world)

    assert not goes_off(ALARMS[name], world.output())


def test_a_sweep_that_saw_only_young_orders_before_it_failed_ends_no_alarm(world: World) -> None:
    world.marketplace.fail_all(Fault.DELAY, action="released", seconds=0.0)
    world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, action="released")
    for number in range(201):
        at = datetime.now(UTC) - timedelta(minutes=30, seconds=number)
        world.marketplace.add_order(str(7400000000001 + number), order_date=at)

    sweep(world)

    assert "OldestUnacknowledgedOrderAge" not in measurements_of(world.output())


def test_a_sweep_that_failed_tells_of_an_old_order_all_the_same(world: World) -> None:
    world.marketplace.fail_all(Fault.DELAY, action="released", seconds=0.0)
    world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, action="released")
    for number in range(201):
        at = datetime.now(UTC) - timedelta(minutes=61, seconds=number)
        world.marketplace.add_order(str(7400000000001 + number), order_date=at)

    sweep(world)

    assert goes_off(ALARMS["OldestOrderWaiting"], world.output())


def test_what_is_worth_telling_is_what_the_alarm_goes_off_at() -> None:
    assert ALARMS["OldestOrderWaiting"]["Threshold"] == WORTH_TELLING_S


def test_whoever_tries_an_old_order_by_hand_wakes_nobody(world: World) -> None:
    ordered_at = (datetime.now(UTC) - LATE).isoformat()
    world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE)

    world.function()({"detail": {"purchaseOrderId": ORDER, "orderDate": ordered_at}}, Context())

    assert not goes_off(ALARMS["DeadlineAtRisk"], world.output())
