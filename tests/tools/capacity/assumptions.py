"""What the model assumes, each with its unit and where it comes from. Nothing is assumed anywhere else."""

from dataclasses import dataclass
from typing import Final

from acknowledge_orders.application import BATCH_SIZE
from acknowledge_orders.policy import LAST_RECEIVE, LOOK_FIRST_AFTER
from shared.calling import LEAST_TIME_LEFT_S
from shared.credentials import CACHE_SECONDS
from shared.metrics import Metric
from shared.order_event import DEADLINE
from shared.outcomes import Outcome
from walmart_ca.order_calls import LARGEST_PAGE

HOUR_S: Final = 3600.0
MONTH_S: Final = 365 / 12 * 24 * HOUR_S


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """One seller's stack, and the Walmart it calls.

    What is the template's default or the code's own constant is held to it by a test.

    Attributes:
        requests_per_minute: Walmart's limit, calls of a kind a minute. The template's `RequestsPerMinute`; 60
            is Walmart's figure for the United States, and none is published for Canada.
        environments: Execution environments that work off the queue. The template's `MaximumConcurrency`.
        batch: Messages a batch brings at most. The template's `BatchSize`, the code's `BATCH_SIZE`.
        timeout_s: Seconds an invocation may take. The template's `Timeout`.
        kept_s: Seconds of it that no call waits into for its turn: the code's `LEAST_TIME_LEFT_S`, and one
            for choosing the key.
        memory_gb: Gigabytes of an environment. The template's `MemorySize`.
        call_s: Seconds a call to Walmart takes, on average. The simulation's; Walmart's own is not known.
        slowest_call_s: Seconds the slowest of ten calls side by side takes, on average. The same.
        calls: Calls to Walmart that an order takes one after the other: one, or two where it is looked at
            first. The code's.
        poll_s: Seconds between the end of an invocation and the beginning of the next. The simulation's; AWS
            documents none.
        own_s: Seconds of an invocation of one order beside its call. Assumed; a cold start has a second more.
        backoff_base_s: Seconds. The template's `BackoffBaseSeconds`.
        backoff_cap_s: Seconds. The template's `BackoffCapSeconds`.
        last_receive: Receives after which a message is parked. The code's `LAST_RECEIVE`.
        look_after_s: Seconds from which on an event is looked at before it is posted. The code's
            `LOOK_FIRST_AFTER`.
        deadline_s: Seconds Walmart allows. The code's `DEADLINE`.
    """

    requests_per_minute: float = 60
    environments: int = 2
    batch: int = BATCH_SIZE
    timeout_s: float = 60
    kept_s: float = LEAST_TIME_LEFT_S + 1
    memory_gb: float = 0.5
    call_s: float = 0.42
    slowest_call_s: float = 0.66
    calls: int = 1
    poll_s: float = 0.25
    own_s: float = 0.1
    backoff_base_s: float = 30
    backoff_cap_s: float = 600
    last_receive: int = LAST_RECEIVE
    look_after_s: float = LOOK_FIRST_AFTER.total_seconds()
    deadline_s: float = DEADLINE.total_seconds()


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """What the function writes, in bytes.

    Attributes:
        invocation: Of the line of metrics, whatever the batch. Measured in the simulation.
        done: Of an outcome record of an order that was acknowledged, with its values in the line of metrics.
            Measured in the simulation.
        later: The same of a message that was handed back. Measured in the simulation.
        ids: How much longer the ids of AWS in a record are than those of the simulation. Counted: request,
            event, message and version of the secret have 36 characters each.
        lambdas: Of Lambda's own lines for an invocation, `platform.start` and `platform.report` as JSON.
            Assumed.
    """

    invocation: float = 487
    done: float = 520
    later: float = 415
    ids: float = 110
    lambdas: float = 600


