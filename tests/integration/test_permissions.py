"""Each role may do exactly what its job takes: whatever is taken from it, something breaks that has a name.

The functions run on the template's own policies, which the local AWS enforces. What AWS does in a function's
name, and the local AWS without asking, is done here with the role's permissions: the event source mapping
receives and deletes (`World.deliver`), Lambda writes the log, Secrets Manager decrypts, and the scheduler
invokes.

Left to `tests/template`: the conditions, whose keys the local AWS does not know, and whom the queues let in,
which its EventBridge does not ask.
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

from tests.integration.harness import World
from tests.integration.roles import SHOWN, Roles, call, denied, needed, takeable
from tests.local.aws import LocalAws
from tests.support.printed import measurements_of
from tests.support.services import order_event

ACKNOWLEDGE = "AcknowledgeFunctionRole"
SWEEP = "SweepFunctionRole"
SCHEDULE = "SweepScheduleRole"
ORDER = "7400000000001"
# AWS's own list of what an event source mapping of a queue takes.
MAPPING_POLICY = "arn:aws:iam::aws:policy/service-role/AWSLambdaSQSQueueExecutionRole"


@pytest.fixture
def roles(local_aws: LocalAws, world: World) -> Roles:
    return Roles(local_aws, world)


@pytest.fixture
def whole(world: World, roles: Roles, taken: str) -> World:
    """The world for the whole role."""
    return world.acting_as(roles.whole(taken))


@pytest.fixture
def lacking(world: World, roles: Roles, taken: str) -> World:
    """The world for the role less what is taken from it."""
    return world.acting_as(roles.lacking(taken))


def acknowledge(world: World) -> dict[str, Any]:
    """Deliver what is in the order queue, and return the one outcome record."""
    world.deliver(world.function())
    (record,) = world.records()
    return record


def warnings_of(output: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was warned of for an error, and the error."""
    return [(line["message"], line["error"]) for line in output if "error" in line]


def test_every_statement_and_every_action_of_every_role_is_shown_to_be_needed() -> None:
    assert sorted(SHOWN) == sorted(takeable())


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue", f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:ReceiveMessage")
def test_without_it_no_order_is_received(world: World, lacking: World, whole: World) -> None:
    world.place(ORDER)

    with denied("sqs:ReceiveMessage"):
        lacking.deliver(lacking.function())

    assert world.statuses(ORDER) == {"Created"}
    acknowledge(whole)
    assert world.statuses(ORDER) == {"Acknowledged"}


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:DeleteMessage")
def test_without_it_an_acknowledged_order_comes_again(world: World, lacking: World, whole: World) -> None:
    world.place(ORDER)

    with denied("sqs:DeleteMessage"):
        lacking.deliver(lacking.function())

    assert world.statuses(ORDER) == {"Acknowledged"}
    assert world.waiting() == 1
    world.output()
    assert acknowledge(whole)["outcome"] == "already_acknowledged"
    assert world.waiting() == 0


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:GetQueueAttributes")
def test_without_it_the_mapping_lacks_what_aws_says_that_it_takes(
    local_aws: LocalAws, lacking: World, whole: World
) -> None:
    # The mapping's own use of it is AWS's affair, so there is nothing here that would break by itself.
    policy = local_aws.client("iam").get_policy_version(PolicyArn=MAPPING_POLICY, VersionId="v1")
    assert '"sqs:GetQueueAttributes"' in json.dumps(policy["PolicyVersion"]["Document"])

    with denied("sqs:GetQueueAttributes"):
        measure(lacking)

    assert measure(whole)["ApproximateNumberOfMessages"] == "0"


def measure(world: World) -> dict[Any, str]:
    queue = world.order_queue
    return dict(world.sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["All"])["Attributes"])


@needed(f"{ACKNOWLEDGE}/ConsumeOrderQueue/sqs:ChangeMessageVisibility")
def test_without_it_an_order_is_not_hidden_for_its_back_off(
    world: World, lacking: World, whole: World
) -> None:
    # The queue itself hides nothing, so that whatever is hidden was hidden by the function.
    world.sqs.set_queue_attributes(QueueUrl=world.order_queue, Attributes={"VisibilityTimeout": "0"})
    world.send(order_event(ORDER))

    lacking.deliver(lacking.function())

    ((warning, error),) = warnings_of(world.output())
    assert warning == "could not update the message in SQS"
    assert "sqs:ChangeMessageVisibility" in error
    assert (world.waiting(), world.hidden()) == (1, 0)
    whole.deliver(whole.function())
    assert (world.waiting(), world.hidden()) == (1, 1)


