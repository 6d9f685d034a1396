"""A random scenario: orders and faults of every kind, all drawn from a seed, and then the recovery check."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from typing import Final

from tests.simulation.faults import (
    CALL_FAULTS,
    LIST_FAULTS,
    RANDOM_FAULTS,
    STUCK_ORDER_FAULTS,
    AnyFault,
    SystemFault,
    TimedFault,
)
from tests.simulation.harness import SWEEP_INTERVAL_S, Simulation, running
from tests.simulation.recovery_check import Report, check_recovery, report

ORDERS: Final = 100
DURATION_S: Final = 2 * 3600.0
"""How long orders are placed and faults occur."""
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


def run_scenario(seed: int, private_keys: Sequence[str], *, orders: int = ORDERS) -> Report:
    rng = random.Random(f"storm {seed}")
    kind = rng.random()
    long_lists = _BURST_SHARE <= kind < _BURST_SHARE + _LONG_LIST_SHARE
    simulation = Simulation(
        seed,
        private_keys,
        scheme=rng.choice(["signature", "token"]),
        requests_per_minute=rng.choice([60, 300] if long_lists else [10, 20, 60, 300]),
        sweeping=long_lists or rng.random() < 0.8,
        walmart_ahead_s=rng.choice([0.0, 0.0, 0.0, rng.uniform(-300, 300)]),
    )
    simulation.marketplace.fail_released_by_token(fails=rng.random() < 0.3)
    simulation.marketplace.cursors_as(rng.choice(["keeping", "counting"]))
    simulation.marketplace.empty_lists_as(rng.choice([200, 404]))
    simulation.marketplace.unknown_paths_as(rng.choice(["INFO", "ERROR", "absent"]))
    with running(simulation):
        if kind < _BURST_SHARE:
            _run_burst(simulation, rng, orders)
        elif long_lists:
            _run_long_lists(simulation, rng)
        else:
            _MixedScenario(simulation, rng).run(orders)
        check_recovery(simulation)
    return report(simulation)


def _run_burst(simulation: Simulation, rng: random.Random, orders: int) -> None:
    """Place all orders at once while environments are replaced: the rate limit alone matters."""
    simulation.faults.probabilities = {
        SystemFault.RECYCLED: rng.choice([0.05, 0.1, 0.3]),
        SystemFault.KILLED_AT_TIME: 0.05,
    }
    for _ in range(orders):
        simulation.place_order()
    simulation.pass_time(DURATION_S)


def _run_long_lists(simulation: Simulation, rng: random.Random) -> None:
    """Fill several pages of the lists, from which orders disappear while a sweep reads them."""
    simulation.faults.probabilities = {SystemFault.SLOW: 0.3, **dict.fromkeys(LIST_FAULTS, 0.05)}
    listed = [
        simulation.place_order(announced=False, age=timedelta(minutes=rng.uniform(1, 300)))
        for _ in range(_LONG_LIST_ORDERS)
    ]

    def place() -> None:
        simulation.place_order()

    def ship_some() -> None:
        for purchase_order_id in rng.sample(listed, 5):
            simulation.marketplace.set_status(purchase_order_id, "Shipped")

    for number in range(1, int(DURATION_S / SWEEP_INTERVAL_S)):
        for _ in range(10):
            simulation.timeline.after(number * SWEEP_INTERVAL_S + rng.uniform(-5, 15), place)
            simulation.timeline.after(number * SWEEP_INTERVAL_S + rng.uniform(0, 15), ship_some)
    simulation.pass_time(DURATION_S)


class _MixedScenario:
    def __init__(self, simulation: Simulation, rng: random.Random) -> None:
        self._simulation = simulation
        self._rng = rng
        self._ids: list[str] = []

    def run(self, orders: int) -> None:
        simulation, after = self._simulation, self._simulation.timeline.after
        burst_at = self._rng.uniform(0, DURATION_S)
        of_burst = self._rng.choice([0.0, 0.3, 1.0])
        for _ in range(orders):
            in_burst = self._rng.random() < of_burst
            at = burst_at if in_burst else self._rng.uniform(0, DURATION_S)
            after(at, self._stuck_order if self._rng.random() < _STUCK_SHARE else self._order)
        actions: list[Callable[[], None]] = [
            *(partial(self._set_status, "Shipped"), partial(self._set_status, "Cancelled")),
            *(self._rotate, self._store_invalid_secret, self._deny_secret),
            *(simulation.secret.roll_back, simulation.expire_tokens, simulation.redrive),
            *(simulation.redeliver_events, simulation.raise_receive_counts, self._pause),
            *(self._switch_sweeps, self._replay, self._publish_dry_run, self._send_invalid_event),
            *(self._withdraw_paths, self._make_unreadable),
            *(self._forge_sweep_note, self._forge_sweep_note, self._forge_time, self._forbid_every_order),
            *(self._break_queue, self._take_lists_down, self._set_clock, self._set_clock),
        ]
        for _ in range(_ACTIONS):
            after(self._rng.uniform(0, DURATION_S), self._rng.choice(actions))
        at = 0.0
        while at < DURATION_S:
            after(at, self._change_faults)
            at += self._rng.uniform(300, 1800)
        simulation.pass_time(DURATION_S)

    def _stuck_order(self) -> None:
        age = timedelta(hours=self._rng.choice([0.0, 0.0, self._rng.uniform(0, 80)]))
        announced = not self._simulation.sweeping or self._rng.random() < 0.5
        self._simulation.place_stuck(self._rng.choice(STUCK_ORDER_FAULTS), announced=announced, age=age)

    def _order(self) -> None:
        kind = self._rng.random()
        place = self._simulation.place_order
        if kind < 0.8:
            self._ids.append(place(announced=not self._simulation.sweeping or self._rng.random() < 0.85))
        elif kind < 0.84:
            self._ids.append(place(statuses=("Created", "Created", "Created")))
        elif kind < 0.87:
            place(statuses=("Created", "Shipped"))
        elif kind < 0.9:
            place(statuses=(self._rng.choice(["Shipped", "Cancelled", "Delivered"]),))
        elif kind < 0.92:
            place(ship_node=self._rng.choice(["WFSFulfilled", "3PLFulfilled"]))
        elif kind < 0.94:
            place(statuses=("Backordered",))
        elif kind < 0.95:
            place(age=timedelta(hours=self._rng.uniform(1, 50)))
        elif kind < 0.97:
            tomorrow = self._simulation.timeline.now() + timedelta(days=1)
            self._ids.append(place(announced=False))
            self._simulation.publish_event(self._ids[-1], self._rng.choice([None, "", "soon", tomorrow]))
        elif kind < 0.985:
            self._simulation.publish_event("7400000000000", self._simulation.timeline.now())
        else:
            # Walmart returns the order some time after its event, before the faults stop.
            purchase_order_id = str(self._rng.randrange(10**12, 10**13))
            now = self._simulation.timeline.now()
            self._simulation.publish_event(purchase_order_id, now)
            self._simulation.timeline.after(
                min(self._rng.uniform(1, 1200), DURATION_S - self._simulation.timeline.elapsed),
                partial(self._release, purchase_order_id, now),
            )

    def _release(self, purchase_order_id: str, ordered_at: datetime) -> None:
        self._simulation.marketplace.add_order(purchase_order_id, order_date=ordered_at)
        self._simulation.placed.append(purchase_order_id)
        self._ids.append(purchase_order_id)

    def _change_faults(self) -> None:
        """Stop the random faults, or choose a few that occur at the same time."""
        if self._rng.random() < 0.25:
            self._simulation.faults.probabilities = {}
            return
        kinds: list[AnyFault] = self._rng.sample(RANDOM_FAULTS, self._rng.randint(2, 10))
        # Few calls are list calls or calls to the event bus, so their faults are frequent.
        kinds += self._rng.sample([*sorted(LIST_FAULTS, key=str), SystemFault.BUS_RESPONSE_LOST], 2)
        scale = self._rng.choice([0.3, 1.0, 1.0, 3.0])
        self._simulation.faults.probabilities = {
            kind: 0.4
            if kind in LIST_FAULTS
            else min(0.9, scale * _PROBABILITIES.get(kind, 0.08 if kind in CALL_FAULTS else 0.05))
            for kind in kinds
        }

    def _later(self, between: tuple[float, float], do: Callable[[], None]) -> None:
        """Do something later, unless the faults have stopped by then."""

        def unless_stopped() -> None:
            if self._simulation.timeline.elapsed < self._simulation.faults_stopped_at:
                do()

        self._simulation.timeline.after(self._rng.uniform(*between), unless_stopped)

    def _deny_secret(self) -> None:
        self._simulation.secret.denied = True
        self._later((60, 1200), partial(setattr, self._simulation.secret, "denied", False))

    def _pause(self) -> None:
        self._simulation.mapping.pause()
        self._later((60, 1200), partial(self._simulation.mapping.pause, paused=False))

    def _withdraw_paths(self) -> None:
        self._simulation.withdraw_paths()
        self._later((60, 3600), self._simulation.restore_paths)

    def _forbid_every_order(self) -> None:
        self._simulation.forbid_every_order()
        self._later((600, 7200), self._simulation.recover_marketplace)

    def _some_order(self) -> str | None:
        return self._rng.choice(self._ids) if self._ids else None

    def _set_status(self, status: str) -> None:
        if purchase_order_id := self._some_order():
            self._simulation.marketplace.set_status(purchase_order_id, status)

    def _rotate(self) -> None:
        seller = self._simulation.rotate_credentials()
        self._later((0, 900), lambda: self._simulation.store_credentials(seller))

    def _store_invalid_secret(self) -> None:
        self._simulation.store_secret(self._rng.choice(["", "{}", "not JSON", '{"consumerId": "c"}']))
        self._later((60, 1200), lambda: self._simulation.store_credentials(self._simulation.seller))

    def _switch_sweeps(self) -> None:
        """Turn the sweeps off or on, and usually back later."""
        on = self._simulation.sweeping
        self._simulation.set_sweeps(on=not on)
        if self._rng.random() < 0.7:
            self._later((60, 3600), lambda: self._simulation.set_sweeps(on=on))

    def _publish_dry_run(self) -> None:
        if purchase_order_id := self._some_order():
            self._simulation.publish_event(purchase_order_id, self._simulation.timeline.now(), dry_run=True)

    def _replay(self) -> None:
        if purchase_order_id := self._some_order():
            order = self._simulation.marketplace.order(purchase_order_id)
            age = timedelta(minutes=self._rng.uniform(1, 600))
            self._simulation.publish_event(purchase_order_id, order.order_date, age=age)

    def _make_unreadable(self) -> None:
        """Make an order unreadable, which only a sweep can find in half of the cases."""
        unannounced = self._simulation.sweeping and self._rng.random() < 0.5
        purchase_order_id = (
            self._simulation.place_order(announced=False) if unannounced else self._some_order()
        )
        if purchase_order_id:
            self._simulation.make_unreadable(purchase_order_id)
            self._later((600, 7200), lambda: self._simulation.make_readable(purchase_order_id))

    def _forge_sweep_note(self) -> None:
        """Publish an event with a false sweep note, about an unknown, an old or a known order."""
        unknown = str(self._rng.randrange(10**12, 10**13))
        old = self._simulation.place_order(announced=False, age=timedelta(hours=self._rng.uniform(47, 200)))
        purchase_order_id = self._rng.choice([unknown, old, self._some_order() or old])
        self._simulation.forge_sweep_note(purchase_order_id, dry_run=self._rng.random() < 0.3)

    def _forge_time(self) -> None:
        """Publish events from the future, some with an order date in the future."""
        now = self._simulation.timeline.now()
        unknown = str(self._rng.randrange(10**12, 10**13))
        ahead = self._rng.choice([timedelta(minutes=6), timedelta(hours=5), timedelta(days=3000)])
        date = self._rng.choice([now, now + ahead])
        for purchase_order_id in (self._some_order() or unknown, unknown):
            self._simulation.faults.occurred[TimedFault.TIME_FORGED] += 1
            self._simulation.publish_event(purchase_order_id, date, age=-ahead)

    def _break_queue(self) -> None:
        self._simulation.break_queue(self._rng.choice([TimedFault.QUEUE_DOWN, TimedFault.QUEUE_FULL]))
        self._later((600, 7200), self._simulation.recover_queue)

    def _take_lists_down(self) -> None:
        """Take the lists down soon after sweeps have found old orders that are stuck."""
        for limit in (24, 48, 72):
            age = timedelta(hours=limit - self._rng.uniform(0.5, 2.5))
            self._simulation.place_stuck(self._rng.choice(STUCK_ORDER_FAULTS), announced=False, age=age)
        self._later((600, 1800), self._simulation.take_lists_down)
        self._later((7000, 9000), self._simulation.recover_marketplace)

    def _set_clock(self) -> None:
        self._simulation.set_clock(self._rng.choice([-1, 1]) * self._rng.uniform(600, 3600))
        self._later((60, 3600), lambda: self._simulation.set_clock(0.0))

    def _send_invalid_event(self) -> None:
        body = self._rng.choice(_INVALID_EVENTS) + " " * self._rng.randrange(1000)
        self._simulation.bus.deliver(body)
        self._simulation.event_bodies.append(body)


_INVALID_EVENTS: Final = (
    "",
    "not JSON",
    "[]",
    "{}",
    '{"detail": null}',
    json.dumps({"detail": {"purchaseOrderId": "1/../x"}}),
    json.dumps({"detail": {"purchaseOrderId": 7400000000001}}),
    json.dumps({"detail": {"purchaseOrderId": "7400000000001", "dryRun": "true"}}),
    json.dumps({"detail": {"purchaseOrderId": "released"}}),
    # The envelopes of SNS, CloudEvents, Walmart's webhooks and EventBridge Pipes.
    json.dumps(
        {"Type": "Notification", "Message": json.dumps({"detail": {"purchaseOrderId": "7400000000001"}})}
    ),
    json.dumps({"specversion": "1.0", "type": "order", "data": {"purchaseOrderId": "7400000000001"}}),
    json.dumps({"source": {"eventType": "PO_CREATED"}, "payload": {"purchaseOrderId": "7400000000001"}}),
    json.dumps([{"messageId": "1", "body": json.dumps({"detail": {"purchaseOrderId": "7400000000001"}})}]),
)
