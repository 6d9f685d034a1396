"""A local marketplace: Walmart Canada's order API as a real HTTP server for tests, demos and debugging.

It verifies every signature with its own implementation of Walmart's rule, keeps orders and their line
statuses, responds in Walmart's XML and JSON, and injects faults on demand. Calls to Walmart's Canadian API
are signed; calls to its Global API, which has the same orders, have an access token::

    with Marketplace() as marketplace:
        seller = marketplace.register_seller()
        marketplace.add_order("7400000000001")
        marketplace.fail("7400000000001", Fault.RESET_AFTER_APPLYING)
        ...  # call marketplace.url with the seller's credentials
        assert marketplace.calls[0].applied

``python -m tests.local.marketplace`` runs it by itself.
"""

from .calls import Call
from .faults import Fault
from .marketplace import Marketplace
from .orders import Order
from .sellers import Seller
from .variants import Scheme

__all__ = [
    "Call",
    "Fault",
    "Marketplace",
    "Order",
    "Scheme",
    "Seller",
]