@needed(f"{ACKNOWLEDGE}/SendToDeadLetterQueue")
def test_without_it_nothing_is_parked_and_the_message_stays(
    world: World, lacking: World, whole: World
) -> None:
    world.send("not json")

    record = acknowledge(lacking)

    assert (record["outcome"], record["disposition"]) == ("invalid_event", "retry")
    assert (world.parked(), world.waiting()) == ([], 1)
    assert acknowledge(whole)["disposition"] == "parked"
    assert (len(world.parked()), world.waiting()) == (1, 0)


@needed(f"{ACKNOWLEDGE}/ReadCredentials", f"{SWEEP}/ReadCredentials")
def test_without_it_no_order_is_acknowledged_and_no_sweep_is_made(
    lacking: World, whole: World, taken: str
) -> None:
    record, _ = work(lacking, taken)

    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("secret: the function may not read it")
    record, outcome = work(whole, taken)
    assert record["outcome"] == outcome


def work(world: World, taken: str) -> tuple[dict[str, Any], str]:
    """Let the function whose role it is do its work; return its record, and the outcome of good work."""
    if taken.startswith(SWEEP):
        return world.sweep(), "completed"
    if not world.waiting():
        world.place(ORDER)
    return acknowledge(world), "acknowledged"


@pytest.fixture
def encrypted(local_aws: LocalAws, roles: Roles) -> bytes:
    """Something that the customer key encrypts."""
    kms = local_aws.client("kms")
    roles.arns["CustomerKey"] = kms.create_key()["KeyMetadata"]["Arn"]
    return kms.encrypt(KeyId=roles.arns["CustomerKey"], Plaintext=b"secret")["CiphertextBlob"]


@needed(f"{ACKNOWLEDGE}/DecryptCredentials", f"{SWEEP}/DecryptCredentials")
def test_without_it_a_secret_under_a_customer_key_is_not_read(
    world: World, roles: Roles, encrypted: bytes, taken: str
) -> None:
    record, _ = work(under_customer_key(world, roles.lacking(taken), encrypted), taken)

    assert record["outcome"] == "misconfigured"
    assert record["reason"].endswith("CredentialsKeyArn")
    record, outcome = work(under_customer_key(world, roles.whole(taken), encrypted), taken)
    assert record["outcome"] == outcome


def under_customer_key(world: World, aws: LocalAws, encrypted: bytes) -> World:
    acting = world.acting_as(aws)
    acting.encrypt_secret(lambda: aws.client("kms").decrypt(CiphertextBlob=encrypted))
    return acting


@pytest.mark.parametrize("role", [ACKNOWLEDGE, SWEEP])
def test_a_function_may_decrypt_by_way_of_secrets_manager_only(
    roles: Roles, encrypted: bytes, role: str
) -> None:
    function = roles.unmet(role)

    with denied("kms:Decrypt"):
        function.client("kms").decrypt(CiphertextBlob=encrypted)


@needed(
    *(
        f"{role}/{taken}"
        for role in (ACKNOWLEDGE, SWEEP)
        for taken in (
            "WriteOwnLogs",
            "WriteOwnLogs/logs:CreateLogStream",
            "WriteOwnLogs/logs:PutLogEvents",
        )
    )
)
def test_without_it_a_function_leaves_no_log(local_aws: LocalAws, roles: Roles, taken: str) -> None:
    logs, group = local_aws.client("logs"), f"/aws/lambda/{uuid.uuid4()}"
    logs.create_log_group(logGroupName=group)
    (described,) = logs.describe_log_groups(logGroupNamePrefix=group)["logGroups"]
    role, *_ = taken.split("/")
    # AWS wants the ":*" at the end, the local AWS does not.
    roles.arns[role.replace("Role", "LogGroup")] = described["arn"].removesuffix(":*")

    with denied(r"logs:\w+"):
        write_log(roles.lacking(taken), group)

    assert logs.filter_log_events(logGroupName=group)["events"] == []
    write_log(roles.whole(taken), group)
    assert [event["message"] for event in logs.filter_log_events(logGroupName=group)["events"]] == ["a line"]


