"""What goes wrong, and how often."""

import random
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import Enum
from typing import Final

from tests.local.marketplace import Fault


class Mishap(Enum):
    """What goes wrong beside the marketplace's own faults."""

    UNREACHABLE = "unreachable"
    SLOW = "slow"
    APPLIED_LATE = "applied late"  # Walmart acknowledges an order some time after its caller has given up
    SECRETS_UNAVAILABLE = "secrets unavailable"
    QUEUE_REFUSES = "queue refuses"  # SQS does not do what the function asks it to
    QUEUE_MUTE = "queue mute"  # SQS does what the function asks it to, and the answer is lost
    BUS_REFUSES = "bus refuses"
    BUS_MUTE = "bus mute"  # EventBridge takes the events, and the answer is lost
    DELETION_LOST = "deletion lost"  # A message that was done with is not deleted
    MESSAGE_TWICE = "message twice"  # SQS hands a message out that is being worked on
    EVENT_TWICE = "event twice"
    EVENT_LATE = "event late"
    EVENT_UNDELIVERED = "event undelivered"  # EventBridge gives an event up, into a queue
    INVOCATION_THROTTLED = "invocation throttled"  # Its messages come again after their visibility timeout
    SWEEP_TWICE = "sweep twice"
    QUOTA_USED_UP = "quota used up"  # Somebody else used up Walmart's limit a moment ago
    RECYCLED = "recycled"  # Lambda replaces an execution environment between two invocations
    KILLED_AT_AN_EDGE = "killed at an edge"  # An environment ends at something that it does outside
    KILLED_AT_A_TIME = "killed at a time"  # An execution environment ends some time into an invocation
    PATH_WITHDRAWN = "path withdrawn"  # Walmart does not serve the paths of the seller's orders for a while
    ENTRY_UNREADABLE = "entry unreadable"  # No answer of Walmart shows one order in readable form for a while
    MARK_FORGED = "mark forged"  # An event says that the sweep published it, which is not true
    TIME_FORGED = "time forged"  # An event has a time, or an order date, that lies ahead
    ORDER_FORBIDDEN = "order forbidden"  # Walmart answers every call about one order with 403, for hours
    ORDER_FAILING = "order failing"  # Walmart answers every call about one order with 500, for hours
    ORDER_MIXED = "order mixed"  # One line is to be acknowledged and another is shipped: for a person
    ORDER_UNDATED = "order undated"  # The same, and no answer of Walmart shows the order's date
    EVERY_ORDER_FORBIDDEN = "every order forbidden"  # Every call about orders gets a 403 for a while
    LISTS_DOWN = "lists down"  # Walmart answers no call for a list, for an hour and a half or more
    QUEUE_DOWN = "queue down"  # SQS does nothing that a function asks it to for a while
    QUEUE_FULL = "queue full"  # The order queue has so many messages for a while that a sweep finds no room
    CLOCK_STEPPED = "clock stepped"  # The clock of the machines is wrong by up to an hour for a while


type Kind = Fault | Mishap

OF_CALLS: Final = tuple(
    fault
    for fault in Fault
    # What happens to a connection that is kept is for real sockets, and so is what only they can tell.
    if fault is not Fault.CLOSE_WHEN_IDLE
)
STUCK: Final = (Mishap.ORDER_FORBIDDEN, Mishap.ORDER_FAILING, Mishap.ORDER_MIXED, Mishap.ORDER_UNDATED)
"""What can keep one order from being acknowledged for hours."""
DONE_TO_A_WORLD: Final = frozenset(
    {
        Mishap.PATH_WITHDRAWN,
        Mishap.ENTRY_UNREADABLE,
        Mishap.MARK_FORGED,
        Mishap.TIME_FORGED,
        *STUCK,
        Mishap.EVERY_ORDER_FORBIDDEN,
        Mishap.LISTS_DOWN,
        Mishap.QUEUE_DOWN,
        Mishap.QUEUE_FULL,
        Mishap.CLOCK_STEPPED,
    }
)
"""What a storm or a life does at a moment of its own, and no chance lets happen."""
OF_LISTS: Final = frozenset(
    {
        Fault.BARE_CURSOR,
        Fault.OPAQUE_CURSOR,
        Fault.ENDLESS_CURSOR,
        Fault.MISSING_CURSOR,
        Fault.REPEATED_ORDER,
        Fault.INCOMPLETE_ORDER,
        Fault.HOSTILE_ORDER_ID,
    }
)
KINDS: Final[tuple[Kind, ...]] = (*OF_CALLS, *Mishap)
"""Everything that can go wrong."""
OF_CHANCE: Final = tuple(kind for kind in KINDS if kind not in DONE_TO_A_WORLD)
"""Everything that can go wrong by itself."""


def name(kind: Kind) -> str:
    return str(kind.value).replace("_", " ")


@dataclass(slots=True)
class Weather:
    """How likely each kind of trouble is, and how often each one struck."""

    chance: random.Random
    likely: Mapping[Kind, float] = field(default_factory=dict)
    struck: Counter[Kind] = field(default_factory=Counter)

    def looms(self, kind: Kind) -> bool:
        """Tell whether this may go wrong; whoever lets it strike counts it."""
        probability = self.likely.get(kind, 0.0)
        return probability > 0 and self.chance.random() < probability

    def strikes(self, kind: Kind) -> bool:
        struck = self.looms(kind)
        if struck:
            self.struck[kind] += 1
        return struck

    def one_of(self, faults: Iterable[Fault]) -> Fault | None:
        return next((fault for fault in faults if self.looms(fault)), None)

    def clear_up(self) -> None:
        self.likely = {}
