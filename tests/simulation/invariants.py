"""The invariants that hold at every moment of a simulation.

*Every order event leads to an acknowledgement, or is in a queue, or is parked with a reason; none is lost.
No order is acknowledged after the functions saw that it was shipped or cancelled.*
"""

import json
import math
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from tests.local.marketplace import Call, Fault, Order
from tests.local.marketplace.order_service import LISTS
from tests.local.marketplace.orders import SELLER_FULFILLED
from tests.simulation.environment import Environment, Invocation
from tests.simulation.faults import TimedFault
from tests.simulation.queue import Message
from tests.simulation.record_checks import (
    MAX_RECEIVES,
    NOT_ACKNOWLEDGEABLE,
    RecordChecks,
    claims_sweep_origin,
    event_time,
    is_dry_run,
    is_harmless,
    is_plausible,
    messages_of,
    order_of,
    receives_of,
)
from walmart_ca.messages import Request

if TYPE_CHECKING:
    from tests.simulation.harness import Simulation

_SECRET_HEADERS: Final = ("WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN", "Authorization")
_INVOCATION: Final = timedelta(minutes=1)
_MAX_AGE_WITHOUT_FETCH: Final = timedelta(minutes=15) + _INVOCATION
"""The greatest age of an event whose order is acknowledged without a fetch; it may wait for a slot."""
_SWEEP_LOOKBACK: Final = timedelta(hours=48) - timedelta(minutes=15)
"""The greatest age of an order that at least one more sweep sees."""
_CLOCK_ERROR: Final = timedelta(hours=1, minutes=5)
_MAX_MESSAGES: Final = 2
"""The most messages of one order in the queue: its own event and one from a sweep."""
_INTERVAL_S: Final = 900.0
_DAY_S: Final = 23 * 3600.0
"""A day, less the time by which two sweeps may differ."""
_IN_DOUBT_S: Final = 900.0
"""How long after an accepted call a 403 may concern one order alone."""
_OWN_403S: Final = 4
"""How many orders may have a 403 of their own: two for each of the two versions of the secret."""
_REPLACED_WITHIN_S: Final = 300.0
_SECRET_CACHED_S: Final = 900.0
"""How long the functions may use an old secret: five minutes, and longer if Secrets Manager fails."""
_ACKNOWLEDGEABLE: Final = frozenset({"created", "acknowledged"})
_SETTLED: Final = NOT_ACKNOWLEDGEABLE | {"acknowledged"}


