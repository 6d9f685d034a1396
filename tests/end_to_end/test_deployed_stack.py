"""From an event on the bus to an acknowledged order, through everything that the template makes."""

import itertools
import json
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any

import pytest

from tests.end_to_end.harness import Deployment, eventually
from tests.local.aws import remote_invoke
from tests.local.marketplace import Fault
from tests.support.event_cases import load_event_cases
from tests.support.paths import ROOT


def test_an_event_on_the_bus_becomes_an_acknowledged_order(
    deployment: Deployment, purchase_order_id: str
) -> None:
    deployment.marketplace.add_order(purchase_order_id)

    deployment.publish({"purchaseOrderId": purchase_order_id})

    (record,) = eventually(lambda: deployment.records(purchase_order_id))
    assert (record["outcome"], record["disposition"], record["origin"]) == ("acknowledged", "done", "queue")
    assert [line.status for line in deployment.marketplace.order(purchase_order_id).lines] == ["Acknowledged"]


def test_stacks_side_by_side_acknowledge_the_orders_of_their_own_seller_alone(
    deployments: dict[str, Deployment], purchase_order_id: str
) -> None:
    orders = {door: f"{purchase_order_id}-{door}" for door in deployments}
    for each, order in itertools.product(deployments.values(), orders.values()):
        each.marketplace.add_order(order)

    for door, each in deployments.items():
        each.publish({"purchaseOrderId": orders[door]})

    for door, each in deployments.items():
        eventually(partial(each.records, orders[door]))
    for door, each in deployments.items():
        assert [order for order in orders.values() if each.marketplace.calls_for(order)] == [orders[door]]


def test_each_line_of_metrics_and_of_the_log_names_the_stack(
    deployment: Deployment, purchase_order_id: str
) -> None:
    deployment.invoke({"detail": {"purchaseOrderId": purchase_order_id}})

    assert eventually(deployment.services_of_metrics) == {deployment.stack.name}
    assert {record["service"] for record in deployment.records(purchase_order_id)} == {deployment.stack.name}


def test_a_further_stack_is_refused_the_bus_and_source_of_another_and_told_why(
    deployments: dict[str, Deployment],
) -> None:
    first, name = deployments["signature"].stack.name, "walmart-third"
    cloudformation = deployments["signature"].aws.client("cloudformation")
    template = cloudformation.get_template(StackName=first, TemplateStage="Original")
    (stack,) = cloudformation.describe_stacks(StackName=first)["Stacks"]

    cloudformation.create_stack(
        StackName=name,
        TemplateBody=str(template["TemplateBody"]),
        Parameters=stack["Parameters"],
        Capabilities=["CAPABILITY_IAM", "CAPABILITY_AUTO_EXPAND"],
    )

    def failed() -> list[tuple[str, str]]:
        return [
            (event["LogicalResourceId"], event["ResourceStatusReason"])
            for event in cloudformation.describe_stack_events(StackName=name)["StackEvents"]
            if event["ResourceStatus"] == "CREATE_FAILED"
        ]

    ((resource, reason),) = eventually(failed)
    assert resource == "OnlyOneStackForEachBusAndSource"
    assert "already exists" in reason


def test_a_failing_order_is_tried_again_until_it_succeeds(
    deployment: Deployment, purchase_order_id: str
) -> None:
    deployment.marketplace.add_order(purchase_order_id)
    deployment.marketplace.fail(purchase_order_id, Fault.SERVICE_UNAVAILABLE, times=2)

    deployment.publish({"purchaseOrderId": purchase_order_id})

    def done() -> list[dict[str, Any]]:
        records = deployment.records(purchase_order_id)
        return records if len(records) == 3 else []

    assert [(r["outcome"], r["attempt"]) for r in eventually(done)] == [
        ("unavailable", 1),
        ("unavailable", 2),
        ("acknowledged", 3),
    ]


