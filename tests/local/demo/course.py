"""The course of a scenario: what happens to Walmart and to the secret while the orders are processed."""

import json
import time
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, Final

from tests.local.demo.board import Board
from tests.local.demo.orders import DemoOrder
from tests.local.demo.scenarios import SIGNATURE_FIRST, Scenario
from tests.local.demo.screen import Screen
from tests.local.deployment import Deployment
from tests.local.marketplace import Fault, Marketplace

_OUTAGE_SECONDS: Final = 8.0
_MISCONFIGURED: Final = "Misconfigured"
"""The metric of the alarm of the same name."""


def play(
    scenario: Scenario, deployment: Deployment, screen: Screen, board: Board, orders: list[DemoOrder]
) -> Iterator[None]:
    """Publish the orders and play the scenario, one step at a time.

    The caller updates the board from the log between two steps.
    """
    if scenario in SIGNATURE_FIRST:
        seller = deployment.seller
        if scenario is Scenario.ROTATION:
            screen.print("The secret gets a new key that Walmart does not know yet: the old key stays in use")
            seller = replace(seller, private_key=Marketplace().register_seller().private_key)
            deployment.store(seller.secret())
        # Half of the orders end before the change, and the other half meets it.
        before, orders = orders[: len(orders) // 2], orders[len(orders) // 2 :]
        _publish(before, deployment, screen, board)
        while not board.done:
            yield
        if scenario is Scenario.WITHDRAWAL:
            deployment.marketplace.withdraw_api("signature")
            screen.print(
                'Walmart withdraws /v3/ca: it answers 404, "No static resource", to every signed call'
            )
        else:
            _change_credentials(scenario, deployment, screen, seller.private_key)
    elif scenario is Scenario.OUTAGE:
        screen.print(f"Walmart is down: it answers 503 to every call for {_OUTAGE_SECONDS:.0f} seconds")
        deployment.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)
    _publish(orders, deployment, screen, board)
    if scenario is Scenario.WITHDRAWAL:
        yield from _react_to_the_withdrawal(deployment, screen)
    elif scenario is Scenario.OUTAGE:
        up_at = time.monotonic() + _OUTAGE_SECONDS
        while time.monotonic() < up_at:
            yield
        deployment.marketplace.recover_all()
        screen.print("Walmart is up again")


def _publish(orders: list[DemoOrder], deployment: Deployment, screen: Screen, board: Board) -> None:
    """Create the orders at the marketplace, publish their events, and put them on the board.

    An old event goes directly into the order queue, as in a redrive, because the local AWS gives every
    published event the current time.
    """
    marketplace = deployment.marketplace
    new: list[tuple[DemoOrder, dict[str, Any]]] = []
    for each in orders:
        if each.purchase_order_id and each.statuses:
            marketplace.add_order(each.purchase_order_id, each.statuses, each.order_date)
            for fault, details in each.faults:
                marketplace.fail(each.purchase_order_id, fault, action="acknowledge", **details)
        if each.event is None:
            board.add(each, each.purchase_order_id or "")
        elif each.is_old:
            deployment.order_queue.send(json.dumps(each.event))
            board.add(each, each.event["id"])
        else:
            new.append((each, each.event))
    ids = deployment.publish(*(event for _, event in new))
    for (each, _), event_id in zip(new, ids, strict=True):
        board.add(each, event_id)
    without = sum(each.event is None for each in orders)
    screen.print(
        f"Published {len(orders) - without} order events"
        + (f"; {without} more orders have no event" if without else "")
    )


def _change_credentials(scenario: Scenario, deployment: Deployment, screen: Screen, new_key: str) -> None:
    if scenario is Scenario.ROTATION:
        deployment.marketplace.add_key(deployment.seller.consumer_id, new_key)
        screen.print(
            "Walmart accepts the new key and refuses the old one: refused orders are retried until the"
            " functions try the new key, within half a minute"
        )
    else:
        deployment.store(deployment.seller.token_secret())
        screen.print(
            "The secret gets a client id and a client secret, and Walmart refuses the old key: refused orders"
            " are retried until the functions read the secret again, within half a minute, and use a token"
        )
    deployment.marketplace.revoke_key(deployment.seller.consumer_id, deployment.seller.private_key)


def _react_to_the_withdrawal(deployment: Deployment, screen: Screen) -> Iterator[None]:
    while not (count := deployment.metric(_MISCONFIGURED)):
        yield
    screen.print(f"The orders are held. The alarm Misconfigured goes off: its metric counts {count}")
    check = deployment.self_check()
    screen.print(
        f"Self-check: {check['self_check']} ({check['failed']}: {check['reason']}). {check['what_to_do']}"
    )
    deployment.store(deployment.seller.token_secret())
    screen.print(
        "The secret gets a client id and a client secret: the functions use them within half a minute"
    )
