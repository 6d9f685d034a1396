"""A standard queue as SQS documents it: at least once, in any order, hidden while it is worked on.

Its messages do not grow too old: no world lasts for the four days after which SQS deletes one, and nothing
but age lets a message wait so long. A copy that SQS hands out after its deletion is a deletion that was lost.
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
    """What was to be hidden is hidden no more, or gone."""


@dataclass(slots=True)
class Message:
    """A message of a queue.

    Attributes:
        visible_at: From when on it is handed out, by the timeline.
        receives: How often it was handed out, as far as the queue knows.
        first_received_at: When that was first, in epoch seconds.
        receipts: By which it was handed out, the last one last.
    """

    message_id: str
    body: str
    attributes: Mapping[str, str]
    visible_at: float
    receives: int = 0
    first_received_at: float = math.nan
    receipts: list[str] = field(default_factory=list)

    @property
    def receipt(self) -> str:
        """By which it was handed out last; empty before that."""
        return self.receipts[-1] if self.receipts else ""


@dataclass(slots=True)
class Queue:
    """Messages, until they are deleted.

    Attributes:
        changed: Told when a message was added, or may be handed out earlier than was said.
        redrives_to: Where a message goes that was received too often.
    """

    name: str
    timeline: Timeline
    chance: random.Random
    changed: Callable[[], None] = lambda: None
    redrives_to: "Queue | None" = None
    _messages: dict[str, Message] = field(default_factory=dict)
    _by_receipt: dict[str, Message] = field(default_factory=dict)
    _sent: int = 0
    _handed_out: int = 0

    def send(self, body: str, attributes: Mapping[str, str] | None = None) -> None:
        self._sent += 1
        message = Message(f"{self.name}-{self._sent}", body, attributes or {}, self._now())
        self._messages[message.message_id] = message
        self.changed()

    def receive(self, at_most: int) -> list[Message]:
        """Hand messages out, in any order, and hide them for the visibility timeout."""
        now = self._now()
        visible = [message for message in self._messages.values() if message.visible_at <= now]
        self.chance.shuffle(visible)
        return [message for message in visible[:at_most] if self.hand_out(message)]

    def hand_out(self, message: Message) -> bool:
        """Hand a message out; False when it was moved instead."""
        message.receives += 1
        if message.receives > MAX_RECEIVES and self.redrives_to is not None:
            del self._messages[message.message_id]
            self.redrives_to.send(message.body, message.attributes)
            return False
        if math.isnan(message.first_received_at):
            message.first_received_at = self.timeline.clock()
        self._handed_out += 1
        message.receipts.append(f"{message.message_id}#{self._handed_out}")
        self._by_receipt[message.receipt] = message
        message.visible_at = self._now() + VISIBILITY_TIMEOUT_S
        return True

    def postpone(self, receipt: str, seconds: float) -> None:
        """Let a message come again in so many seconds from now.

        Raises:
            NotInFlightError: It is deleted, or was to come again already.
        """
        message = self._by_receipt.get(receipt)
        stale = message is None or message.receipt != receipt
        if message is None or message.visible_at <= self._now() or (stale and self.chance.random() < 0.5):
            raise NotInFlightError(receipt)
        message.visible_at = self._now() + seconds
        self.changed()

    def delete(self, receipt: str) -> None:
        """Delete a message. By a receipt that is not its last one, that may do nothing."""
        message = self._by_receipt.get(receipt)
        if message and (message.receipt == receipt or self.chance.random() < 0.5):
            self._messages.pop(message.message_id, None)
            for receipt_before in message.receipts:
                self._by_receipt.pop(receipt_before, None)

    def hand_out_twice(self, message: Message, *, counted: bool = True) -> None:
        """Let a message be visible although it was handed out, as happens at times.

        A server that knows nothing of that does not count it either.
        """
        if not counted:
            message.receives -= 1
        message.visible_at = self._now()
        self.changed()

    def take(self, message: Message) -> None:
        self._messages.pop(message.message_id, None)

    def next_visible_in(self) -> float | None:
        """Tell in how many seconds the next message can be handed out; None when there is none."""
        if not self._messages:
            return None
        return max(0.0, min(message.visible_at for message in self._messages.values()) - self._now())

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def messages(self) -> list[Message]:
        return list(self._messages.values())

    def _now(self) -> float:
        return self.timeline.elapsed + self.timeline.ahead
