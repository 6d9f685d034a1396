"""No order is lost in a queue, and only the rule may send one to it, over TLS."""

import pytest

from acknowledge_orders.parking import MAX_MESSAGE_BYTES
from acknowledge_orders.settings import VISIBILITY_TIMEOUT_S
from tests.support.deployed import PSEUDO_PARAMETERS, deployed
from tests.support.template import Template

DAY = 24 * 60 * 60
QUEUES = ["OrderQueue", "OrderDeadLetterQueue", "UndeliveredEventQueue"]


def test_every_queue_is_standard_and_encrypted_with_sqs_own_key(template: Template) -> None:
    queues = template.of_type("AWS::SQS::Queue")

    assert sorted(queues) == sorted(QUEUES)
    for queue in queues.values():
        assert queue["SqsManagedSseEnabled"] is True
        # EventBridge may not use a key of KMS.
        assert not {"KmsMasterKeyId", "FifoQueue"} & queue.keys()
        assert queue["MaximumMessageSize"] == MAX_MESSAGE_BYTES


def test_a_recreated_stack_gives_the_order_queue_another_name(template: Template) -> None:
    again = PSEUDO_PARAMETERS["AWS::StackId"].replace("/5e6f7a80-", "/9f8e7d60-")
    longest = deployed(template, **{"AWS::StackId": again, "AWS::StackName": 49 * "s"})

    assert deployed(template)["OrderQueue"]["QueueName"] == "orders-OrderQueue-5e6f7a80"
    assert longest["OrderQueue"]["QueueName"] == f"{49 * 's'}-OrderQueue-9f8e7d60"
    assert len(longest["OrderQueue"]["QueueName"]) <= 80
    assert [name for name in QUEUES if "QueueName" in template[name]] == ["OrderQueue"]


def test_only_the_order_queue_may_have_a_dead_letter_queue(template: Template) -> None:
    stack = deployed(template)
    name = stack["OrderQueue"]["QueueName"]

    assert {queue: stack[queue]["RedriveAllowPolicy"] for queue in QUEUES} == {
        "OrderQueue": {"redrivePermission": "denyAll"},
        "OrderDeadLetterQueue": {
            "redrivePermission": "byQueue",
            "sourceQueueArns": [f"arn:aws:sqs:ca-central-1:123456789012:{name}"],
        },
        "UndeliveredEventQueue": {"redrivePermission": "denyAll"},
    }


@pytest.mark.parametrize("queue", QUEUES)
def test_an_update_that_replaces_a_queue_keeps_its_orders(written: Template, queue: str) -> None:
    assert written.body["Resources"][queue]["UpdateReplacePolicy"] == "Retain"


def test_an_order_received_100_times_becomes_a_dead_letter(template: Template) -> None:
    assert template["OrderQueue"]["RedrivePolicy"] == {
        "deadLetterTargetArn": {"Fn::GetAtt": ["OrderDeadLetterQueue", "Arn"]},
        "maxReceiveCount": 100,
    }


def test_a_received_order_is_invisible_for_six_function_timeouts(template: Template) -> None:
    timeout = template["OrderQueue"]["VisibilityTimeout"]

    assert timeout == VISIBILITY_TIMEOUT_S >= 6 * template["AcknowledgeFunction"]["Timeout"]


def test_orders_are_kept_four_days_and_dead_letters_fourteen(template: Template) -> None:
    assert {queue: template[queue]["MessageRetentionPeriod"] for queue in QUEUES} == {
        "OrderQueue": 4 * DAY,
        "OrderDeadLetterQueue": 14 * DAY,
        "UndeliveredEventQueue": 14 * DAY,
    }


@pytest.mark.parametrize("queue", QUEUES)
def test_every_queue_refuses_a_call_without_tls(template: Template, queue: str) -> None:
    policy = template[f"{queue}Policy"]

    assert policy["Queues"] == [{"Ref": queue}]
    assert policy["PolicyDocument"]["Statement"][-1] == {
        "Sid": "DenyWithoutTls",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": {"Fn::GetAtt": [queue, "Arn"]},
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


@pytest.mark.parametrize(
    ("bus", "rule"), [("default", "orders-OrderEventRule"), ("shop", "shop/orders-OrderEventRule")]
)
@pytest.mark.parametrize("queue", ["OrderQueue", "UndeliveredEventQueue"])
def test_only_the_order_event_rule_may_send_to(template: Template, queue: str, bus: str, rule: str) -> None:
    stack = deployed(template, EventBusName=bus)
    (statement,) = stack[f"{queue}Policy"]["PolicyDocument"]["Statement"][:-1]

    assert statement == {
        "Sid": statement["Sid"],
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": f"<{queue}.Arn>",
        "Condition": {
            "ArnEquals": {"aws:SourceArn": f"arn:aws:events:ca-central-1:123456789012:rule/{rule}"}
        },
    }


def test_no_policy_lets_a_service_send_to_the_dead_letters(template: Template) -> None:
    statements = template["OrderDeadLetterQueuePolicy"]["PolicyDocument"]["Statement"]

    assert [each["Effect"] for each in statements] == ["Deny"]
