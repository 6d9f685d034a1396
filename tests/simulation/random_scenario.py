"""A random scenario: orders and faults of every kind, all drawn from a seed, and then the recovery check."""

import hashlib
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final, NamedTuple

from acknowledge_orders.policy import STUCK_MAX_WAIT_S
from shared.walmart.rate_limiter import usable_per_second
from sweep_orders.selection import DUE_AFTER
from tests.local.marketplace import Fault
from tests.local.marketplace.order_service import LISTS
from tests.simulation.faults import (
    CALL_FAULTS,
    LIST_FAULTS,
    RANDOM_FAULTS,
    STUCK_ORDER_FAULTS,
    AnyFault,
    SystemFault,
    TimedFault,
)
from tests.simulation.harness import Simulation, running
from tests.simulation.lambda_service import BATCH_SIZE, MAXIMUM_CONCURRENCY, SWEEP_INTERVAL_S
from tests.simulation.record_checks import detail_of, order_of
from tests.support.settings import ACKNOWLEDGE

ORDERS: Final = 100
DURATION_S: Final = 2 * 3600.0
"""How long orders are placed and faults occur."""
_DAY_S: Final = 24 * 3600 + SWEEP_INTERVAL_S
"""How long after the faults stopped sweeps have found every order that was left to them."""
_LONGEST_BACKOFF_S: Final = sum(float(ACKNOWLEDGE[f"BACKOFF_{each}_SECONDS"]) for each in ("BASE", "CAP"))
_ACTIONS: Final = 24
"""The number of timed faults and operator actions."""
_BURST_SHARE: Final = 0.15
"""The share of seeds in which all orders arrive at once."""
_LONG_LIST_SHARE: Final = 0.05
"""The share of seeds in which Walmart's lists have several pages."""
_LONG_LIST_ORDERS: Final = 450
_STUCK_SHARE: Final = 0.04
"""The share of orders that cannot be acknowledged while faults occur."""
_PROBABILITIES: Final[dict[AnyFault, float]] = {
    SystemFault.UNREACHABLE: 0.1,
    SystemFault.SLOW: 0.1,
    SystemFault.SECRETS_UNAVAILABLE: 0.5,
    SystemFault.KILLED_AT_EFFECT: 0.2,
    SystemFault.KILLED_AT_TIME: 0.1,
    SystemFault.RECYCLED: 0.1,
    # Sweeps publish few events, and few messages are deleted.
    SystemFault.BUS_REFUSES: 0.3,
    SystemFault.BUS_RESPONSE_LOST: 0.6,
    SystemFault.DELETION_LOST: 0.15,
    SystemFault.QUEUE_REFUSES: 0.15,
    SystemFault.SWEEP_TWICE: 0.5,
    SystemFault.MESSAGE_TWICE: 0.1,
}


class Report(NamedTuple):
    """The result of one simulation.

    Attributes:
        orders: The number of orders, including those that only an event names.
        digest: A digest of every call to Walmart with its time; equal digests mean equal simulations.
    """

    seed: int
    orders: int
    occurred: Counter[AnyFault]
    outcomes: Counter[str]
    violations: list[str]
    digest: str


def run_scenario(seed: int, private_keys: Sequence[str], *, orders: int = ORDERS) -> Report:
    chance = random.Random(f"storm {seed}")
    kind = chance.random()
    long_lists = _BURST_SHARE <= kind < _BURST_SHARE + _LONG_LIST_SHARE
    scenario = _RandomScenario(
        seed,
        private_keys,
        scheme=chance.choice(["signature", "token"]),
        requests_per_minute=chance.choice([60, 300] if long_lists else [10, 20, 60, 300]),
        sweeping=long_lists or chance.random() < 0.8,
        walmart_ahead_s=chance.choice([0.0, 0.0, 0.0, chance.uniform(-300, 300)]),
    )
    scenario.chance = chance
    variants = scenario.marketplace.variants
    variants.released_by_token_fails = chance.random() < 0.3
    variants.cursors = chance.choice(["keeping", "counting"])
    variants.empty_list_status = chance.choice([200, 404])
    variants.unknown_path_severity = chance.choice(["INFO", "ERROR", "absent"])
    with running(scenario):
        if kind < _BURST_SHARE:
            scenario.run_burst(orders)
        elif long_lists:
            scenario.run_long_lists()
        else:
            scenario.run_mixed(orders)
        check_recovery(scenario)
    ids = {*scenario.placed, *map(order_of, scenario.event_bodies)} - {None, ""}
    calls = [
        f"{call.received_at:.6f} {call.action} {call.purchase_order_id} {call.status} {call.fault}"
        for call in scenario.marketplace.calls
    ]
    return Report(
        scenario.seed,
        len(ids),
        scenario.faults.occurred,
        scenario.invariants.records,
        scenario.invariants.violations,
        hashlib.sha256("".join(calls).encode()).hexdigest(),
    )


