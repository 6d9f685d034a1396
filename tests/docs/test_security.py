"""The security page: its tests exist, its policies are right, and its times are those of the template."""

import json
import re
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any, Final

import pytest

from tests.support.deployed import deployed
from tests.support.pages import README, RUNBOOK, Page, code, commands, page
from tests.support.paths import ROOT
from tests.support.scanners import parliament
from tests.support.template import Template, read, transform

SECURITY = page("docs/security.md")
THREATS = SECURITY.table("Threat")
NAMES: Final = ("Producer", "Operator", "Deployer", "Pipeline")
FOLDER: Final = ROOT / "docs" / "policies"
POLICIES: Final[dict[str, dict[str, Any]]] = {
    name: json.loads((FOLDER / f"{name.lower()}.json").read_text()) for name in NAMES
}
TRUST: Final[dict[str, Any]] = json.loads((FOLDER / "pipeline-trust.json").read_text())

# As the page says, it writes the functions' roles and the queues' policies, and may give such a role to a
# function of its own.
FINDINGS: Final = {"Deployer": {"PERMISSIONS_MANAGEMENT_ACTIONS", "PRIVILEGE_ESCALATION"}}
"""What parliament finds in each policy."""
ACCOUNT: Final = "123456789012"
CHANGES: Final = """
    CloudWatch::Alarm PutMetricAlarm DeleteAlarms alarm:
    CloudWatch::Dashboard PutDashboard DeleteDashboards dashboard/
    DynamoDB::Table CreateTable DeleteTable table/
    Events::Archive CreateArchive DeleteArchive archive/
    Events::Rule PutRule DeleteRule rule/
    IAM::Role CreateRole DeleteRole role/
    Lambda::EventInvokeConfig PutFunctionEventInvokeConfig DeleteFunctionEventInvokeConfig function:
    Lambda::EventSourceMapping UpdateEventSourceMapping DeleteEventSourceMapping event-source-mapping:
    Lambda::Function CreateFunction DeleteFunction function:
    Lambda::LayerVersion PublishLayerVersion DeleteLayerVersion layer:
    Logs::LogGroup CreateLogGroup DeleteLogGroup log-group:
    Logs::QueryDefinition PutQueryDefinition DeleteQueryDefinition *
    SNS::Subscription Subscribe Unsubscribe :
    SNS::Topic CreateTopic DeleteTopic :
    SNS::TopicPolicy SetTopicAttributes SetTopicAttributes :
    SQS::Queue CreateQueue DeleteQueue :
    SQS::QueuePolicy SetQueueAttributes SetQueueAttributes :
    SSM::Parameter PutParameter DeleteParameter parameter
    Scheduler::Schedule CreateSchedule DeleteSchedule schedule/default/
"""
"""Of each type: the actions that create and delete it, and what follows the account in its ARN."""
WITHOUT_REGION: Final = ("iam", "dashboard/")
OWN_NAMES: Final = re.compile(r"(Alarm|Dashboard|Layer|LogGroup|Queue|Topic)?Name")


