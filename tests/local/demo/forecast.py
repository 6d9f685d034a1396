"""The weather of a demo: what each order meets."""

import random
from enum import StrEnum
from typing import Any, Final

from tests.local.marketplace import Fault

type Mishap = tuple[Fault, dict[str, Any]]
"""What a call meets, with its details."""


class Weather(StrEnum):
    """What to choose from."""

    CALM = "calm"
    """A few orders meet something on their first call."""
    STORM = "storm"
    """Nearly every order meets something, many of them twice, and some cannot be acknowledged at all."""
    OUTAGE = "outage"
    """Walmart answers nothing but 503 for a while."""
    ROTATION = "rotation"
    """The seller changes the key: first in the secret, then at Walmart."""
    MIGRATION = "migration"
    """The seller moves from the digital signature to tokens, and the old key is refused from then on."""
    WITHDRAWAL = "withdrawal"
    """Walmart withdraws the API of the digital signature, and the seller moves to tokens after that."""


BEGIN_WITH_THE_SIGNATURE: Final = frozenset({Weather.ROTATION, Weather.MIGRATION, Weather.WITHDRAWAL})

_STORM: Final[list[Mishap]] = [
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
_CALM: Final[dict[int, Mishap]] = {
    3: (Fault.SERVICE_UNAVAILABLE, {}),
    7: (Fault.RESET_AFTER_APPLYING, {}),
    11: (Fault.THROTTLED, {"replenish_in": 2.0}),
    15: (Fault.DELAY, {"seconds": 1.0}),
}
"""Which orders of every twenty meet something on their first call: the attempts column shows it."""


def forecast(weather: Weather, number: int) -> tuple[tuple[str, ...], tuple[Mishap, ...]]:
    """Tell what is to come of the order of a number: always the same, so that a demo can be told of.

    Returns:
        The statuses of its lines beforehand, and what its first calls meet, one each.
    """
    if weather is Weather.CALM and number % 20 in _CALM:
        return ("Created",), (_CALM[number % 20],)
    if weather is Weather.STORM:
        if number % 12 == 5:
            return ("Created", "Cancelled"), ()
        if number % 12 == 9:
            return ("Shipped",), ()
        chance = random.Random(number)
        return ("Created",), tuple(chance.choices(_STORM, k=chance.choice((0, 1, 1, 2))))
    return ("Created",), ()
