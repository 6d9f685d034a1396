"""What the application needs from its environment."""

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple, Protocol

from acknowledge_orders.outcome_events import OutcomeEvent
from acknowledge_orders.policy import Refusal
from acknowledge_orders.records import OutcomeRecord
from shared.orders.outcome import Outcome


class QueueMessage(NamedTuple):
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


class OutcomeBus(Protocol):
    """The bus that carries outcome events."""

    def publish(self, events: Sequence[OutcomeEvent]) -> list[Refusal | None]:
        """Publish ten events at most, in one call.

        Returns:
            For each event None, or why it was not published. An event of a call without a response may have
            been published.
        """


class NotificationLimitError(Exception):
    """The limit could not be read or updated. The text is one word that says why."""


class NotificationLimit(Protocol):
    """Limits the notifications about parked orders."""

    def admit(self, order: str) -> bool:
        """Return whether a notification may be sent, and count it.

        At most one is admitted for an order and a day, and a small number for all orders of a day.

        Args:
            order: The purchase order id, or one text for all events without an order.

        Raises:
            NotificationLimitError: The limit is not known.
        """


class Recorder(Protocol):
    """Takes outcome records."""

    def record(self, record: OutcomeRecord) -> None:
        """Log, count and measure one outcome."""

    def warn(self, message: str, **fields: object) -> None:
        """Log a warning that concerns no single outcome; `message` is constant text."""

    def unexpected_error(self, message_id: str, error: Exception) -> None:
        """Log an error that was not expected, and count its message as failed.

        The invocation succeeds, so Lambda does not count it.
        """