def check_recovery(simulation: Simulation) -> None:
    """Stop the faults, and check that every order that can be acknowledged is, in time."""
    simulation.stop_faults()
    simulation.invariants.check_end()
    limit_s = _drain_limit_s(simulation)
    simulation.pass_time(limit_s)
    simulation.invariants.check_acknowledged(limit_s)
    if simulation.sweeping and simulation.invariants.lost:
        simulation.pass_time(_DAY_S)
        simulation.invariants.check_lost()
    simulation.invariants.check_end()


def _drain_limit_s(simulation: Simulation) -> float:
    """Return how long the order queue may take to drain after the faults stopped.

    A message is hidden for at most the longest back-off; then the queue drains at the rate limit. A message
    may be hidden a second time if the rate limit is too low for the slots of a whole batch, or if Walmart's
    last pause outlasts the faults. Events still have to arrive, and an order without an event waits until it
    is due and for the next sweep.
    """
    queued = len(simulation.orders) + simulation.bus.on_their_way.total()
    per_second = usable_per_second(simulation.requests_per_minute)
    slots_s = MAXIMUM_CONCURRENCY * BATCH_SIZE / per_second
    hidden_twice = slots_s >= STUCK_MAX_WAIT_S or simulation.timeline.elapsed < simulation.throttled_until
    hidden_s = _LONGEST_BACKOFF_S * (2 if hidden_twice else 1)
    sweep_s = SWEEP_INTERVAL_S + DUE_AFTER.total_seconds() if simulation.sweeping else 0
    arrive_s = simulation.bus.last_arrives_at - simulation.timeline.elapsed
    return hidden_s + queued / per_second + max(sweep_s, arrive_s)


