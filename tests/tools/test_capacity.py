"""The model of capacity and cost has the template's values, and the documentation shows what it says."""

import pytest

from acknowledge_orders.application import BATCH_SIZE
from shared.walmart.caller import LEAST_TIME_LEFT_S
from shared.walmart.rate_limiter import usable_per_second
from tests.support.paths import ROOT
from tests.support.template import read
from tests.tools.capacity import (
    LIMITS,
    Output,
    Prices,
    Setup,
    dollars_of_a_month,
    dollars_of_an_order,
    drain_s,
    tables,
)

TEMPLATE = read()
FUNCTION = TEMPLATE["AcknowledgeFunction"]
QUEUE = FUNCTION["Events"]["Orders"]["Properties"]


def test_a_stack_is_set_up_as_the_template_has_it() -> None:
    setup = Setup()
    alarms = TEMPLATE.of_type("AWS::CloudWatch::Alarm").values()
    watched = sum(sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1 for alarm in alarms)

    assert setup.environments == QUEUE["ScalingConfig"]["MaximumConcurrency"]
    assert setup.batch == QUEUE["BatchSize"] == BATCH_SIZE
    assert setup.memory_gb == TEMPLATE.body["Globals"]["Function"]["MemorySize"] / 1024
    assert setup.sweep_every_s == 60 * TEMPLATE.body["Parameters"]["SweepIntervalMinutes"]["Default"]
    assert setup.alarm_metrics == watched
    assert TEMPLATE.body["Parameters"]["RequestsPerMinute"]["Default"] in LIMITS


def test_at_each_limit_shown_a_batch_gets_all_its_turns_in_one_invocation() -> None:
    a_turn_s = Setup().environments / usable_per_second(min(LIMITS))

    assert BATCH_SIZE * a_turn_s < FUNCTION["Timeout"] - LEAST_TIME_LEFT_S


def test_a_backlog_drains_at_walmarts_limit_less_the_margin() -> None:
    assert drain_s(Setup(), 60, 57) == pytest.approx(60)


def test_slow_calls_make_the_environments_the_limit() -> None:
    assert drain_s(Setup(slowest_call_s=9.75), 600, 100) == pytest.approx(50)


@pytest.mark.parametrize(
    ("orders", "dollars"),
    [
        (1, [1.00e-6, 1.20e-6, 0.20e-6, 13.3334e-6, 0.55e-6]),
        (10, [1e-6, 0.48e-6, 0.02e-6, 1.33334e-6, 0.055e-6]),
    ],
)
def test_orders_of_one_batch_share_its_invocation(orders: int, dollars: list[float]) -> None:
    cost = dollars_of_an_order(orders=orders, billed_s=1, memory_gb=1, log_bytes=1000, prices=Prices())

    assert list(cost.values()) == pytest.approx(dollars)


def test_a_month_without_orders_is_paid_for_what_stands() -> None:
    cost = dollars_of_a_month(0, Setup(), Output(), Prices())

    assert {name for name, dollars in cost.items() if dollars} == {
        "Sweeps",
        "Lambda's polling of the queue",
        "Secret, and reading it",
        "Custom metrics",
        "Alarms",
        "Dashboard",
    }


def test_the_documentation_shows_what_the_model_says() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()

    for table in tables():
        assert table in page, "put what `make capacity` prints into docs/performance.md"
