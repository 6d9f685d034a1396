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
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from botocore.exceptions import ClientError

from tests.integration.harness import Context, World
from tests.integration.roles import SHOWN, Roles, needed, takeable
from tests.local.aws import LocalAws
from tests.support.printed import measurements_of, records_of

if TYPE_CHECKING:
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef

ACKNOWLEDGE = "AcknowledgeFunctionRole"
SWEEP = "SweepFunctionRole"
SCHEDULE = "SweepScheduleRole"
ORDER = "7400000000001"
ORDER_EVENT = json.dumps({"detail": {"purchaseOrderId": ORDER}})
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


def denied(action: str) -> Any:  # noqa: ANN401 - pytest's own type is private
    return pytest.raises(ClientError, match=f"is not authorized to perform: {action} ")


def receive_again_after(world: World, seconds: int) -> None:
    """Let a message that nobody hides come again after so many seconds."""
    world.sqs.set_queue_attributes(QueueUrl=world.order_queue, Attributes={"VisibilityTimeout": str(seconds)})


def add_order(world: World) -> None:
    world.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - timedelta(hours=1))


def acknowledge(world: World) -> dict[str, Any]:
    """Deliver what is in the order queue, and return the one outcome record."""
    world.deliver(world.function())
    (record,) = records_of(world.output())
    return record


def sweep(world: World) -> dict[str, Any]:
    return world.sweep_function()({"source": "aws.scheduler"}, Context(240_000))


def warnings_of(output: list[dict[str, Any]]) -> list[tuple[str, str]]:
    """What was warned of for an error, and the error."""
    return [(line["message"], line["error"]) for line in output if "error" in line]


def test_every_statement_and_every_action_of_every_role_is_shown_to_be_needed() -> None:
    assert sorted(SHOWN) == sorted(takeable())


@needed(f"{ACKNOWLEDGE}/WorkOffOrders", f"{ACKNOWLEDGE}/WorkOffOrders/sqs:ReceiveMessage")
def test_without_it_no_order_is_received(world: World, lacking: World, whole: World) -> None:
    add_order(world)
    world.send(ORDER_EVENT)

    with denied("sqs:ReceiveMessage"):
        lacking.deliver(lacking.function())

    assert world.statuses(ORDER) == {"Created"}
    acknowledge(whole)
    assert world.statuses(ORDER) == {"Acknowledged"}


@needed(f"{ACKNOWLEDGE}/WorkOffOrders/sqs:DeleteMessage")
def test_without_it_an_acknowledged_order_comes_again(world: World, lacking: World, whole: World) -> None:
    receive_again_after(world, 1)
    add_order(world)
    world.send(ORDER_EVENT)

    with denied("sqs:DeleteMessage"):
        lacking.deliver(lacking.function())

    assert world.statuses(ORDER) == {"Acknowledged"}
    assert world.waiting() == 1
    world.output()
    assert acknowledge(whole)["outcome"] == "already_acknowledged"
    assert world.waiting() == 0


@needed(f"{ACKNOWLEDGE}/WorkOffOrders/sqs:GetQueueAttributes")
def test_without_it_the_mapping_lacks_what_aws_says_that_it_takes(
    local_aws: LocalAws, lacking: World, whole: World
) -> None:
    # The mapping's own use of it is AWS's affair, so there is nothing here that would break by itself.
    policy = local_aws.client("iam").get_policy_version(PolicyArn=MAPPING_POLICY, VersionId="v1")
    assert '"sqs:GetQueueAttributes"' in json.dumps(policy["PolicyVersion"]["Document"])

    with denied("sqs:GetQueueAttributes"):
        lacking.waiting()

    assert whole.waiting() == 0


@needed(f"{ACKNOWLEDGE}/WorkOffOrders/sqs:ChangeMessageVisibility")
def test_without_it_an_order_is_not_hidden_for_its_back_off(
    world: World, lacking: World, whole: World
) -> None:
    receive_again_after(world, 1)
    for _ in range(2):  # until the good one is not the previous version any more
        world.store_secret("{}")
    world.send(ORDER_EVENT)

    lacking.deliver(lacking.function(CREDENTIALS_HOLD_SECONDS="300"))

    ((warning, error),) = warnings_of(world.output())
    assert warning == "queue did not carry out the disposition"
    assert "sqs:ChangeMessageVisibility" in error
    # Comes again after the queue's timeout, not its own 300 s; and then after its own, not the queue's 600 s.
    receive_again_after(world, 600)
    whole.deliver(whole.function(CREDENTIALS_HOLD_SECONDS="1"))
    assert len(world.receive()) == 1


