"""What it costs, item by item: for each order, and each month whether orders come or not. Pure."""

from dataclasses import dataclass
from typing import Final

from tests.tools.capacity.assumptions import MONTH_S, Output, Prices, Setup, Stack
from tests.tools.capacity.flow import carries

MILLION: Final = 1_000_000


@dataclass(frozen=True, slots=True)
class Item:
    """One line of a bill.

    Attributes:
        name: What is paid for.
        quantity: How much of it.
        unit: In what.
        price: Of one unit, in dollars.
    """

    name: str
    quantity: float
    unit: str
    price: float

    @property
    def dollars(self) -> float:
        """What it costs."""
        return self.quantity * self.price


@dataclass(frozen=True, slots=True)
class Order:
    """What one order uses, on average.

    Attributes:
        invocations: Its share of them.
        billed_s: Its share of their time.
        handed_back: How often its message is handed back.
        log_bytes: What is written about it, by the function and by Lambda.
    """

    invocations: float
    billed_s: float
    handed_back: float
    log_bytes: float

    @property
    def sqs_requests(self) -> float:
        """Sent by the rule; received and deleted by the batch; hidden one by one."""
        return 1 + 2 * self.invocations + self.handed_back


def one_by_one(setup: Setup, output: Output) -> Order:
    """Return what an order uses that comes alone, and is acknowledged at once."""
    return Order(1, setup.own_s + setup.call_s, 0, _log_bytes(output, invocations=1, handed_back=0))


def in_full_batches(setup: Setup, output: Output) -> Order:
    """Return what an order uses while many wait: nine share its invocation, which waits for turns."""
    carried = carries(setup)
    invocations = 1 / carried.turns
    handed_back = carried.receives(setup.batch) - 1
    return Order(
        invocations,
        invocations * (carried.cycle_s - setup.poll_s),
        handed_back,
        _log_bytes(output, invocations=invocations, handed_back=handed_back),
    )


def _log_bytes(output: Output, *, invocations: float, handed_back: float) -> float:
    per_invocation = output.invocation + output.lambdas
    return invocations * per_invocation + output.done + output.ids + handed_back * (output.later + output.ids)


def of_a_million(order: Order, setup: Setup, prices: Prices) -> list[Item]:
    """Return what a million such orders cost."""
    return [
        Item("EventBridge: events", MILLION, "events", prices.events),
        Item(
            "SQS: sent, received, deleted, hidden",
            MILLION * order.sqs_requests,
            "requests",
            prices.sqs_request,
        ),
        Item("Lambda: invocations", MILLION * order.invocations, "requests", prices.lambda_request),
        Item("Lambda: time", MILLION * order.billed_s * setup.memory_gb, "GB seconds", prices.lambda_gb_s),
        Item("CloudWatch Logs", MILLION * order.log_bytes / 1e9, "GB", prices.logs_gb),
    ]


def of_a_month(setup: Setup, stack: Stack, prices: Prices) -> list[Item]:
    """Return what one stack costs a month before the first order."""
    sweeps = MONTH_S / stack.sweep_every_s
    # Each environment of either function keeps its own copy; at most, if it is busy all the time.
    reads = setup.environments * MONTH_S / stack.secret_cached_s + sweeps
    polls = stack.pollers * MONTH_S / stack.poll_takes_s
    sweep = (
        prices.scheduler
        + prices.lambda_request
        + stack.sweep_s * setup.memory_gb * prices.lambda_gb_s
        + stack.sweep_bytes / 1e9 * prices.logs_gb
    )
    return [
        Item("Alarms", stack.alarm_metrics, "metrics", prices.alarm_month),
        Item("Custom metrics while all is well", stack.metrics_calm, "metrics", prices.metric_month),
        Item("Dashboard", 1, "dashboard", prices.dashboard_month),
        Item("Secret", 1, "secret", prices.secret_month),
        Item("Secret, read at most", reads, "calls", prices.secret_read),
        Item("Lambda's polling of the queue", polls, "requests", prices.sqs_request),
        Item("Sweeps", sweeps, "sweeps", sweep),
    ]


def dollars(items: list[Item]) -> float:
    """Return what some items cost together."""
    return sum(item.dollars for item in items)


def month(setup: Setup, sellers: int, orders_a_day: float, *, of: Order) -> float:
    """Return what a month costs, in dollars, with all sellers in one account and region.

    Args:
        setup: Of each of them.
        sellers: How many.
        orders_a_day: Of each.
        of: What an order uses.
    """
    stack, prices = Stack(), Prices()
    orders = sellers * orders_a_day * MONTH_S / 86_400
    fixed = sellers * dollars(of_a_month(setup, stack, prices))
    return fixed + orders / MILLION * dollars(of_a_million(of, setup, prices))
