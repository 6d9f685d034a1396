"""A seller's life as Hypothesis makes it up: whatever may happen, in whatever order, and the promise holds.

Where a storm draws everything from one seed, this machine is free to go wherever the promise breaks, and
shrinks what broke it to the few steps that are needed.
"""

from collections.abc import Sequence
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import ClassVar

from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, initialize, invariant, multiple, rule

from tests.local.marketplace.listing import Cursors
from tests.simulation.aftermath import Report, report, settle
from tests.simulation.storm import NONSENSE
from tests.simulation.weather import OF_CHANCE, STUCK, Kind, Mishap
from tests.simulation.world import Door, World, going_on

_STATUSES = st.sampled_from(["Created", "Acknowledged", "Shipped", "Delivered", "Cancelled", "Backordered"])
_AHEAD = st.timedeltas(timedelta(minutes=6), timedelta(days=3000))
_FOR_A_WHILE = st.one_of(st.floats(0, 60), st.floats(60, 1200), st.floats(1200, 20_000))


class Life(RuleBasedStateMachine):
    """One seller, and everything that can happen to one."""

    orders = Bundle("orders")
    private_keys: ClassVar[Sequence[str]]
    """Of which a seller has one after the other."""

    @initialize(
        seed=st.integers(0, 2**32),
        door=st.sampled_from(["signature", "token"]),
        limit=st.sampled_from([10, 60, 300]),
        sweeping=st.booleans(),
        walmart_ahead_s=st.one_of(st.just(0.0), st.floats(-300, 300)),
        cursors=st.sampled_from(["keeping", "counting"]),
    )
    def begin(
        self,
        seed: int,
        door: Door,
        limit: int,
        sweeping: bool,
        walmart_ahead_s: float,
        cursors: Cursors,
    ) -> None:
        self.stack = ExitStack()
        self.world = World(
            seed,
            self.private_keys,
            door=door,
            requests_per_minute=limit,
            sweeping=sweeping,
            walmart_ahead_s=walmart_ahead_s,
        )
        self.world.marketplace.cursors_as(cursors)
        self.stack.enter_context(going_on(self.world))

    @rule(target=orders, count=st.integers(1, 25), told=st.booleans())
    def orders_come_in(self, count: int, told: bool) -> object:
        told = told or not self.world.sweeping
        return multiple(*(self.world.place_order(told=told) for _ in range(count)))

    @rule(statuses=st.lists(_STATUSES, min_size=1, max_size=3))
    def an_odd_order_comes_in(self, statuses: list[str]) -> None:
        self.world.place_order(statuses=statuses)

    @rule(hours=st.floats(0, 60))
    def an_old_order_comes_in(self, hours: float) -> None:
        self.world.place_order(age=timedelta(hours=hours))

    @rule(kind=st.sampled_from(STUCK), announced=st.booleans(), hours=st.floats(0, 80))
    def an_order_comes_in_that_is_stuck(self, kind: Mishap, announced: bool, hours: float) -> None:
        self.world.place_stuck(kind, announced=announced, age=timedelta(hours=hours))

    @rule()
    def walmart_forbids_every_order(self) -> None:
        self.world.forbid_every_order()

    @rule()
    def walmarts_lists_go_down(self) -> None:
        self.world.take_lists_down()

    @rule(kind=st.sampled_from([Mishap.QUEUE_DOWN, Mishap.QUEUE_FULL]))
    def the_queue_fails(self, kind: Mishap) -> None:
        self.world.trouble_queue(kind)

    @rule(ahead_s=st.one_of(st.just(0.0), st.floats(-3600, 3600)))
    def somebody_sets_the_clock(self, ahead_s: float) -> None:
        self.world.set_clock(ahead_s)

    @rule()
    def walmart_ships_an_order_itself(self) -> None:
        self.world.place_order(ship_node="WFSFulfilled")

    @rule()
    def an_order_is_told_of_that_does_not_exist(self) -> None:
        self.world.tell_of("7400000000000", self.world.timeline.now())

    @rule(body=st.one_of(st.sampled_from(NONSENSE), st.text(max_size=50)))
    def nonsense_comes_in(self, body: str) -> None:
        self.world.tell(body)

    @rule(order=orders, minutes=st.floats(0, 600))
    def an_event_is_replayed(self, order: str, minutes: float) -> None:
        date = self.world.marketplace.order(order).order_date
        self.world.tell_of(order, date, age=timedelta(minutes=minutes))

    @rule(order=orders, date=st.one_of(st.none(), st.text(max_size=20), st.datetimes(timezones=st.just(UTC))))
    def an_order_is_told_of_with_an_odd_date(self, order: str, date: datetime | str | None) -> None:
        self.world.tell_of(order, date)

    @rule(order=orders)
    def a_rehearsal_comes_over_the_bus(self, order: str) -> None:
        self.world.tell_of(order, None, dry_run=True)

    @rule(order=orders, ahead=_AHEAD, dry_run=st.booleans(), marked=st.booleans())
    def an_event_is_forged(self, order: str, ahead: timedelta, dry_run: bool, marked: bool) -> None:
        now = self.world.timeline.now()
        if marked:
            self.world.forge_mark(order, now, dry_run=dry_run)
        else:
            self.world.forge_time(order, now, ahead)

    @rule(order=orders)
    def an_entry_cannot_be_read(self, order: str) -> None:
        self.world.make_unreadable(order)

    @rule(order=orders)
    def an_entry_can_be_read_again(self, order: str) -> None:
        self.world.make_readable(order)

    @rule()
    def walmart_withdraws_the_paths(self) -> None:
        self.world.withdraw_paths()

    @rule()
    def walmart_restores_the_paths(self) -> None:
        self.world.restore_paths()

    @rule(order=orders, status=_STATUSES)
    def somebody_else_handles_an_order(self, order: str, status: str) -> None:
        if self.world.marketplace.order(order).released or status != "Created":
            self.world.marketplace.set_status(order, status)

    @rule(kinds=st.lists(st.sampled_from(OF_CHANCE), min_size=1, max_size=5), likely=st.floats(0.05, 0.9))
    def trouble_comes(self, kinds: list[Kind], likely: float) -> None:
        self.world.weather.likely = dict.fromkeys(kinds, likely)

    @rule()
    def the_weather_is_fair(self) -> None:
        self.world.weather.clear_up()
        self.world.recover_marketplace()
        self.world.recover_queue()

    @rule(seconds=_FOR_A_WHILE)
    def time_passes(self, seconds: float) -> None:
        self.world.pass_time(seconds)

    @rule()
    def every_idle_environment_ends(self) -> None:
        self.world.mapping.recycle()

    @rule(later_s=st.floats(0, 900))
    def the_credentials_change(self, later_s: float) -> None:
        seller = self.world.change_key()
        self.world.later(later_s, lambda: self.world.store_credentials(seller))

    @rule(text=st.sampled_from(["", "{}", "not JSON", '{"consumerId": "c"}']))
    def somebody_stores_nonsense(self, text: str) -> None:
        self.world.store_secret(text)

    @rule()
    def the_secret_is_mended(self) -> None:
        self.world.store_credentials(self.world.seller)

    @rule(denied=st.booleans())
    def the_permission_to_read_it_changes(self, denied: bool) -> None:
        self.world.secret.denied = denied

    @rule()
    def the_secret_is_rolled_back(self) -> None:
        self.world.secret.roll_back()

    @rule()
    def every_token_ends_early(self) -> None:
        self.world.end_tokens()

    @rule()
    def the_operator_redrives(self) -> None:
        self.world.redrive()

    @rule()
    def the_operator_makes_up_for_what_was_not_delivered(self) -> None:
        self.world.make_up()

    @rule(paused=st.booleans())
    def somebody_uses_the_pause_switch(self, paused: bool) -> None:
        self.world.mapping.pause(paused=paused)

    @rule(on=st.booleans())
    def somebody_turns_the_sweeps(self, on: bool) -> None:
        self.world.turn_sweeps(on=on)

    @rule()
    def hours_of_trouble_lie_behind(self) -> None:
        self.world.let_hours_of_trouble_pass()

    @rule()
    def a_sweep_comes_early(self) -> None:
        if self.world.sweeping:
            self.world.schedule.sweep()

    @invariant()
    def the_promise_holds(self) -> None:
        assert self.world.promise.breaches == []

    def ended(self, report: Report) -> None:
        """Take in what became of a life that has ended."""

    def teardown(self) -> None:
        if not hasattr(self, "world"):
            return
        try:
            settle(self.world)
            self.ended(report(self.world))
            assert self.world.promise.breaches == []
        finally:
            self.stack.close()
