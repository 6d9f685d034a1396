"""Ways to acknowledge orders. Each module has a `Contender`, which takes a URL and the seller's secret.

Each signs the call, sends it, reads the response and returns the order id in it.
"""

from collections.abc import Sequence
from typing import Protocol


class Contender(Protocol):
    """One way to acknowledge orders."""

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        """Acknowledge orders, concurrently if possible, and return the ids in the responses."""
