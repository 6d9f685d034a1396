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
MONTH_S: Final = 365 / 12 * 24 * HOUR_S
LIMITS: Final = (30, 60, 120, 300, 600)
BACKLOGS: Final = (1_000, 10_000)


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One seller's stack, its output in the log, and the latency of Walmart."""

    environments: int = 2  # that consume the queue. The template's `MaximumConcurrency`.
    batch: int = BATCH_SIZE  # messages at most. The template's `BatchSize`, the code's `BATCH_SIZE`.
    memory_gb: float = 0.5  # of an environment. The template's `MemorySize`.
    call_s: float = 0.42  # mean seconds of a call to Walmart. Assumed: Walmart publishes none.
    slowest_call_s: float = 0.66  # mean seconds of the slowest of ten concurrent calls. Assumed.
    poll_s: float = 0.25  # from the end of an invocation to the start of the next. Assumed.
    own_s: float = 0.1  # of an invocation with one order, in addition to the call. Assumed.
    alarm_metrics: int = 16  # metrics that the alarms watch. A test counts them in the template.
    order_metrics: int = 4  # custom metrics that have values only while orders arrive.
    other_metrics: int = 5  # custom metrics that have values after each sweep.
    pollers: int = 5  # Lambda's connections to an empty queue. AWS starts with five.
    poll_takes_s: float = 20  # seconds of such a long poll. SQS's longest; AWS documents none.
    sweep_every_s: float = 900  # The template's `SweepIntervalMinutes`.
    sweep_s: float = 2  # seconds of a sweep that finds few orders. Assumed.
    secret_cached_s: float = CACHE_SECONDS  # by each environment. The code's `CACHE_SECONDS`.
    order_bytes: float = 1117  # metrics and outcome record of an invocation with one order. Measured.
    sweep_bytes: float = 900  # the same for a sweep. Assumed.
    lambda_bytes: float = 600  # of an invocation: `platform.start` and `platform.report`. Assumed.


class Prices:
    """AWS's list prices in US dollars, first tier, without any free tier.

    They are the prices of us-east-1, except for the logs. No price was looked up for ca-central-1.
    """

    lambda_request = 0.20e-6  # AWS's price list, October 2025.
    lambda_gb_s = 1.33334e-5  # A gigabyte second on arm64. A published copy of AWS's price list.
    events = 1.00e-6  # A custom event. From memory.
    sqs_request = 0.40e-6  # A request to a standard queue. From memory.
    scheduler = 1.00e-6  # An invocation by EventBridge Scheduler. From memory.
    logs_gb = 0.55  # CloudWatch Logs, class Standard. Canada's, from memory; us-east-1 has 0.50.
    metric_month = 0.30  # A custom metric, in the hours with values. AWS's CloudWatch page.
    alarm_month = 0.10  # A metric that an alarm watches. From memory.
    dashboard_month = 3.00  # A page about CloudWatch's prices.
    secret_month = 0.40  # From memory.
    secret_read = 0.05 / 10_000  # A call of Secrets Manager. From memory.


def orders_per_second(setup: Setup, requests_per_minute: float) -> float:
    """Return the throughput while the queue is not empty.

    Either Walmart's rate limit or the latency of the environments' batches bounds it.
    """
    by_environments = setup.environments * setup.batch / (setup.slowest_call_s + setup.poll_s)
    return min(usable_per_second(requests_per_minute), by_environments)


def dollars_of_an_order(setup: Setup, *, orders: int = 1) -> dict[str, float]:
    """Return the cost of one order that is acknowledged at the first attempt, by item.

    `orders` share its invocation. Sending is billed for each message, receiving and deleting for each batch.
    """
    log_gb = (setup.order_bytes + setup.lambda_bytes) / 1e9
    return {
        "EventBridge: events": Prices.events,
        "SQS: sent, received, deleted": (1 + 2 / orders) * Prices.sqs_request,
        "Lambda: requests": Prices.lambda_request / orders,
        "Lambda: time": (setup.own_s + setup.call_s) * setup.memory_gb * Prices.lambda_gb_s / orders,
        "CloudWatch Logs": log_gb * Prices.logs_gb / orders,
    }


def dollars_of_a_month(orders: int, setup: Setup) -> dict[str, float]:
    """Return the cost of a month by item, with one order in each invocation."""
    sweeps = MONTH_S / setup.sweep_every_s
    a_sweep = (
        Prices.scheduler
        + Prices.lambda_request
        + setup.sweep_s * setup.memory_gb * Prices.lambda_gb_s
        + (setup.sweep_bytes + setup.lambda_bytes) / 1e9 * Prices.logs_gb
    )
    # Each environment caches the secret: this many reads if it is always busy.
    reads = setup.environments * MONTH_S / setup.secret_cached_s + sweeps
    metrics = setup.other_metrics + setup.order_metrics * min(1.0, orders * HOUR_S / MONTH_S)
    polls = setup.pollers * MONTH_S / setup.poll_takes_s
    return {
        "Orders: events, messages, invocations, logs": orders * sum(dollars_of_an_order(setup).values()),
        "Sweeps": sweeps * a_sweep,
        "Lambda's polling of the queue": polls * Prices.sqs_request,
        "Secret, and reading it": Prices.secret_month + reads * Prices.secret_read,
        "Custom metrics": Prices.metric_month * metrics,
        "Alarms": setup.alarm_metrics * Prices.alarm_month,
        "Dashboard": Prices.dashboard_month,
    }


def tables() -> tuple[str, str]:
    """Return the throughput table and the cost table in Markdown."""
    setup = Setup()
    drained_in = (f"{orders:,} drained in" for orders in BACKLOGS)
    throughput = [["Calls a minute", "Orders an hour", *drained_in]]
    for limit in LIMITS:
        per_second = orders_per_second(setup, limit)
        counts = (limit, per_second * HOUR_S)
        drained = [_duration(orders / per_second) for orders in BACKLOGS]
        throughput.append([*(f"{count:,.0f}" for count in counts), *drained])
    orders_a_month = (10, 1_000, 100_000)
    columns = [dollars_of_a_month(orders, setup) for orders in orders_a_month]
    cost = [["US dollars a month", *(f"{orders:,} orders" for orders in orders_a_month)]]
    cost += [[name, *(f"{column[name]:,.2f}" for column in columns)] for name in columns[0]]
    cost.append(["**Together**", *(f"**{sum(column.values()):,.2f}**" for column in columns)])
    return _table(throughput), _table(cost)


def _table(rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in rows[0][1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def _duration(seconds: float) -> str:
    return f"{seconds / HOUR_S:.1f} h" if seconds >= 2 * HOUR_S else f"{seconds / 60:.1f} min"


if __name__ == "__main__":
    print("\n\n".join(tables()))  # noqa: T201 - a command prints
