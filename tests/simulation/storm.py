"""A course of events drawn from a seed: orders and troubles of every kind, and then fair weather."""

import json
import random
from collections.abc import Callable, Sequence
from datetime import timedelta
from functools import partial
from typing import Final

from tests.simulation.aftermath import Report, report, settle
from tests.simulation.weather import OF_CALLS, OF_CHANCE, OF_LISTS, STUCK, Kind, Mishap
from tests.simulation.world import SWEEP_INTERVAL_S, World, going_on

ORDERS: Final = 100
LASTS_S: Final = 2 * 3600.0
"""How long there is trouble, and orders come in."""
_EVENTS_OF_ITS_OWN: Final = 24
"""How many times something is done to the world, beside what goes wrong by itself."""
_RUSHES: Final = 0.15
"""How many seeds are a rush instead of a storm."""
_CROWDS: Final = 0.05
"""How many have a list of several pages instead."""
_PAGES_OF_ORDERS: Final = 450
_STUCK: Final = 0.04
"""How many of a storm's orders cannot be acknowledged, whatever is done."""
_LIKELY: Final[dict[Kind, float]] = {
    Mishap.UNREACHABLE: 0.1,
    Mishap.SLOW: 0.1,
    Mishap.SECRETS_UNAVAILABLE: 0.5,
    Mishap.KILLED_AT_AN_EDGE: 0.2,
    Mishap.KILLED_AT_A_TIME: 0.1,
    Mishap.RECYCLED: 0.1,
    # There are few events of sweeps, and few messages that are done with.
    Mishap.BUS_REFUSES: 0.3,
    Mishap.BUS_MUTE: 0.6,
    Mishap.DELETION_LOST: 0.15,
    Mishap.QUEUE_REFUSES: 0.15,
    Mishap.SWEEP_TWICE: 0.5,
    Mishap.MESSAGE_TWICE: 0.1,
}


def rage(seed: int, private_keys: Sequence[str], *, orders: int = ORDERS) -> Report:
    chance = random.Random(f"storm {seed}")
    kind = chance.random()
    crowded = _RUSHES <= kind < _RUSHES + _CROWDS
    world = World(
        seed,
        private_keys,
        door=chance.choice(["signature", "token"]),
        requests_per_minute=chance.choice([60, 300] if crowded else [10, 20, 60, 300]),
        sweeping=crowded or chance.random() < 0.8,
        walmart_ahead_s=chance.choice([0.0, 0.0, 0.0, chance.uniform(-300, 300)]),
    )
    world.marketplace.fail_released_by_token(fails=chance.random() < 0.3)
    world.marketplace.cursors_as(chance.choice(["keeping", "counting"]))
    world.marketplace.empty_lists_as(chance.choice([200, 404]))
    world.marketplace.unknown_paths_as(chance.choice(["INFO", "ERROR", "absent"]))
    with going_on(world):
        if kind < _RUSHES:
            _rush(world, chance, orders)
        elif crowded:
            _crowd(world, chance)
        else:
            _Storm(world, chance).rage(orders)
        settle(world)
    return report(world)


def _rush(world: World, chance: random.Random, orders: int) -> None:
    """Let every order come in at once, while environments come and go: all that counts is Walmart's limit."""
    world.weather.likely = {Mishap.RECYCLED: chance.choice([0.05, 0.1, 0.3]), Mishap.KILLED_AT_A_TIME: 0.05}
    for _ in range(orders):
        world.place_order()
    world.pass_time(LASTS_S)


def _crowd(world: World, chance: random.Random) -> None:
    """Let orders wait for pages of a list, which others leave while a sweep reads it."""
    world.weather.likely = {Mishap.SLOW: 0.3, **dict.fromkeys(OF_LISTS, 0.05)}
    waiting = [
        world.place_order(told=False, age=timedelta(minutes=chance.uniform(1, 300)))
        for _ in range(_PAGES_OF_ORDERS)
    ]

    def ship_some() -> None:
        for purchase_order_id in chance.sample(waiting, 5):
            world.marketplace.set_status(purchase_order_id, "Shipped")

    def order() -> None:
        world.place_order()

    for number in range(1, int(LASTS_S / SWEEP_INTERVAL_S)):
        for _ in range(10):
            world.timeline.after(number * SWEEP_INTERVAL_S + chance.uniform(-5, 15), order)
            world.timeline.after(number * SWEEP_INTERVAL_S + chance.uniform(0, 15), ship_some)
    world.pass_time(LASTS_S)