@needed(f"{ACKNOWLEDGE}/ParkOrders")
def test_without_it_nothing_is_parked_and_the_message_stays(
    world: World, lacking: World, whole: World
) -> None:
    receive_again_after(world, 1)
    world.send("not json")

    record = acknowledge(lacking)

    assert (record["outcome"], record["disposition"]) == ("invalid_event", "later")
    assert (world.parked(), world.waiting()) == ([], 1)
    assert acknowledge(whole)["disposition"] == "parked"
    assert (len(world.parked()), world.waiting()) == (1, 0)


@needed(f"{ACKNOWLEDGE}/ReadCredentials")
def test_without_it_no_order_is_acknowledged(world: World, lacking: World, whole: World) -> None:
    add_order(world)
    world.send(ORDER_EVENT)

    record = acknowledge(lacking)

    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("secret: the function may not read it")
    assert acknowledge(whole)["outcome"] == "acknowledged"


@needed(f"{SWEEP}/ReadCredentials")
def test_without_it_no_sweep_is_made(lacking: World, whole: World) -> None:
    record = sweep(lacking)

    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("secret: the function may not read it")
    assert sweep(whole)["outcome"] == "completed"


@pytest.fixture
def encrypted(local_aws: LocalAws, roles: Roles) -> bytes:
    """Something that the customer key encrypts."""
    kms = local_aws.client("kms")
    roles.arns["CustomerKey"] = kms.create_key()["KeyMetadata"]["Arn"]
    return kms.encrypt(KeyId=roles.arns["CustomerKey"], Plaintext=b"secret")["CiphertextBlob"]


@needed(f"{ACKNOWLEDGE}/DecryptCredentials")
def test_without_it_no_order_is_acknowledged_with_a_secret_under_a_customer_key(
    world: World, roles: Roles, encrypted: bytes, taken: str
) -> None:
    add_order(world)
    world.send(ORDER_EVENT)

    record = acknowledge(under_customer_key(world, roles.lacking(taken), encrypted))

    assert record["outcome"] == "misconfigured"
    assert record["reason"].endswith("CredentialsKeyArn")
    assert acknowledge(under_customer_key(world, roles.whole(taken), encrypted))["outcome"] == "acknowledged"


@needed(f"{SWEEP}/DecryptCredentials")
def test_without_it_no_sweep_is_made_with_a_secret_under_a_customer_key(
    world: World, roles: Roles, encrypted: bytes, taken: str
) -> None:
    record = sweep(under_customer_key(world, roles.lacking(taken), encrypted))

    assert record["outcome"] == "misconfigured"
    assert record["reason"].endswith("CredentialsKeyArn")
    assert sweep(under_customer_key(world, roles.whole(taken), encrypted))["outcome"] == "completed"


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


@needed(f"{SWEEP}/MeasureOrderQueue")
def test_without_it_a_sweep_does_not_know_how_many_orders_wait(lacking: World, whole: World) -> None:
    record = sweep(lacking)

    output = lacking.output()
    ((warning, error),) = warnings_of(output)
    assert warning == "order queue did not tell its length"
    assert "sqs:GetQueueAttributes" in error
    assert (record["outcome"], record["queue_length"]) == ("completed", None)
    # Which the alarm DrainTimeLong is about.
    assert "DrainTime" not in measurements_of(output)
    assert sweep(whole)["queue_length"] == 0
    assert "DrainTime" in measurements_of(whole.output())


@needed(f"{SWEEP}/PublishOrderEvents")
def test_without_it_no_order_event_is_published(world: World, lacking: World, whole: World) -> None:
    add_order(world)

    record = sweep(lacking)

    assert (record["outcome"], record["reason"]) == ("unavailable", "event_bus: AccessDeniedException")
    assert (record["orders_published"], world.waiting()) == (0, 0)
    assert sweep(whole)["orders_published"] == 1
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


def send_to_order_queue(aws: LocalAws, world: World) -> object:
    return aws.client("sqs").send_message(QueueUrl=world.order_queue, MessageBody="{}")


def receive_from_order_queue(aws: LocalAws, world: World) -> object:
    return aws.client("sqs").receive_message(QueueUrl=world.order_queue)


