"""From an event on the bus to an acknowledged order, through all resources of the template."""

import itertools
import json
from datetime import UTC, datetime

from tests.local.aws import Subscriber
from tests.local.deployment import Deployment
from tests.local.marketplace import Fault
from tests.support.batches import order_event
from tests.support.waiting import eventually


def test_two_stacks_acknowledge_only_the_orders_of_their_seller(
    deployments: dict[str, Deployment], purchase_order_id: str
) -> None:
    orders = {scheme: f"{purchase_order_id}-{scheme}" for scheme in deployments}
    for each, order in itertools.product(deployments.values(), orders.values()):
        each.marketplace.add_order(order)

    for scheme, each in deployments.items():
        each.publish(order_event(orders[scheme]))

    for scheme, each in deployments.items():
        record = each.ended(orders[scheme])[-1]
        assert (record["outcome"], record["service"]) == ("acknowledged", each.stack.name)
        metrics = each.stack.log("AcknowledgeFunctionLogGroupName", "_aws").new_records()
        assert {line["service"] for line in metrics} == {each.stack.name}
        assert [order for order in orders.values() if each.marketplace.calls_for(order)] == [orders[scheme]]
        assert {call.scheme for call in each.marketplace.calls_for(orders[scheme])} == {scheme}


def test_a_second_stack_for_the_same_bus_and_source_is_refused(
    deployment: Deployment,
) -> None:
    first, name = deployment.stack.name, "walmart-third"
    cloudformation = deployment.aws.client("cloudformation")
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


def test_a_failing_order_is_retried_until_it_succeeds(deployment: Deployment, purchase_order_id: str) -> None:
    deployment.marketplace.add_order(purchase_order_id)
    deployment.marketplace.fail(purchase_order_id, Fault.SERVICE_UNAVAILABLE, times=2)

    deployment.publish(order_event(purchase_order_id))

    assert [(record["outcome"], record["attempt"]) for record in deployment.ended(purchase_order_id)] == [
        ("unavailable", 1),
        ("unavailable", 2),
        ("acknowledged", 3),
    ]


def test_an_order_that_fails_too_often_is_dead_lettered(
    deployment: Deployment, purchase_order_id: str
) -> None:
    sqs, queue_url = deployment.aws.client("sqs"), deployment.stack.outputs["OrderQueueUrl"]
    policy = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["RedrivePolicy"])["Attributes"]
    lowered = {**json.loads(policy["RedrivePolicy"]), "maxReceiveCount": 2}
    sqs.set_queue_attributes(QueueUrl=queue_url, Attributes={"RedrivePolicy": json.dumps(lowered)})
    deployment.marketplace.add_order(purchase_order_id)
    deployment.marketplace.fail(purchase_order_id, Fault.SERVICE_UNAVAILABLE, times=None)

    try:
        deployment.publish(order_event(purchase_order_id))
        message = deployment.parked(purchase_order_id)
    finally:
        sqs.set_queue_attributes(QueueUrl=queue_url, Attributes=policy)

    assert json.loads(message["Body"])["detail"] == {"purchaseOrderId": purchase_order_id}
    assert [record["outcome"] for record in deployment.records(purchase_order_id)] == ["unavailable"] * 2


def test_outcomes_are_published_and_a_parked_order_notifies_once(
    deployments: dict[str, Deployment], purchase_order_id: str
) -> None:
    first, second = deployments["signature"], deployments["token"]
    events, phone = Subscriber(first.aws, "events"), Subscriber(first.aws, "phone")
    events.subscribe_to_bus()
    for each in (first, second):
        phone.subscribe_to_topic(each.stack.outputs["AlarmTopicArn"])
    first.marketplace.add_order(purchase_order_id, statuses=("Created", "Shipped"))
    second.marketplace.add_order(purchase_order_id)

    for deployment in (first, first, second):
        deployment.publish(order_event(purchase_order_id))
    published = [event["detail"] | {"type": event["detail-type"]} for event in events.wait_for(3)]

    parked = [detail for detail in published if detail["type"] == "Order Parked"]
    assert [detail["stack"] for detail in parked] == [first.stack.name] * 2
    assert {detail["notify"] for detail in parked} == {True, False}
    assert [detail["stack"] for detail in published if detail["type"] == "Order Acknowledged"] == [
        second.stack.name
    ]
    (notification,) = phone.wait_for(1)
    assert notification["Order parked"] == f"Order {purchase_order_id}: rejected, mixed_lines"
    assert notification["Runbook"].endswith("docs/runbook.md#parked-orders")


def test_the_schedule_starts_a_sweep(deployment: Deployment) -> None:
    scheduler, before = deployment.aws.client("scheduler"), len(deployment.sweep_records())
    listed = next(
        each
        for each in scheduler.list_schedules()["Schedules"]
        if each["Name"].startswith(f"{deployment.stack.name}-")
    )
    schedule = scheduler.get_schedule(Name=listed["Name"])
    assert schedule["ScheduleExpression"] == "rate(15 minutes)"

    # Another schedule starts the same target at once, instead of in fifteen minutes.
    scheduler.create_schedule(
        Name="at-once",
        ScheduleExpression=datetime.now(UTC).strftime("at(%Y-%m-%dT%H:%M:%S)"),
        FlexibleTimeWindow=schedule["FlexibleTimeWindow"],
        Target=schedule["Target"],
    )

    assert eventually(lambda: deployment.sweep_records()[before:])[0]["outcome"] == "completed"


def test_the_function_is_denied_what_its_role_does_not_grant(
    deployment: Deployment, purchase_order_id: str
) -> None:
    other = deployment.aws.client("secretsmanager").create_secret(Name="somebody-elses", SecretString="{}")

    with deployment.changed_variables({"CREDENTIALS_SECRET_ARN": other["ARN"]}):
        record = deployment.stack.invoke(
            "AcknowledgeFunctionName", {"detail": {"purchaseOrderId": purchase_order_id}}
        )

    assert record["outcome"] == "misconfigured"
    assert record["reason"].startswith("secret: the function may not read it")
