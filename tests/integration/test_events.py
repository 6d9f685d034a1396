"""Every file of `events/` ends as it declares, by hand and over the queue."""

import json

import pytest

from tests.integration.harness import Context, World, counts_of, through_both_doors
from tests.support.event_cases import EventCase, load_event_cases
from tests.support.printed import records_of

CASES = load_event_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def given(world: World, case: EventCase) -> None:
    if case.order_statuses:
        assert case.purchase_order_id
        world.marketplace.add_order(case.purchase_order_id, statuses=case.order_statuses)


def test_the_event_files_have_ids_of_their_own() -> None:
    assert len({case.event["id"] for case in CASES}) == len(CASES) > 0


@each_case
@through_both_doors
def test_an_event_file_invoked_by_hand_ends_as_it_declares(world: World, case: EventCase) -> None:
    given(world, case)

    answer = world.function()(case.event, Context())

    assert (answer["outcome"], answer["disposition"]) == (case.invoked.outcome, case.invoked.disposition)
    assert world.actions().count("acknowledge") == case.acknowledgements_posted
    warned = [line["field"] for line in world.output() if "field" in line]
    assert warned == ["detail.orderDate"] * ("unreadable" in case.name)


@each_case
def test_an_event_file_from_the_queue_ends_as_it_declares_which_its_name_tells(
    world: World, case: EventCase
) -> None:
    given(world, case)
    body = json.dumps(case.event)
    world.send(body)

    world.deliver(world.function())

    output = world.output()
    (record,) = records_of(output)
    assert (record["outcome"], record["disposition"]) == (case.queued.outcome, case.queued.disposition)
    assert case.name.startswith(case.queued.outcome.replace("_", "-"))
    assert sum(counts_of(output).values()) == 1
    assert world.actions().count("acknowledge") == case.acknowledgements_posted
    assert [parked["Body"] for parked in world.parked()] == (
        [body] if case.queued.disposition == "parked" else []
    )