def delete_from_order_queue(aws: LocalAws, world: World) -> object:
    return aws.client("sqs").delete_message(QueueUrl=world.order_queue, ReceiptHandle="any")


def send_to_dead_letter_queue(aws: LocalAws, world: World) -> object:
    return aws.client("sqs").send_message(QueueUrl=world.dead_letter_queue, MessageBody="{}")


def receive_from_dead_letter_queue(aws: LocalAws, world: World) -> object:
    return aws.client("sqs").receive_message(QueueUrl=world.dead_letter_queue)


def delete_from_dead_letter_queue(aws: LocalAws, world: World) -> object:
    return aws.client("sqs").delete_message(QueueUrl=world.dead_letter_queue, ReceiptHandle="any")


def publish_on(bus: str, aws: LocalAws) -> object:
    event: PutEventsRequestEntryTypeDef = {
        "EventBusName": bus,
        "Source": "walmart.ca.orders",
        "DetailType": "Order Created",
        "Detail": "{}",
    }
    return aws.client("events").put_events(Entries=[event])


def publish_order_event(aws: LocalAws, world: World) -> object:
    return publish_on(world.bus(), aws)


def publish_on_another_bus(aws: LocalAws, _world: World) -> object:
    return publish_on("default", aws)


def purge_order_queue(aws: LocalAws, world: World) -> object:
    return aws.client("sqs").purge_queue(QueueUrl=world.order_queue)


def read_another_secret(aws: LocalAws, _world: World) -> object:
    return aws.client("secretsmanager").get_secret_value(SecretId="somebody-elses")


def replace_the_secret(aws: LocalAws, world: World) -> object:
    return aws.client("secretsmanager").put_secret_value(SecretId=world.secret_arn, SecretString="{}")


def invoke_another_function(aws: LocalAws, _world: World) -> object:
    return aws.client("lambda").invoke(FunctionName="somebody-elses")


def widen_itself(aws: LocalAws, _world: World) -> object:
    return aws.client("iam").put_role_policy(RoleName=ACKNOWLEDGE, PolicyName="more", PolicyDocument="{}")


@pytest.mark.parametrize(
    ("role", "action", "attempt"),
    [
        (ACKNOWLEDGE, "events:PutEvents", publish_order_event),
        (ACKNOWLEDGE, "sqs:SendMessage", send_to_order_queue),
        (ACKNOWLEDGE, "sqs:ReceiveMessage", receive_from_dead_letter_queue),
        (ACKNOWLEDGE, "sqs:DeleteMessage", delete_from_dead_letter_queue),
        (ACKNOWLEDGE, "sqs:PurgeQueue", purge_order_queue),
        (ACKNOWLEDGE, "secretsmanager:GetSecretValue", read_another_secret),
        (ACKNOWLEDGE, "secretsmanager:PutSecretValue", replace_the_secret),
        (ACKNOWLEDGE, "iam:PutRolePolicy", widen_itself),
        (SWEEP, "events:PutEvents", publish_on_another_bus),
        (SWEEP, "sqs:SendMessage", send_to_order_queue),
        (SWEEP, "sqs:ReceiveMessage", receive_from_order_queue),
        (SWEEP, "sqs:DeleteMessage", delete_from_order_queue),
        (SWEEP, "sqs:PurgeQueue", purge_order_queue),
        (SWEEP, "sqs:SendMessage", send_to_dead_letter_queue),
        (SWEEP, "secretsmanager:GetSecretValue", read_another_secret),
        (SWEEP, "secretsmanager:PutSecretValue", replace_the_secret),
        (SWEEP, "iam:PutRolePolicy", widen_itself),
        (SCHEDULE, "lambda:InvokeFunction", invoke_another_function),
        (SCHEDULE, "events:PutEvents", publish_order_event),
        (SCHEDULE, "sqs:SendMessage", send_to_order_queue),
        (SCHEDULE, "secretsmanager:GetSecretValue", read_another_secret),
        (SCHEDULE, "iam:PutRolePolicy", widen_itself),
    ],
)
def test_a_role_does_not_allow_what_its_job_does_not_take(
    world: World, roles: Roles, role: str, action: str, attempt: Callable[[LocalAws, World], object]
) -> None:
    aws = roles.whole(role)

    with denied(action):
        attempt(aws, world)
