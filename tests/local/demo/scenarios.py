"""The scenarios of the demo, and the faults that each order meets."""

import random
from enum import StrEnum
from typing import Any, Final

from tests.local.marketplace import Fault

type PlannedFault = tuple[Fault, dict[str, Any]]
"""A fault of one call, with its details."""


class Scenario(StrEnum):
    CALM = "calm"
    """A few orders meet a fault on their first call."""
    STORM = "storm"
    """Nearly every order meets one or two faults, and some cannot be acknowledged at all."""
    OUTAGE = "outage"
    """Walmart answers 503 to every call for a while."""
    ROTATION = "rotation"
    """The seller changes the key: first in the secret, then at Walmart."""
    MIGRATION = "migration"
    """The seller moves from the digital signature to tokens, and Walmart refuses the old key."""
    WITHDRAWAL = "withdrawal"
    """Walmart withdraws the API of the digital signature, and then the seller moves to tokens."""


SIGNATURE_FIRST: Final = frozenset({Scenario.ROTATION, Scenario.MIGRATION, Scenario.WITHDRAWAL})
"""The scenarios that begin with the digital signature."""

_STORM: Final[list[PlannedFault]] = [
    (Fault.DELAY, {"seconds": 1.0}),
    (Fault.GATEWAY_TIMEOUT, {"applied": True}),
    (Fault.THROTTLED, {"replenish_in": 2.0}),
    (Fault.THROTTLED, {"replenish_in": 2.0, "header": "x-next-replenish-time", "form": "iso"}),
    (Fault.THROTTLED, {"header": None}),
    (Fault.HUGE, {"size": 3_000_000}),
    *(
        (fault, {})
        for fault in (
            Fault.RESET_BEFORE_APPLYING,
            Fault.RESET_AFTER_APPLYING,
            Fault.INTERNAL_ERROR,
            Fault.SERVICE_UNAVAILABLE,
            Fault.UNKNOWN_ERROR,
            Fault.OUTAGE_AS_BAD_REQUEST,
            Fault.LOCKED,
            Fault.EMPTY_SUCCESS,
            Fault.FOREIGN_SUCCESS,
            Fault.MAINTENANCE_PAGE,
            Fault.BROKEN_JSON,
            Fault.BROKEN_XML,
            Fault.ECHO_CREATED,
            Fault.REDIRECT,
            Fault.HEADER_BLAMED,
            Fault.NOT_FOUND,
            Fault.CONFLICT,
            Fault.CLOSE_WHEN_IDLE,
        )
    ),
]
_CALM: Final[dict[int, PlannedFault]] = {
    3: (Fault.SERVICE_UNAVAILABLE, {}),
    7: (Fault.RESET_AFTER_APPLYING, {}),
    11: (Fault.THROTTLED, {"replenish_in": 2.0}),
    15: (Fault.DELAY, {"seconds": 1.0}),
}
"""The faults among every twenty orders, by the order's number."""


def planned(scenario: Scenario, number: int) -> tuple[tuple[str, ...], tuple[PlannedFault, ...]]:
    """Return the statuses of an order's lines, and the faults of its first calls; always the same."""
    if scenario is Scenario.CALM and number % 20 in _CALM:
        return ("Created",), (_CALM[number % 20],)
    if scenario is Scenario.STORM:
        if number % 12 == 5:
            return ("Created", "Cancelled"), ()
        if number % 12 == 9:
            return ("Shipped",), ()
        chance = random.Random(number)
        return ("Created",), tuple(chance.choices(_STORM, k=chance.choice((0, 1, 1, 2))))
    return ("Created",), ()