def write_log(aws: LocalAws, group: str) -> None:
    """Write a line as Lambda does in a function's name."""
    logs, stream = aws.client("logs"), str(uuid.uuid4())
    logs.create_log_stream(logGroupName=group, logStreamName=stream)
    logs.put_log_events(
        logGroupName=group,
        logStreamName=stream,
        logEvents=[{"timestamp": time.time_ns() // 1_000_000, "message": "a line"}],
    )


@needed(f"{SWEEP}/ReadOrderQueueLength")
def test_without_it_a_sweep_does_not_know_how_many_orders_wait(lacking: World, whole: World) -> None:
    record = lacking.sweep()

    output = lacking.output()
    ((warning, error),) = warnings_of(output)
    assert warning == "could not read the length of the order queue"
    assert "sqs:GetQueueAttributes" in error
    assert (record["outcome"], record["queue_length"]) == ("completed", None)
    # Which the alarm QueueDrainTimeHigh is about.
    assert "DrainTime" not in measurements_of(output)
    assert whole.sweep()["queue_length"] == 0
    assert "DrainTime" in measurements_of(whole.output())


@needed(f"{SWEEP}/PublishOrderEvents")
def test_without_it_no_order_event_is_published(world: World, lacking: World, whole: World) -> None:
    world.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - timedelta(hours=1))

    record = lacking.sweep()

    assert (record["outcome"], record["reason"]) == ("unavailable", "event_bus: AccessDeniedException")
    assert (record["orders_published"], world.waiting()) == (0, 0)
    assert whole.sweep()["orders_published"] == 1
    assert len(world.receive()) == 1


@pytest.fixture
def function_arn(local_aws: LocalAws) -> str:
    """A function that answers with the event that it was invoked with."""
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
def test_without_it_the_schedule_starts_no_sweep(roles: Roles, function_arn: str, taken: str) -> None:
    roles.arns["SweepFunction"] = function_arn

    with denied("lambda:InvokeFunction"):
        start(roles.lacking(taken), function_arn)

    assert start(roles.whole(taken), function_arn) == {"source": "aws.scheduler"}


def start(aws: LocalAws, function_arn: str) -> object:
    answer = aws.client("lambda").invoke(FunctionName=function_arn, Payload='{"source": "aws.scheduler"}')
    return json.load(answer["Payload"])


def publish_on(bus: str) -> dict[str, Any]:
    event = {"EventBusName": bus, "Source": "walmart.ca.orders", "DetailType": "Order Created"}
    return {"Entries": [{**event, "Detail": "{}"}]}


def attempts(world: World) -> dict[str, tuple[str, dict[str, Any]]]:
    """What somebody may try: an action of IAM, and the arguments of the call."""
    orders, dead_letters = {"QueueUrl": world.order_queue}, {"QueueUrl": world.dead_letter_queue}
    sent, receipt = {"MessageBody": "{}"}, {"ReceiptHandle": "any"}
    policy = {"RoleName": ACKNOWLEDGE, "PolicyName": "more", "PolicyDocument": "{}"}
    return {
        "send to the order queue": ("sqs:SendMessage", {**orders, **sent}),
        "receive orders": ("sqs:ReceiveMessage", orders),
        "delete orders": ("sqs:DeleteMessage", {**orders, **receipt}),
        "purge the order queue": ("sqs:PurgeQueue", orders),
        "park": ("sqs:SendMessage", {**dead_letters, **sent}),
        "receive what is parked": ("sqs:ReceiveMessage", dead_letters),
        "delete what is parked": ("sqs:DeleteMessage", {**dead_letters, **receipt}),
        "publish events": ("events:PutEvents", publish_on(world.bus())),
        "publish on another bus": ("events:PutEvents", publish_on("default")),
        "read another secret": ("secretsmanager:GetSecretValue", {"SecretId": "somebody-elses"}),
        "replace the secret": (
            "secretsmanager:PutSecretValue",
            {"SecretId": world.secret_arn, "SecretString": "{}"},
        ),
        "invoke another function": ("lambda:InvokeFunction", {"FunctionName": "somebody-elses"}),
        "widen itself": ("iam:PutRolePolicy", policy),
    }


@pytest.mark.parametrize(
    ("role", "job"),
    [
        (ACKNOWLEDGE, {"receive orders", "delete orders", "park"}),
        (SWEEP, {"publish events"}),
        (SCHEDULE, set()),
    ],
)
def test_a_role_does_not_allow_what_its_job_does_not_take(
    world: World, roles: Roles, role: str, job: set[str]
) -> None:
    aws = roles.whole(role)

    assert {name for name, attempt in attempts(world).items() if is_allowed(aws, *attempt)} == job


def is_allowed(aws: LocalAws, action: str, arguments: dict[str, Any]) -> bool:
    try:
        call(aws, action, arguments)
    except ClientError as error:
        return f"is not authorized to perform: {action} " not in str(error)
    return True
