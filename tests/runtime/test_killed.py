"""The function's process is killed in the middle of a batch; its messages come again, to another process."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.local.aws import Build, LocalAws
from tests.local.marketplace import Call, Fault, Marketplace
from tests.runtime import Environment, EnvironmentGone
from tests.runtime.harness import (
    FOR_EVER_S,
    SECRET_STORE,
    Surroundings,
    batch_of,
    eventually,
    takes_the_call_and_says_nothing,
)
from tests.support.printed import records_of
from tests.support.raw_server import RawServer
from tests.support.services import order_event

LEFT_ALONE, SHIPPED, CANCELLED = ORDERS = ("7400000000001", "7400000000002", "7400000000003")
"""Named for what somebody else does at Walmart before their messages come again."""
NEIGHBOUR = "7400000000009"


@dataclass(frozen=True)
class Moment:
    """When to kill, and what it takes.

    Args:
        reached: Tells that `ORDERS` are at that point, all of them.
        variables: Of the environment that is killed.
        neighbours: Orders that are in the batch as well.
    """

    reached: Callable[[Environment], bool]
    variables: Mapping[str, str] = field(default_factory=dict)
    neighbours: tuple[str, ...] = ()


@dataclass(frozen=True)
class Killed:
    """A process that was killed, and what came of its messages.

    Args:
        surroundings: As they are afterwards.
        orders: What the batch was about.
        before: The calls about each until the process was killed.
        recorded_before: The outcomes that it had recorded by then.
        answer: Of the batch that brought the messages again.
        records: The outcome records of that, by their order.
    """

    surroundings: Surroundings
    orders: tuple[str, ...]
    before: dict[str, list[Call]]
    recorded_before: dict[str, str]
    answer: dict[str, Any]
    records: dict[str, dict[str, Any]]

    def actions_after(self, order: str) -> list[str | None]:
        """What Walmart was asked for about an order by the second process."""
        return self.surroundings.actions(order)[len(self.before[order]) :]


@contextmanager
def before_anything_is_sent(_surroundings: Surroundings) -> Iterator[Moment]:
    with RawServer(takes_the_call_and_says_nothing) as secret_store:
        yield Moment(lambda _: bool(secret_store.requests), {SECRET_STORE: secret_store.url})


@contextmanager
def before_the_post_is_applied(surroundings: Surroundings) -> Iterator[Moment]:
    for order in ORDERS:
        surroundings.marketplace.fail(order, Fault.DELAY, action="acknowledge", seconds=FOR_EVER_S)
    yield Moment(lambda _: [call.fault for call in surroundings.marketplace.calls] == [Fault.DELAY] * 3)


@contextmanager
def before_the_answer_comes(surroundings: Surroundings) -> Iterator[Moment]:
    for order in ORDERS:
        surroundings.marketplace.fail(order, Fault.TIMEOUT_AFTER_APPLYING, action="acknowledge")
    yield Moment(lambda _: [call.applied for call in surroundings.marketplace.calls] == [True] * 3)


@contextmanager
def before_the_function_returns(surroundings: Surroundings) -> Iterator[Moment]:
    surroundings.marketplace.add_order(NEIGHBOUR)
    surroundings.marketplace.fail(NEIGHBOUR, Fault.DELAY, action="acknowledge", seconds=FOR_EVER_S)

    def reached(environment: Environment) -> bool:
        held_up = [call.fault for call in surroundings.marketplace.calls_for(NEIGHBOUR)] == [Fault.DELAY]
        return held_up and len(records_of(environment.output())) == 3

    yield Moment(reached, neighbours=(NEIGHBOUR,))


type KillPoint = Callable[[Surroundings], AbstractContextManager[Moment]]

NOT_APPLIED: tuple[KillPoint, ...] = (before_anything_is_sent, before_the_post_is_applied)
APPLIED: tuple[KillPoint, ...] = (before_the_answer_comes, before_the_function_returns)


def kill_and_deliver_again(surroundings: Surroundings, kill_point: KillPoint) -> Killed:
    for order in ORDERS:
        surroundings.marketplace.add_order(order)
    with kill_point(surroundings) as moment:
        orders = (*ORDERS, *moment.neighbours)
        surroundings.send(*map(order_event, orders))
        with (
            ThreadPoolExecutor(1) as invoker,
            surroundings.environment(variables=moment.variables) as environment,
        ):
            messages = surroundings.receive(len(orders))
            invocation = invoker.submit(environment.invoke, batch_of(messages))
            eventually(lambda: moment.reached(environment))
            environment.kill()
            with pytest.raises(EnvironmentGone):
                invocation.result()
            recorded_before = records_of(environment.output())
        before = {order: surroundings.marketplace.calls_for(order) for order in orders}
        surroundings.marketplace.set_status(SHIPPED, "Shipped")
        surroundings.marketplace.set_status(CANCELLED, "Cancelled")
        with surroundings.environment() as environment:
            answer = surroundings.deliver(environment, len(orders))
            records = records_of(environment.output())
    return Killed(
        surroundings,
        orders,
        before,
        {record["purchase_order_id"]: record["outcome"] for record in recorded_before},
        answer,
        {record["purchase_order_id"]: record for record in records},
    )


@pytest.fixture(scope="module", params=[*NOT_APPLIED, *APPLIED], ids=lambda point: point.__name__)
def kill_point(request: pytest.FixtureRequest) -> KillPoint:
    point: KillPoint = request.param
    return point


@pytest.fixture(scope="module")
def killed(kill_point: KillPoint, build: Build, local_aws: LocalAws, private_key: str) -> Iterator[Killed]:
    """Killed at one point; it happens once, and every test looks at it."""
    with Marketplace() as marketplace:
        yield kill_and_deliver_again(Surroundings(build, local_aws, marketplace, private_key), kill_point)


def test_the_process_was_killed_where_it_says(killed: Killed, kill_point: KillPoint) -> None:
    states: dict[KillPoint, tuple[set[tuple[str, bool, int | None]], dict[str, str]]] = {
        before_anything_is_sent: (set(), {}),
        before_the_post_is_applied: ({("acknowledge", False, None)}, {}),
        before_the_answer_comes: ({("acknowledge", True, None)}, {}),
        before_the_function_returns: (
            {("acknowledge", True, 200)},
            dict.fromkeys(ORDERS, "acknowledged"),
        ),
    }
    calls = {(call.action, call.applied, call.status) for order in ORDERS for call in killed.before[order]}

    assert (calls, killed.recorded_before) == states[kill_point]


def test_nothing_is_lost(killed: Killed) -> None:
    assert killed.answer == {"batchItemFailures": []}
    assert killed.records.keys() == set(killed.orders)
    assert {(each["disposition"], each["attempt"]) for each in killed.records.values()} == {("done", 2)}
    assert (killed.surroundings.waiting(), killed.surroundings.parked()) == (0, [])


def test_an_order_that_nobody_else_settled_ends_acknowledged(killed: Killed, kill_point: KillPoint) -> None:
    expected = "already_acknowledged" if kill_point in APPLIED else "acknowledged"

    assert killed.records[LEFT_ALONE]["outcome"] == expected
    for order in set(killed.orders) - {SHIPPED, CANCELLED}:
        assert killed.surroundings.statuses(order) == {"Acknowledged"}
    # What comes again is looked at first, and posted only where it waits.
    assert killed.actions_after(LEFT_ALONE) == (["get"] if kill_point in APPLIED else ["get", "acknowledge"])


@pytest.mark.parametrize(
    ("order", "status", "outcome"),
    [(SHIPPED, "Shipped", "already_shipped"), (CANCELLED, "Cancelled", "cancelled")],
)
def test_an_order_that_is_beyond_it_by_then_is_not_posted_again(
    killed: Killed, order: str, status: str, outcome: str
) -> None:
    assert killed.actions_after(order) == ["get"]
    assert killed.records[order]["outcome"] == outcome
    assert killed.surroundings.statuses(order) == {status}
