"""The model of capacity and cost matches the template, and the documentation shows its results."""

import pytest

from acknowledge_orders.application import BATCH_SIZE
from shared.walmart.caller import LEAST_TIME_LEFT_S
from shared.walmart.rate_limiter import usable_per_second
from tests.support.pages import page
from tests.support.template import read
from tests.tools import capacity
from tests.tools.capacity import LIMITS, Meter, Setup

TEMPLATE = read()
FUNCTION = TEMPLATE["AcknowledgeFunction"]
QUEUE = FUNCTION["Events"]["Orders"]["Properties"]


def test_the_setup_matches_the_template() -> None:
    setup, parameters = Setup(), TEMPLATE.body["Parameters"]
    alarms = TEMPLATE.of_type("AWS::CloudWatch::Alarm").values()
    watched = sum(sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1 for alarm in alarms)

    assert setup.environments == QUEUE["ScalingConfig"]["MaximumConcurrency"]
    assert setup.batch == QUEUE["BatchSize"] == BATCH_SIZE
    assert setup.memory_gb == TEMPLATE.body["Globals"]["Function"]["MemorySize"] / 1024
    assert setup.sweep_every_s == 60 * parameters["SweepIntervalMinutes"]["Default"]
    assert setup.alarm_metrics == watched
    assert parameters["RequestsPerMinute"]["Default"] in LIMITS


def test_a_batch_gets_all_its_slots_at_each_rate_limit() -> None:
    slot_s = Setup().environments / usable_per_second(min(LIMITS))

    assert BATCH_SIZE * slot_s < FUNCTION["Timeout"] - LEAST_TIME_LEFT_S


@pytest.mark.parametrize(
    ("setup", "limit", "per_second"), [(Setup(), 60, 0.95), (Setup(slowest_call_s=9.75), 600, 2)]
)
def test_the_rate_limit_or_slow_calls_limit_it(setup: Setup, limit: int, per_second: float) -> None:
    assert capacity.orders_per_second(setup, limit) == pytest.approx(per_second)


@pytest.mark.parametrize(
    ("orders", "dollars"),
    [
        (1, [1.00e-6, 1.20e-6, 0.20e-6, 13.3334e-6, 0.55e-6]),
        (10, [1e-6, 0.48e-6, 0.02e-6, 1.33334e-6, 0.055e-6]),
    ],
)
def test_orders_of_a_batch_share_its_invocation(orders: int, dollars: list[float]) -> None:
    setup = Setup(own_s=0.5, call_s=0.5, memory_gb=1, order_bytes=400, lambda_bytes=600)

    usage = capacity.usage_by_an_order(setup, orders=orders)

    assert [capacity.dollars({meter: units}) for meter, units in usage.items()] == pytest.approx(dollars)


def test_free_units_count_once_for_all_items() -> None:
    meter = Meter(price=2.0, free=10)

    assert capacity.dollars_beyond_the_free_tier([{meter: 8}, {meter: 5}]) == 6
    assert capacity.dollars_beyond_the_free_tier([{meter: 8}]) == 0


def test_the_documentation_shows_the_tables() -> None:
    for table in capacity.tables():
        assert table in page("docs/performance.md").text, "put the output of `make capacity` there"
