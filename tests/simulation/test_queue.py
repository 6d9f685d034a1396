"""The simulated queue does what SQS documents for a standard one."""

import random

import pytest

from tests.simulation.queue import MAX_RECEIVES, VISIBILITY_TIMEOUT_S, Message, NotInFlightError, Queue
from tests.simulation.timeline import Timeline

EITHER_WAY = range(20)
"""Seeds enough for a coin to show both of its sides."""


class Queues:
    """An order queue and the one that it redrives to, at the beginning of time."""

    def __init__(self, seed: int = 0) -> None:
        self.timeline = Timeline()
        self.dead_letters = Queue("dead", self.timeline, random.Random(seed))
        self.orders = Queue("orders", self.timeline, random.Random(seed), redrives_to=self.dead_letters)

    def received(self) -> Message:
        [message] = self.orders.receive(10)
        return message

    def sent_and_received(self) -> Message:
        self.orders.send("body")
        return self.received()


@pytest.fixture
def queues() -> Queues:
    return Queues()


def test_a_message_is_handed_out_with_its_body_and_attributes(queues: Queues) -> None:
    queues.orders.send("body", {"outcome": "rejected"})

    message = queues.received()

    assert (message.body, message.attributes, message.receives) == ("body", {"outcome": "rejected"}, 1)


def test_no_more_are_handed_out_than_were_asked_for(queues: Queues) -> None:
    for _ in range(12):
        queues.orders.send("body")

    assert len(queues.orders.receive(10)) == 10
    assert len(queues.orders.receive(10)) == 2


def test_a_message_that_was_handed_out_is_hidden_for_the_visibility_timeout(queues: Queues) -> None:
    queues.sent_and_received()

    queues.timeline.run(VISIBILITY_TIMEOUT_S - 1)
    assert queues.orders.receive(10) == []
    queues.timeline.run(1)
    assert queues.received().receives == 2


def test_a_message_says_when_it_was_handed_out_first(queues: Queues) -> None:
    first_at = queues.timeline.clock()
    queues.sent_and_received()

    queues.timeline.run(VISIBILITY_TIMEOUT_S)

    assert queues.received().first_received_at == first_at


def test_a_message_is_hidden_from_now_on_for_as_long_as_is_asked_for(queues: Queues) -> None:
    message = queues.sent_and_received()
    queues.timeline.run(50)

    queues.orders.hide(message.receipt, 20)

    queues.timeline.run(19)
    assert queues.orders.receive(10) == []
    queues.timeline.run(1)
    assert queues.received().receives == 2


def test_a_message_that_may_be_handed_out_again_cannot_be_hidden_any_more(queues: Queues) -> None:
    message = queues.sent_and_received()
    queues.timeline.run(VISIBILITY_TIMEOUT_S)

    with pytest.raises(NotInFlightError):
        queues.orders.hide(message.receipt, 20)


def test_a_message_that_was_deleted_never_comes_again(queues: Queues) -> None:
    message = queues.sent_and_received()

    queues.orders.delete(message.receipt)

    queues.timeline.run(10 * VISIBILITY_TIMEOUT_S)
    assert queues.orders.receive(10) == []
    assert len(queues.orders) == 0


def test_a_message_that_was_deleted_cannot_be_hidden(queues: Queues) -> None:
    message = queues.sent_and_received()
    queues.orders.delete(message.receipt)

    with pytest.raises(NotInFlightError):
        queues.orders.hide(message.receipt, 20)


def test_a_message_can_be_deleted_after_its_visibility_timeout(queues: Queues) -> None:
    message = queues.sent_and_received()
    queues.timeline.run(VISIBILITY_TIMEOUT_S)

    queues.orders.delete(message.receipt)

    assert len(queues.orders) == 0


def test_a_deletion_by_an_old_receipt_may_or_may_not_do_anything() -> None:
    left = set()
    for seed in EITHER_WAY:
        queues = Queues(seed)
        old = queues.sent_and_received().receipt
        queues.timeline.run(VISIBILITY_TIMEOUT_S)
        queues.received()

        queues.orders.delete(old)

        left.add(len(queues.orders))
    assert left == {0, 1}


def test_hiding_by_an_old_receipt_may_or_may_not_be_refused() -> None:
    answers = set()
    for seed in EITHER_WAY:
        queues = Queues(seed)
        old = queues.sent_and_received().receipt
        queues.timeline.run(VISIBILITY_TIMEOUT_S)
        queues.received()

        try:
            queues.orders.hide(old, 20)
        except NotInFlightError:
            answers.add("refused")
        else:
            answers.add("hidden")
    assert answers == {"refused", "hidden"}


@pytest.mark.parametrize(("counted", "receives"), [(True, 2), (False, 1)])
def test_a_message_may_be_handed_out_while_it_is_worked_on_and_be_counted_or_not(
    counted: bool, receives: int, queues: Queues
) -> None:
    message = queues.sent_and_received()
    first = message.receipt

    queues.orders.hand_out_twice(message, counted=counted)

    again = queues.received()
    assert again.message_id == message.message_id
    assert again.receipt != first
    assert again.receives == receives


def test_a_message_is_moved_instead_of_being_handed_out_once_too_often(queues: Queues) -> None:
    queues.orders.send("body")
    for _ in range(MAX_RECEIVES):
        queues.received()
        queues.timeline.run(VISIBILITY_TIMEOUT_S)

    assert queues.orders.receive(10) == []

    assert len(queues.orders) == 0
    [moved] = queues.dead_letters.messages
    assert (moved.body, dict(moved.attributes)) == ("body", {})


def test_messages_come_in_any_order() -> None:
    orders = set()
    for seed in EITHER_WAY:
        queues = Queues(seed)
        queues.orders.send("one")
        queues.orders.send("two")
        orders.add(tuple(message.body for message in queues.orders.receive(10)))
    assert orders == {("one", "two"), ("two", "one")}


def test_it_tells_when_the_next_message_can_be_handed_out(queues: Queues) -> None:
    assert queues.orders.next_visible_in() is None
    message = queues.sent_and_received()
    queues.orders.hide(message.receipt, 20)

    queues.timeline.run(5)

    assert queues.orders.next_visible_in() == 15