class _Storm:
    def __init__(self, world: World, chance: random.Random) -> None:
        self._world = world
        self._chance = chance
        self._ids: list[str] = []

    def rage(self, orders: int) -> None:
        moments: list[tuple[float, Callable[[], object]]] = []
        burst_at = self._chance.uniform(0, LASTS_S)
        of_burst = self._chance.choice([0.0, 0.3, 1.0])
        for _ in range(orders):
            in_burst = self._chance.random() < of_burst
            at = burst_at if in_burst else self._chance.uniform(0, LASTS_S)
            moments.append((at, self._stuck_order if self._chance.random() < _STUCK else self._order))
        world = self._world
        doings: list[Callable[[], object]] = [
            *(partial(self._set_some, "Shipped"), partial(self._set_some, "Cancelled")),
            *(self._rotate, self._store_nonsense, self._take_the_permission_away, world.secret.roll_back),
            *(world.end_tokens, world.redrive, world.make_up, world.let_hours_of_trouble_pass),
            *(self._pause, self._turn_sweeps, self._replay, self._rehearse, self._nonsense_comes_in),
            *(self._withdraw_the_paths, self._make_an_entry_unreadable),
            *(self._forge_a_mark, self._forge_a_mark, self._forge_a_time),
            *(self._forbid_every_order, self._trouble_the_queue, self._take_the_lists_down),
            *(self._set_the_clock, self._set_the_clock),
        ]
        moments += [
            (self._chance.uniform(0, LASTS_S), self._chance.choice(doings)) for _ in range(_EVENTS_OF_ITS_OWN)
        ]
        at = 0.0
        while at < LASTS_S:
            moments.append((at, self._change_weather))
            at += self._chance.uniform(300, 1800)
        for when, do in sorted(moments, key=lambda moment: moment[0]):
            self._world.pass_time(when - self._world.timeline.elapsed)
            do()
        self._world.pass_time(LASTS_S - self._world.timeline.elapsed)

    def _stuck_order(self) -> None:
        age = timedelta(hours=self._chance.choice([0.0, 0.0, self._chance.uniform(0, 80)]))
        announced = not self._world.sweeping or self._chance.random() < 0.5
        self._world.place_stuck(self._chance.choice(STUCK), announced=announced, age=age)

    def _order(self) -> None:
        kind = self._chance.random()
        place = self._world.place_order
        if kind < 0.8:
            self._ids.append(place(told=not self._world.sweeping or self._chance.random() < 0.85))
        elif kind < 0.84:
            self._ids.append(place(statuses=("Created", "Created", "Created")))
        elif kind < 0.87:
            place(statuses=("Created", "Shipped"))
        elif kind < 0.9:
            place(statuses=(self._chance.choice(["Shipped", "Cancelled", "Delivered"]),))
        elif kind < 0.92:
            place(ship_node=self._chance.choice(["WFSFulfilled", "3PLFulfilled"]))
        elif kind < 0.94:
            place(statuses=("Backordered",))
        elif kind < 0.95:
            place(age=timedelta(hours=self._chance.uniform(1, 50)))
        elif kind < 0.97:
            tomorrow = self._world.timeline.now() + timedelta(days=1)
            self._ids.append(place(told=False))
            self._world.tell_of(self._ids[-1], self._chance.choice([None, "", "soon", tomorrow]))
        elif kind < 0.985:
            self._world.tell_of("7400000000000", self._world.timeline.now())
        else:
            # Walmart knows it some time after its event, and by the end of the storm at the latest.
            purchase_order_id = str(self._chance.randrange(10**12, 10**13))
            now = self._world.timeline.now()
            self._world.tell_of(purchase_order_id, now)
            self._world.timeline.after(
                min(self._chance.uniform(1, 1200), LASTS_S - self._world.timeline.elapsed),
                lambda: self._ids.append(self._world.release(purchase_order_id, now)),
            )

    def _change_weather(self) -> None:
        """Let it be fair, or let a few kinds of trouble come at once."""
        if self._chance.random() < 0.25:
            self._world.weather.likely = {}
            return
        kinds: list[Kind] = self._chance.sample(OF_CHANCE, self._chance.randint(2, 10))
        # Few calls are for lists, or to the bus: what only they can meet, they meet often.
        kinds += self._chance.sample([*sorted(OF_LISTS, key=str), Mishap.BUS_MUTE], 2)
        scale = self._chance.choice([0.3, 1.0, 1.0, 3.0])
        self._world.weather.likely = {
            kind: 0.4
            if kind in OF_LISTS
            else min(0.9, scale * _LIKELY.get(kind, 0.08 if kind in OF_CALLS else 0.05))
            for kind in kinds
        }

    def _later(self, between: tuple[float, float], do: Callable[[], None]) -> None:
        self._world.later(self._chance.uniform(*between), do)

    def _some_order(self) -> str | None:
        return self._chance.choice(self._ids) if self._ids else None

    def _set_some(self, status: str) -> None:
        if purchase_order_id := self._some_order():
            self._world.marketplace.set_status(purchase_order_id, status)

    def _rotate(self) -> None:
        seller = self._world.change_key()
        self._later((0, 900), lambda: self._world.store_credentials(seller))

    def _store_nonsense(self) -> None:
        self._world.store_secret(self._chance.choice(["", "{}", "not JSON", '{"consumerId": "c"}']))
        self._later((60, 1200), lambda: self._world.store_credentials(self._world.seller))

    def _take_the_permission_away(self) -> None:
        self._world.secret.deny()
        self._later((60, 1200), lambda: self._world.secret.deny(denied=False))

    def _pause(self) -> None:
        self._world.mapping.pause()
        self._later((60, 1200), lambda: self._world.mapping.pause(paused=False))

    def _turn_sweeps(self) -> None:
        """Turn the sweeps off or on; most of the time they are turned back."""
        on = self._world.sweeping
        self._world.turn_sweeps(on=not on)
        if self._chance.random() < 0.7:
            self._later((60, 3600), lambda: self._world.turn_sweeps(on=on))

    def _rehearse(self) -> None:
        if purchase_order_id := self._some_order():
            self._world.tell_of(purchase_order_id, self._world.timeline.now(), dry_run=True)

    def _replay(self) -> None:
        if purchase_order_id := self._some_order():
            order = self._world.marketplace.order(purchase_order_id)
            age = timedelta(minutes=self._chance.uniform(1, 600))
            self._world.tell_of(purchase_order_id, order.order_date, age=age)

    def _withdraw_the_paths(self) -> None:
        self._world.withdraw_paths()
        self._later((60, 3600), self._world.restore_paths)

    def _make_an_entry_unreadable(self) -> None:
        """Let an order that only sweeps can find be the one, at times: no answer but a list's shows it."""
        unannounced = self._world.sweeping and self._chance.random() < 0.5
        purchase_order_id = self._world.place_order(told=False) if unannounced else self._some_order()
        if purchase_order_id:
            self._world.make_unreadable(purchase_order_id)
            self._later((600, 7200), lambda: self._world.make_readable(purchase_order_id))

    def _forge_a_mark(self) -> None:
        """Let a forged event say that the sweep found an order, which is true of none of these."""
        now = self._world.timeline.now()
        unknown = str(self._chance.randrange(10**12, 10**13))
        old = self._world.place_order(told=False, age=timedelta(hours=self._chance.uniform(47, 200)))
        purchase_order_id = self._chance.choice([unknown, old, self._some_order() or old])
        self._world.forge_mark(purchase_order_id, now, dry_run=self._chance.random() < 0.3)

    def _forge_a_time(self) -> None:
        """Let the time of an event lie ahead, and at times its order's date too."""
        now = self._world.timeline.now()
        unknown = str(self._chance.randrange(10**12, 10**13))
        ahead = self._chance.choice([timedelta(minutes=6), timedelta(hours=5), timedelta(days=3000)])
        date = self._chance.choice([now, now + ahead])
        self._world.forge_time(self._some_order() or unknown, date, ahead)
        self._world.forge_time(unknown, date, ahead)

    def _forbid_every_order(self) -> None:
        self._world.forbid_every_order()
        self._later((600, 7200), self._world.recover_marketplace)

    def _trouble_the_queue(self) -> None:
        self._world.trouble_queue(self._chance.choice([Mishap.QUEUE_DOWN, Mishap.QUEUE_FULL]))
        self._later((600, 7200), self._world.recover_queue)

    def _take_the_lists_down(self) -> None:
        """Let no list answer, soon after sweeps have found old orders that nothing can be done about."""
        for limit in (24, 48, 72):
            age = timedelta(hours=limit - self._chance.uniform(0.5, 2.5))
            self._world.place_stuck(self._chance.choice(STUCK), announced=False, age=age)
        self._later((600, 1800), self._world.take_lists_down)
        self._later((7000, 9000), self._world.recover_marketplace)

    def _set_the_clock(self) -> None:
        self._world.set_clock(self._chance.choice([-1, 1]) * self._chance.uniform(600, 3600))
        self._later((60, 3600), lambda: self._world.set_clock(0.0))

    def _nonsense_comes_in(self) -> None:
        self._world.tell(self._chance.choice(NONSENSE) + " " * self._chance.randrange(1000))


NONSENSE: Final = (
    "",
    "not JSON",
    "[]",
    "{}",
    '{"detail": null}',
    json.dumps({"detail": {"purchaseOrderId": "1/../x"}}),
    json.dumps({"detail": {"purchaseOrderId": 7400000000001}}),
    json.dumps({"detail": {"purchaseOrderId": "7400000000001", "dryRun": "true"}}),
    json.dumps({"detail": {"purchaseOrderId": "released"}}),
    # Envelopes of others: of SNS, of CloudEvents, of Walmart's webhooks, and what Pipes hands over.
    json.dumps(
        {"Type": "Notification", "Message": json.dumps({"detail": {"purchaseOrderId": "7400000000001"}})}
    ),
    json.dumps({"specversion": "1.0", "type": "order", "data": {"purchaseOrderId": "7400000000001"}}),
    json.dumps({"source": {"eventType": "PO_CREATED"}, "payload": {"purchaseOrderId": "7400000000001"}}),
    json.dumps([{"messageId": "1", "body": json.dumps({"detail": {"purchaseOrderId": "7400000000001"}})}]),
)
