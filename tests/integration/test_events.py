"""Every file of `events/` ends as it declares when it is invoked directly; the demo's tests publish it."""

import pytest

from tests.integration.harness import Harness, both_schemes
from tests.support.context import Context
from tests.support.event_cases import EventCase, load_event_cases

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
