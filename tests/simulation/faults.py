"""The faults that a simulation can inject, and how often each one occurs."""

import random
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tests.local.marketplace import Fault
from tests.local.marketplace.order_service import LISTS


class SystemFault(Enum):
    """A fault of the network or of AWS that occurs with a probability; the marketplace has its own faults."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    APPLIED_LATE = "applied late"  # Walmart acknowledges an order after its caller has timed out
    SECRETS_UNAVAILABLE = "secrets unavailable"
    QUEUE_REFUSES = "queue refuses"  # SQS does not carry out a request
    QUEUE_RESPONSE_LOST = "queue response lost"  # SQS carries out a request, but its response is lost
    BUS_REFUSES = "bus refuses"
    BUS_RESPONSE_LOST = "bus response lost"  # EventBridge accepts the events, but its response is lost
    DELETION_LOST = "deletion lost"  # SQS keeps a message that Lambda deleted
    MESSAGE_TWICE = "message twice"  # SQS delivers a message that is already in flight
    EVENT_TWICE = "event twice"
    EVENT_LATE = "event late"
    EVENT_UNDELIVERED = "event undelivered"  # EventBridge moves an event to its dead-letter queue
    INVOCATION_THROTTLED = "invocation throttled"  # The messages become visible again after their timeout
    SWEEP_TWICE = "sweep twice"
    QUOTA_USED_BY_OTHERS = "quota used by others"
    RECYCLED = "recycled"  # Lambda replaces an execution environment between two invocations
    KILLED_AT_EFFECT = "killed at effect"  # An execution environment ends at one of its side effects
    KILLED_AT_TIME = "killed at time"  # An execution environment ends some time into an invocation


class TimedFault(Enum):
    """A fault that a scenario injects at a moment of its choice."""

    PATH_WITHDRAWN = "path withdrawn"  # Walmart does not serve the paths of the authentication scheme
    ENTRY_UNREADABLE = "entry unreadable"  # No response shows one of the orders in readable form
    SWEEP_NOTE_FORGED = "sweep note forged"  # An event falsely claims that the sweep published it
    TIME_FORGED = "time forged"  # The time of an event, or its order date, is in the future
    ORDER_FORBIDDEN = "order forbidden"  # Walmart answers every call about one order with 403, for hours
    ORDER_FAILING = "order failing"  # Walmart answers every call about one order with 500, for hours
    ORDER_MIXED = "order mixed"  # One line of an order is Created and another is Shipped
    ORDER_UNDATED = "order undated"  # The same, and no response shows the order date
    EVERY_ORDER_FORBIDDEN = "every order forbidden"
    LISTS_DOWN = "lists down"  # Walmart answers no call for a list, for at least an hour and a half
    QUEUE_DOWN = "queue down"  # SQS carries out no request
    QUEUE_FULL = "queue full"  # The order queue has so many messages that a sweep publishes nothing
    CLOCK_STEPPED = "clock stepped"  # The clock of the functions is wrong by up to an hour


type AnyFault = Fault | SystemFault | TimedFault

# Kept connections are tested with real sockets.
CALL_FAULTS: Final = tuple(fault for fault in Fault if fault is not Fault.CLOSE_WHEN_IDLE)
STUCK_ORDER_FAULTS: Final = (
    *(TimedFault.ORDER_FORBIDDEN, TimedFault.ORDER_FAILING),
    *(TimedFault.ORDER_MIXED, TimedFault.ORDER_UNDATED),
)
"""The faults that keep one order from being acknowledged for hours."""
LIST_FAULTS: Final = frozenset(fault for fault in Fault if fault.actions == LISTS)
RANDOM_FAULTS: Final[tuple[AnyFault, ...]] = (*CALL_FAULTS, *SystemFault)
"""The faults that occur with a probability."""
ALL_FAULTS: Final[tuple[AnyFault, ...]] = (*RANDOM_FAULTS, *TimedFault)


def name(kind: AnyFault) -> str:
    return str(kind.value).replace("_", " ")


@dataclass(slots=True)
class FaultPlan:
    """The probability of each fault, and how often each one has occurred."""

    rng: random.Random
    probabilities: Mapping[AnyFault, float] = field(default_factory=dict)
    occurred: Counter[AnyFault] = field(default_factory=Counter)

    def draw(self, kind: AnyFault) -> bool:
        """Return whether a fault is to occur. The caller counts it when it does."""
        probability = self.probabilities.get(kind, 0.0)
        return probability > 0 and self.rng.random() < probability

    def occurs(self, kind: AnyFault) -> bool:
        """Return whether a fault occurs, and count it."""
        if not self.draw(kind):
            return False
        self.occurred[kind] += 1
        return True
