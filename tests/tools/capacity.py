"""`make capacity`: print the throughput and the cost of one seller's stack, as in `docs/performance.md`.

`test_capacity` checks the model against the template and the code. The classes below have all other
assumptions, each with its unit and its source.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from acknowledge_orders.application import BATCH_SIZE
from shared.walmart.client_provider import CACHE_SECONDS
from shared.walmart.rate_limiter import usable_per_second

HOUR_S: Final = 3600.0
MONTH_H: Final = 365 / 12 * 24
LIMITS: Final = (30, 60, 120, 300, 600)
BACKLOGS: Final = (1_000, 10_000)
ORDERS_A_MONTH: Final = (10, 1_000, 100_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One seller's stack, and the latency of Walmart.

    Attributes:
        environments: Execution environments that consume the queue. The template's `MaximumConcurrency`.
        batch: The most messages in a batch. The template's `BatchSize`, the code's `BATCH_SIZE`.
        memory_gb: Gigabytes of an environment. The template's `MemorySize`.
        call_s: Mean seconds of a call to Walmart. Assumed: Walmart publishes none.
        slowest_call_s: Mean seconds of the slowest of ten concurrent calls. Assumed.
        poll_s: Seconds from the end of an invocation to the start of the next. Assumed.
        own_s: Seconds of an invocation with one order, in addition to the call. Assumed.
        alarm_metrics: Metrics that the alarms watch. A test counts them in the template.
        order_metrics: Custom metrics that have values only while orders arrive.
        other_metrics: Custom metrics that have values after each sweep.
        pollers: Lambda's connections to an empty queue. AWS starts with five.
        poll_takes_s: Seconds of such a long poll. SQS's longest; AWS documents none.
        sweep_every_s: Seconds. The template's `SweepIntervalMinutes`.
        sweep_s: Seconds of a sweep that finds few orders. Assumed.
        secret_cached_s: Seconds for which the functions cache the secret. The code's `CACHE_SECONDS`.
    """

    environments: int = 2
    batch: int = BATCH_SIZE
    memory_gb: float = 0.5
    call_s: float = 0.42
    slowest_call_s: float = 0.66
    poll_s: float = 0.25
    own_s: float = 0.1
    alarm_metrics: int = 16
    order_metrics: int = 4
    other_metrics: int = 5
    pollers: int = 5
    poll_takes_s: float = 20
    sweep_every_s: float = 900
    sweep_s: float = 2
    secret_cached_s: float = CACHE_SECONDS


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """Bytes in the log.

    Attributes:
        order: The metrics and the outcome record of an invocation with one order. Measured.
        sweep: The same for a sweep. Assumed.
        lambdas: Lambda's own lines of an invocation, `platform.start` and `platform.report`. Assumed.
    """

    order: float = 1117
    sweep: float = 900
    lambdas: float = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """AWS's list prices in US dollars, first tier, without any free tier.

    They are the prices of us-east-1, except for the logs. No price was looked up for ca-central-1.

    Attributes:
        lambda_request: A request. AWS's price list, October 2025.
        lambda_gb_s: A gigabyte second on arm64. A published copy of AWS's price list.
        events: A custom event. From memory.
        sqs_request: A request to a standard queue. From memory.
        scheduler: An invocation by EventBridge Scheduler. From memory.
        logs_gb: A gigabyte in CloudWatch Logs, class Standard. Canada's, from memory; us-east-1 has 0.50.
        metric_month: A custom metric for a month, in the hours with values. AWS's CloudWatch page.
        alarm_month: A metric that an alarm watches, for a month. From memory.
        dashboard_month: A dashboard for a month. A page about CloudWatch's prices.
        secret_month: A secret for a month. From memory.
        secret_read: A call of Secrets Manager. From memory.
    """

    lambda_request: float = 0.20e-6
    lambda_gb_s: float = 1.33334e-5
    events: float = 1.00e-6
    sqs_request: float = 0.40e-6
    scheduler: float = 1.00e-6
    logs_gb: float = 0.55
    metric_month: float = 0.30
    alarm_month: float = 0.10
    dashboard_month: float = 3.00
    secret_month: float = 0.40
    secret_read: float = 0.05 / 10_000


