"""`make capacity`: print the throughput and the cost of one seller's stack, as in `docs/performance.md`.

`test_capacity` checks the model against the template and the code. The classes below have all other
assumptions, each with its unit and its source.
"""

import math
from collections.abc import Collection, Mapping, Sequence
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
    other_metrics: int = 4  # custom metrics that have values after each sweep.
    pollers: int = 5  # Lambda's connections to an empty queue. AWS starts with five.
    poll_takes_s: float = 20  # seconds of such a long poll. SQS's longest; AWS documents none.
    sweep_every_s: float = 900  # The template's `SweepIntervalMinutes`.
    sweep_s: float = 2  # seconds of a sweep that finds few orders. Assumed.
    secret_cached_s: float = CACHE_SECONDS  # by each environment. The code's `CACHE_SECONDS`.
    order_bytes: float = 1131  # metrics and record of one order's invocation. Measured, plus a trace id.
    init_s: float = 1.0  # seconds to start an environment, which AWS bills. See the page, "Speed".
    kept_idle_s: float = 300  # for which Lambda keeps an idle environment. Assumed: AWS documents none.
    sweep_bytes: float = 900  # the same for a sweep. Assumed.
    lambda_bytes: float = 600  # of an invocation: `platform.start` and `platform.report`. Assumed.


@dataclass(frozen=True, slots=True, eq=False)
class Meter:
    """What AWS bills: the list price of a unit in US dollars, and the units that are free in each month."""

    price: float
    free: float = 0


# Prices of us-east-1, except for the logs. No price was looked up for ca-central-1.
LAMBDA_REQUEST: Final = Meter(0.20e-6, 1e6)  # AWS's price list, October 2025.
LAMBDA_GB_S: Final = Meter(1.33334e-5, 400_000)  # On arm64. A published copy of AWS's price list.
EVENT: Final = Meter(1.00e-6)  # A custom event. From memory.
SQS_REQUEST: Final = Meter(0.40e-6, 1e6)  # To a standard queue. From memory.
SCHEDULER: Final = Meter(1.00e-6, 14e6)  # An invocation by EventBridge Scheduler. From memory.
LOG_GB: Final = Meter(0.55, 5)  # CloudWatch Logs, class Standard. Canada's, from memory.
METRIC: Final = Meter(0.30, 10)  # A custom metric, in the hours with values. AWS's CloudWatch page.
ALARM: Final = Meter(0.10, 10)  # A metric that an alarm watches. From memory.
DASHBOARD: Final = Meter(3.00, 3)  # A page about CloudWatch's prices.
SECRET: Final = Meter(0.40)  # From memory.
SECRET_READ: Final = Meter(0.05 / 10_000)  # From memory.

type Usage = Mapping[Meter, float]


def orders_per_second(setup: Setup, requests_per_minute: float) -> float:
    """Return the throughput while the queue is not empty.

    Either Walmart's rate limit or the latency of the environments' batches bounds it.
    """
    by_environments = setup.environments * setup.batch / (setup.slowest_call_s + setup.poll_s)
    return min(usable_per_second(requests_per_minute), by_environments)


def usage_by_an_order(setup: Setup, *, orders: int = 1) -> Usage:
    """Return what one order uses that is acknowledged at the first attempt.

    `orders` share its invocation. Sending is billed for each message, receiving and deleting for each batch.
    """
    return {
        EVENT: 1,
        SQS_REQUEST: 1 + 2 / orders,
        LAMBDA_REQUEST: 1 / orders,
        LAMBDA_GB_S: (setup.own_s + setup.call_s) * setup.memory_gb / orders,
        LOG_GB: (setup.order_bytes + setup.lambda_bytes) / 1e9 / orders,
    }


def usage_by_a_sweep(setup: Setup) -> Usage:
    """Return what one sweep uses."""
    return {
        SCHEDULER: 1,
        LAMBDA_REQUEST: 1,
        LAMBDA_GB_S: setup.sweep_s * setup.memory_gb,
        LOG_GB: (setup.sweep_bytes + setup.lambda_bytes) / 1e9,
    }


def usage_of_a_month(orders: int, setup: Setup) -> dict[str, Usage]:
    """Return the usage by item, with one order in each invocation, at a random time."""
    sweeps = MONTH_S / setup.sweep_every_s
    # An order finds no environment if none came in the time for which Lambda keeps an idle one.
    cold = orders * math.exp(-setup.kept_idle_s * orders / MONTH_S)
    # Each environment caches the secret: this many reads if it is always busy.
    reads = setup.environments * MONTH_S / setup.secret_cached_s + sweeps
    metrics = setup.other_metrics + setup.order_metrics * min(1.0, orders * HOUR_S / MONTH_S)
    return {
        "Orders: events, messages, invocations, logs": _times(orders, usage_by_an_order(setup)),
        "Sweeps": _times(sweeps, usage_by_a_sweep(setup)),
        "Starts of environments (INIT)": {LAMBDA_GB_S: (cold + sweeps) * setup.init_s * setup.memory_gb},
        "Lambda's polling of the queue": {SQS_REQUEST: setup.pollers * MONTH_S / setup.poll_takes_s},
        "Secret, and reading it": {SECRET: 1, SECRET_READ: reads},
        "Custom metrics": {METRIC: metrics},
        "Alarms": {ALARM: setup.alarm_metrics},
        "Dashboard": {DASHBOARD: 1},
    }


def dollars(usage: Usage) -> float:
    """Return the list price of a usage."""
    return sum(meter.price * units for meter, units in usage.items())


def dollars_beyond_the_free_tier(usages: Collection[Usage]) -> float:
    """Return the price of all usages of a month, without the units that are free in an account."""
    meters = {meter for usage in usages for meter in usage}
    billed = {meter: sum(usage.get(meter, 0) for usage in usages) - meter.free for meter in meters}
    return dollars({meter: max(0, units) for meter, units in billed.items()})


def _times(count: float, usage: Usage) -> Usage:
    return {meter: count * units for meter, units in usage.items()}


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
    columns = [usage_of_a_month(orders, setup) for orders in orders_a_month]
    cost = [["US dollars a month", *(f"{orders:,} orders" for orders in orders_a_month)]]
    cost += [[name, *(f"{dollars(column[name]):,.2f}" for column in columns)] for name in columns[0]]
    together = [sum(map(dollars, column.values())) for column in columns]
    billed = [dollars_beyond_the_free_tier(column.values()) for column in columns]
    cost.append(["**Together**", *(f"**{each:,.2f}**" for each in together)])
    cost.append(["Beyond AWS's free tier", *(f"{each:,.2f}" for each in billed)])
    return _table(throughput), _table(cost)


def _table(rows: Sequence[Sequence[str]]) -> str:
    rule = ["---", *("---:" for _ in rows[0][1:])]
    return "\n".join(f"| {' | '.join(row)} |" for row in (rows[0], rule, *rows[1:]))


def _duration(seconds: float) -> str:
    return f"{seconds / HOUR_S:.1f} h" if seconds >= 2 * HOUR_S else f"{seconds / 60:.1f} min"


if __name__ == "__main__":
    print("\n\n".join(tables()))  # noqa: T201 - a command prints