@dataclass(slots=True)
class Invariants:
    """Checks the invariants and collects the violations, each with its time.

    Attributes:
        records: The number of outcome records by outcome.
        applied: The ids of all orders that Walmart has acknowledged.
        sweep_events: The bodies of the events that sweeps published, each with its slot of the schedule.
        parked: The message attributes of every parked body.
        announced: The orders with an outcome event.
        left: The orders that a record left to the sweep.
        excused: The bodies of the messages whose receive count was raised.
    """

    simulation: "Simulation"
    violations: list[str] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    applied: set[str] = field(default_factory=set)
    sweep_events: dict[str, int] = field(default_factory=dict)
    parked: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)
    announced: set[str | None] = field(default_factory=set)
    left: set[str | None] = field(default_factory=set)
    _left_to_sweep: dict[str, float] = field(default_factory=dict)
    _attempted_at: dict[str, float] = field(default_factory=dict)
    _dead_letters: dict[str | None, tuple[float, int]] = field(default_factory=dict)
    excused: set[str] = field(default_factory=set)
    _trusted: set[str] = field(default_factory=set)
    _secret_changed_at: float = -math.inf
    _forbidden_by: defaultdict[Environment, set[str]] = field(default_factory=lambda: defaultdict(set))
    _final: set[str] = field(default_factory=set)

    @property
    def _now(self) -> float:
        return self.simulation.timeline.elapsed

    def _report(self, text: str) -> None:
        self.violations.append(f"{self._now:.3f} s: {text}")

    def check_call(self, call: Call) -> None:
        if call.applied and call.purchase_order_id:
            self.applied.add(call.purchase_order_id)
        if call.status == 429 and call.fault is None and self._has_quota(call.action):
            self._report(f"the rate limit refused {call.action} of {call.purchase_order_id}")
        expired_early = call.refusal == "token has expired" and self.simulation.tokens_expire_early
        if call.refusal and not expired_early and not self.simulation.credentials_rotated:
            self._report(f"Walmart refused {call.action} of {call.purchase_order_id}: {call.refusal}")

    def _has_quota(self, action: str | None) -> bool:
        """Return whether Walmart's quota must suffice for the calls.

        It need not if others use it, or if two sweeps overlap. Each new environment starts with a call of
        its own, for which the rate limiter leaves half of the quota: many replacements exceed that.
        """
        if action in LISTS:
            return self.simulation.sole_caller and not self.simulation.schedule.overlapped
        replaced = self.simulation.mapping.fleet.started_within(_REPLACED_WITHIN_S)
        return self.simulation.sole_caller and replaced <= self.simulation.requests_per_minute / 2

    def check_request(self, environment: Environment, request: Request) -> None:
        if invocation := environment.invocation:
            invocation.secrets.update(filter(None, map(request.headers.get, _SECRET_HEADERS)))
            if request.url.endswith("/acknowledge"):
                self._check_acknowledge(invocation, request.url.rsplit("/", 2)[1])

    def _check_acknowledge(self, invocation: Invocation, order: str) -> None:
        messages = [each for each in messages_of(invocation, order) if not is_dry_run(each["body"])]
        if not messages:
            self._report(f"{order} was acknowledged without an event")
            return
        may_skip = any(self._may_skip_fetch(record, invocation) for record in messages)
        fetched = invocation.fetched[order]
        # Two messages of one order do not know what the other one fetched, and it is not known here which of
        # them fetched it.
        relevant = fetched[-1:] if len(messages) == 1 else fetched
        seen_open = any(seen <= _ACKNOWLEDGEABLE for seen in relevant)
        if not seen_open and not (may_skip and (not fetched or len(messages) > 1)):
            known = fetched or order in self._final
            why = "although its status was final" if known else "without a fetch"
            self._report(f"{order} was acknowledged {why}")

    def note_fetch(self, environment: Environment, request: Request) -> None:
        """Note the statuses that a function got when it fetched an order."""
        purchase_order_id = request.url.rsplit("/", 1)[1]
        statuses = statuses_of(self.simulation.marketplace.order(purchase_order_id))
        if environment.invocation:
            environment.invocation.fetched[purchase_order_id].append(statuses)
        if not statuses <= _ACKNOWLEDGEABLE:
            self._final.add(purchase_order_id)

    def _may_skip_fetch(self, record: dict[str, Any], invocation: Invocation) -> bool:
        """Return whether an event needs no fetch: it is young, received once, and not from a sweep."""
        published_at = event_time(record["body"])
        young = published_at is not None and any(
            is_plausible(published_at, now) and now - published_at <= _MAX_AGE_WITHOUT_FETCH
            for now in self.simulation.clocks_of(invocation)
        )
        redriven = "outcome" in record["messageAttributes"]
        return young and receives_of(record) == 1 and not redriven and not claims_sweep_origin(record["body"])

    def check_parking(self, environment: Environment, body: str, attributes: Mapping[str, str]) -> None:
        invocation, order = environment.invocation, order_of(body)
        if invocation is None or body not in {record["body"] for record in invocation.event["Records"]}:
            self._report(f"a body was parked for {order} that no batch contained")
        if not attributes.get("outcome") or not attributes.get("reason"):
            self._report(f"the event of {order} is parked without a reason")
        text = json.dumps(attributes, ensure_ascii=False)
        self._check_text(text, invocation.secrets if invocation else ())
        if invocation:
            self._check_dead_letters(invocation, body)
            self._check_refusals(environment, invocation, str(order))
        self.parked.setdefault(body, []).append(attributes)

    def _check_dead_letters(self, invocation: Invocation, body: str) -> None:
        """Check that sweeps add at most one dead letter of an order a day."""
        slot, order = self.sweep_events.get(body), order_of(body)
        excused = body in self.excused or body not in self._trusted or not self._is_normal(invocation)
        if slot is None or body in self.parked or excused:
            return
        parked_at, parked_in = self._dead_letters.setdefault(order, (self._now, slot))
        if parked_in != slot:
            if self._now - parked_at < _DAY_S:
                self._report(f"{order} has several dead letters of sweeps within a day")
            self._dead_letters[order] = self._now, slot

    def secret_changed(self) -> None:
        """Forget what depends on the secret, which authenticates the events of sweeps."""
        self._secret_changed_at = self._now
        self._trusted.clear()
        self._forbidden_by.clear()

    def _check_refusals(self, environment: Environment, invocation: Invocation, order: str) -> None:
        """Check that a 403 on every order parks at most the first few orders."""
        since = self.simulation.every_order_forbidden_since
        in_doubt = since is None or self._now - since <= _IN_DOUBT_S + _INVOCATION.total_seconds()
        forbidden = any(each.status == HTTPStatus.FORBIDDEN for each in invocation.responses[order])
        if in_doubt or not forbidden or order in self.simulation.forbidden:
            return
        parked = self._forbidden_by[environment]
        parked.add(order)
        receives = max(map(receives_of, messages_of(invocation, order)))
        if len(parked) > _OWN_403S and receives < MAX_RECEIVES:
            self._report(f"{order} is parked for a 403 that every order gets")

    def check_publication(self, invocation: Invocation, body: str) -> None:
        """Check that sweeps do not multiply the messages of an order that cannot be acknowledged.

        Events from one slot of the schedule count once, and so do all events from others. Not counted are
        messages that no function attempted within the last interval, events from a sweep with a wrong clock,
        and events signed with a secret that the other function may not have yet. Nothing counts while the
        event source mapping is paused.
        """
        order = order_of(body)
        invocation.published.append(body)
        self.sweep_events[body] = invocation.slot
        if invocation.clocks_ahead_s == {0.0} and self._now - self._secret_changed_at > _SECRET_CACHED_S:
            self._trusted.add(body)
        slots = {
            self.sweep_events.get(message.body)
            for message in self.simulation.queued_messages(order)
            if self._now - self._attempted_at.get(message.message_id, -math.inf) <= _INTERVAL_S
            and (message.body in self._trusted or message.body not in self.sweep_events)
        }
        count = len(slots | {invocation.slot})
        if count > _MAX_MESSAGES and not self.simulation.mapping.paused:
            self._report(f"{order} has {count} messages in the queue")

    def check_invocation(self, invocation: Invocation) -> None:
        self._check_output(invocation)
        checks = RecordChecks(self.simulation, invocation)
        for violation in checks.violations():
            self._report(violation)
        self.records.update(record["outcome"] for record in checks.records)
        self.left |= {
            record["purchase_order_id"]
            for record in checks.records
            if record["disposition"] == "left_to_sweep"
        }
        if invocation.returned and not invocation.queue_failed and self._is_normal(invocation):
            self._attempted_at |= {record["message_id"]: self._now for record in checks.records}

    def _is_normal(self, invocation: Invocation) -> bool:
        """Return whether an invocation has the right clock and the current setting for sweeps."""
        is_current = self.simulation.sweeping and invocation.began_at > self.simulation.sweeps_changed_at
        return is_current and invocation.clocks_ahead_s == {0.0}

    def check_sweep(self, invocation: Invocation) -> None:
        self._check_output(invocation)
        records = [line for line in invocation.lines if line.get("message") == "sweep outcome"]
        if len(records) > 1 or (invocation.returned and not records):
            self._report(f"a sweep wrote {len(records)} records")
        for record in records:
            if record["orders_published"] > len(invocation.published):
                self._report(f"a sweep published {len(invocation.published)} events and recorded more")
            self._check_completion(invocation, record)
        # With this fault Walmart returns an empty list although there are orders.
        emptied = any(response.fault is Fault.NOT_FOUND for response in invocation.responses[None])
        found = set(map(order_of, invocation.published))
        if any(record["outcome"] == "completed" for record in records) and not emptied:
            self._check_pages(invocation)
            found |= invocation.pages
        self._left_to_sweep |= {each: self._now for each in self._left_to_sweep if each in found}

    def _check_pages(self, invocation: Invocation) -> None:
        """Check that a completed sweep got every order that was released during all of it."""
        missed = {
            order.purchase_order_id
            for order in map(self.simulation.marketplace.order, invocation.released - invocation.pages)
            if self._is_listed(order, _SWEEP_LOOKBACK - _CLOCK_ERROR)
        }
        if missed:
            self._report(f"a sweep completed without {len(missed)} released orders, {min(missed)} among them")

    def _check_completion(self, invocation: Invocation, record: Mapping[str, Any]) -> None:
        """Check that a sweep completes exactly when the order service listed every order."""
        responses = invocation.responses[None]
        if record["outcome"] == "completed":
            if not (responses and responses[-1].by_order_service):
                self._report("a sweep completed although the order service did not list the orders")
            unread = {each for response in responses for each in response.unreadable}
            still_unreadable = unread & self.simulation.unreadable
            if any(self.simulation.marketplace.order(each).released for each in still_unreadable):
                self._report("a sweep completed although an entry could not be read")
        unreadable = record.get("reason") in {"unreadable_response", "entries_unreadable"}
        if responses and all(map(is_harmless, responses)) and unreadable:
            self._report("a harmless fault kept a sweep from completing")

    @property
    def lost(self) -> list[str]:
        """The orders that were left to the sweep and that no sweep found after the faults stopped."""
        queued = set(map(order_of, self._queued()))
        return [
            each
            for each, left_at in sorted(self._left_to_sweep.items())
            if left_at < self.simulation.faults_stopped_at
            and self.simulation.marketplace.order(each).released
            and each not in queued
        ]

    def check_lost(self) -> None:
        """Check that sweeps found every order that was left to them, a day after the faults stopped."""
        for purchase_order_id in self.lost:
            self._report(f"{purchase_order_id} was left to the sweep, and no sweep found it")

    def _check_output(self, invocation: Invocation) -> None:
        text = json.dumps([invocation.lines, invocation.result], ensure_ascii=False)
        self._check_text(text, invocation.secrets)
        failures = [line["exception"] for line in invocation.lines if "exception" in line]
        if failures:
            self._report(f"the function raised an exception: {failures[0][-600:]}")

    def _check_text(self, text: str, secrets: Iterable[str]) -> None:
        for word in (*self.simulation.confidential, *secrets):
            if word in text:
                self._report(f"the output contains a secret: {word[:12]}…")

    def check_deletion(self, message: Message) -> None:
        """Check that a message is deleted only if its order is settled or kept elsewhere."""
        self._attempted_at.pop(message.message_id, None)  # Even if SQS loses the deletion.
        if self._is_settled(message.body) or message.body in self.parked:
            return
        # An invocation that began before the sweeps were turned off does not know of it.
        off_s = self._now - self.simulation.sweeps_stopped_at
        sweeping = self.simulation.sweeping or off_s <= _INVOCATION.total_seconds()
        if sweeping and message.body in self.sweep_events:
            self._left_to_sweep[str(order_of(message.body))] = self._now
        else:
            self._report(f"the event of {order_of(message.body)} is lost")

    def _queued(self) -> set[str]:
        simulation = self.simulation
        queues = (simulation.orders, simulation.undelivered, simulation.dead_letters)
        return {*simulation.bus.on_their_way, *(each.body for queue in queues for each in queue.messages)}

    def check_end(self) -> None:
        """Check that every dead letter has a reason and that no event is lost."""
        # Only SQS moves a message without a reason, at the 101st receive. That is a violation unless the
        # functions could not park it because SQS was down.
        if not self.simulation.faults.occurred[TimedFault.QUEUE_DOWN]:
            for message in self.simulation.dead_letters.messages:
                if message.body not in self.parked:
                    self._report(f"the event of {order_of(message.body)} is parked without a reason")
        queued = self._queued()
        for body in self.simulation.event_bodies:
            if body not in queued and not self._is_settled(body):
                self._report(f"the event of {order_of(body)} is lost")
        # An order that was left to the sweep, and acknowledged all the same, has no event: the page says so.
        accounted = self.announced | self.left | set(map(order_of, queued))
        for each in sorted(self.applied - accounted):
            self._report(f"{each} was acknowledged, its message is gone, and no event says so")

    def check_acknowledged(self, limit_s: float) -> None:
        """Check that every order that can be acknowledged is, this long after the faults stopped."""
        parked = {order_of(message.body) for message in self.simulation.dead_letters.messages}
        announced = {order_of(body) for body in self.simulation.event_bodies if not is_dry_run(body)}
        for each in self.simulation.placed:
            order = self.simulation.marketplace.order(each)
            listed = self.simulation.sweeping and self._is_listed(order, _SWEEP_LOOKBACK)
            known = each in announced or listed
            if known and order.acknowledgeable and order.released and each not in parked:
                self._report(f"{each} is not acknowledged {limit_s:.0f} s after the faults stopped")

    def _is_settled(self, body: str) -> bool:
        order = self.simulation.order(order_of(body))
        return order is not None and statuses_of(order) <= _SETTLED

    def _is_listed(self, order: Order, younger_than: timedelta) -> bool:
        """Return whether an order is in each of Walmart's lists and younger than this."""
        young = self.simulation.timeline.now() - order.order_date < younger_than
        return order.released and order.ship_node == SELLER_FULFILLED and young


def statuses_of(order: Order) -> frozenset[str]:
    return frozenset(status.casefold() for line in order.lines for status in line.statuses)