def orders_per_second(setup: Setup, requests_per_minute: float) -> float:
    """Return the throughput while the queue is not empty.

    Either Walmart's rate limit or the latency of the environments' batches bounds it.
    """
    by_environments = setup.environments * setup.batch / (setup.slowest_call_s + setup.poll_s)
    return min(usable_per_second(requests_per_minute), by_environments)


def drain_s(setup: Setup, requests_per_minute: float, orders: int) -> float:
    """Return how many seconds a backlog takes to drain while no other orders arrive."""
    return orders / orders_per_second(setup, requests_per_minute)


def dollars_of_an_order(
    *, orders: int, billed_s: float, memory_gb: float, log_bytes: float, prices: Prices
) -> dict[str, float]:
    """Return the cost of one order that is acknowledged at the first attempt, by item.

    Sending is billed for each message, receiving and deleting for each batch.

    Args:
        orders: How many orders share the invocation.
        billed_s: Seconds of the invocation.
        memory_gb: Gigabytes of its environment.
        log_bytes: Bytes in the log, including Lambda's own lines.
        prices: AWS's prices.
    """
    return {
        "EventBridge: events": prices.events,
        "SQS: sent, received, deleted": (1 + 2 / orders) * prices.sqs_request,
        "Lambda: requests": prices.lambda_request / orders,
        "Lambda: time": billed_s * memory_gb * prices.lambda_gb_s / orders,
        "CloudWatch Logs": log_bytes / 1e9 * prices.logs_gb / orders,
    }


def dollars_of_a_month(orders: int, setup: Setup, output: Output, prices: Prices) -> dict[str, float]:
    """Return the cost of a month by item, with one order in each invocation."""
    an_order = dollars_of_an_order(
        orders=1,
        billed_s=setup.own_s + setup.call_s,
        memory_gb=setup.memory_gb,
        log_bytes=output.order + output.lambdas,
        prices=prices,
    )
    sweeps = MONTH_H * HOUR_S / setup.sweep_every_s
    a_sweep = (
        prices.scheduler
        + prices.lambda_request
        + setup.sweep_s * setup.memory_gb * prices.lambda_gb_s
        + (output.sweep + output.lambdas) / 1e9 * prices.logs_gb
    )
    # Each environment caches the secret: this many reads if it is always busy.
    reads = setup.environments * MONTH_H * HOUR_S / setup.secret_cached_s + sweeps
    hours_with_orders = min(1.0, orders / MONTH_H)
    return {
        "Orders: events, messages, invocations, logs": orders * sum(an_order.values()),
        "Sweeps": sweeps * a_sweep,
        "Lambda's polling of the queue": setup.pollers
        * MONTH_H
        * HOUR_S
        / setup.poll_takes_s
        * prices.sqs_request,
        "Secret, and reading it": prices.secret_month + reads * prices.secret_read,
        "Custom metrics": prices.metric_month
        * (setup.other_metrics + setup.order_metrics * hours_with_orders),
        "Alarms": setup.alarm_metrics * prices.alarm_month,
        "Dashboard": prices.dashboard_month,
    }


def tables() -> tuple[str, str]:
    """Return the throughput table and the cost table in Markdown."""
    setup = Setup()
    throughput = [
        [
            f"{limit}",
            f"{orders_per_second(setup, limit) * HOUR_S:,.0f}",
            *(_duration(drain_s(setup, limit, orders)) for orders in BACKLOGS),
        ]
        for limit in LIMITS
    ]
    columns = [dollars_of_a_month(orders, setup, Output(), Prices()) for orders in ORDERS_A_MONTH]
    cost = [[name, *(f"{column[name]:,.2f}" for column in columns)] for name in columns[0]]
    cost.append(["**Together**", *(f"**{sum(column.values()):,.2f}**" for column in columns)])
    return (
        _table(
            [
                "Calls a minute",
                "Orders an hour",
                *(f"{orders:,} drained in" for orders in BACKLOGS),
            ],
            throughput,
        ),
        _table(["US dollars a month", *(f"{orders:,} orders" for orders in ORDERS_A_MONTH)], cost),
    )


def _table(columns: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in columns[1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (columns, rule, *rows))


def _duration(seconds: float) -> str:
    return f"{seconds / HOUR_S:.1f} h" if seconds >= 2 * HOUR_S else f"{seconds / 60:.1f} min"


if __name__ == "__main__":
    print("\n\n".join(tables()))  # noqa: T201 - a command prints
