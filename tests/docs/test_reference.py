"""The tables of the reference agree with the template and the code."""

import json
import re
from typing import Final

import pytest

from acknowledge_orders.records import CHECKS, OutcomeRecord
from shared.metrics import Metric
from shared.orders.outcome import Outcome
from sweep_orders.records import SweepRecord
from tests.support.pages import code, page
from tests.support.template import read

REFERENCE: Final = page("docs/reference.md")


def test_every_parameter_has_its_default() -> None:
    shown: dict[str, str] = {}
    for names, defaults, _ in REFERENCE.table("Parameter"):
        shown.update(zip(code(names), code(defaults) or defaults.split(", "), strict=True))
    declared = read().body["Parameters"]

    assert shown == {
        name: str(each.get("Default", "")) or ("none" if "Default" in each else "")
        for name, each in declared.items()
    }


@pytest.mark.parametrize(
    ("heading", "under", "names"),
    [
        ("Outcome", "", set(Outcome)),
        ("Metric", "", set(Metric)),
        ("Member", "The outcome record", set(OutcomeRecord._fields)),
    ],
)
def test_every_outcome_metric_and_member_is_explained(heading: str, under: str, names: set[str]) -> None:
    assert {name for row in REFERENCE.table(heading, under) for name in code(row[0])} == names


def test_the_readme_shows_a_whole_outcome_record() -> None:
    (shown,) = map(json.loads, page("README.md").blocks("json"))

    assert list(shown) == list(OutcomeRecord._fields)


def test_every_count_of_a_sweep_record_is_named() -> None:
    counts = {name for name in SweepRecord._fields if name.startswith("orders_")}

    assert set(re.findall(r"`(orders_\w+)`", REFERENCE.section("The outcome record"))) == counts


def test_the_runbook_names_every_check_of_the_self_check_in_order() -> None:
    named = code(page("docs/runbook.md").section("The self-check"))

    assert [each for each in named if each in CHECKS][: len(CHECKS)] == list(CHECKS)
