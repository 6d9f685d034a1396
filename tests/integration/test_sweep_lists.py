"""SweepFunction and lists of many pages that change while they are read, or do not show what they count."""

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.integration.harness import Context, World, through_both_doors
from tests.local.marketplace import Call, Fault, Marketplace
from tests.local.marketplace.listing import Cursors
from tests.support.printed import measurements_of

FIRST = 7400000000001
HIDDEN = str(FIRST + 333)
type Happen = Callable[[Marketplace, int], None]
"""What happens at Walmart after so many pages."""

with_both_cursors = pytest.mark.parametrize("cursors", ["keeping", "counting"])


@pytest.fixture
def happen() -> Happen:
    """Nothing happens; a parameter overrides it."""
    return lambda *_: None


@pytest.fixture
def marketplace(happen: Happen) -> Iterator[Marketplace]:
    pages = 0

    # A caller that keeps its connection is served by one thread: this comes before its next call.
    def on_call(call: Call) -> None:
        nonlocal pages
        if call.action == "released":
            pages += 1
            happen(opened, pages)

    with Marketplace(on_call=on_call) as opened:
        yield opened


def place(world: World, count: int) -> set[str]:
    """Place orders some seconds apart; the last one is the newest, and comes first in Walmart's list."""
    begin = datetime.now(UTC) - timedelta(hours=3)
    ids = [str(FIRST + number) for number in range(count)]
    for number, purchase_order_id in enumerate(ids):
        world.marketplace.add_order(purchase_order_id, order_date=begin + number * timedelta(seconds=15))
    return set(ids)


def sweep(world: World) -> tuple[dict[str, Any], set[str]]:
    """Sweep once; return the record, and the ids of the orders that were published."""
    record = world.sweep_function()({"source": "aws.scheduler"}, Context(240_000))
    return record, {
        json.loads(message["Body"])["detail"]["purchaseOrderId"] for message in world.receive_all()
    }


def acknowledge_some(marketplace: Marketplace, pages: int) -> None:
    """Acknowledge the twenty newest orders that are left of 450, and the oldest one."""
    for number in (*range(450 - 20 * pages, 470 - 20 * pages), pages - 1):
        marketplace.set_status(str(FIRST + number), "Acknowledged")


@with_both_cursors
@pytest.mark.parametrize("happen", [acknowledge_some])
@through_both_doors
def test_orders_that_are_acknowledged_between_pages_hide_none_of_the_others(
    world: World, cursors: Cursors
) -> None:
    world.marketplace.cursors_as(cursors)
    ids = place(world, 450)

    record, published = sweep(world)

    left = {each for each in ids if "Created" in world.statuses(each)}
    assert len(left) < 450
    assert left <= published
    assert (record["outcome"], record["orders_missing"]) == ("completed", 0)


@through_both_doors
def test_a_sweep_that_was_not_shown_every_order_that_is_counted_is_not_completed(world: World) -> None:
    ids = place(world, 500)
    world.marketplace.fail_all(Fault.MISSING_CURSOR, times=None, action="released")

    record, published = sweep(world)

    assert (record["outcome"], record["reason"]) == ("unavailable", "orders_missing")
    assert record["orders_missing"] == len(ids - published) == 500 - record["orders_seen"] > 0
    output = world.output()
    assert "SweepCompleted" not in measurements_of(output)
    warned = [each["orders_missing"] for each in output if "orders_missing" in each and "outcome" not in each]
    assert warned == [record["orders_missing"]]


@through_both_doors
def test_orders_behind_a_page_without_its_cursor_are_found_by_their_dates(world: World) -> None:
    ids = place(world, 250)
    world.marketplace.fail_all(Fault.MISSING_CURSOR, action="released")

    record, published = sweep(world)

    assert (record["outcome"], published) == ("completed", ids)


@with_both_cursors
@pytest.mark.parametrize("length", [1, 2, 3])
def test_cursors_that_lead_in_a_circle_end_a_sweep_at_once(
    world: World, length: int, cursors: Cursors
) -> None:
    world.marketplace.cursors_as(cursors)
    place(world, 250)
    world.marketplace.fail_all(Fault.ENDLESS_CURSOR, times=None, action="released", length=length)

    record, published = sweep(world)

    assert (record["outcome"], record["reason"]) == ("unavailable", "repeated_cursor")
    assert (record["pages"], len(published)) == (length + 1, 200)


@with_both_cursors
@through_both_doors
def test_an_entry_that_cannot_be_read_costs_itself_only(world: World, cursors: Cursors) -> None:
    world.marketplace.cursors_as(cursors)
    ids = place(world, 450)
    world.marketplace.make_unreadable(HIDDEN)

    record, published = sweep(world)

    assert published == ids - {HIDDEN}
    assert (record["reason"], record["orders_unread"], record["orders_missing"]) == (
        "entries_unreadable",
        1,
        0,
    )
