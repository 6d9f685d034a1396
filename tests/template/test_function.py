"""How the functions are run: on the processor they were built for; from the queue, in small batches."""

import importlib.util

import pytest

from acknowledge_orders.application import BATCH_SIZE
from acknowledge_orders.settings import AcknowledgeSettings
from shared.settings import Settings
from shared.walmart.rate_limiter import BURST
from sweep_orders.settings import SweepSettings
from tests.support.template import Template

every_function = pytest.mark.parametrize("function", ["AcknowledgeFunction", "SweepFunction"])


def test_a_batch_names_its_failures_one_by_one(template: Template) -> None:
    source = template.only("AWS::Lambda::EventSourceMapping")

    assert source["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_a_batch_has_ten_orders_at_most_and_waits_for_none(template: Template) -> None:
    source = template.only("AWS::Lambda::EventSourceMapping")

    assert source["BatchSize"] == BATCH_SIZE == BURST
    assert "MaximumBatchingWindowInSeconds" not in source


def test_the_function_is_told_the_maximum_concurrency(template: Template) -> None:
    source = template.only("AWS::Lambda::EventSourceMapping")
    told = template["AcknowledgeFunction"]["Environment"]["Variables"]["MAXIMUM_CONCURRENCY"]

    # The pacing divides Walmart's limit by it.
    assert source["ScalingConfig"] == {"MaximumConcurrency": int(told)} == {"MaximumConcurrency": 2}
    assert "ReservedConcurrentExecutions" not in template["AcknowledgeFunction"]


def test_the_batches_come_from_the_order_queue(template: Template) -> None:
    source = template.only("AWS::Lambda::EventSourceMapping")

    assert source["EventSourceArn"] == {"Fn::GetAtt": ["OrderQueue", "Arn"]}
    assert source["FunctionName"] == {"Ref": "AcknowledgeFunction"}


def test_acknowledgement_is_paused_and_resumed_by_the_parameter(template: Template) -> None:
    source = template.only("AWS::Lambda::EventSourceMapping")

    assert source["Enabled"] == {"Fn::If": ["Acknowledging", True, False]}
    assert template.body["Conditions"]["Acknowledging"] == {
        "Fn::Equals": [{"Ref": "AcknowledgementEnabled"}, "true"],
    }


def test_acknowledgement_is_on_when_nothing_is_said(written: Template) -> None:
    assert written.body["Parameters"]["AcknowledgementEnabled"]["Default"] == "true"


@pytest.mark.parametrize(
    ("function", "package"),
    [("AcknowledgeFunction", "acknowledge_orders"), ("SweepFunction", "sweep_orders")],
)
def test_the_handler_exists(template: Template, function: str, package: str) -> None:
    module, _, name = template[function]["Handler"].rpartition(".")

    assert module == f"{package}.handler"
    assert name == "lambda_handler"
    assert importlib.util.find_spec(module) is not None


@pytest.mark.parametrize(
    ("function", "settings"), [("AcknowledgeFunction", AcknowledgeSettings), ("SweepFunction", SweepSettings)]
)
def test_the_environment_holds_exactly_the_settings_the_code_reads(
    template: Template, function: str, settings: type[Settings]
) -> None:
    assert template[function]["Environment"]["Variables"].keys() == settings.variables()


def test_the_environment_is_filled_from_parameters_and_queues(written: Template) -> None:
    assert written["AcknowledgeFunction"]["Environment"]["Variables"] == {
        "POWERTOOLS_SERVICE_NAME": {"Ref": "AWS::StackName"},
        "CREDENTIALS_SECRET_ARN": {"Ref": "CredentialsSecretArn"},
        "MARKETPLACE_URL": {"Ref": "MarketplaceUrl"},
        "MARKETPLACE_SERVICE_NAME": {"Ref": "MarketplaceServiceName"},
        "ORDER_QUEUE_URL": {"Ref": "OrderQueue"},
        "DEAD_LETTER_QUEUE_URL": {"Ref": "OrderDeadLetterQueue"},
        "REQUESTS_PER_MINUTE": {"Ref": "RequestsPerMinute"},
        "MAXIMUM_CONCURRENCY": "2",
        "BACKOFF_BASE_SECONDS": {"Ref": "BackoffBaseSeconds"},
        "BACKOFF_CAP_SECONDS": {"Ref": "BackoffCapSeconds"},
        "CREDENTIALS_HOLD_SECONDS": {"Ref": "CredentialsHoldSeconds"},
        "SWEEP_ENABLED": {"Ref": "SweepEnabled"},
    }


@pytest.mark.parametrize("bound", ["MinValue", "Default", "MaxValue"])
@pytest.mark.parametrize(
    ("function", "settings"), [("AcknowledgeFunction", AcknowledgeSettings), ("SweepFunction", SweepSettings)]
)
def test_the_code_accepts_what_the_parameters_accept(
    written: Template, function: str, settings: type[Settings], bound: str
) -> None:
    parameters = written.body["Parameters"]
    variables = written[function]["Environment"]["Variables"]
    environment = {
        # A pseudo parameter has no bounds, and a choice has only its default.
        name: str(
            parameters.get(value["Ref"], {}).get(
                bound, parameters.get(value["Ref"], {}).get("Default", "any")
            )
        )
        if isinstance(value, dict)
        else value
        for name, value in variables.items()
    }

    settings.from_environment(environment)


def test_there_are_two_functions(template: Template) -> None:
    assert template.of_type("AWS::Lambda::Function").keys() == {"AcknowledgeFunction", "SweepFunction"}


@every_function
def test_both_layers_are_attached(template: Template, function: str) -> None:
    layers = [layer["Ref"] for layer in template[function]["Layers"]]

    assert sorted(layers) == sorted(template.of_type("AWS::Lambda::LayerVersion"))
    assert [layer.rstrip("0123456789abcdef") for layer in layers] == ["DependenciesLayer", "WalmartCaLayer"]


@every_function
def test_function_and_layers_are_for_the_parameters_processor(template: Template, function: str) -> None:
    assert template[function]["Architectures"] == [{"Ref": "Architecture"}]
    for layer in template.of_type("AWS::Lambda::LayerVersion").values():
        assert layer["CompatibleArchitectures"] == [{"Ref": "Architecture"}]


@pytest.mark.parametrize("layer", ["DependenciesLayer", "WalmartCaLayer"])
def test_layers_are_built_for_the_parameters_processor(written: Template, layer: str) -> None:
    assert written.body["Resources"][layer]["Metadata"]["BuildArchitecture"] == {"Ref": "Architecture"}


def test_the_dependencies_are_installed_for_the_parameters_processor(written: Template) -> None:
    # SAM tells make nothing about the processor but the directory to work in.
    assert written.body["Resources"]["DependenciesLayer"]["Metadata"]["WorkingDirectory"] == {
        "Fn::Sub": "layers/dependencies/${Architecture}",
    }


@every_function
def test_function_and_layers_agree_on_the_interpreter(template: Template, function: str) -> None:
    assert template[function]["Runtime"] == "python3.13"
    for layer in template.of_type("AWS::Lambda::LayerVersion").values():
        assert layer["CompatibleRuntimes"] == ["python3.13"]


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
