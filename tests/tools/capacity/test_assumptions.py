"""What the model assumes about the template and the code is what they say."""

from acknowledge_orders.application import BATCH_SIZE
from shared.calling import LEAST_TIME_LEFT_S
from tests.support.template import read
from tests.tools.capacity.assumptions import Output, Prices, Quotas, Setup, Stack
from tests.tools.capacity.flow import spins

TEMPLATE = read()
PARAMETERS = TEMPLATE.body["Parameters"]
FUNCTION = TEMPLATE["AcknowledgeFunction"]
QUEUE = FUNCTION["Events"]["Orders"]["Properties"]


def test_a_stack_is_set_up_as_the_template_has_it() -> None:
    setup = Setup()

    assert setup.requests_per_minute == PARAMETERS["RequestsPerMinute"]["Default"]
    assert setup.backoff_base_s == PARAMETERS["BackoffBaseSeconds"]["Default"]
    assert setup.backoff_cap_s == PARAMETERS["BackoffCapSeconds"]["Default"]
    assert setup.environments == QUEUE["ScalingConfig"]["MaximumConcurrency"]
    assert setup.batch == QUEUE["BatchSize"] == BATCH_SIZE
    assert setup.timeout_s == FUNCTION["Timeout"]
    assert setup.memory_gb == TEMPLATE.body["Globals"]["Function"]["MemorySize"] / 1024
    assert setup.kept_s > LEAST_TIME_LEFT_S


def test_a_stack_has_what_the_template_makes() -> None:
    stack = Stack()
    alarms = TEMPLATE.of_type("AWS::CloudWatch::Alarm").values()

    watched = sum(sum("MetricStat" in each for each in alarm.get("Metrics", [])) or 1 for alarm in alarms)
    assert stack.alarm_metrics == watched
    assert stack.roles == len(TEMPLATE.of_type("AWS::IAM::Role"))
    assert stack.sweep_every_s == 60 * PARAMETERS["SweepIntervalMinutes"]["Default"]
    assert stack.sweep_timeout_s == TEMPLATE["SweepFunction"]["Timeout"]


def test_every_assumption_says_what_it_is() -> None:
    for kind in (Setup, Output, Stack, Prices, Quotas):
        assert kind.__doc__
        for name in kind.__dataclass_fields__:
            assert f"\n    {name}: " in kind.__doc__, name


def test_an_invocation_has_a_turn_at_the_lowest_limit_that_the_template_takes() -> None:
    lowest = PARAMETERS["RequestsPerMinute"]["MinValue"]

    assert not spins(Setup(requests_per_minute=lowest))
