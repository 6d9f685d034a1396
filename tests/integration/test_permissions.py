"""Each role has exactly the permissions of its job: without any one of them, something breaks.

The functions run with the template's own policies, which the local AWS enforces. The tests do with the role's
permissions what AWS does for a function: the event source mapping receives and deletes
(`Harness.deliver`), Lambda writes the log, Secrets Manager decrypts, and the scheduler invokes.

`tests/template` checks the conditions, whose keys the local AWS does not know, and the queues' policies,
which its EventBridge does not check.
"""

import io
import json
import time
import uuid
import zipfile
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.harness import Harness
from tests.integration.roles import NEEDED, Roles, call, denied, needed, permissions
from tests.local.aws import LocalAws
from tests.support.batches import order_event
from tests.support.printed import measurements_of

ACKNOWLEDGE = "AcknowledgeFunctionRole"
SWEEP = "SweepFunctionRole"
SCHEDULE = "SweepScheduleRole"
ORDER = "7400000000001"
# AWS's own list of what an event source mapping of a queue needs.
MAPPING_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"


@pytest.fixture
def roles(local_aws: LocalAws, harness: Harness) -> Roles:
    return Roles(local_aws, harness)


@pytest.fixture
def complete(harness: Harness, roles: Roles, removed: str) -> Harness:
    """The harness with the complete role."""
    return harness.with_aws(roles.complete(removed))


@pytest.fixture
def without_it(harness: Harness, roles: Roles, removed: str) -> Harness:
    """The harness with the role without the removed permission."""
    return harness.with_aws(roles.without(removed))


def acknowledge(harness: Harness) -> dict[str, Any]:
    """Deliver a batch, and return its one outcome record."""
    harness.deliver(harness.function())
    (record,) = harness.records()
    return record


def warnings_of(output: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """The warnings about an error, each with the error."""
    return [(line["message"], line["error"]) for line in output if "error" in line]


def test_every_permission_of_every_role_has_a_test_that_needs_it() -> None:
    assert sorted(NEEDED) == sorted(permissions())


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue", f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:ReceiveMessage")
def test_without_it_no_order_is_received(harness: Harness, without_it: Harness, complete: Harness) -> None:
    harness.place(ORDER)

    with denied("sqs:ReceiveMessage"):
        without_it.deliver(without_it.function())

    assert harness.statuses(ORDER) == {"Created"}
    acknowledge(complete)
    assert harness.statuses(ORDER) == {"Acknowledged"}


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:DeleteMessage")
def test_without_it_an_acknowledged_order_is_retried(
    harness: Harness, without_it: Harness, complete: Harness
) -> None:
    harness.place(ORDER)

    with denied("sqs:DeleteMessage"):
        without_it.deliver(without_it.function())

    assert harness.statuses(ORDER) == {"Acknowledged"}
    assert harness.queued() == 1
    harness.output()
    assert acknowledge(complete)["outcome"] == "already_acknowledged"
    assert harness.queued() == 0


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:GetQueueAttributes")
def test_without_it_the_mapping_lacks_what_aws_requires(
    local_aws: LocalAws, without_it: Harness, complete: Harness
) -> None:
    # Only AWS's own mapping uses it, so no test could show anything that breaks.
    policy = local_aws.client("iam").get_policy_version(PolicyArn=MAPPING_POLICY, VersionId="v1")
    assert '"sqs:GetQueueAttributes"' in json.dumps(policy["PolicyVersion"]["Document"])

    with denied("sqs:GetQueueAttributes"):
        without_it.polled_queue.length()

    assert complete.polled_queue.length() == 0


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:ChangeMessageVisibility")
def test_without_it_an_order_is_not_postponed(
    harness: Harness, without_it: Harness, complete: Harness
) -> None:
    # The queue itself makes no message invisible, so only the function can.
    harness.sqs.set_queue_attributes(QueueUrl=harness.order_queue.url, Attributes={"VisibilityTimeout": "0"})
    harness.send(order_event(ORDER))

    without_it.deliver(without_it.function())

    ((warning, error),) = warnings_of(harness.output())
    assert warning == "could not update the message in SQS"
    assert "sqs:ChangeMessageVisibility" in error
    assert (harness.queued(), harness.order_queue.invisible()) == (1, 0)
    complete.deliver(complete.function())
    assert (harness.queued(), harness.order_queue.invisible()) == (1, 1)


@needed(f"{ACKNOWLEDGE}/SendToDeadLetterQueue")
def test_without_it_nothing_is_parked_and_the_message_stays(
    harness: Harness, without_it: Harness, complete: Harness
) -> None:
    harness.send("not json")

    record = acknowledge(without_it)

    assert (record["outcome"], record["disposition"]) == ("invalid_event", "retry")
    assert (harness.parked(), harness.queued()) == ([], 1)
    assert acknowledge(complete)["disposition"] == "parked"
    assert (len(harness.parked()), harness.queued()) == (1, 0)


