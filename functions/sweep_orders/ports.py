"""What the sweep needs from its environment."""

from collections.abc import Sequence
from typing import Protocol

from shared.orders.sweep_note import SweepNote
from sweep_orders.records import SweepRecord


class EventBusError(Exception):
    """A call to the bus failed as a whole. The text is one word that says how."""


class EventBus(Protocol):
    """Publishes order events."""

    def publish(self, notes: Sequence[SweepNote]) -> list[SweepNote]:
        """Publish one order event for each of ten notes at most, and return those that the bus refused.

        Raises:
            EventBusError: Some of the events may have been published.
        """


class QueueLengthError(Exception):
    """The length of the queue could not be read. The text says why."""


class OrderQueueLength(Protocol):
    """Counts the messages in the order queue."""

    def __call__(self) -> int:
        """Count the messages, including hidden and delayed ones.

        Raises:
            QueueLengthError: They could not be counted.
        """


class Recorder(Protocol):
    """Takes sweep records."""

    def record(self, record: SweepRecord) -> None:
        """Log and measure one sweep."""

    def warn(self, message: str, **fields: object) -> None:
        """Log a warning; `message` is constant text."""
