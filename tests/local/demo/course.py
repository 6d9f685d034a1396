"""The course of a scenario: what happens to Walmart and to the secret while the orders are processed."""

import time
from collections.abc import Iterator
from typing import Final

from tests.local.demo.board import Board
from tests.local.demo.environment import Environment
from tests.local.demo.orders import DemoOrder
from tests.local.demo.scenarios import SIGNATURE_FIRST, Scenario
from tests.local.demo.screen import Screen
from tests.local.marketplace import Fault

_OUTAGE_SECONDS: Final = 8.0
_MISCONFIGURED: Final = "Misconfigured"
"""The metric of the alarm of the same name."""


def play(
    scenario: Scenario, environment: Environment, screen: Screen, board: Board, orders: list[DemoOrder]
) -> Iterator[None]:
    """Publish the orders and play the scenario, one step at a time.

    The caller updates the board from the log between two steps.
    """
    if scenario in SIGNATURE_FIRST:
        seller = environment.seller
        if scenario is Scenario.ROTATION:
            screen.print("The secret gets a new key that Walmart does not know yet: the old key stays in use")
            seller = environment.new_key()
            environment.store(seller.secret())
        # Half of the orders end before the change, and the other half meets it.
        before, orders = orders[: len(orders) // 2], orders[len(orders) // 2 :]
        _publish(before, environment, screen, board)
        while not board.done:
            yield
        if scenario is Scenario.WITHDRAWAL:
            environment.marketplace.withdraw_api("signature")
            screen.print(
                'Walmart withdraws /v3/ca: it answers 404, "No static resource", to every signed call'
            )
        else:
            _change_credentials(scenario, environment, screen, seller.private_key)
    elif scenario is Scenario.OUTAGE:
        screen.print(f"Walmart is down: it answers 503 to every call for {_OUTAGE_SECONDS:.0f} seconds")
        environment.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)
    _publish(orders, environment, screen, board)
    if scenario is Scenario.WITHDRAWAL:
        yield from _react_to_the_withdrawal(environment, screen)
    elif scenario is Scenario.OUTAGE:
        up_at = time.monotonic() + _OUTAGE_SECONDS
        while time.monotonic() < up_at:
            yield
        environment.marketplace.recover_all()
        screen.print("Walmart is up again")


def _publish(orders: list[DemoOrder], environment: Environment, screen: Screen, board: Board) -> None:
    environment.publish(orders, board)
    without = sum(each.event is None for each in orders)
    screen.print(
        f"Published {len(orders) - without} order events"
        + (f"; {without} more orders have no event" if without else "")
    )


def _change_credentials(scenario: Scenario, environment: Environment, screen: Screen, new_key: str) -> None:
    if scenario is Scenario.ROTATION:
        environment.marketplace.add_key(environment.seller.consumer_id, new_key)
        screen.print(
            "Walmart accepts the new key and refuses the old one: refused orders are retried until the"
            " functions try the new key, within half a minute"
        )
    else:
        environment.store(environment.seller.token_secret())
        screen.print(
            "The secret gets a client id and a client secret, and Walmart refuses the old key: refused orders"
            " are retried until the functions read the secret again, within half a minute, and use a token"
        )
    environment.marketplace.revoke_key(environment.seller.consumer_id, environment.seller.private_key)


def _react_to_the_withdrawal(environment: Environment, screen: Screen) -> Iterator[None]:
    while not (count := environment.metric(_MISCONFIGURED)):
        yield
    screen.print(f"The orders are held. The alarm Misconfigured goes off: its metric counts {count}")
    check = environment.self_check()
    screen.print(
        f"Self-check: {check['self_check']} ({check['failed']}: {check['reason']}). {check['what_to_do']}"
    )
    environment.store(environment.seller.token_secret())
    screen.print(
        "The secret gets a client id and a client secret: the functions use them within half a minute"
    )
