"""The invariants that hold at every moment of a simulation.

*Every order event leads to an acknowledgement, or is in a queue, or is parked with a reason; none is lost.
No order is acknowledged after the functions saw that it was shipped or cancelled.*
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
from tests.simulation.environment import Environment, Invocation
from tests.simulation.faults import TimedFault
from tests.simulation.queue import Message
from tests.simulation.record_checks import (
    HARMLESS,
    NOT_ACKNOWLEDGEABLE,
    RecordChecks,
    claims_sweep_origin,
    event_time,
    is_dry_run,
    is_plausible,
    order_of,
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
_MAX_RECEIVES: Final = 90
_SETTLED: Final = NOT_ACKNOWLEDGEABLE | {"acknowledged"}


@dataclass(slots=True)
class Invariants:
    """Checks the invariants and collects the violations, each with its time.

    Attributes:
        records: The number of outcome records by outcome.
        applied: The ids of all orders that Walmart has acknowledged.
        sweep_events: The bodies of the events that sweeps published, each with its slot of the schedule.
    """

    simulation: "Simulation"
    violations: list[str] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    applied: set[str] = field(default_factory=set)
    sweep_events: dict[str, int] = field(default_factory=dict)
    _left_to_sweep: dict[str, float] = field(default_factory=dict)
    _attempted_at: dict[str, float] = field(default_factory=dict)
    _dead_letters: dict[str | None, tuple[float, int]] = field(default_factory=dict)
    _excused: set[str] = field(default_factory=set)
    _trusted: set[str] = field(default_factory=set)
    _secret_changed_at: float = -math.inf
    _forbidden_by: dict[Environment, set[str]] = field(default_factory=dict)
    _final: set[str] = field(default_factory=set)
    _parked: dict[str, list[Mapping[str, str]]] = field(default_factory=dict)

    def _report(self, text: str) -> None:
        self.violations.append(f"{self.simulation.timeline.elapsed:.3f} s: {text}")

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
        replaced = self.simulation.mapping.started_within(_REPLACED_WITHIN_S)
        return self.simulation.sole_caller and replaced <= self.simulation.requests_per_minute / 2

    def check_request(self, environment: Environment, request: Request) -> None:
        invocation = environment.invocation
        if invocation is None:
            return
        invocation.secrets.update(filter(None, map(request.headers.get, _SECRET_HEADERS)))
        if request.url.endswith("/acknowledge"):
            self._check_acknowledge(invocation, request.url.rsplit("/", 2)[1])

    def _check_acknowledge(self, invocation: Invocation, purchase_order_id: str) -> None:
        messages = [
            record
            for record in invocation.event["Records"]
            if order_of(record["body"]) == purchase_order_id and not is_dry_run(record["body"])
        ]
        if not messages:
            self._report(f"{purchase_order_id} was acknowledged without an event")
            return
        may_skip = any(self._may_skip_fetch(record, invocation) for record in messages)
        fetched = invocation.fetched.get(purchase_order_id, [])
        # With several messages of one order, it is not known which of them fetched it.
        relevant = fetched[-1:] if len(messages) == 1 else fetched
        seen_open = any(seen <= _ACKNOWLEDGEABLE for seen in relevant)
        if not seen_open and not (may_skip and (not fetched or len(messages) > 1)):
            known = fetched or purchase_order_id in self._final
            why = "although its status was final" if known else "without a fetch"
            self._report(f"{purchase_order_id} was acknowledged {why}")
        # Two messages of one order do not know what the other one fetched.

    def note_fetch(self, environment: Environment, request: Request) -> None:
        """Note the statuses that a function got when it fetched an order."""
        purchase_order_id = request.url.rsplit("/", 1)[1]
        order = self.simulation.marketplace.order(purchase_order_id)
        statuses = frozenset(status.casefold() for line in order.lines for status in line.statuses)
        if environment.invocation:
            environment.invocation.fetched.setdefault(purchase_order_id, []).append(statuses)
        if not statuses <= _ACKNOWLEDGEABLE:
            self._final.add(purchase_order_id)

    def _may_skip_fetch(self, record: dict[str, Any], invocation: Invocation) -> bool:
        """Return whether an event needs no fetch: it is young, received once, and not from a sweep."""
        published_at = event_time(record["body"])
        young = published_at is not None and any(
            is_plausible(published_at, now) and now - published_at <= _MAX_AGE_WITHOUT_FETCH
            for now in self.simulation.clocks_of(invocation)
        )
        first = record["attributes"]["ApproximateReceiveCount"] == "1"
        redriven = "outcome" in record["messageAttributes"]
        return young and first and not redriven and not claims_sweep_origin(record["body"])

    def check_parking(self, environment: Environment, body: str, attributes: Mapping[str, str]) -> None:
        records = environment.invocation.event["Records"] if environment.invocation else []
        if body not in {record["body"] for record in records}:
            self._report(f"a body was parked for {order_of(body)} that no batch contained")
        if not attributes.get("outcome") or not attributes.get("reason"):
            self._report(f"the event of {order_of(body)} is parked without a reason")
        secrets = environment.invocation.secrets if environment.invocation else set()
        self._check_text(json.dumps(dict(attributes), ensure_ascii=False), secrets)
        self._check_dead_letters(environment, body)
        self._check_refusals(environment, str(order_of(body)))
        self._parked.setdefault(body, []).append(dict(attributes))

    def _check_dead_letters(self, environment: Environment, body: str) -> None:
        """Check that sweeps add at most one dead letter of an order a day."""
        slot, order = self.sweep_events.get(body), order_of(body)
        normal = environment.invocation and self._is_normal(environment.invocation)
        excused = body in self._excused or body not in self._trusted or not normal
        if slot is None or body in self._parked or excused:
            return
        before = self._dead_letters.setdefault(order, (self.simulation.timeline.elapsed, slot))
        if before[1] != slot:
            if self.simulation.timeline.elapsed - before[0] < _DAY_S:
                self._report(f"{order} has several dead letters of sweeps within a day")
            self._dead_letters[order] = self.simulation.timeline.elapsed, slot

    def excuse_parking(self, body: str) -> None:
        """Note that the receive count of a message was raised."""
        self._excused.add(body)

    def secret_changed(self) -> None:
        """Forget what depends on the secret, which authenticates the events of sweeps."""
        self._secret_changed_at = self.simulation.timeline.elapsed
        self._trusted.clear()
        self._forbidden_by.clear()

    def _check_refusals(self, environment: Environment, order: str) -> None:
        """Check that a 403 on every order parks at most the first few orders."""
        simulation, invocation = self.simulation, environment.invocation
        since = simulation.every_order_forbidden_since
        if invocation is None:
            return
        forbidden = HTTPStatus.FORBIDDEN in {
            response.status for response in invocation.responses.get(order, [])
        }
        in_doubt = (
            since is None or simulation.timeline.elapsed - since <= _IN_DOUBT_S + _INVOCATION.total_seconds()
        )
        if in_doubt or not forbidden or order in simulation.forbidden:
            return
        parked = self._forbidden_by.setdefault(environment, set())
        parked.add(order)
        receives = [
            int(record["attributes"]["ApproximateReceiveCount"])
            for record in invocation.event["Records"]
            if order_of(record["body"]) == order
        ]
        if len(parked) > _OWN_403S and max(receives) < _MAX_RECEIVES:
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
        known_s = self.simulation.timeline.elapsed - self._secret_changed_at
        if invocation.clocks_ahead_s == {0.0} and known_s > _SECRET_CACHED_S:
            self._trusted.add(body)
        since = self.simulation.timeline.elapsed - _INTERVAL_S
        slots = {
            self.sweep_events.get(message.body)
            for message in self.simulation.queued_messages(order)
            if self._attempted_at.get(message.message_id, -math.inf) >= since
            and (message.body in self._trusted or message.body not in self.sweep_events)
        }
        count = len(slots | {invocation.slot})
        if count > _MAX_MESSAGES and not self.simulation.mapping.paused:
            self._report(f"{order} has {count} messages in the queue")

    def check_invocation(self, invocation: Invocation) -> None:
        self._check_output(invocation)
        checks = RecordChecks(self.simulation, invocation, self.applied, self._parked)
        for violation in checks.violations():
            self._report(violation)
        self.records.update(record["outcome"] for record in checks.records)
        if invocation.returned and not invocation.queue_failed and self._is_normal(invocation):
            now = self.simulation.timeline.elapsed
            self._attempted_at |= {record["message_id"]: now for record in checks.records}

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
        emptied = any(response.fault is Fault.NOT_FOUND for response in invocation.responses.get(None, []))
        completed = any(record["outcome"] == "completed" for record in records) and not emptied
        if completed:
            self._check_pages(invocation)
        self._note_found_by_sweep(invocation, completed=completed)

    def _check_pages(self, invocation: Invocation) -> None:
        """Check that a completed sweep got every order that was released during all of it."""
        missed = {
            order.purchase_order_id
            for order in map(self.simulation.marketplace.order, invocation.released - invocation.pages)
            if order.released and self._is_listed(order, _SWEEP_LOOKBACK - _CLOCK_ERROR)
        }
        if missed:
            self._report(f"a sweep completed without {len(missed)} released orders, {min(missed)} among them")

    def _note_found_by_sweep(self, invocation: Invocation, *, completed: bool) -> None:
        """Note which of the orders that were left to the sweep this one found."""
        found = set(map(order_of, invocation.published)) | (invocation.pages if completed else set())
        self._left_to_sweep |= {
            each: self.simulation.timeline.elapsed for each in self._left_to_sweep if each in found
        }

    @property
    def lost(self) -> list[str]:
        """The orders that were left to the sweep and that no sweep found after the faults stopped."""
        queued = set(map(order_of, self._queued()))
        return [
            order.purchase_order_id
            for order in map(self.simulation.marketplace.order, sorted(self._left_to_sweep))
            if self._left_to_sweep[order.purchase_order_id] < self.simulation.faults_stopped_at
            and order.released
            and order.purchase_order_id not in queued
        ]

    def check_lost(self) -> None:
        """Check that sweeps found every order that was left to them, a day after the faults stopped."""
        for purchase_order_id in self.lost:
            self._report(f"{purchase_order_id} was left to the sweep, and no sweep found it")

    def _check_completion(self, invocation: Invocation, record: Mapping[str, Any]) -> None:
        """Check that a sweep completes exactly when the order service listed every order."""
        responses = invocation.responses.get(None, [])
        completed = record["outcome"] == "completed"
        if completed and not (responses and responses[-1].by_order_service):
            self._report("a sweep completed although the order service did not list the orders")
        hidden = {
            order for response in responses for order in response.unreadable
        } & self.simulation.unreadable
        if completed and any(order.released for order in map(self.simulation.marketplace.order, hidden)):
            self._report("a sweep completed although an entry could not be read")
        harmless = bool(responses) and all(
            response.fault in HARMLESS and not response.unreadable for response in responses
        )
        if harmless and record.get("reason") in {"unreadable_response", "entries_unreadable"}:
            self._report("a harmless fault kept a sweep from completing")

    def _check_output(self, invocation: Invocation) -> None:
        text = json.dumps([invocation.lines, invocation.result], ensure_ascii=False)
        self._check_text(text, invocation.secrets)
        failures = [line for line in invocation.lines if "exception" in line]
        if failures:
            self._report(f"the function raised an exception: {failures[0]['exception'][-600:]}")

    def _check_text(self, text: str, secrets: Iterable[str]) -> None:
        for word in (*self.simulation.confidential, *secrets):
            if word in text:
                self._report(f"the output contains a secret: {word[:12]}…")

    def check_deletion(self, message: Message) -> None:
        """Check that a message is deleted only if its order is settled or kept elsewhere."""
        self._attempted_at.pop(message.message_id, None)  # Even if SQS loses the deletion.
        if self._is_settled(message.body) or message.body in self._parked:
            return
        # An invocation that began before the sweeps were turned off does not know of it.
        off_s = self.simulation.timeline.elapsed - self.simulation.sweeps_stopped_at
        sweeping = self.simulation.sweeping or off_s <= _INVOCATION.total_seconds()
        if sweeping and message.body in self.sweep_events:
            self._left_to_sweep[str(order_of(message.body))] = self.simulation.timeline.elapsed
        else:
            self._report(f"the event of {order_of(message.body)} is lost")

    def _queued(self) -> set[str]:
        queues = (self.simulation.orders, self.simulation.undelivered, self.simulation.dead_letters)
        return {message.body for queue in queues for message in queue.messages} | {
            *self.simulation.bus.on_their_way
        }

    def check_end(self) -> None:
        """Check that every dead letter has a reason and that no event is lost."""
        for message in self.simulation.dead_letters.messages:
            # Only SQS moves a message without a reason, at the 101st receive. That is a violation unless the
            # functions could not park it because SQS was down.
            if (
                message.body not in self._parked
                and not self.simulation.faults.occurred[TimedFault.QUEUE_DOWN]
            ):
                self._report(f"the event of {order_of(message.body)} is parked without a reason")
        queued = self._queued()
        for body in self.simulation.event_bodies:
            if body not in queued and not self._is_settled(body):
                self._report(f"the event of {order_of(body)} is lost")

    def check_acknowledged(self, limit_s: float) -> None:
        """Check that every order that can be acknowledged is, this long after the faults stopped."""
        parked = {order_of(message.body) for message in self.simulation.dead_letters.messages}
        announced = {order_of(body) for body in self.simulation.event_bodies if not is_dry_run(body)}
        for purchase_order_id in self.simulation.placed:
            order = self.simulation.marketplace.order(purchase_order_id)
            known = purchase_order_id in announced or (
                self.simulation.sweeping and self._is_listed(order, _SWEEP_LOOKBACK)
            )
            if known and order.acknowledgeable and order.released and purchase_order_id not in parked:
                self._report(
                    f"{purchase_order_id} is not acknowledged {limit_s:.0f} s after the faults stopped"
                )

    def _is_settled(self, body: str) -> bool:
        order = self.simulation.order(order_of(body))
        return order is not None and all(
            status.casefold() in _SETTLED for line in order.lines for status in line.statuses
        )

    def _is_listed(self, order: Order, younger_than: timedelta) -> bool:
        """Return whether an order is in each of Walmart's lists and younger than this."""
        young = self.simulation.timeline.now() - order.order_date < younger_than
        return order.released and order.ship_node == SELLER_FULFILLED and young
