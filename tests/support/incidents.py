"""The incident of each alarm, as data of its metrics, and the data of a healthy stack."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from tests.support.evaluation import ALARM, MINUTE, OK, Data, changes

BEGINS, ENDS, OVER = 180, 270, 360
"""The minutes in which an incident begins and ends, and in which the evaluation ends."""
EXTRA_PERIODS: Final = (0, 2, 3)
"""How many more periods CloudWatch may retrieve; AWS's examples have two."""

type Sent = dict[int, float]


def sent(value: float, minutes: Iterable[int]) -> Sent:
    return {minute * MINUTE: value for minute in minutes}


def during(every: int, bad: float, well: float | None = None) -> Sent:
    """Return a value for every so many minutes: `bad` during the incident, `well` or none otherwise."""
    values = sent(bad, range(BEGINS, ENDS + 1, every))
    if well is not None:
        values |= sent(well, range(0, BEGINS, every)) | sent(well, range(ENDS + every, OVER, every))
    return values


_VISIBLE: Final = "ApproximateNumberOfMessagesVisible"
INCIDENTS: Final[dict[str, Data]] = {
    # An order is retried after ten minutes at most, or held for five.
    "DeadlineAtRisk": {"OrderAge": during(10, 7260.0, 30.0)},
    "CredentialsRefused": {"CredentialsRefused": during(5, 1.0)},
    "Misconfigured": {"Misconfigured": during(5, 1.0)},
    "StaleCredentialsServed": {"StaleCredentials": during(1, 6.0)},
    "OldestOrderUnacknowledged": {"OldestUnacknowledgedOrderAge": during(15, 3660.0, 0.0)},
    "QueueDrainTimeHigh": {"DrainTime": during(15, 5460.0, 0.0)},
    # The last sweep is before the incident; the queue always has its metric.
    "SweepMissing": {
        "SweepCompleted": sent(1.0, [*range(15, BEGINS + 1, 15), *range(ENDS, OVER, 15)]),
        _VISIBLE: sent(0.0, range(OVER)),
    },
    "OrdersParked": {_VISIBLE: during(1, 1.0, 0.0)},
    "EventsUndelivered": {_VISIBLE: during(1, 1.0, 0.0)},
    "OrderQueueNotConsumed": {
        _VISIBLE: during(1, 4.0, 0.0),
        "NumberOfMessagesReceived": sent(1.0, [*range(BEGINS), *range(ENDS + 1, OVER)]),
    },
    "EventsLost": {"InvocationsFailedToBeSentToDlq": during(5, 1.0)},
    # A batch is retried after the queue's visibility timeout; `MessageFailed` was never sent before.
    "AcknowledgeFunctionFailing": {"Errors": during(6, 1.0, 0.0), "Throttles": during(6, 0.0, 0.0)},
}
HEALTHY: Final[Data] = {
    "OrderAge": sent(30.0, range(10, OVER, 20)),
    "OldestUnacknowledgedOrderAge": sent(0.0, range(15, OVER, 15)),
    "DrainTime": sent(0.0, range(15, OVER, 15)),
    "SweepCompleted": sent(1.0, range(15, OVER, 15)),
    "Errors": sent(0.0, range(10, OVER, 20)),
    "Throttles": sent(0.0, range(10, OVER, 20)),
    _VISIBLE: sent(0.0, range(1, OVER)),
}
"""The metrics of a new, healthy stack. Those that count failures were never sent."""


def alarm_delays(alarm: Mapping[str, Any], incident: Data, more: int) -> tuple[int, int]:
    """Return the minutes until an alarm goes on in its incident, and until it goes off after the end."""
    found = [each for each in changes(alarm, incident, OVER, more) if each.minute > 1]
    (on,) = (each.minute for each in found if each.state == ALARM)
    (off,) = (each.minute for each in found if each.state == OK and each.minute > on)
    return on - BEGINS, off - ENDS
