"""The sweep's note in the events that it publishes, and the mark that authenticates it.

Every producer on the bus can write `"origin": "sweep"`, and the note decides whether a message is deleted. So
the sweep signs it, with a key that is derived from the seller's secret.
"""

import hashlib
import hmac
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final, NamedTuple, Self

from walmart_ca import parse_instant

SWEEP: Final = "sweep"
"""The `origin` of the events that the sweep publishes."""


class SweepNote(NamedTuple):
    """What the sweep states about an order that it publishes.

    Attributes:
        purchase_order_id: The order, which awaits acknowledgement according to Walmart's list.
        ordered_at: Its date in the list, aware; None when it has no plausible date.
        next_sweep_at: When the next sweep will see it again, aware.
        may_park: Whether this event parks an order that needs a person. Any other event of the sweep leaves
            it to the next sweep.
    """

    purchase_order_id: str
    ordered_at: datetime | None
    next_sweep_at: datetime
    may_park: bool

    def as_detail(self, key: bytes | None) -> dict[str, object]:
        """Return the `detail` of the order event; with a key, it has a mark."""
        detail: dict[str, object] = {"purchaseOrderId": self.purchase_order_id}
        if self.ordered_at:
            detail["orderDate"] = self.ordered_at.isoformat()
        detail |= {
            "origin": SWEEP,
            "nextSweepAt": self.next_sweep_at.isoformat(),
            "mayPark": self.may_park,
        }
        return detail | {"mark": _mark(detail, key)} if key else detail

    @classmethod
    def read(cls, detail: Mapping[str, object], keys: Iterable[bytes]) -> Self | None:
        """Read the detail of an event; None unless the sweep signed all of it with one of the keys."""
        next_sweep_at, mark = parse_instant(detail.get("nextSweepAt")), detail.get("mark")
        if next_sweep_at is None or not isinstance(mark, str):
            return None
        note = cls(
            purchase_order_id=str(detail.get("purchaseOrderId")),
            ordered_at=parse_instant(detail.get("orderDate")),
            next_sweep_at=next_sweep_at,
            may_park=detail.get("mayPark") is True,
        )
        unsigned = note.as_detail(None)
        if {**detail, "mark": None} != {**unsigned, "mark": None}:
            return None
        given = mark.encode("utf-8", "replace")
        is_genuine = any(hmac.compare_digest(given, _mark(unsigned, key).encode()) for key in keys)
        return note if is_genuine else None


def _mark(detail: Mapping[str, object], key: bytes) -> str:
    return hmac.new(key, json.dumps(detail, sort_keys=True).encode(), hashlib.sha256).hexdigest()
