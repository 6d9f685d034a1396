"""What the application needs of the world, in its own words."""

from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from acknowledge_orders.records import OutcomeRecord
from shared.outcomes import Outcome


@dataclass(frozen=True, slots=True)
class QueueMessage:
    """A message as the queue handed it out.

    Attributes:
        body: The order event, as text.
        message_id: The queue's id of it.
        receipt: What this receive of it is addressed by.
        receive_count: How often it was received, this time included.
        first_received_at: Aware.
        was_parked: Whether it comes from the dead-letter queue, redriven, or may come from there.
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
    """The queue did not do what it was asked to; the message is still in it."""


class OrderQueue(Protocol):
    """The queue that order events wait in, and its dead-letter queue."""

    def hide(self, message: QueueMessage, seconds: int) -> None:
        """Let the message come again after `seconds`.

        Raises:
            QueueError: It comes again after the queue's own visibility timeout.
        """

    def park(self, message: QueueMessage, outcome: Outcome, reason: str) -> None:
        """Put the message's body, byte for byte, into the dead-letter queue, with outcome and reason.

        Of these the body has precedence: it is parked also when they do not fit next to it.

        Raises:
            QueueError: It was not parked, and must not be deleted.
        """


class Recorder(Protocol):
    """Where outcome records go."""

    def record(self, record: OutcomeRecord) -> None:
        """Log, count and measure one outcome."""

    def warn(self, message: str, **fields: object) -> None:
        """Log something that costs no order but should be known; `message` is constant text."""
