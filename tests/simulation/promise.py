"""The promise, and what watches over it while a world goes on.

*Every order event is acknowledged at Walmart, or waits in a queue, or is parked with a reason; never gone;
and no shipped or cancelled order is posted once we have seen that it is.*
"""

import json
import math
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from tests.local.marketplace import Call, Fault, Order
from tests.local.marketplace.order_service import LISTS
from tests.local.marketplace.orders import SELLER_FULFILLED
from tests.simulation.accounts import (
    BEYOND,
    HARMLESS,
    Accounts,
    claims_sweep,
    event_time,
    is_believed,
    is_rehearsal,
    order_of,
)
from tests.simulation.environment import Environment, Invocation
from tests.simulation.queue import Message
from tests.simulation.weather import Mishap
from walmart_ca.messages import Request

if TYPE_CHECKING:
    from tests.simulation.world import World

_SECRET_HEADERS: Final = ("WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN", "Authorization")
_INVOCATION: Final = timedelta(minutes=1)
_FRESH: Final = timedelta(minutes=15) + _INVOCATION
"""So old an event may be when its order is posted without a look: it may have waited for its turn."""
_SWEPT_FOR: Final = timedelta(hours=48) - timedelta(minutes=15)
"""So old an order is at most when at least one sweep is still going to see it."""
_CLOCK_MAY_BE_OFF: Final = timedelta(hours=1, minutes=5)
_MESSAGES_AT_MOST: Final = 2
"""So many messages of one order wait at most: its own event, and what sweeps published."""
_INTERVAL_S: Final = 900.0
_DAY_S: Final = 23 * 3600.0
"""A day, less what the times of two sweeps may differ by."""
_IN_DOUBT_S: Final = 900.0
"""So long after it took a call, Walmart may mean the order alone when it answers 403."""
_OWN_403S: Final = 4
"""So many orders may have a 403 of their own before it is the caller's affair: two for each of the
two versions of the secret."""
_A_WHILE_S: Final = 300.0
_SECRET_KEPT_S: Final = 900.0
"""So long after it changed, the secret as it was may still be used: five minutes, and longer when Secrets
Manager does not answer."""
_OPEN: Final = frozenset({"created", "acknowledged"})
_LAST_RECEIVE: Final = 90
_SETTLED: Final = BEYOND | {"acknowledged"}


