"""Every file of `events/` ends as it declares, invoked directly and from the queue."""

import json

import pytest

from tests.integration.harness import Harness, both_schemes, counts_of
from tests.support.context import Context
from tests.support.event_cases import EventCase, load_event_cases
from tests.support.printed import records_of

CASES = load_event_cases()
each_case = pytest.mark.parametrize("case", CASES, ids=[case.name for case in CASES])


def given(harness: Harness, case: EventCase) -> None:
    if case.order_statuses:
        assert case.purchase_order_id
        harness.marketplace.add_order(case.purchase_order_id, statuses=case.order_statuses)


def test_the_event_files_have_ids_of_their_own() -> None:
    assert len({case.event["id"] for case in CASES}) == len(CASES) > 0


@each_case
@both_schemes
def test_an_event_file_invoked_by_hand_ends_as_it_declares(harness: Harness, case: EventCase) -> None:
    given(harness, case)

    answer = harness.function()(case.event, Context())

    assert (answer["outcome"], answer["disposition"]) == (case.invoked.outcome, case.invoked.disposition)
    assert harness.actions().count("acknowledge") == case.acknowledgements
    warned = [line["field"] for line in harness.output() if "field" in line]
    assert warned == ["detail.orderDate"] * ("unreadable" in case.name)


@each_case
def test_an_event_file_from_the_queue_ends_as_it_declares(harness: Harness, case: EventCase) -> None:
    given(harness, case)
    body = json.dumps(case.event)
    harness.send(body)

    harness.deliver(harness.function())

    output = harness.output()
    (record,) = records_of(output)
    assert (record["outcome"], record["disposition"]) == (case.queued.outcome, case.queued.disposition)
    assert case.name.startswith(case.queued.outcome.replace("_", "-"))
    assert sum(counts_of(output).values()) == 1
    assert harness.actions().count("acknowledge") == case.acknowledgements
    assert [parked["Body"] for parked in harness.parked()] == (
        [body] if case.queued.disposition == "parked" else []
    )
