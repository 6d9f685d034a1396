"""The sweep's mark: by it AcknowledgeFunction knows an event of the sweep from any other.

Anybody who may publish on the bus can write `"origin": "sweep"`. The mark is bound to the order, its date and
the time of the next sweep, and only who can read the seller's secret can make one.
"""

import hashlib
import hmac
from collections.abc import Iterable
from datetime import datetime


def mark_key_of(secret: str) -> bytes:
    """Derive the key of the marks from the secret's text. The secret cannot be found by it, nor by a mark."""
    return hmac.digest(secret.encode("utf-8", "surrogatepass"), b"key of the sweep's marks", hashlib.sha256)


def make_mark(
    key: bytes, purchase_order_id: str, ordered_at: datetime | None, next_sweep_at: datetime
) -> str:
    """Make the mark of an event of the sweep, in hexadecimal digits.

    Args:
        key: From `mark_key_of`.
        purchase_order_id: The order.
        ordered_at: Its date in Walmart's list, aware; None where Walmart left it out.
        next_sweep_at: When the next sweep begins, aware.
    """
    said = "\n".join(
        (purchase_order_id, ordered_at.isoformat() if ordered_at else "", next_sweep_at.isoformat())
    )
    return hmac.new(key, said.encode(), hashlib.sha256).hexdigest()


def is_marked(
    mark: str,
    keys: Iterable[bytes],
    purchase_order_id: str,
    ordered_at: datetime | None,
    next_sweep_at: datetime,
) -> bool:
    """Tell whether a mark was made with one of the keys, for just this order, date and next sweep."""
    made = (make_mark(key, purchase_order_id, ordered_at, next_sweep_at) for key in keys)
    return any(hmac.compare_digest(mark.encode("utf-8", "replace"), each.encode()) for each in made)