@needed(f"{ACKNOWLEDGE}/PublishOutcomeEvents")
def test_without_it_no_outcome_is_published_and_the_message_stays(
    harness: Harness, without_it: Harness, complete: Harness
) -> None:
    harness.place(ORDER)

    record = acknowledge(without_it)

    assert (record["outcome"], record["disposition"]) == ("acknowledged", "retry")
    assert record["reason"] == "event_bus: AccessDeniedException"
    record = acknowledge(complete)
    assert (record["outcome"], record["disposition"]) == ("already_acknowledged", "done")


@needed(f"{ACKNOWLEDGE}/LimitNotifications")
def test_without_it_a_parked_order_sends_no_notification(
    harness: Harness, without_it: Harness, complete: Harness
) -> None:
    for acting, warned in (
        (without_it, [("notification left out", "AccessDeniedException")]),
        (complete, []),
    ):
        harness.send("not json")
        acting.deliver(acting.function())

        assert warnings_of(harness.output()) == warned
        assert len(harness.parked()) == 1


@needed(f"{ACKNOWLEDGE}/ReadCredentials", f"{SWEEP}/ReadCredentials")
def test_without_it_neither_function_does_its_work(
    without_it: Harness, complete: Harness, removed: str
) -> None:
    record, _ = work(without_it, removed)

    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("secret: the function may not read it")
    record, outcome = work(complete, removed)
    assert record["outcome"] == outcome


def work(harness: Harness, removed: str) -> tuple[dict[str, Any], str]:
    """Run the function of the role; return its record, and the outcome of a success."""
    if removed.startswith(SWEEP):
        return harness.sweep(), "completed"
    if not harness.queued():
        harness.place(ORDER)
    return acknowledge(harness), "acknowledged"


@pytest.fixture
def encrypted(local_aws: LocalAws, roles: Roles) -> bytes:
    """A text that the customer key encrypted."""
    kms = local_aws.client("kms")
    roles.arns["CustomerKey"] = kms.create_key()["KeyMetadata"]["Arn"]
    return kms.encrypt(KeyId=roles.arns["CustomerKey"], Plaintext=b"secret")["CiphertextBlob"]


@needed(f"{ACKNOWLEDGE}/DecryptCredentials", f"{SWEEP}/DecryptCredentials")
def test_without_it_a_secret_under_a_customer_key_is_not_read(
    harness: Harness, roles: Roles, encrypted: bytes, removed: str
) -> None:
    record, _ = work(under_customer_key(harness, roles.without(removed), encrypted), removed)

    assert record["outcome"] == "misconfigured"
    assert record["reason"].endswith("CredentialsKeyArn")
    record, outcome = work(under_customer_key(harness, roles.complete(removed), encrypted), removed)
    assert record["outcome"] == outcome


def under_customer_key(harness: Harness, aws: LocalAws, encrypted: bytes) -> Harness:
    acting = harness.with_aws(aws)
    acting.encrypt_secret(lambda: aws.client("kms").decrypt(CiphertextBlob=encrypted))
    return acting


@pytest.mark.parametrize("role", [ACKNOWLEDGE, SWEEP])
def test_a_function_may_decrypt_by_way_of_secrets_manager_only(
    roles: Roles, encrypted: bytes, role: str
) -> None:
    function = roles.with_conditions_unmet(role)

    with denied("kms:Decrypt"):
        function.client("kms").decrypt(CiphertextBlob=encrypted)


@needed(
    *(
        f"{role}/WriteOwnLogs{action}"
        for role in (ACKNOWLEDGE, SWEEP)
        for action in ("", "/logs:CreateLogStream", "/logs:PutLogEvents")
    )
)
def test_without_it_a_function_leaves_no_log(local_aws: LocalAws, roles: Roles, removed: str) -> None:
    logs, group = local_aws.client("logs"), f"/aws/lambda/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=group)
    (described,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    role, *_ = removed.split("/")
    # AWS needs the ":*" at the end, the local AWS refuses it.
    roles.arns[role.replace("Role", "LogGroup")] = described["arn"].removesuffix(":*")

    with denied(r"logs:\w+"):
        write_log(roles.without(removed), group)

    assert logs.filter_log_events(logGroupName=group)["events"] == []
    write_log(roles.complete(removed), group)
    assert [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]] == ["a line"]


def write_log(aws: LocalAws, group: str) -> None:
    """Write a line as Lambda does for a function."""
    logs, stream = aws.client("logs"), str(uuid.uuid4())
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": time.time_ns() // 1_000_000, "message": "a line"}],
    )


@needed(f"{SWEEP}/ReadOrderQueueLength")
def test_without_it_a_sweep_does_not_know_the_queue_length(without_it: Harness, complete: Harness) -> None:
    record = without_it.sweep()

    output = without_it.output()
    ((warning, error),) = warnings_of(output)
    assert warning == "could not read the length of the order queue"
    assert "sqs:GetQueueAttributes" in error
    assert (record["outcome"], record["queue_length"]) == ("completed", None)
    # The alarm QueueDrainTimeHigh needs it.
    assert "DrainTime" not in measurements_of(output)
    assert complete.sweep()["queue_length"] == 0
    assert "DrainTime" in measurements_of(complete.output())


