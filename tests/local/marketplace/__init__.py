"""A local marketplace: Walmart Canada's order API as a real HTTP(S) server for tests, demos and debugging.

It verifies every signature with its own implementation of Walmart's rule, keeps orders and their line
statuses, answers in Walmart's XML and JSON, and misbehaves on demand. Walmart's Global API, whose calls
bring a token, is a second door to the same orders::

    with Marketplace() as marketplace:
        seller = marketplace.register_seller()
        marketplace.add_order("7400000000001")
        marketplace.fail("7400000000001", Fault.RESET_AFTER_APPLYING)
        ...  # call marketplace.url with the seller's credentials
        assert marketplace.calls[0].applied

``python -m tests.local.marketplace`` runs it by itself.
"""

from .calls import Call, Door
from .faults import Fault
from .marketplace import Marketplace
from .orders import Order
from .sellers import Seller
from .tls import Certificate, issue_certificate

__all__ = [
    "Call",
    "Certificate",
    "Door",
    "Fault",
    "Marketplace",
    "Order",
    "Seller",
    "issue_certificate",
]