def as_list(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def actions(name: str) -> set[str]:
    return {action for each in POLICIES[name]["Statement"] for action in as_list(each["Action"])}


def allows(name: str, action: str, arn: str) -> bool:
    return any(
        action in as_list(each["Action"])
        and any(fnmatchcase(arn, pattern) for pattern in as_list(each["Resource"]))
        for each in POLICIES[name]["Statement"]
    )


@pytest.fixture(scope="module")
def stack() -> Template:
    """The stack of the default name, with an archive."""
    parameters = {"AWS::StackName": "walmart-order-acknowledgement", "ArchiveDays": "14"}
    return deployed(transform(read()), **parameters)


def test_each_threat_has_a_test_that_shows_the_protection() -> None:
    written = "".join(path.read_text() for path in (ROOT / "tests").rglob("test_*.py"))
    tests = set(re.findall(r"^(?:async )?def (test_\w+)\(", written, re.MULTILINE))

    assert THREATS
    for row in THREATS:
        assert all(row)
        assert code(row[-1])
        assert set(code(row[-1])) - tests == set()


def test_the_page_links_to_every_policy() -> None:
    linked = {link for link in SECURITY.links() if link.startswith("policies/")}

    assert linked == {f"policies/{each.name}" for each in FOLDER.iterdir()}


def test_parliament_finds_only_what_the_page_says(tmp_path: Path) -> None:
    # Parliament does not know the ARN of SAM's transform, whose account is `aws`.
    known = {
        name: [each for each in policy["Statement"] if each["Sid"] != "TransformTheTemplate"]
        for name, policy in POLICIES.items()
    }
    policies = {name: json.dumps({**POLICIES[name], "Statement": known[name]}) for name in NAMES}

    assert parliament(tmp_path, policies) == FINDINGS


@pytest.mark.parametrize("name", NAMES)
def test_a_policy_is_no_longer_than_iam_takes(name: str) -> None:
    # IAM does not count white space.
    assert len(json.dumps(POLICIES[name], separators=(",", ":"))) <= 6144


def test_a_producer_may_do_what_the_sweep_may_do_on_the_bus(stack: Template) -> None:
    (policy,) = stack["SweepFunctionRole"]["Policies"]
    (granted,) = (
        each for each in policy["PolicyDocument"]["Statement"] if each["Action"] == "events:PutEvents"
    )

    assert POLICIES["Producer"]["Statement"] == [granted]


def actions_of(read_page: Page) -> set[str]:
    """The actions that the AWS commands of a page need."""
    return {
        f"{service}:{''.join(word.capitalize() for word in command.split('-'))}"
        for service, command in re.findall(r"\baws ([a-z0-9]+) ([a-z0-9-]+)", commands(read_page))
    }


def test_a_policy_allows_every_command_of_the_runbook_and_readme() -> None:
    by_deployers = {"cloudformation:DeleteStack", "sns:Subscribe", "sqs:SetQueueAttributes"}
    of_sam = {"cloudformation:ListStackResources", "lambda:GetFunctionConfiguration", "lambda:InvokeFunction"}

    assert len(actions_of(RUNBOOK)) > 20
    assert (actions_of(RUNBOOK) | of_sam) - by_deployers <= actions("Operator")
    assert by_deployers <= actions("Deployer") - actions("Operator")
    assert actions_of(README) <= actions("Producer") | actions("Operator") | actions("Deployer")


def test_a_pipeline_of_one_environment_invokes_acknowledge_function() -> None:
    workflow = (ROOT / ".github" / "workflows" / "deploy.yml").read_text()
    (environment,) = re.findall(r"environment: (\S+)", workflow)
    (trust,), (statement,) = TRUST["Statement"], POLICIES["Pipeline"]["Statement"]
    provider = trust["Principal"]["Federated"].partition(":oidc-provider/")[2]

    assert trust["Condition"]["StringEquals"] == {
        f"{provider}:aud": "sts.amazonaws.com",
        f"{provider}:sub": f"repo:OWNER/REPOSITORY:environment:{environment}",
    }
    assert trust["Condition"].keys() == {"StringEquals"}
    assert statement["Resource"].endswith(":function:walmart-order-acknowledgement-AcknowledgeFunction-*")
    assert statement["Action"] == "lambda:InvokeFunction"


def test_only_the_functions_read_the_secret() -> None:
    for name in NAMES:
        assert not {"secretsmanager:GetSecretValue", "secretsmanager:BatchGetSecretValue"} & actions(name)
        assert not any("*" in action for action in actions(name))


def test_only_a_deployer_may_delete_a_queue() -> None:
    assert not {"sqs:PurgeQueue", "sqs:DeleteQueue", "sqs:SetQueueAttributes"} & (
        actions("Producer") | actions("Operator")
    )
    assert "sqs:PurgeQueue" not in actions("Deployer")


def test_a_deployer_may_create_and_delete_every_resource(stack: Template) -> None:
    changes = {kind: rest for kind, *rest in map(str.split, CHANGES.strip().splitlines())}

    # With the resources that a parameter leaves out.
    for logical_id, resource in transform(read()).body["Resources"].items():
        kind = resource["Type"].removeprefix("AWS::")
        service, (*both, place) = kind.partition(":")[0].lower(), changes[kind]
        properties = stack[logical_id] if logical_id in stack.body["Resources"] else {}
        own = [value for key, value in properties.items() if OWN_NAMES.fullmatch(key)]
        # CloudFormation cuts a role's name to 64 characters, the stack's to 24.
        stack_name = "walmart-order-acknowledgement"[: 24 if service == "iam" else None]
        name = own[0] if own else f"{stack_name}-{logical_id}-1A2B3C4D5E6F"
        region = "" if {service, place} & set(WITHOUT_REGION) else "ca-central-1"
        arn = f"arn:aws:{service}:{region}:{ACCOUNT}:{place.removeprefix(':')}{name}"

        for action in both:
            assert allows("Deployer", f"{service}:{action}", "*" if place == "*" else arn), (logical_id, arn)


def test_a_deployer_may_tag_what_a_deployment_tags() -> None:
    services = ["cloudformation", "cloudwatch", "events", "lambda", "logs", "sns"]
    tagging = {f"{service}:{verb}Resource" for service in services for verb in ("Tag", "Untag")}
    tagging |= {"iam:TagRole", "iam:UntagRole", "sqs:TagQueue", "sqs:UntagQueue"}

    assert tagging | {"ssm:AddTagsToResource", "ssm:RemoveTagsFromResource"} <= actions("Deployer")


def test_buyers_data_is_kept_as_long_as_the_template_says(stack: Template) -> None:
    day = 24 * 60 * 60
    parameters = read().body["Parameters"]
    kept = dict(SECURITY.table("Where an event is"))

    for place, queue in {
        "The order queue": "OrderQueue",
        "The dead-letter queue": "OrderDeadLetterQueue",
        "The queue of undelivered events": "UndeliveredEventQueue",
    }.items():
        assert f" {stack[queue]['MessageRetentionPeriod'] // day} days at most" in kept[place]
    longest = max(parameters["ArchiveDays"]["AllowedValues"])
    assert f"{longest} at most" in kept["The archive, only with `ArchiveDays` above 0"]
    assert f"{parameters['LogRetentionDays']['Default']} by default" in SECURITY.section("Buyers' data")