@needed(f"{SWEEP}/PublishOrderEvents")
def test_without_it_no_order_event_is_published(
    harness: Harness, without_it: Harness, complete: Harness
) -> None:
    harness.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - timedelta(hours=1))

    record = without_it.sweep()

    assert (record["outcome"], record["reason"]) == ("unavailable", "event_bus: AccessDeniedException")
    assert (record["orders_published"], harness.queued()) == (0, 0)
    assert complete.sweep()["orders_published"] == 1
    assert len(harness.receive()) == 1


@pytest.fixture
def function_arn(local_aws: LocalAws) -> str:
    """A function that returns its event."""
    code = io.BytesIO()
    with zipfile.ZipFile(code, "w") as archive:
        archive.writestr("function.py", "def handler(event, context):\n    return event\n")
    name = f"function-{uuid.uuid4().hex}"
    made = local_aws.client("lambda").create_function(
        FunctionName=name,
        Runtime="python3.13",
        Role=local_aws.client("iam").create_role(RoleName=name, AssumeRolePolicyDocument="{}")["Role"]["Arn"],
        Handler="function.handler",
        Code={"ZipFile": code.getvalue()},
    )
    return made["FunctionArn"]


@needed(f"{SCHEDULE}/InvokeSweepFunction")
def test_without_it_the_schedule_starts_no_sweep(roles: Roles, function_arn: str, removed: str) -> None:
    roles.arns["SweepFunction"] = function_arn

    with denied("lambda:InvokeFunction"):
        start(roles.without(removed), function_arn)

    assert start(roles.complete(removed), function_arn) == {"source": "aws.scheduler"}


def start(aws: LocalAws, function_arn: str) -> object:
    answer = aws.client("lambda").invoke(FunctionName=function_arn, Payload='{"source": "aws.scheduler"}')
    return json.load(answer["Payload"])


def publish_on(bus: str) -> dict[str, Any]:
    event = {"EventBusName": bus, "Source": "walmart.ca.orders", "DetailType": "Order Created"}
    return {"Entries": [{**event, "Detail": "{}"}]}


def day_in(table: str) -> dict[str, Any]:
    return {"TableName": table, "Key": {"utc_day": {"S": "2026-11-24"}}}


def attempts(harness: Harness) -> dict[str, tuple[str, dict[str, Any]]]:
    """Calls that a role may try: the action of IAM, and the arguments."""
    orders, dead_letters = (
        {"QueueUrl": each.url} for each in (harness.order_queue, harness.dead_letter_queue)
    )
    sent, receipt = {"MessageBody": "{}"}, {"ReceiptHandle": "any"}
    policy = {"RoleName": ACKNOWLEDGE, "PolicyName": "more", "PolicyDocument": "{}"}
    secret = {"SecretId": harness.secret_arn, "SecretString": "{}"}
    return {
        "send to the order queue": ("sqs:SendMessage", {**orders, **sent}),
        "receive orders": ("sqs:ReceiveMessage", orders),
        "delete orders": ("sqs:DeleteMessage", {**orders, **receipt}),
        "purge the order queue": ("sqs:PurgeQueue", orders),
        "park": ("sqs:SendMessage", {**dead_letters, **sent}),
        "receive what is parked": ("sqs:ReceiveMessage", dead_letters),
        "publish events": ("events:PutEvents", publish_on(harness.bus())),
        "publish on another bus": ("events:PutEvents", publish_on("default")),
        "limit notifications": ("dynamodb:UpdateItem", day_in(harness.notifications_table())),
        "limit in another table": ("dynamodb:UpdateItem", day_in("foreign")),
        "read another secret": ("secretsmanager:GetSecretValue", {"SecretId": "foreign"}),
        "replace the secret": ("secretsmanager:PutSecretValue", secret),
        "invoke another function": ("lambda:InvokeFunction", {"FunctionName": "foreign"}),
        "widen itself": ("iam:PutRolePolicy", policy),
    }


@pytest.mark.parametrize(
    ("role", "job"),
    [
        (ACKNOWLEDGE, {"receive orders", "delete orders", "park", "publish events", "limit notifications"}),
        (SWEEP, {"publish events"}),
        (SCHEDULE, set()),
    ],
)
def test_a_role_allows_nothing_beyond_its_job(
    harness: Harness, roles: Roles, role: str, job: set[str]
) -> None:
    aws = roles.complete(role)

    assert {name for name, attempt in attempts(harness).items() if is_allowed(aws, *attempt)} == job


def is_allowed(aws: LocalAws, action: str, arguments: dict[str, Any]) -> bool:
    try:
        call(aws, action, arguments)
    except ClientError as error:
        return f"is not authorized to perform: {action} " not in str(error)
    return True
