"""A standard queue as SQS documents it: at-least-once delivery in any order, with a visibility timeout.

No simulation reaches the retention period. A message delivered after its deletion is a lost deletion.
"""

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Final

from tests.simulation.timeline import Timeline

VISIBILITY_TIMEOUT_S: Final = 360.0
MAX_RECEIVES: Final = 100


class NotInFlightError(Exception):
    """The message is visible again or deleted, so its visibility timeout cannot be changed."""


@dataclass(slots=True)
class Message:
    """A message of a queue.

    Attributes:
        visible_at: When it becomes visible, in elapsed seconds.
        receives: Its receive count, as far as the queue knows.
        first_received_at: In epoch seconds.
        receipts: Its receipt handles, the latest last.
    """

    message_id: str
    body: str
    attributes: Mapping[str, str]
    visible_at: float
    receives: int = 0
    first_received_at: float = math.nan
    receipts: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Queue:
    """A standard queue.

    Attributes:
        redrives_to: The dead-letter queue for messages that were received too often.
        changed: Called when a message is added or becomes visible earlier.
    """

    name: str
    timeline: Timeline
    rng: random.Random
    redrives_to: "Queue | None" = None
    changed: Callable[[], None] = lambda: None
    _messages: dict[str, Message] = field(default_factory=dict)
    _by_receipt: dict[str, Message] = field(default_factory=dict)
    _sent: int = 0
    _received: int = 0

    def send(self, body: str, attributes: Mapping[str, str] | None = None) -> None:
        self._sent += 1
        message = Message(f"{self.name}-{self._sent}", body, attributes or {}, self.timeline.monotonic())
        self._messages[message.message_id] = message
        self.changed()

    def receive(self, at_most: int) -> list[Message]:
        """Return visible messages in any order, and hide them for the visibility timeout."""
        visible = [message for message in self.messages if message.visible_at <= self.timeline.monotonic()]
        self.rng.shuffle(visible)
        return [message for message in visible[:at_most] if self.receive_one(message)]

    def receive_one(self, message: Message) -> bool:
        """Receive a message; False if it moved to the dead-letter queue instead."""
        message.receives += 1
        if message.receives > MAX_RECEIVES and self.redrives_to is not None:
            self.take(message)
            self.redrives_to.send(message.body, message.attributes)
            return False
        if math.isnan(message.first_received_at):
            message.first_received_at = self.timeline.clock()
        self._received += 1
        receipt = f"{message.message_id}#{self._received}"
        message.receipts.append(receipt)
        self._by_receipt[receipt] = message
        message.visible_at = self.timeline.monotonic() + VISIBILITY_TIMEOUT_S
        return True

    def postpone(self, receipt: str, seconds: float) -> None:
        """Make a message visible again in this many seconds.

        Raises:
            NotInFlightError: It is deleted, or visible again already.
        """
        message, now = self._by_receipt.get(receipt), self.timeline.monotonic()
        stale = message is None or message.receipts[-1] != receipt
        if message is None or message.visible_at <= now or (stale and self.rng.random() < 0.5):
            raise NotInFlightError(receipt)
        message.visible_at = now + seconds
        self.changed()

    def delete(self, receipt: str) -> None:
        """Delete a message. With an old receipt handle, this may have no effect."""
        message = self._by_receipt.get(receipt)
        if message and (message.receipts[-1] == receipt or self.rng.random() < 0.5):
            self.take(message)
            for receipt_before in message.receipts:
                self._by_receipt.pop(receipt_before, None)

    def deliver_twice(self, message: Message, *, counted: bool = True) -> None:
        """Make a message visible although it is in flight. SQS may not count that receive."""
        message.receives -= not counted
        message.visible_at = self.timeline.monotonic()
        self.changed()

    def take(self, message: Message) -> None:
        self._messages.pop(message.message_id, None)

    def next_visible_in(self) -> float | None:
        """Return in how many seconds the next message is visible, or None."""
        at = min((message.visible_at for message in self._messages.values()), default=None)
        return None if at is None else max(0.0, at - self.timeline.monotonic())

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def messages(self) -> list[Message]:
        return list(self._messages.values())
