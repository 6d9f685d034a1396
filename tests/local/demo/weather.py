"""How the weather of a demo passes over the orders while they flow."""

import time
from collections.abc import Iterator
from typing import Final

from tests.local.demo.forecast import BEGIN_WITH_THE_SIGNATURE, Weather
from tests.local.demo.scenario import Told
from tests.local.demo.screen import Screen
from tests.local.demo.watch import Board
from tests.local.demo.world import World
from tests.local.marketplace import Fault

_OUTAGE_SECONDS: Final = 8.0
_ALARMED_BY: Final = "Misconfigured"
"""The metric that counts the orders which wait because of the set-up."""


def course(weather: Weather, world: World, screen: Screen, board: Board, told: list[Told]) -> Iterator[bool]:
    """Publish what is told, and let the weather pass over it.

    Whoever takes a step looks at the log between two of them, and notes on the board what it says.
    """
    if weather in BEGIN_WITH_THE_SIGNATURE:
        seller = world.seller
        if weather is Weather.ROTATION:
            screen.say("The secret gets a new key, which Walmart does not know yet: the previous one serves")
            seller = world.new_key()
            world.store(seller.secret())
        # By orders, not by time: one half ends before the change, and the other one meets it.
        before, told = told[: len(told) // 2], told[len(told) // 2 :]
        _publish(before, world, screen, board)
        while not board.done:
            yield True
        if weather is Weather.WITHDRAWAL:
            world.marketplace.withdraw_api("signature")
            screen.say('Walmart withdraws /v3/ca: each call is answered with 404, "No static resource"')
        else:
            _take_the_new_one(weather, world, screen, seller.private_key)
    elif weather is Weather.OUTAGE:
        screen.say(f"Walmart is down: 503 to every call, for {_OUTAGE_SECONDS:.0f} seconds")
        world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)
    _publish(told, world, screen, board)
    if weather is Weather.WITHDRAWAL:
        yield from _withdrawal(world, screen)
    elif weather is Weather.OUTAGE:
        up_at = time.monotonic() + _OUTAGE_SECONDS
        while time.monotonic() < up_at:
            yield True
        world.marketplace.recover_all()
        screen.say("Walmart is up again")


def _publish(told: list[Told], world: World, screen: Screen, board: Board) -> None:
    world.publish(told, board)
    untold = sum(each.event is None for each in told)
    screen.say(
        f"Published {len(told) - untold} order events"
        + (f"; {untold} more orders nobody tells of" if untold else "")
    )


def _take_the_new_one(weather: Weather, world: World, screen: Screen, new_key: str) -> None:
    if weather is Weather.ROTATION:
        world.marketplace.add_key(world.seller.consumer_id, new_key)
        screen.say(
            "Walmart gets the new key, and the old one is no longer good: refused orders are held until"
            " the new one is tried again, within half a minute"
        )
    else:
        world.store(world.seller.token_secret())
        screen.say(
            "The secret gets a client id and secret for tokens, and Walmart takes the old key no longer:"
            " refused orders are held until the secret is read again, within half a minute, and go through"
            " the other door"
        )
    world.marketplace.revoke_key(world.seller.consumer_id, world.seller.private_key)


def _withdrawal(world: World, screen: Screen) -> Iterator[bool]:
    while not (counted := world.counted(_ALARMED_BY)):
        yield True
    screen.say(
        f"The orders are held. The alarm Misconfigured goes off: {_ALARMED_BY} was counted {counted} times"
    )
    check = world.self_check()
    screen.say(
        f"Self-check: {check['self_check']} ({check['failed']}: {check['reason']}). {check['what_to_do']}"
    )
    world.store(world.seller.token_secret())
    screen.say("The secret gets a client id and secret for tokens: the functions use it within half a minute")