@dataclass(frozen=True, slots=True, kw_only=True)
class Stack:
    """What one stack has, whether orders come or not.

    Attributes:
        alarm_metrics: Metrics that its alarms watch. Counted in the template by a test.
        metrics_calm: Custom metrics that have values while all is well: four of orders, five of sweeps and
            counts. As the operations page counts them.
        metrics_most: Custom metrics at most: one for each outcome, and the others.
        roles: IAM roles. Counted in the template by a test.
        pollers: Connections that Lambda keeps to the queue while nothing waits. AWS: processing begins with
            five, and is not reduced to two where a maximum concurrency is set.
        poll_takes_s: Seconds such a long poll waits. SQS's longest; AWS names no figure.
        sweep_every_s: Seconds. The template's `SweepIntervalMinutes`.
        sweep_timeout_s: Seconds a sweep may take. The template's `Timeout`.
        page: Released orders on a page. The client's `LARGEST_PAGE`.
        sweep_s: Seconds a sweep takes when little waits. Assumed.
        sweep_bytes: Bytes a sweep writes, Lambda's own lines included. Assumed.
        secret_cached_s: Seconds a secret that was read is used. The code's `CACHE_SECONDS`.
        upload_mb: Megabytes of the two functions and two layers, zipped. Measured on a build for arm64.
    """

    alarm_metrics: int = 16
    metrics_calm: int = 9
    metrics_most: int = len(Outcome) + len(Metric)
    roles: int = 3
    pollers: int = 5
    poll_takes_s: float = 20
    sweep_every_s: float = 900
    sweep_timeout_s: float = 240
    page: int = LARGEST_PAGE
    sweep_s: float = 2
    sweep_bytes: float = 1500
    secret_cached_s: float = CACHE_SECONDS
    upload_mb: float = 8.4


@dataclass(frozen=True, slots=True, kw_only=True)
class Prices:
    """AWS's list prices in US dollars, first tier, without any free tier.

    None was looked up live, and none of them in ca-central-1's own list. They are those of us-east-1 as
    published pages and copies of AWS's price list repeat them, except for the logs.

    Attributes:
        lambda_request: A request. AWS's price list, October 2025.
        lambda_gb_s: A gigabyte second on arm64. A public table of Lambda's prices has this one for every
            region but five, none of them Canadian.
        events: A custom event. From memory.
        sqs_request: A request to a standard queue. From memory.
        scheduler: An invocation by EventBridge Scheduler. From memory.
        logs_gb: A gigabyte into CloudWatch Logs, class Standard. us-east-1's is 0.50; Canada's is remembered
            as 0.55, and the higher one is taken.
        metric_month: A custom metric, a month, among the first 10,000. AWS's CloudWatch page and others.
        alarm_month: A metric that an alarm watches, a month. From memory.
        dashboard_month: A dashboard, a month. A page about CloudWatch's prices.
        secret_month: A secret, a month. From memory.
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


@dataclass(frozen=True, slots=True, kw_only=True)
class Quotas:
    """AWS's default quotas of an account in one region.

    Attributes:
        concurrency: Environments of Lambda side by side. AWS; can be raised.
        concurrency_new: The same of a new account. AWS.
        rules_per_bus: EventBridge's rules on one bus. AWS; can be raised.
        roles: IAM roles of the account, in all regions. AWS; can be raised to 5,000. From memory.
        stacks: CloudFormation's. From memory; can be raised.
        code_gb: Gigabytes of Lambda's uploads. From memory; can be raised.
        secrets: Secrets. From memory.
        events_per_s: `PutEvents` requests a second, of ten events at most. From memory for "every other
            region"; AWS's older list has steps of 400, 600, 1,200, 2,400 and 10,000.
        deliveries_per_s: Events that match a rule, a second; beyond it they are late. AWS, for "every other
            region"; can be raised.
        in_flight: Messages of one queue that are handed out or hidden. AWS.
    """

    concurrency: int = 1_000
    concurrency_new: int = 10
    rules_per_bus: int = 300
    roles: int = 1_000
    stacks: int = 2_000
    code_gb: float = 75
    secrets: int = 500_000
    events_per_s: int = 600
    deliveries_per_s: int = 1_100
    in_flight: int = 120_000