def test_an_order_that_fails_too_often_is_dead_lettered_as_it_came(
    deployment: Deployment, purchase_order_id: str
) -> None:
    sqs, queue_url = deployment.aws.client("sqs"), deployment.stack.outputs["OrderQueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
    lowered = {**json.loads(policy["RedrivePolicy"]), "maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"RedrivePolicy": json.dumps(lowered)})
    deployment.marketplace.add_order(purchase_order_id)
    deployment.marketplace.fail(purchase_order_id, Fault.SERVICE_UNAVAILABLE, times=None)

    try:
        deployment.publish({"purchaseOrderId": purchase_order_id})
        (message,) = eventually(lambda: deployment.messages("OrderDeadLetterQueueUrl"))
    finally:
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=policy)

    assert json.loads(message["Body"])["detail"] == {"purchaseOrderId": purchase_order_id}
    assert [r["outcome"] for r in deployment.records(purchase_order_id)] == ["unavailable"] * 2


def test_an_unusable_event_is_parked_with_its_reason(deployment: Deployment) -> None:
    deployment.publish({"customerOrderId": "8400000000001"})

    def parked() -> list[dict[str, Any]]:
        messages = deployment.messages("OrderDeadLetterQueueUrl")
        return [message for message in messages if "8400000000001" in message["Body"]]

    (message,) = eventually(parked)
    assert message["MessageAttributes"]["outcome"]["StringValue"] == "invalid_event"
    assert message["MessageAttributes"]["reason"]["StringValue"] == "detail.purchaseOrderId: missing"


@pytest.mark.parametrize(
    ("source", "detail_type"),
    [
        ("walmart.us.orders", "Order Created"),
        ("walmart.ca", "Order Created"),
        (None, "Order Cancelled"),
    ],
)
def test_another_event_is_none_of_our_business(
    deployment: Deployment, purchase_order_id: str, source: str | None, detail_type: str
) -> None:
    later = f"{purchase_order_id}-later"
    deployment.marketplace.add_order(purchase_order_id)
    deployment.marketplace.add_order(later)

    deployment.publish({"purchaseOrderId": purchase_order_id}, source, detail_type)
    deployment.publish({"purchaseOrderId": later})

    eventually(lambda: deployment.records(later))
    assert deployment.records(purchase_order_id) == []
    assert deployment.marketplace.calls_for(purchase_order_id) == []


def test_an_order_that_only_walmart_knows_of_is_acknowledged_within_one_sweep(
    deployment: Deployment, purchase_order_id: str
) -> None:
    deployment.marketplace.add_order(purchase_order_id, order_date=datetime.now(UTC) - timedelta(minutes=30))

    sweep = deployment.sweep()

    assert (sweep["outcome"], sweep["orders_published"]) == ("completed", 1)
    (record,) = eventually(lambda: deployment.records(purchase_order_id))
    assert (record["outcome"], record["disposition"], record["origin"]) == ("acknowledged", "done", "sweep")
    assert [line.status for line in deployment.marketplace.order(purchase_order_id).lines] == ["Acknowledged"]


def test_the_schedule_starts_a_sweep(deployment: Deployment) -> None:
    scheduler, before = deployment.aws.client("scheduler"), len(deployment.sweeps())
    listed = next(
        each
        for each in scheduler.list_schedules()["Schedules"]
        if each["Name"].startswith(f"{deployment.stack.name}-")
    )
    schedule = scheduler.get_schedule(Name=listed["Name"])
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"

    # Another one, that starts the same as the same at once: the quarter of an hour is not waited for.
    scheduler.create_schedule(
        Name=f"at-once-{deployment.stack.name}",
        ScheduleExpression=datetime.now(UTC).strftime("at(%Y-%m-%dT%H:%M:%S)"),
        FlexibleTimeWindow=schedule["FlexibleTimeWindow"],
        Target=schedule["Target"],
    )

    assert eventually(lambda: deployment.sweeps()[before:])[0]["outcome"] == "completed"


def test_sam_invokes_the_self_check(deployment: Deployment) -> None:
    event = ROOT / "events" / "self-check.json"

    answer = json.loads(remote_invoke(deployment.aws, deployment.stack, "AcknowledgeFunction", event))

    assert (answer["self_check"], answer["failed"]) == ("passed", None)


def test_a_bare_event_answers_with_its_record(deployment: Deployment, purchase_order_id: str) -> None:
    deployment.marketplace.add_order(purchase_order_id)

    record = deployment.invoke({"detail": {"purchaseOrderId": purchase_order_id}})

    assert (record["outcome"], record["disposition"], record["origin"]) == ("acknowledged", "done", "manual")


def test_sam_invokes_the_function_with_an_event_file(deployment: Deployment) -> None:
    (case,) = [case for case in load_event_cases() if case.name == "acknowledged-created-order"]
    assert case.purchase_order_id
    deployment.marketplace.add_order(case.purchase_order_id)

    answer = json.loads(remote_invoke(deployment.aws, deployment.stack, "AcknowledgeFunction", case.path))

    assert (answer["outcome"], answer["disposition"]) == (case.invoked.outcome, case.invoked.disposition)


def test_the_function_is_denied_what_its_role_does_not_grant(
    deployment: Deployment, purchase_order_id: str
) -> None:
    functions, name = deployment.aws.client("lambda"), deployment.function_name
    other = deployment.aws.client("secretsmanager").create_secret(
        Name=f"somebody-elses-{deployment.stack.name}", SecretString="{}"
    )
    environment = functions.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    pointed_elsewhere = {**environment, "CREDENTIALS_SECRET_ARN": other["ARN"]}
    functions.update_function_configuration(FunctionName=name, Environment={"Variables": pointed_elsewhere})

    try:
        record = deployment.invoke({"detail": {"purchaseOrderId": purchase_order_id}})
    finally:
        functions.update_function_configuration(FunctionName=name, Environment={"Variables": environment})

    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("secret: the function may not read it")
