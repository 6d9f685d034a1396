"""The function's process is killed in the middle of a batch, and another process retries its messages."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from tests.local.marketplace import Fault
from tests.runtime import Environment, EnvironmentGone
from tests.runtime.harness import (
    FOREVER_S,
    SECRET_STORE,
    RuntimeHarness,
    batch_of,
    never_answers,
)
from tests.support.batches import order_event
from tests.support.printed import records_of
from tests.support.raw_server import RawServer
from tests.support.waiting import eventually

LEFT_ALONE, SHIPPED, CANCELLED = ORDERS = ("7400000000001", "7400000000002", "7400000000003")
"""Named for what the seller does at Walmart before the retry."""
NEIGHBOR = "7400000000009"


@dataclass(frozen=True)
class Moment:
    """When to kill the process.

    Attributes:
        reached: Returns whether all `ORDERS` are at that point.
        calls: The calls about them by then: the action, whether it was applied, the status.
        variables: Environment variables of the killed environment.
        neighbors: Other orders in the batch.
    """

    reached: Callable[[Environment], bool]
    calls: set[tuple[str, bool, int | None]]
    variables: Mapping[str, str] = field(default_factory=dict)
    neighbors: tuple[str, ...] = ()


@contextmanager
def before_any_call_is_sent(_harness: RuntimeHarness) -> Iterator[Moment]:
    with RawServer(never_answers) as secret_store:
        yield Moment(lambda _: bool(secret_store.requests), set(), {SECRET_STORE: secret_store.url})


@contextmanager
def before_the_call_is_applied(harness: RuntimeHarness) -> Iterator[Moment]:
    for order in ORDERS:
        harness.marketplace.fail(order, Fault.DELAY, action="acknowledge", seconds=FOREVER_S)
    yield Moment(
        lambda _: [call.fault for call in harness.marketplace.calls] == [Fault.DELAY] * 3,
        {("acknowledge", False, None)},
    )


@contextmanager
def before_the_response_arrives(harness: RuntimeHarness) -> Iterator[Moment]:
    for order in ORDERS:
        harness.marketplace.fail(order, Fault.TIMEOUT_AFTER_APPLYING, action="acknowledge")
    yield Moment(
        lambda _: [call.applied for call in harness.marketplace.calls] == [True] * 3,
        {("acknowledge", True, None)},
    )


@contextmanager
def before_the_function_returns(harness: RuntimeHarness) -> Iterator[Moment]:
    harness.marketplace.add_order(NEIGHBOR)
    harness.marketplace.fail(NEIGHBOR, Fault.DELAY, action="acknowledge", seconds=FOREVER_S)

    def reached(environment: Environment) -> bool:
        held_up = [call.fault for call in harness.marketplace.calls_for(NEIGHBOR)] == [Fault.DELAY]
        return held_up and outcomes(environment) == dict.fromkeys(ORDERS, "acknowledged")

    yield Moment(reached, {("acknowledge", True, 200)}, neighbors=(NEIGHBOR,))


def outcomes(environment: Environment) -> dict[str, str]:
    """The outcome recorded for each order so far."""
    return {each["purchase_order_id"]: each["outcome"] for each in records_of(environment.output())}


def kill(harness: RuntimeHarness, moment: Moment, orders: tuple[str, ...]) -> None:
    """Invoke with a batch of the orders, and kill the process at the moment."""
    harness.send(*map(order_event, orders))
    batch = batch_of(harness.receive(len(orders)))
    with (
        ThreadPoolExecutor(1) as invoker,
        harness.environment(variables=moment.variables) as environment,
    ):
        invocation = invoker.submit(environment.invoke, batch)
        eventually(lambda: moment.reached(environment))
        processes = list(environment.processes())
        environment.kill()
        with pytest.raises(EnvironmentGone):
            invocation.result()
    # The emulator and the function's process, which would have fetched the orders after its calls.
    assert len(processes) == 2
    eventually(lambda: not any(is_running(each) for each in processes))


def is_running(process: int) -> bool:
    try:
        return " Z " not in Path(f"/proc/{process}/stat").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


type KillPoint = Callable[[RuntimeHarness], AbstractContextManager[Moment]]


KILL_POINTS: list[KillPoint] = [
    before_any_call_is_sent,
    before_the_call_is_applied,
    before_the_response_arrives,
    before_the_function_returns,
]


@pytest.mark.parametrize("kill_point", KILL_POINTS)
def test_a_kill_loses_no_order_and_acknowledges_none_twice(
    harness: RuntimeHarness, kill_point: KillPoint
) -> None:
    for order in ORDERS:
        harness.marketplace.add_order(order)
    with kill_point(harness) as moment:
        orders = (*ORDERS, *moment.neighbors)
        kill(harness, moment, orders)
    before = {order: harness.marketplace.calls_for(order) for order in orders}
    seen = {(call.action, call.applied, call.status) for order in ORDERS for call in before[order]}
    assert seen == moment.calls
    harness.marketplace.set_status(SHIPPED, "Shipped")
    harness.marketplace.set_status(CANCELLED, "Cancelled")

    with harness.environment() as environment:
        answer = harness.deliver(environment, len(orders))
        records: list[dict[str, Any]] = records_of(environment.output())
        found = outcomes(environment)

    # No message is lost, and every order is settled.
    assert answer == {"batchItemFailures": []}
    assert (harness.queued(), harness.parked()) == (0, [])
    assert {(each["disposition"], each["attempt"]) for each in records} == {("done", 2)}
    applied = any(applied for _, applied, _ in moment.calls)
    assert found == {
        **dict.fromkeys(moment.neighbors, "acknowledged"),
        LEFT_ALONE: "already_acknowledged" if applied else "acknowledged",
        SHIPPED: "already_shipped",
        CANCELLED: "cancelled",
    }
    assert harness.statuses(LEFT_ALONE, *moment.neighbors) == {"Acknowledged"}
    # A retried order is fetched first, and acknowledged only if it awaits that.
    after = {order: harness.actions(order)[len(before[order]) :] for order in ORDERS}
    assert after == {
        LEFT_ALONE: ["get"] if applied else ["get", "acknowledge"],
        SHIPPED: ["get"],
        CANCELLED: ["get"],
    }
    assert (harness.statuses(SHIPPED), harness.statuses(CANCELLED)) == ({"Shipped"}, {"Cancelled"})