class _RandomScenario(Simulation):
    """A simulation whose orders, faults and operator actions `chance` draws."""

    chance: random.Random
    _ids: list[str]

    def run_burst(self, orders: int) -> None:
        """Place all orders at once while environments are replaced: the rate limit alone matters."""
        self.faults.probabilities = {
            SystemFault.RECYCLED: self.chance.choice([0.05, 0.1, 0.3]),
            SystemFault.KILLED_AT_TIME: 0.05,
        }
        for _ in range(orders):
            self.place_order()
        self.pass_time(DURATION_S)

    def run_long_lists(self) -> None:
        """Fill several pages of the lists, from which orders disappear while a sweep reads them."""
        self.faults.probabilities = {SystemFault.SLOW: 0.3, **dict.fromkeys(LIST_FAULTS, 0.05)}
        listed = [
            self.place_order(announced=False, age=timedelta(minutes=self.chance.uniform(1, 300)))
            for _ in range(_LONG_LIST_ORDERS)
        ]

        def ship_some() -> None:
            for purchase_order_id in self.chance.sample(listed, 5):
                self.marketplace.set_status(purchase_order_id, "Shipped")

        for number in range(1, int(DURATION_S / SWEEP_INTERVAL_S)):
            for _ in range(10):
                at = number * SWEEP_INTERVAL_S
                self.timeline.after(at + self.chance.uniform(-5, 15), self.place_order)
                self.timeline.after(at + self.chance.uniform(0, 15), ship_some)
        self.pass_time(DURATION_S)

    def run_mixed(self, orders: int) -> None:
        """Place orders while faults of every kind occur."""
        self._ids = []
        chance, after = self.chance, self.timeline.after
        burst_at = chance.uniform(0, DURATION_S)
        of_burst = chance.choice([0.0, 0.3, 1.0])
        for _ in range(orders):
            in_burst = chance.random() < of_burst
            at = burst_at if in_burst else chance.uniform(0, DURATION_S)
            after(at, self._stuck_order if chance.random() < _STUCK_SHARE else self._order)
        actions: list[Callable[[], None]] = [
            *(partial(self._set_status, "Shipped"), partial(self._set_status, "Cancelled")),
            *(self._rotate, self._store_invalid_secret, self._deny_secret),
            *(self.secret.roll_back, self._expire_tokens, self._redrive),
            *(self.redeliver_events, self._raise_receive_counts, self._pause),
            *(self._switch_sweeps, self._replay, self._publish_dry_run, self._send_invalid_event),
            *(self._withdraw_paths, self._make_unreadable),
            *(self._forge_sweep_note, self._forge_sweep_note, self._forge_time, self._forbid_every_order),
            *(self._break_queue, self._take_lists_down, self._set_clock, self._set_clock),
        ]
        for _ in range(_ACTIONS):
            after(chance.uniform(0, DURATION_S), chance.choice(actions))
        at = 0.0
        while at < DURATION_S:
            after(at, self._change_faults)
            at += chance.uniform(300, 1800)
        self.pass_time(DURATION_S)

    def _stuck_order(self) -> None:
        age = timedelta(hours=self.chance.choice([0.0, 0.0, self.chance.uniform(0, 80)]))
        announced = not self.sweeping or self.chance.random() < 0.5
        self.place_stuck(self.chance.choice(STUCK_ORDER_FAULTS), announced=announced, age=age)

    def _order(self) -> None:
        kind = self.chance.random()
        if kind < 0.8:
            self._ids.append(self.place_order(announced=not self.sweeping or self.chance.random() < 0.85))
        elif kind < 0.84:
            self._ids.append(self.place_order(statuses=("Created", "Created", "Created")))
        elif kind < 0.87:
            self.place_order(statuses=("Created", "Shipped"))
        elif kind < 0.9:
            self.place_order(statuses=(self.chance.choice(["Shipped", "Cancelled", "Delivered"]),))
        elif kind < 0.92:
            self.place_order(ship_node=self.chance.choice(["WFSFulfilled", "3PLFulfilled"]))
        elif kind < 0.94:
            self.place_order(statuses=("Backordered",))
        elif kind < 0.95:
            self.place_order(age=timedelta(hours=self.chance.uniform(1, 50)))
        elif kind < 0.97:
            tomorrow = self.timeline.now() + timedelta(days=1)
            self._ids.append(self.place_order(announced=False))
            self.publish_event(self._ids[-1], self.chance.choice([None, "", "soon", tomorrow]))
        elif kind < 0.985:
            self.publish_event("7400000000000", self.timeline.now())
        else:
            # Walmart returns the order some time after its event, before the faults stop.
            purchase_order_id, now = self._unknown_order(), self.timeline.now()
            self.publish_event(purchase_order_id, now)
            self.timeline.after(
                min(self.chance.uniform(1, 1200), DURATION_S - self.timeline.elapsed),
                partial(self._release, purchase_order_id, now),
            )

    def _release(self, purchase_order_id: str, ordered_at: datetime) -> None:
        self.marketplace.add_order(purchase_order_id, order_date=ordered_at)
        self.placed.append(purchase_order_id)
        self._ids.append(purchase_order_id)

    def _change_faults(self) -> None:
        """Stop the random faults, or choose a few that occur at the same time."""
        if self.chance.random() < 0.25:
            self.faults.probabilities = {}
            return
        kinds: list[AnyFault] = self.chance.sample(RANDOM_FAULTS, self.chance.randint(2, 10))
        # Few calls are list calls or calls to the event bus, so their faults are frequent.
        kinds += self.chance.sample([*sorted(LIST_FAULTS, key=str), SystemFault.BUS_RESPONSE_LOST], 2)
        scale = self.chance.choice([0.3, 1.0, 1.0, 3.0])
        self.faults.probabilities = {
            kind: 0.4
            if kind in LIST_FAULTS
            else min(0.9, scale * _PROBABILITIES.get(kind, 0.08 if kind in CALL_FAULTS else 0.05))
            for kind in kinds
        }

    def _later(self, from_s: float, to_s: float, do: Callable[[], None]) -> None:
        """Do something later, unless the faults have stopped by then."""

        def unless_stopped() -> None:
            if self.timeline.elapsed < self.faults_stopped_at:
                do()

        self.timeline.after(self.chance.uniform(from_s, to_s), unless_stopped)

    def _unknown_order(self) -> str:
        return str(self.chance.randrange(10**12, 10**13))

    def _some_order(self) -> str | None:
        return self.chance.choice(self._ids) if self._ids else None

    def _set_status(self, status: str) -> None:
        if purchase_order_id := self._some_order():
            self.marketplace.set_status(purchase_order_id, status)

    def _rotate(self) -> None:
        """Replace the seller's credentials at Walmart, which revokes the old ones, and then the secret."""
        self.credentials_rotated = True
        before = self.seller
        if self.scheme == "token":
            self.marketplace.expire_tokens()
            self.seller = self.marketplace.change_client_secret(before.consumer_id)
        else:
            next_key = (self.private_keys.index(before.private_key) + 1) % len(self.private_keys)
            self.seller = self.marketplace.add_key(before.consumer_id, self.private_keys[next_key])
            self.marketplace.revoke_key(before.consumer_id, before.private_key)
        self._later(0, 900, partial(self.store_credentials, self.seller))

    def _store_invalid_secret(self) -> None:
        self.store_secret(self.chance.choice(["", "{}", "not JSON", '{"consumerId": "c"}']))
        self._later(60, 1200, lambda: self.store_credentials(self.seller))

    def _deny_secret(self) -> None:
        self.secret.deny()
        self._later(60, 1200, self.secret.allow)

    def _expire_tokens(self) -> None:
        self.tokens_expire_early = True
        self.marketplace.expire_tokens()

    def _redrive(self) -> None:
        for message in self.dead_letters.messages:
            if not self.faults.occurs(SystemFault.DELETION_LOST):
                self.dead_letters.take(message)
            self.orders.send(message.body, message.attributes)

    def _raise_receive_counts(self) -> None:
        """Raise the receive counts of all messages as an outage of hours does."""
        for message in self.orders.messages:
            message.receives = max(message.receives, self.rng.randint(80, 89))
            self.invariants.excused.add(message.body)

    def _pause(self) -> None:
        self.mapping.pause()
        self._later(60, 1200, self.mapping.resume)

    def _switch_sweeps(self) -> None:
        """Turn the sweeps off or on, and usually back later."""
        on = self.sweeping
        self._set_sweeps(not on)
        if self.chance.random() < 0.7:
            self._later(60, 3600, partial(self._set_sweeps, on))

    def _set_sweeps(self, on: bool) -> None:
        if self.sweeping and not on:
            self.sweeps_stopped_at = self.timeline.elapsed
        self.sweeping = on
        self.sweeps_changed_at = self.timeline.elapsed
        self.mapping.fleet.update()

    def _replay(self) -> None:
        if purchase_order_id := self._some_order():
            order = self.marketplace.order(purchase_order_id)
            age = timedelta(minutes=self.chance.uniform(1, 600))
            self.publish_event(purchase_order_id, order.order_date, age=age)

    def _publish_dry_run(self) -> None:
        if purchase_order_id := self._some_order():
            self.publish_event(purchase_order_id, self.timeline.now(), dry_run=True)

    def _send_invalid_event(self) -> None:
        body = self.chance.choice(_INVALID_EVENTS) + " " * self.chance.randrange(1000)
        self.bus.deliver(body)
        self.event_bodies.append(body)

    def _withdraw_paths(self) -> None:
        self.faults.occurred[TimedFault.PATH_WITHDRAWN] += 1
        self.marketplace.withdraw_api(self.scheme)
        self._later(60, 3600, partial(self.marketplace.restore_api, self.scheme))

    def _make_unreadable(self) -> None:
        """Make an order unreadable, which only a sweep can find in half of the cases."""
        unannounced = self.sweeping and self.chance.random() < 0.5
        purchase_order_id = self.place_order(announced=False) if unannounced else self._some_order()
        if purchase_order_id:
            self.faults.occurred[TimedFault.ENTRY_UNREADABLE] += 1
            self.unreadable.add(purchase_order_id)
            self.marketplace.make_unreadable(purchase_order_id)
            self._later(600, 7200, partial(self.make_readable, purchase_order_id))

    def _forge_sweep_note(self) -> None:
        """Publish an event about an unknown, an old or a known order with the sweep note of another one."""
        unknown = self._unknown_order()
        old = self.place_order(announced=False, age=timedelta(hours=self.chance.uniform(47, 200)))
        purchase_order_id = self.chance.choice([unknown, old, self._some_order() or old])
        dry_run = self.chance.random() < 0.3
        self.faults.occurred[TimedFault.SWEEP_NOTE_FORGED] += 1
        bodies = list(self.invariants.sweep_events)
        copied = detail_of(self.rng.choice(bodies)) if bodies else {}
        of_another = copied if copied.get("purchaseOrderId") != purchase_order_id else {}
        forged = {**of_another, "origin": "sweep"}
        self.publish_event(purchase_order_id, self.timeline.now(), dry_run=dry_run, forged=forged)

    def _forge_time(self) -> None:
        """Publish events from the future, some with an order date in the future."""
        now, unknown = self.timeline.now(), self._unknown_order()
        ahead = self.chance.choice([timedelta(minutes=6), timedelta(hours=5), timedelta(days=3000)])
        date = self.chance.choice([now, now + ahead])
        for purchase_order_id in (self._some_order() or unknown, unknown):
            self.faults.occurred[TimedFault.TIME_FORGED] += 1
            self.publish_event(purchase_order_id, date, age=-ahead)

    def _forbid_every_order(self) -> None:
        self.faults.occurred[TimedFault.EVERY_ORDER_FORBIDDEN] += 1
        self.marketplace.recover_all()
        self.marketplace.fail_all(Fault.FORBIDDEN, times=None)
        self.every_order_forbidden_since = self.timeline.elapsed
        self._later(600, 7200, self.recover_marketplace)

    def _take_lists_down(self) -> None:
        """Take the lists down soon after sweeps have found old orders that are stuck."""
        for limit in (24, 48, 72):
            age = timedelta(hours=limit - self.chance.uniform(0.5, 2.5))
            self.place_stuck(self.chance.choice(STUCK_ORDER_FAULTS), announced=False, age=age)

        def take_down() -> None:
            self.faults.occurred[TimedFault.LISTS_DOWN] += 1
            for action in sorted(LISTS):
                self.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None, action=action)

        self._later(600, 1800, take_down)
        self._later(7000, 9000, self.recover_marketplace)

    def _break_queue(self) -> None:
        kind = self.chance.choice([TimedFault.QUEUE_DOWN, TimedFault.QUEUE_FULL])
        self.faults.occurred[kind] += 1
        self.queue_down = kind is TimedFault.QUEUE_DOWN
        self.queued_by_others = 0 if self.queue_down else 10**6
        self._later(600, 7200, self.recover_queue)

    def _set_clock(self) -> None:
        self.set_clock(self.chance.choice([-1, 1]) * self.chance.uniform(600, 3600))
        self._later(60, 3600, partial(self.set_clock, 0.0))


_ID: Final = {"purchaseOrderId": "7400000000001"}
_INVALID_EVENTS: Final = (
    *("", "not JSON", "[]", "{}", '{"detail": null}'),
    json.dumps({"detail": {"purchaseOrderId": "1/../x"}}),
    json.dumps({"detail": {"purchaseOrderId": 7400000000001}}),
    json.dumps({"detail": {**_ID, "dryRun": "true"}}),
    json.dumps({"detail": {"purchaseOrderId": "released"}}),
    # The envelopes of SNS, CloudEvents, Walmart's webhooks and EventBridge Pipes.
    json.dumps({"Type": "Notification", "Message": json.dumps({"detail": _ID})}),
    json.dumps({"specversion": "1.0", "type": "order", "data": _ID}),
    json.dumps({"source": {"eventType": "PO_CREATED"}, "payload": _ID}),
    json.dumps([{"messageId": "1", "body": json.dumps({"detail": _ID})}]),
)
