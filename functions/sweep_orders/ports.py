"""What the sweep needs of the world, in its own words."""

from collections.abc import Sequence
from typing import Protocol

from shared.sweep_mark import SweepNote
from sweep_orders.records import SweepRecord


class EventBusError(Exception):
    """A call to the bus failed as a whole; its text is one word that says how."""


class EventBus(Protocol):
    """Where order events are published."""

    def publish(self, notes: Sequence[SweepNote]) -> list[SweepNote]:
        """Publish one order event for each of ten notes at most, and return those that the bus refused.

        Raises:
            EventBusError: Whether any was published is not known.
        """


class QueueLengthError(Exception):
    """The queue did not tell its length; the text says why."""


class OrderQueueLength(Protocol):
    """How many messages the order queue holds."""

    def __call__(self) -> int:
        """Count them, hidden and delayed ones included.

        Raises:
            QueueLengthError: The queue did not say.
        """


class Recorder(Protocol):
    """Where sweep records go."""

    def record(self, record: SweepRecord) -> None:
        """Log and measure one sweep."""

    def warn(self, message: str, **fields: object) -> None:
        """Log something that costs no order but should be known; `message` is constant text."""
