"""What the demo tells the world: which orders exist, which events tell of them, what is to become of each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.local.demo.forecast import Mishap, Weather, forecast
from tests.support.event_cases import Ending, EventCase, load_event_cases

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_FIRST_ORDER: Final = 7_410_000_000_001
_FIRST_UNTOLD_ORDER: Final = 7_420_000_000_001
_UNTOLD_ORDERS: Final = 3
_ENDINGS: Final = {
    ("Created",): Ending("acknowledged", "done"),
    ("Shipped",): Ending("already_shipped", "done"),
    ("Created", "Cancelled"): Ending("rejected", "parked"),
}
_IN_DOUBT: Final = Ending("already_acknowledged", "done")


@dataclass(frozen=True, slots=True)
class Told:
    """One event to publish, or one order that nobody tells of.

    Attributes:
        title: What the table calls it.
        event: As EventBridge delivers it; None, nobody tells of the order.
        endings: How it may end: once a call went wrong, the order may turn out to be acknowledged already.
        purchase_order_id: The order it names, or None.
        statuses: The order's lines beforehand; none, the marketplace does not know the order.
        mishaps: What the first acknowledgements of it meet, one each.
        posts: How many acknowledgements Walmart is to see, or None where the weather leaves that open.
        order_date: When the buyer ordered; now when None.
    """

    title: str
    event: dict[str, Any] | None
    endings: tuple[Ending, ...]
    purchase_order_id: str | None
    statuses: tuple[str, ...]
    mishaps: tuple[Mishap, ...] = ()
    posts: int | None = None
    order_date: datetime | None = None


def is_old(event: dict[str, Any]) -> bool:
    """Tell whether an event was published long ago."""
    age = datetime.now(UTC) - datetime.fromisoformat(event["time"])
    return age > timedelta(minutes=15)


def entry(event: dict[str, Any]) -> "PutEventsRequestEntryTypeDef":
    """Return an event as `PutEvents` takes it."""
    return {
        "Source": event["source"],
        "DetailType": event["detail-type"],
        "Detail": json.dumps(event["detail"]),
    }


def tell(orders: int, weather: Weather, now: datetime) -> list[Told]:
    """Return the events of `events/`, those of `orders` new orders, and some that nobody tells of."""
    return [
        *(_of_case(case, weather, now) for case in load_event_cases()),
        *_of_orders(orders, weather, now),
        *_untold(weather, now),
    ]


def _of_case(case: EventCase, weather: Weather, now: datetime) -> Told:
    return Told(
        title=case.name,
        event=case.told_at(now),
        endings=(case.queued,),
        purchase_order_id=case.purchase_order_id,
        statuses=case.order_statuses,
        posts=case.acknowledgements_posted if weather is Weather.CALM else None,
    )


def _of_orders(orders: int, weather: Weather, now: datetime) -> Iterator[Told]:
    for number in range(orders):
        purchase_order_id = str(_FIRST_ORDER + number)
        ahead = forecast(weather, number)
        ordered_at = now - timedelta(seconds=30 + number)
        titles = [fault.value.replace("_", " ") for fault, _ in ahead.mishaps]
        yield Told(
            title=", ".join([f"order {number + 1}", *titles]),
            event={
                "source": "walmart.ca.orders",
                "detail-type": "Order Created",
                "time": now.isoformat(),
                "detail": {"purchaseOrderId": purchase_order_id, "orderDate": ordered_at.isoformat()},
            },
            endings=(_ENDINGS[ahead.statuses], *([_IN_DOUBT] if ahead.mishaps else [])),
            purchase_order_id=purchase_order_id,
            statuses=ahead.statuses,
            mishaps=ahead.mishaps,
            posts=1 if weather is Weather.CALM and not ahead.mishaps else None,
        )


def _untold(weather: Weather, now: datetime) -> Iterator[Told]:
    for number in range(_UNTOLD_ORDERS):
        yield Told(
            title=f"untold order {number + 1}, half an hour old",
            event=None,
            # A second sweep may find it before the first one's event was worked off.
            endings=(_ENDINGS["Created",], _IN_DOUBT),
            purchase_order_id=str(_FIRST_UNTOLD_ORDER + number),
            statuses=("Created",),
            posts=1 if weather is Weather.CALM else None,
            order_date=now - timedelta(minutes=30 + number),
        )
