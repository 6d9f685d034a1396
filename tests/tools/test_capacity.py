"""The model of capacity and cost matches the template, and the documentation shows its results."""

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


def test_the_setup_matches_the_template() -> None:
    setup = Setup()
    alarms = TEMPLATE.of_type("AWS::CloudWatch::Alarm").values()
    watched = sum(sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1 for alarm in alarms)

    assert setup.environments == QUEUE["ScalingConfig"]["MaximumConcurrency"]
    assert setup.batch == QUEUE["BatchSize"] == BATCH_SIZE
    assert setup.memory_gb == TEMPLATE.body["Globals"]["Function"]["MemorySize"] / 1024
    assert setup.sweep_every_s == 60 * TEMPLATE.body["Parameters"]["SweepIntervalMinutes"]["Default"]
    assert setup.alarm_metrics == watched
    assert TEMPLATE.body["Parameters"]["RequestsPerMinute"]["Default"] in LIMITS


def test_a_batch_gets_all_its_slots_at_each_rate_limit() -> None:
    slot_s = Setup().environments / usable_per_second(min(LIMITS))

    assert BATCH_SIZE * slot_s < FUNCTION["Timeout"] - LEAST_TIME_LEFT_S


def test_a_backlog_drains_at_the_rate_limit_less_the_margin() -> None:
    assert drain_s(Setup(), 60, 57) == pytest.approx(60)


def test_slow_calls_limit_the_throughput() -> None:
    assert drain_s(Setup(slowest_call_s=9.75), 600, 100) == pytest.approx(50)


@pytest.mark.parametrize(
    ("orders", "dollars"),
    [
        (1, [1.00e-6, 1.20e-6, 0.20e-6, 13.3334e-6, 0.55e-6]),
        (10, [1e-6, 0.48e-6, 0.02e-6, 1.33334e-6, 0.055e-6]),
    ],
)
def test_orders_of_a_batch_share_its_invocation(orders: int, dollars: list[float]) -> None:
    cost = dollars_of_an_order(orders=orders, billed_s=1, memory_gb=1, log_bytes=1000, prices=Prices())

    assert list(cost.values()) == pytest.approx(dollars)


def test_a_month_without_orders_has_fixed_costs() -> None:
    cost = dollars_of_a_month(0, Setup(), Output(), Prices())

    assert {name for name, dollars in cost.items() if dollars} == {
        "Sweeps",
        "Lambda's polling of the queue",
        "Secret, and reading it",
        "Custom metrics",
        "Alarms",
        "Dashboard",
    }


def test_the_documentation_shows_the_tables() -> None:
    page = (ROOT / "docs" / "performance.md").read_text()

    for table in tables():
        assert table in page, "put the output of `make capacity` into docs/performance.md"
