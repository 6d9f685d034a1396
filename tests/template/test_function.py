"""How the functions run: their event source, environment, processor, layers and logs."""

import pytest

from acknowledge_orders.application import BATCH_SIZE
from acknowledge_orders.settings import AcknowledgeSettings
from shared.settings import Settings
from shared.walmart.rate_limiter import BURST
from sweep_orders.settings import SweepSettings
from tests.support.deployed import deployed
from tests.support.template import Template

every_function = pytest.mark.parametrize("function", ["AcknowledgeFunction", "SweepFunction"])
with_its_settings = pytest.mark.parametrize(
    ("function", "settings"), [("AcknowledgeFunction", AcknowledgeSettings), ("SweepFunction", SweepSettings)]
)


def test_the_mapping_invokes_the_function_unless_it_is_paused(template: Template) -> None:
    concurrency = template["AcknowledgeFunction"]["Environment"]["Variables"]["MAXIMUM_CONCURRENCY"]

    # No batching window, so that no order waits for another one.
    assert deployed(template).only("AWS::Lambda::EventSourceMapping") == {
        "EventSourceArn": "<OrderQueue.Arn>",
        "FunctionName": "<AcknowledgeFunction>",
        "Enabled": True,
        "BatchSize": BATCH_SIZE,
        "FunctionResponseTypes": ["ReportBatchItemFailures"],
        "ScalingConfig": {"MaximumConcurrency": int(concurrency)},
    }
    # The rate limiter divides Walmart's limit by the concurrency.
    assert (BATCH_SIZE, concurrency) == (BURST, "2")
    assert "ReservedConcurrentExecutions" not in template["AcknowledgeFunction"]
    paused = deployed(template, AcknowledgementEnabled="false")
    assert paused.only("AWS::Lambda::EventSourceMapping")["Enabled"] is False


@with_its_settings
def test_the_environment_holds_exactly_the_settings_the_code_reads(
    template: Template, function: str, settings: type[Settings]
) -> None:
    assert template[function]["Environment"]["Variables"].keys() == settings.variables()


OF_BOTH = {
    "POWERTOOLS_SERVICE_NAME": {"Ref": "AWS::StackName"},
    "CREDENTIALS_SECRET_ARN": {"Ref": "CredentialsSecretArn"},
    "MARKETPLACE_URL": {"Ref": "MarketplaceUrl"},
    "MARKETPLACE_SERVICE_NAME": {"Ref": "MarketplaceServiceName"},
    "ORDER_QUEUE_URL": {"Ref": "OrderQueue"},
    "REQUESTS_PER_MINUTE": {"Ref": "RequestsPerMinute"},
}
ENVIRONMENTS = {
    "AcknowledgeFunction": OF_BOTH
    | {
        "DEAD_LETTER_QUEUE_URL": {"Ref": "OrderDeadLetterQueue"},
        "MAXIMUM_CONCURRENCY": "2",
        "BACKOFF_BASE_SECONDS": {"Ref": "BackoffBaseSeconds"},
        "BACKOFF_CAP_SECONDS": {"Ref": "BackoffCapSeconds"},
        "CREDENTIALS_HOLD_SECONDS": {"Ref": "CredentialsHoldSeconds"},
        "SWEEP_ENABLED": {"Ref": "SweepEnabled"},
        "OUTCOME_EVENTS": {
            "Fn::If": ["PublishingOutcomes", "all", {"Fn::If": ["Notifying", "parked", "none"]}]
        },
        "EVENT_BUS_NAME": {"Ref": "EventBusName"},
        "NOTIFICATIONS_TABLE": {"Ref": "NotificationsTable"},
    },
    "SweepFunction": OF_BOTH
    | {
        "EVENT_BUS_NAME": {"Ref": "EventBusName"},
        "ORDER_EVENT_SOURCE": {"Ref": "OrderEventSource"},
        "ORDER_EVENT_DETAIL_TYPE": {"Ref": "OrderEventDetailType"},
        "SWEEP_INTERVAL_MINUTES": {"Ref": "SweepIntervalMinutes"},
    },
}


@every_function
def test_the_environment_is_filled_from_parameters_and_queues(written: Template, function: str) -> None:
    assert written[function]["Environment"]["Variables"] == ENVIRONMENTS[function]


@pytest.mark.parametrize("bound", ["MinValue", "Default", "MaxValue"])
@with_its_settings
def test_the_code_accepts_what_the_parameters_accept(
    written: Template, function: str, settings: type[Settings], bound: str
) -> None:
    # A parameter with a list of values has no bounds, but a default.
    values = {
        name: str(each.get(bound, each.get("Default"))) for name, each in written.body["Parameters"].items()
    }

    settings.from_environment(deployed(written, **values)[function]["Environment"]["Variables"])


def test_functions_and_layers_are_for_one_processor_and_interpreter(template: Template) -> None:
    layers = template.of_type("AWS::Lambda::LayerVersion")
    names = [name.rstrip("0123456789abcdef") for name in layers]

    assert names == ["DependenciesLayer", "WalmartCaLayer"]
    for layer in layers.values():
        assert layer["CompatibleArchitectures"] == [{"Ref": "Architecture"}]
        assert layer["CompatibleRuntimes"] == ["python3.13"]
    for function in template.of_type("AWS::Lambda::Function").values():
        assert [layer["Ref"] for layer in function["Layers"]] == list(layers)
        assert function["Architectures"] == [{"Ref": "Architecture"}]
        assert function["Runtime"] == "python3.13"


@every_function
def test_records_are_json_in_a_log_group_of_its_own_that_expires(template: Template, function: str) -> None:
    assert template[function]["LoggingConfig"] == {
        "LogFormat": "JSON",
        "ApplicationLogLevel": "INFO",
        "SystemLogLevel": "INFO",
        "LogGroup": {"Ref": f"{function}LogGroup"},
    }
    assert template[f"{function}LogGroup"] == {
        "LogGroupName": {"Fn::Sub": f"/aws/lambda/${{AWS::StackName}}-{function}"},
        "RetentionInDays": {"Ref": "LogRetentionDays"},
    }
