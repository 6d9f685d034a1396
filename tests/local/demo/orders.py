"""The orders of the demo: which exist, which are announced by an event, and how each has to end."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.local.demo.scenarios import PlannedFault, Scenario, planned
from tests.support.batches import order_event
from tests.support.event_cases import Ending, load_event_cases

_FIRST_ORDER: Final = 7_410_000_000_001
_FIRST_ORDER_WITHOUT_EVENT: Final = 7_420_000_000_001
_ORDERS_WITHOUT_EVENT: Final = 3
_OLD: Final = timedelta(minutes=15)
ACKNOWLEDGED: Final = Ending("acknowledged", "done")
_ENDINGS: Final = {
    ("Created",): ACKNOWLEDGED,
    ("Shipped",): Ending("already_shipped", "done"),
    ("Created", "Cancelled"): Ending("rejected", "parked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class DemoOrder:
    """One order of the demo.

    Attributes:
        title: Its name in the table.
        event: Its event, as EventBridge delivers it; None for an order without an event.
        ending: How it has to end.
        purchase_order_id: The order that the event names, or None.
        statuses: The order's lines at the start; empty when the marketplace does not know the order.
        faults: The faults of its first acknowledgements, one each.
        acknowledgements: How many acknowledgements Walmart has to receive, or None if the scenario varies.
        order_date: When the buyer ordered; None for now.
    """

    title: str
    event: dict[str, Any] | None
    ending: Ending
    purchase_order_id: str | None
    statuses: tuple[str, ...]
    faults: tuple[PlannedFault, ...] = ()
    acknowledgements: int | None = None
    order_date: datetime | None = None

    @property
    def is_old(self) -> bool:
        """Whether its event was published long ago."""
        if self.event is None:
            return False
        return datetime.now(UTC) - datetime.fromisoformat(self.event["time"]) > _OLD


def plan(orders: int, scenario: Scenario, now: datetime) -> list[DemoOrder]:
    """Return the orders of `events/`, so many new orders, and some orders without an event."""
    of_files = [
        DemoOrder(
            title=case.name,
            event=case.published_at(now),
            ending=case.queued,
            purchase_order_id=case.purchase_order_id,
            statuses=case.order_statuses,
            acknowledgements=case.acknowledgements if scenario is Scenario.CALM else None,
        )
        for case in load_event_cases()
    ]
    without_event = [
        DemoOrder(
            title=f"order {number + 1} without an event",
            event=None,
            ending=ACKNOWLEDGED,
            purchase_order_id=str(_FIRST_ORDER_WITHOUT_EVENT + number),
            statuses=("Created",),
            acknowledgements=1 if scenario is Scenario.CALM else None,
            order_date=now - timedelta(minutes=30 + number),
        )
        for number in range(_ORDERS_WITHOUT_EVENT)
    ]
    return [*of_files, *_new_orders(orders, scenario, now), *without_event]


def _new_orders(orders: int, scenario: Scenario, now: datetime) -> Iterator[DemoOrder]:
    for number in range(orders):
        purchase_order_id = str(_FIRST_ORDER + number)
        statuses, faults = planned(scenario, number)
        ordered_at = now - timedelta(seconds=30 + number)
        yield DemoOrder(
            title=", ".join([f"order {number + 1}", *(fault.value.replace("_", " ") for fault, _ in faults)]),
            event=order_event(purchase_order_id, orderDate=ordered_at.isoformat()),
            ending=_ENDINGS[statuses],
            purchase_order_id=purchase_order_id,
            statuses=statuses,
            faults=faults,
            acknowledgements=1 if scenario is Scenario.CALM and not faults else None,
        )
