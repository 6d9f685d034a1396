"""The metrics of the code and of AWS, their dimensions, and the statistics that suit them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from shared.metrics import Metric, metric_name
from shared.orders.outcome import Outcome
from shared.telemetry import NAMESPACE
from tests.support.deployed import PSEUDO_PARAMETERS
from tests.support.template import Template

COUNTED: Final = frozenset({"Sum"})
"""For a metric that counts: an average of ones is always one."""
MEASURED: Final = frozenset({"Maximum", "p50", "p99"})
"""For a metric that measures a size: a sum of sizes means nothing."""

BY_SWEEPS: Final = frozenset(
    {
        Metric.SWEEP_COMPLETED,
        Metric.OLDEST_UNACKNOWLEDGED_ORDER_AGE,
        Metric.ORDERS_PUBLISHED,
        Metric.DRAIN_TIME,
    }
)

# As AWS documents them: in "Types of metrics for Lambda functions", "Available CloudWatch metrics for Amazon
# SQS" and "Monitoring Amazon EventBridge".
OF_AWS: Final = {
    "AWS/Lambda": {
        "Invocations": COUNTED,
        "Errors": COUNTED,
        "Throttles": COUNTED,
        "Duration": MEASURED,
    },
    "AWS/SQS": {
        "NumberOfMessagesSent": COUNTED,
        "NumberOfMessagesReceived": COUNTED,
        "ApproximateNumberOfMessagesVisible": MEASURED,
        "ApproximateNumberOfMessagesNotVisible": MEASURED,
        "ApproximateAgeOfOldestMessage": MEASURED,
    },
    "AWS/Events": {
        "FailedInvocations": COUNTED,
        "InvocationsFailedToBeSentToDlq": COUNTED,
    },
}

OF_THE_CODE: Final[dict[str, frozenset[str]]] = {
    **{metric_name(outcome): COUNTED for outcome in Outcome},
    **{metric: COUNTED if metric.unit == "Count" else MEASURED for metric in Metric},
}

STATISTICS: Final = {**OF_AWS, NAMESPACE: OF_THE_CODE}


@dataclass(frozen=True)
class Series:
    """One metric with its dimensions and statistic, as an alarm or a widget uses it."""

    namespace: str
    metric: str
    dimensions: Mapping[str, str]
    statistic: str

    @property
    def is_from_sweep(self) -> bool:
        return self.metric in BY_SWEEPS or self.dimensions.get("FunctionName") == "<SweepFunction>"


def is_emitted(series: Series, stack: Template) -> bool:
    """Return whether the code or AWS emits this metric with these dimensions for the stack."""
    return series.metric in STATISTICS[series.namespace] and series.dimensions in _dimensions(
        series.namespace, stack
    )


def suits(series: Series) -> bool:
    """Return whether the statistic suits the metric."""
    return series.statistic in STATISTICS[series.namespace][series.metric]


def _dimensions(namespace: str, stack: Template) -> list[dict[str, str]]:
    match namespace:
        case "AWS/Lambda":
            return [{"FunctionName": f"<{name}>"} for name in stack.of_type("AWS::Lambda::Function")]
        case "AWS/SQS":
            return [{"QueueName": f"<{name}.QueueName>"} for name in stack.of_type("AWS::SQS::Queue")]
        case "AWS/Events":
            # Metrics of a rule on the default bus do not name the bus.
            rule = stack.only("AWS::Events::Rule")
            bus = {} if rule["EventBusName"] == "default" else {"EventBusName": rule["EventBusName"]}
            return [{"RuleName": rule["Name"], **bus}]
        case _:
            return [{"service": PSEUDO_PARAMETERS["AWS::StackName"]}]