@dataclass(slots=True)
class Promise:
    """Notes every breach, with the time and what is needed to find it.

    Attributes:
        breaches: What was broken; nothing, if all is well.
        records: How many outcome records there were, by outcome.
        applied: The ids of the orders that Walmart has ever acknowledged for us.
        swept: The bodies of the events that sweeps published, each with the tick of the schedule.
    """

    world: "World"
    breaches: list[str] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    applied: set[str] = field(default_factory=set)
    swept: dict[str, int] = field(default_factory=dict)
    _left: dict[str, float] = field(default_factory=dict)
    _tried_at: dict[str, float] = field(default_factory=dict)
    _dead_letters: dict[str | None, tuple[float, int]] = field(default_factory=dict)
    _excused: set[str] = field(default_factory=set)
    _vouched_for: set[str] = field(default_factory=set)
    _secret_changed_at: float = -math.inf
    _forbidden_by: dict[Environment, set[str]] = field(default_factory=dict)
    _final: set[str] = field(default_factory=set)
    _parked: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)

    def breach(self, text: str) -> None:
        self.breaches.append(f"{self.world.timeline.elapsed:.3f} s: {text}")

    def watch_call(self, call: Call) -> None:
        if call.applied and call.purchase_order_id:
            self.applied.add(call.purchase_order_id)
        if call.status == 429 and call.fault is None and self._is_paced(call.action):
            self.breach(f"Walmart's bucket refused {call.action} of {call.purchase_order_id}")
        ended_early = call.refusal == "token has expired" and self.world.tokens_end_early
        if call.refusal and not ended_early and not self.world.keys_change:
            self.breach(f"Walmart refused {call.action} of {call.purchase_order_id}: {call.refusal}")

    def _is_paced(self, action: str | None) -> bool:
        """Tell whether Walmart's bucket can have enough for us.

        It cannot where somebody else calls, or two sweeps list at once. And each new environment begins with
        a call of its own, for which the pace leaves half of the bucket: where Lambda replaces so many in a
        few minutes, it runs dry.
        """
        if action in LISTS:
            return self.world.sole_caller and not self.world.schedule.overlapped
        replaced = self.world.mapping.started_within(_A_WHILE_S)
        return self.world.sole_caller and replaced <= self.world.requests_per_minute / 2

    def watch_request(self, environment: Environment, request: Request) -> None:
        invocation = environment.invocation
        if invocation is None:
            return
        invocation.secrets.update(filter(None, map(request.headers.get, _SECRET_HEADERS)))
        if request.url.endswith("/acknowledge"):
            self._watch_post(invocation, request.url.rsplit("/", 2)[1])

    def _watch_post(self, invocation: Invocation, purchase_order_id: str) -> None:
        in_hand = [
            record
            for record in invocation.event["Records"]
            if order_of(record["body"]) == purchase_order_id and not is_rehearsal(record["body"])
        ]
        if not in_hand:
            self.breach(f"{purchase_order_id} was posted although no event asks for it")
            return
        fresh = any(self._may_be_posted_unseen(record, invocation) for record in in_hand)
        looks = invocation.looks.get(purchase_order_id, [])
        # Which of several messages of one order looked is not known here.
        counting = looks[-1:] if len(in_hand) == 1 else looks
        seen_open = any(seen <= _OPEN for seen in counting)
        if not seen_open and not (fresh and (not looks or len(in_hand) > 1)):
            known = looks or purchase_order_id in self._final
            why = "although it was seen to be beyond acknowledging" if known else "without a look"
            self.breach(f"{purchase_order_id} was posted {why}")
        # What a twin has seen (another event of the order, or its message handed out twice) is no breach: a
        # fresh event is posted without a look, who has looked posts, and neither knows. Walmart refuses it.

    def watch_look(self, environment: Environment, request: Request) -> None:
        """Watch a right answer to a look that a function got."""
        purchase_order_id = request.url.rsplit("/", 1)[1]
        order = self.world.marketplace.order(purchase_order_id)
        statuses = frozenset(status.casefold() for line in order.lines for status in line.statuses)
        if environment.invocation:
            environment.invocation.looks.setdefault(purchase_order_id, []).append(statuses)
        if not statuses <= _OPEN:
            self._final.add(purchase_order_id)

    def _may_be_posted_unseen(self, record: dict[str, Any], invocation: Invocation) -> bool:
        """Tell whether an event is posted without a look: it is new, young, and not from a sweep."""
        published_at = event_time(record["body"])
        young = published_at is not None and any(
            is_believed(published_at, now) and now - published_at <= _FRESH
            for now in self.world.clocks_of(invocation)
        )
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        redriven = "outcome" in record["messageAttributes"]
        return young and first and not redriven and not claims_sweep(record["body"])

    def watch_parking(self, environment: Environment, body: str, attributes: Mapping[str, str]) -> None:
        records = environment.invocation.event["Records"] if environment.invocation else []
        if body not in {record["body"] for record in records}:
            self.breach(f"what was parked for {order_of(body)} was never handed out")
        if not attributes.get("outcome") or not attributes.get("reason"):
            self.breach(f"the event of {order_of(body)} is parked without a reason")
        secrets = environment.invocation.secrets if environment.invocation else set()
        self._watch_text(json.dumps(dict(attributes), ensure_ascii=False), secrets)
        self._watch_dead_letters(environment, body)
        self._watch_refusals(environment, str(order_of(body)))
        self._parked.setdefault(body, []).append(dict(attributes))

    def _watch_dead_letters(self, environment: Environment, body: str) -> None:
        """Watch that sweeps add no more than one dead letter of an order a day."""
        slot, order = self.swept.get(body), order_of(body)
        as_usual = environment.invocation and self._is_as_usual(environment.invocation)
        excused = body in self._excused or body not in self._vouched_for or not as_usual
        if slot is None or body in self._parked or excused:
            return
        before = self._dead_letters.setdefault(order, (self.world.timeline.elapsed, slot))
        if before[1] != slot:
            if self.world.timeline.elapsed - before[0] < _DAY_S:
                self.breach(f"{order} has several dead letters of sweeps within a day")
            self._dead_letters[order] = self.world.timeline.elapsed, slot

    def excuse_parking(self, body: str) -> None:
        """Take note that a message was made to look as if it had been received for hours."""
        self._excused.add(body)

    def secret_changed(self) -> None:
        """Forget what depends on the secret: by it alone a function knows the events of sweeps."""
        self._secret_changed_at = self.world.timeline.elapsed
        self._vouched_for.clear()
        self._forbidden_by.clear()

    def _watch_refusals(self, environment: Environment, order: str) -> None:
        """Watch that a 403 which every order gets gives up none, but for the first ones."""
        since, world, invocation = self.world.every_order_forbidden_since, self.world, environment.invocation
        if invocation is None:
            return
        forbidden = HTTPStatus.FORBIDDEN in {answer.status for answer in invocation.answers.get(order, [])}
        in_doubt = (
            since is None or world.timeline.elapsed - since <= _IN_DOUBT_S + _INVOCATION.total_seconds()
        )
        if in_doubt or not forbidden or order in world.forbidden:
            return
        given_up = self._forbidden_by.setdefault(environment, set())
        given_up.add(order)
        receives = [
            int(record["attributes"]["ApproximateReceiveCount"])
            for record in invocation.event["Records"]
            if order_of(record["body"]) == order
        ]
        if len(given_up) > _OWN_403S and max(receives) < _LAST_RECEIVE:
            self.breach(f"{order} is given up for a 403 that every order gets")

    def watch_publication(self, invocation: Invocation, body: str) -> None:
        """Watch an event that a sweep has published: sweeps must not multiply an order that cannot succeed.

        Events of one tick of the schedule count once, and so do all that others published: duplicates are
        theirs. What no function could do anything about within the last interval does not count, and
        neither does what a sweep with a wrong clock said, or by a secret that the others may not know yet.
        While somebody has paused the queue, nobody can act on anything that waits in it.
        """
        order = order_of(body)
        invocation.published.append(body)
        self.swept[body] = invocation.slot
        known_s = self.world.timeline.elapsed - self._secret_changed_at
        if invocation.clocks_ahead_s == {0.0} and known_s > _SECRET_KEPT_S:
            self._vouched_for.add(body)
        since = self.world.timeline.elapsed - _INTERVAL_S
        ticks = {
            self.swept.get(message.body)
            for message in self.world.waiting_for(order)
            if self._tried_at.get(message.message_id, -math.inf) >= since
            and (message.body in self._vouched_for or message.body not in self.swept)
        }
        count = len(ticks | {invocation.slot})
        if count > _MESSAGES_AT_MOST and not self.world.mapping.paused:
            self.breach(f"{order} has {count} messages waiting")

    def watch_invocation(self, invocation: Invocation) -> None:
        self._watch_output(invocation)
        accounts = Accounts(self.world, invocation, self.applied, self._parked)
        for complaint in accounts.complaints():
            self.breach(complaint)
        self.records.update(record["outcome"] for record in accounts.records)
        if invocation.returned and not invocation.queue_failed and self._is_as_usual(invocation):
            now = self.world.timeline.elapsed
            self._tried_at |= {record["message_id"]: now for record in accounts.records}

    def _is_as_usual(self, invocation: Invocation) -> bool:
        """Return whether an invocation has a right clock and knows that sweeps go on."""
        knows = self.world.sweeping and invocation.began_at > self.world.turned_at
        return knows and invocation.clocks_ahead_s == {0.0}

    def watch_sweep(self, invocation: Invocation) -> None:
        self._watch_output(invocation)
        records = [line for line in invocation.lines if line.get("message") == "sweep outcome"]
        if len(records) > 1 or (invocation.returned and not records):
            self.breach(f"a sweep wrote {len(records)} records")
        for record in records:
            if record["orders_published"] > len(invocation.published):
                self.breach(f"a sweep published {len(invocation.published)} events and tells of more")
            self._watch_completion(invocation, record)
        # A list that is empty although it should not be is a lie of Walmart's.
        lied = any(answer.fault is Fault.NOT_FOUND for answer in invocation.answers.get(None, []))
        completed = any(record["outcome"] == "completed" for record in records) and not lied
        if completed:
            self._watch_pages(invocation)
        self._watch_left(invocation, completed=completed)

    def _watch_pages(self, invocation: Invocation) -> None:
        """Watch that a sweep completes only when it got every order that was released all the while."""
        missed = {
            order.purchase_order_id
            for order in map(self.world.marketplace.order, invocation.released - invocation.pages)
            if order.released and self._is_listed(order, _SWEPT_FOR - _CLOCK_MAY_BE_OFF)
        }
        if missed:
            self.breach(f"a sweep completed without {len(missed)} released orders, {min(missed)} among them")

    def _watch_left(self, invocation: Invocation, *, completed: bool) -> None:
        """Take note of the orders that were left to the sweep and that this one got."""
        got = set(map(order_of, invocation.published)) | (invocation.pages if completed else set())
        self._left |= {each: self.world.timeline.elapsed for each in self._left if each in got}

    @property
    def lost(self) -> list[str]:
        """The orders that were left to the sweep, and that no sweep got since the weather cleared up."""
        kept = set(map(order_of, self._waiting()))
        return [
            order.purchase_order_id
            for order in map(self.world.marketplace.order, sorted(self._left))
            if self._left[order.purchase_order_id] < self.world.cleared_up_at
            and order.released
            and order.purchase_order_id not in kept
        ]

    def watch_lost(self) -> None:
        """Watch that sweeps got every order that was left to them, a day after the weather cleared up."""
        for purchase_order_id in self.lost:
            self.breach(f"{purchase_order_id} was left, and no sweep got it")

    def _watch_completion(self, invocation: Invocation, record: Mapping[str, Any]) -> None:
        """Watch that a sweep completes when it saw every order, and never because somebody else said so."""
        answers = invocation.answers.get(None, [])
        completed = record["outcome"] == "completed"
        if completed and not (answers and answers[-1].by_order_service):
            self.breach("a sweep completed although the order service did not list the orders")
        hidden = {order for answer in answers for order in answer.unreadable} & self.world.unreadable
        if completed and any(order.released for order in map(self.world.marketplace.order, hidden)):
            self.breach("a sweep completed although an entry could not be read")
        odd = bool(answers) and all(answer.fault in HARMLESS and not answer.unreadable for answer in answers)
        if odd and record.get("reason") in {"unreadable_response", "entries_unreadable"}:
            self.breach("an odd byte kept a sweep from completing")

    def _watch_output(self, invocation: Invocation) -> None:
        text = json.dumps([invocation.lines, invocation.answer], ensure_ascii=False)
        self._watch_text(text, invocation.secrets)
        failures = [line for line in invocation.lines if "exception" in line]
        if failures:
            self.breach(f"a mistake of the function's own: {failures[0]['exception'][-600:]}")

    def _watch_text(self, text: str, secrets: Iterable[str]) -> None:
        for word in (*self.world.never_told, *secrets):
            if word in text:
                self.breach(f"the output tells {word[:12]}…")

    def watch_deletion(self, message: Message) -> None:
        """Watch a message that is about to be deleted: what it tells of must be settled or kept elsewhere."""
        self._tried_at.pop(message.message_id, None)  # It is done with, also when SQS loses the deletion.
        if self._is_settled(message.body) or message.body in self._parked:
            return
        # An invocation that was under way when the sweeps were turned off does not know of it.
        off_s = self.world.timeline.elapsed - self.world.swept_until
        sweeping = self.world.sweeping or off_s <= _INVOCATION.total_seconds()
        if sweeping and message.body in self.swept:
            self._left[str(order_of(message.body))] = self.world.timeline.elapsed
        else:
            self.breach(f"the event of {order_of(message.body)} is gone")

    def _waiting(self) -> set[str]:
        queues = (self.world.orders, self.world.undelivered, self.world.dead_letters)
        return {message.body for queue in queues for message in queue.messages} | {
            *self.world.bus.on_their_way
        }

    def watch_end(self) -> None:
        """Watch what is left at the end: what was parked has its reason, and every event is somewhere."""
        for message in self.world.dead_letters.messages:
            # One that SQS moved, at the 101st receive, has none, unless it was parked before. It could not be
            # while SQS refused everything.
            if message.body not in self._parked and not self.world.weather.struck[Mishap.QUEUE_DOWN]:
                self.breach(f"the event of {order_of(message.body)} is parked without a reason")
        waiting = self._waiting()
        for body in self.world.told:
            if body not in waiting and not self._is_settled(body):
                self.breach(f"the event of {order_of(body)} is nowhere")

    def watch_acknowledged(self, limit_s: float) -> None:
        """Watch that nothing waits which could be acknowledged, so long after the weather became fair."""
        parked = {order_of(message.body) for message in self.world.dead_letters.messages}
        told = {order_of(body) for body in self.world.told if not is_rehearsal(body)}
        for purchase_order_id in self.world.placed:
            order = self.world.marketplace.order(purchase_order_id)
            known = purchase_order_id in told or (self.world.sweeping and self._is_listed(order, _SWEPT_FOR))
            if known and order.acknowledgeable and order.released and purchase_order_id not in parked:
                self.breach(f"{purchase_order_id} is not acknowledged {limit_s:.0f} s later")

    def _is_settled(self, body: str) -> bool:
        order = self.world.order(order_of(body))
        return order is not None and all(
            status.casefold() in _SETTLED for line in order.lines for status in line.statuses
        )

    def _is_listed(self, order: Order, younger_than: timedelta) -> bool:
        """Return whether a sweep asks for an order as young as that, in every one of Walmart's lists."""
        young = self.world.timeline.now() - order.order_date < younger_than
        return order.released and order.ship_node == SELLER_FULFILLED and young
