"""What the sweep says in the events that it publishes, and the mark by which they are known.

Anybody who may publish on the bus can write `"origin": "sweep"`, and what such an event says decides whether
a message is deleted. So the sweep signs it: with a key that only who can read the seller's secret can derive.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Final, Self

from walmart_ca import parse_instant

SWEEP: Final = "sweep"
"""The `origin` of the events that the sweep publishes."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SweepNote:
    """What the sweep says of an order that it publishes.

    Attributes:
        purchase_order_id: The order, which the list shows as waiting for an acknowledgement.
        ordered_at: Its date in the list, aware; None where there is none that can be true.
        next_sweep_at: When the next sweep will see it again, aware.
        park_if_stuck: An order that needs a person is parked by this event; by any other event of the sweep,
            it is left to the next sweep.
    """

    purchase_order_id: str
    ordered_at: datetime | None
    next_sweep_at: datetime
    park_if_stuck: bool

    def as_detail(self, key: bytes | None) -> dict[str, object]:
        """Return the `detail` of the order event, with a mark where there is a key to make it with."""
        detail: dict[str, object] = {"purchaseOrderId": self.purchase_order_id}
        if self.ordered_at:
            detail["orderDate"] = self.ordered_at.isoformat()
        detail |= {
            "origin": SWEEP,
            "nextSweepAt": self.next_sweep_at.isoformat(),
            "parkIfStuck": self.park_if_stuck,
        }
        return detail | {"mark": _mark(detail, key)} if key else detail

    @classmethod
    def read(cls, detail: Mapping[str, object], keys: Iterable[bytes]) -> Self | None:
        """Read the detail of an event; None unless the sweep wrote all of it, with one of the keys."""
        next_sweep_at, mark = parse_instant(detail.get("nextSweepAt")), detail.get("mark")
        if next_sweep_at is None or not isinstance(mark, str):
            return None
        note = cls(
            purchase_order_id=str(detail.get("purchaseOrderId")),
            ordered_at=parse_instant(detail.get("orderDate")),
            next_sweep_at=next_sweep_at,
            park_if_stuck=detail.get("parkIfStuck") is True,
        )
        said = note.as_detail(None)
        if {**detail, "mark": None} != {**said, "mark": None}:
            return None
        given = mark.encode("utf-8", "replace")
        is_genuine = any(hmac.compare_digest(given, _mark(said, key).encode()) for key in keys)
        return note if is_genuine else None


def _mark(detail: Mapping[str, object], key: bytes) -> str:
    return hmac.new(key, json.dumps(detail, sort_keys=True).encode(), hashlib.sha256).hexdigest()
