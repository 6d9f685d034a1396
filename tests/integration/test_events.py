"""Every file of `events/` ends as it declares, by hand and over the queue."""

import json

import pytest

from tests.integration.harness import Context, World, counts_of, through_both_doors
from tests.support.event_cases import EventCase, load_event_cases
from tests.support.printed import records_of

CASES = load_event_cases()


def given(world: World, case: EventCase) -> None:
    if case.order_statuses:
        assert case.purchase_order_id
        world.marketplace.add_order(case.purchase_order_id, statuses=case.order_statuses)


def test_there_are_event_files() -> None:
    assert len(CASES) >= 5
    ids = [case.event["id"] for case in CASES]
    assert len(set(ids)) == len(ids)


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@through_both_doors
def test_an_event_file_invoked_by_hand_ends_as_it_declares(world: World, case: EventCase) -> None:
    given(world, case)

    answer = world.function()(case.event, Context())

    assert (answer["outcome"], answer["disposition"]) == (case.invoked.outcome, case.invoked.disposition)
    assert world.posts() == case.acknowledgements_posted


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
@through_both_doors
def test_an_event_file_from_the_queue_ends_as_it_declares(world: World, case: EventCase) -> None:
    given(world, case)
    body = json.dumps(case.event)
    world.send(body)

    world.deliver(world.function())

    output = world.output()
    (record,) = records_of(output)
    assert (record["outcome"], record["disposition"]) == (case.queued.outcome, case.queued.disposition)
    assert sum(counts_of(output).values()) == 1
    assert world.posts() == case.acknowledgements_posted
    assert [parked["Body"] for parked in world.parked()] == (
        [body] if case.queued.disposition == "parked" else []
    )


@pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])
def test_an_event_file_is_named_for_what_it_leads_to(case: EventCase) -> None:
    assert case.name.startswith(case.queued.outcome.replace("_", "-"))


@through_both_doors
def test_the_unreadable_order_date_is_warned_about(world: World) -> None:
    (case,) = [case for case in CASES if "unreadable" in case.name]
    given(world, case)

    world.function()(case.event, Context())

    (warning,) = [line for line in world.output() if line.get("level") == "WARNING"]
    assert warning["field"] == "detail.orderDate"
