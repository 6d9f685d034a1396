"""What the application needs from its environment."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from acknowledge_orders.records import OutcomeRecord
from shared.orders.outcome import Outcome


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message as the queue delivered it.

    Attributes:
        body: The order event, as text.
        message_id: Its id in the queue.
        receipt: The receipt handle of this receive.
        receive_count: How often it was received, including this time.
        first_received_at: Aware.
        was_parked: Whether it may have been redriven from the dead-letter queue.
    """

    body: str
    message_id: str
    receipt: str
    receive_count: int
    first_received_at: datetime
    was_parked: bool = False

    @property
    def was_tried(self) -> bool:
        """Whether there was an attempt before this one."""
        return self.was_parked or self.receive_count > 1


class QueueError(Exception):
    """The queue could not update a message, which is still in it."""


class OrderQueue(Protocol):
    """The order queue and its dead-letter queue."""

    def postpone(self, message: QueueMessage, seconds: int) -> None:
        """Make the message visible again after `seconds`.

        Raises:
            QueueError: It becomes visible again after the queue's own visibility timeout.
        """

    def park(self, message: QueueMessage, outcome: Outcome, reason: str) -> None:
        """Put the message's body, byte for byte, into the dead-letter queue, with outcome and reason.

        The body has precedence: it is parked even when outcome and reason do not fit next to it.

        Raises:
            QueueError: It was not parked, and must not be deleted.
        """


class Recorder(Protocol):
    """Takes outcome records."""

    def record(self, record: OutcomeRecord) -> None:
        """Log, count and measure one outcome."""

    def warn(self, message: str, **fields: object) -> None:
        """Log a warning that concerns no single outcome; `message` is constant text."""
