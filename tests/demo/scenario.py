"""What the demo tells the world: which orders exist, which events tell of them, what is to become of each."""

import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from tests.event_cases import Ending, EventCase, load_event_cases
from tests.local_marketplace import Fault

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

_FIRST_ORDER: Final = 7_410_000_000_001
_ACKNOWLEDGED: Final = Ending("acknowledged", "done")
_MISHAPS: Final[dict[int, tuple[Fault, dict[str, Any]]]] = {
    3: (Fault.SERVICE_UNAVAILABLE, {}),
    7: (Fault.RESET_AFTER_APPLYING, {}),
    11: (Fault.THROTTLED, {}),
    15: (Fault.DELAY, {"seconds": 1.0}),
}
"""Which orders of every twenty meet something on their first call: the attempts column shows it."""


@dataclass(frozen=True, slots=True)
class Told:
    """One event to publish.

    Attributes:
        title: What the table calls it.
        event: As EventBridge delivers it.
        ending: How it is to end.
        purchase_order_id: The order it names, or None.
        statuses: The order's lines beforehand; none, the marketplace does not know the order.
        mishap: What the first call about it meets.
        posts: How many calls Walmart is to see at most, or None where a mishap leaves that open.
    """

    title: str
    event: dict[str, Any]
    ending: Ending
    purchase_order_id: str | None
    statuses: tuple[str, ...]
    mishap: tuple[Fault, dict[str, Any]] | None = None
    posts: int | None = None

    @property
    def entry(self) -> "PutEventsRequestEntryTypeDef":
        """The event as `PutEvents` takes it."""
        return {
            "Source": self.event["source"],
            "DetailType": self.event["detail-type"],
            "Time": datetime.fromisoformat(self.event["time"]),
            "Detail": json.dumps(self.event["detail"]),
        }


def tell(orders: int, now: datetime) -> list[Told]:
    """Return the events of `events/` and those of `orders` new orders, as of `now`."""
    return [*(_of_case(case, now) for case in load_event_cases()), *_of_orders(orders, now)]


def _of_case(case: EventCase, now: datetime) -> Told:
    return Told(
        title=case.name,
        event=case.told_at(now),
        ending=case.queued,
        purchase_order_id=case.purchase_order_id,
        statuses=case.order_statuses,
        posts=case.acknowledgements_posted,
    )


def _of_orders(orders: int, now: datetime) -> Iterator[Told]:
    for number in range(orders):
        purchase_order_id = str(_FIRST_ORDER + number)
        mishap = _MISHAPS.get(number % 20)
        ordered_at = now - timedelta(seconds=30 + number)
        yield Told(
            title=f"order {number + 1}" + (f", {mishap[0].value.replace('_', ' ')}" if mishap else ""),
            event={
                "source": "walmart.ca.orders",
                "detail-type": "Order Created",
                "time": now.isoformat(),
                "detail": {"purchaseOrderId": purchase_order_id, "orderDate": ordered_at.isoformat()},
            },
            ending=_ACKNOWLEDGED,
            purchase_order_id=purchase_order_id,
            statuses=("Created",),
            mishap=mishap,
            posts=None if mishap else 1,
        )
