"""The weather of a demo that comes over all orders, while they flow."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from tests.local.demo.forecast import Weather
from tests.local.demo.screen import Screen
from tests.local.demo.world import World
from tests.local.marketplace import Fault, Seller

_OUTAGE_SECONDS: Final = 8.0
_ORDERS_BEFORE: Final = 10
_BETWEEN_LOOKS_SECONDS: Final = 0.1
_ALARMED_BY: Final = "Misconfigured"
"""The metric that counts the orders which wait because of the set-up."""


@contextmanager
def spell(weather: Weather, world: World, screen: Screen) -> Iterator[None]:
    """Let the weather pass over a world while orders flow."""
    over = threading.Event()
    if weather is Weather.OUTAGE:
        thread = threading.Thread(target=_outage, args=(world, screen, over))
    elif weather is Weather.ROTATION:
        thread = threading.Thread(target=_rotation, args=(world, screen, over, _new_key(world, screen)))
    elif weather is Weather.MIGRATION:
        thread = threading.Thread(target=_migration, args=(world, screen, over))
    elif weather is Weather.WITHDRAWAL:
        thread = threading.Thread(target=_withdrawal, args=(world, screen, over))
    else:
        yield
        return
    thread.start()
    try:
        yield
    finally:
        over.set()
        thread.join()


def _outage(world: World, screen: Screen, over: threading.Event) -> None:
    screen.say(f"Walmart is down: 503 to every call, for {_OUTAGE_SECONDS:.0f} seconds")
    world.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)
    over.wait(_OUTAGE_SECONDS)
    world.marketplace.recover_all()
    screen.say("Walmart is up again")


def _new_key(world: World, screen: Screen) -> Seller:
    screen.say("The secret gets a new key, which Walmart does not know yet: the previous one serves")
    seller = world.new_key()
    world.store(seller.secret())
    return seller


def _rotation(world: World, screen: Screen, over: threading.Event, new: Seller) -> None:
    _let_some_come(world, over)
    world.marketplace.add_key(world.seller.consumer_id, new.private_key)
    world.marketplace.revoke_key(world.seller.consumer_id, world.seller.private_key)
    screen.say(
        "Walmart gets the new key, and the old one is no longer good: refused orders are held until"
        " the new one is tried again, within half a minute"
    )


def _migration(world: World, screen: Screen, over: threading.Event) -> None:
    _let_some_come(world, over)
    world.store(world.seller.token_secret())
    world.marketplace.revoke_key(world.seller.consumer_id, world.seller.private_key)
    screen.say(
        "The secret gets a client id and secret for tokens, and Walmart takes the old key no longer: refused"
        " orders are held until the secret is read again, within half a minute, and go through the other door"
    )


def _withdrawal(world: World, screen: Screen, over: threading.Event) -> None:
    _let_some_come(world, over)
    world.marketplace.close_door("signature")
    screen.say('Walmart withdraws /v3/ca: each call is answered with 404, "No static resource"')
    while not (counted := world.counted(_ALARMED_BY)):
        if over.wait(_BETWEEN_LOOKS_SECONDS):
            return
    screen.say(
        f"The orders are held. The alarm SetupWrong goes off: {_ALARMED_BY} was counted {counted} times"
    )
    check = world.self_check()
    screen.say(
        f"Self-check: {check['self_check']} ({check['failed']}: {check['reason']}). {check['what_to_do']}"
    )
    world.store(world.seller.token_secret())
    screen.say("The secret gets a client id and secret for tokens: the functions use it within half a minute")


def _let_some_come(world: World, over: threading.Event) -> None:
    """Wait by orders, not by time: some are to come before the old key ends, and most after it."""
    while not over.wait(_BETWEEN_LOOKS_SECONDS):
        if sum(call.applied for call in world.marketplace.calls) >= _ORDERS_BEFORE:
            return
