"""What the demo tells the world: which orders exist, which events tell of them, what is to become of each."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from tests.local.demo.forecast import Mishap, Weather, forecast
from tests.support.event_cases import Ending, load_event_cases

_FIRST_ORDER: Final = 7_410_000_000_001
_FIRST_UNTOLD_ORDER: Final = 7_420_000_000_001
_UNTOLD_ORDERS: Final = 3
_OLD: Final = timedelta(minutes=15)
ACKNOWLEDGED: Final = Ending("acknowledged", "done")
_ENDINGS: Final = {
    ("Created",): ACKNOWLEDGED,
    ("Shipped",): Ending("already_shipped", "done"),
    ("Created", "Cancelled"): Ending("rejected", "parked"),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """One event to publish, or one order that nobody tells of.

    Attributes:
        title: What the table calls it.
        event: As EventBridge delivers it; None, nobody tells of the order.
        ending: How it is to end.
        purchase_order_id: The order it names, or None.
        statuses: The order's lines beforehand; none, the marketplace does not know the order.
        mishaps: What the first acknowledgements of it meet, one each.
        posts: How many acknowledgements Walmart is to see, or None where the weather leaves that open.
        order_date: When the buyer ordered; now when None.
    """

    title: str
    event: dict[str, Any] | None
    ending: Ending
    purchase_order_id: str | None
    statuses: tuple[str, ...]
    mishaps: tuple[Mishap, ...] = ()
    posts: int | None = None
    order_date: datetime | None = None

    @property
    def is_old(self) -> bool:
        """Whether its event was published long ago."""
        if self.event is None:
            return False
        return datetime.now(UTC) - datetime.fromisoformat(self.event["time"]) > _OLD


def tell(orders: int, weather: Weather, now: datetime) -> list[Told]:
    """Return the events of `events/`, those of `orders` new orders, and some that nobody tells of."""
    cases = [
        Told(
            title=case.name,
            event=case.published_at(now),
            ending=case.queued,
            purchase_order_id=case.purchase_order_id,
            statuses=case.order_statuses,
            posts=case.acknowledgements if weather is Weather.CALM else None,
        )
        for case in load_event_cases()
    ]
    untold = [
        Told(
            title=f"untold order {number + 1}, half an hour old",
            event=None,
            ending=ACKNOWLEDGED,
            purchase_order_id=str(_FIRST_UNTOLD_ORDER + number),
            statuses=("Created",),
            posts=1 if weather is Weather.CALM else None,
            order_date=now - timedelta(minutes=30 + number),
        )
        for number in range(_UNTOLD_ORDERS)
    ]
    return [*cases, *_orders(orders, weather, now), *untold]


def _orders(orders: int, weather: Weather, now: datetime) -> Iterator[Told]:
    for number in range(orders):
        purchase_order_id = str(_FIRST_ORDER + number)
        statuses, mishaps = forecast(weather, number)
        ordered_at = now - timedelta(seconds=30 + number)
        yield Told(
            title=", ".join(
                [f"order {number + 1}", *(fault.value.replace("_", " ") for fault, _ in mishaps)]
            ),
            event={
                "source": "walmart.ca.orders",
                "detail-type": "Order Created",
                "time": now.isoformat(),
                "detail": {"purchaseOrderId": purchase_order_id, "orderDate": ordered_at.isoformat()},
            },
            ending=_ENDINGS[statuses],
            purchase_order_id=purchase_order_id,
            statuses=statuses,
            mishaps=mishaps,
            posts=1 if weather is Weather.CALM and not mishaps else None,
        )
