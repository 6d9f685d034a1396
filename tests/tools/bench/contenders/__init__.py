"""Ways to acknowledge orders. Each module has a `Contender`, made of a URL and the seller's secret.

They do the same: sign the call, post it, read the answer, and say which order it is about.
"""

from collections.abc import Sequence
from typing import Protocol


class Contender(Protocol):
    """One way to do it."""

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        """Acknowledge orders, all at once if it can, and return the ids read from the answers."""
