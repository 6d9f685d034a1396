"""The runbook's commands, run by bash with queues and logs of the local AWS."""

import json
import re
import subprocess
import time
from typing import Any, Final

import pytest

from tests.local.aws import LocalAws
from tests.support import deployed as resolved
from tests.support.paths import ROOT
from tests.support.queues import Queue, texts_of
from tests.support.shells import Shell, needs_jq
from tests.support.sqs_limits import MAX_BYTES
from tests.support.template import read

pytestmark = needs_jq

STACK: Final = "walmart-order-acknowledgement"
QUEUES: Final = ["OrderQueue", "OrderDeadLetterQueue", "UndeliveredEventQueue"]
URLS: Final = [f"{name}Url" for name in QUEUES]
MOVE: Final = "move OrderDeadLetterQueueUrl OrderQueueUrl"
PARKED: Final = {"outcome": "unavailable", "reason": "http_503"}
UGLY: Final = "\u009b2J\u202e\u2066\u200b\x7f\u00e9"
"""Characters that control a terminal, change the direction of text, or are invisible."""
RECORD: Final = {
    "message": "order outcome",
    "purchase_order_id": "1",
    "outcome": "rejected",
    "reason": UGLY,
    "disposition": "parked",
    "deadline_remaining_s": 60,
    "http_status": 403,
    "origin": "sweep",
}
SWEEP: Final = {"message": "sweep outcome", "reason": UGLY}
ERROR: Final = {"level": "ERROR", "message": "unexpected error", "exception": UGLY}
NO_JSON: Final = f"no JSON: {UGLY}"
LOGS: Final[dict[str, list[object]]] = {
    "AcknowledgeFunctionLogGroupName": [RECORD, ERROR, NO_JSON],
    "SweepFunctionLogGroupName": [SWEEP, ERROR],
}


class Runbook:
    """The stack's queues, and a bash with the runbook's functions."""

    def __init__(self, aws: LocalAws, bash: Shell) -> None:
        self.sqs = aws.client("sqs")
        self._bash = bash
        body = read().body
        template = {
            "Resources": {name: body["Resources"][name] for name in QUEUES},
            "Outputs": {name: body["Outputs"][name] for name in (*URLS, "OrderEventRuleName")},
        }
        cloudformation = aws.client("cloudformation")
        cloudformation.create_stack(StackName=STACK, TemplateBody=json.dumps(template))
        cloudformation.get_waiter("stack_create_complete").wait(StackName=STACK, WaiterConfig={"Delay": 1})
        (stack,) = cloudformation.describe_stacks(StackName=STACK)["Stacks"]
        outputs = {output["OutputKey"]: output["OutputValue"] for output in stack["Outputs"]}
        self.queues = {name: Queue(self.sqs, outputs[name]) for name in URLS}
        self.orders, self.dead_letters, self.undelivered = self.queues.values()
        self.rule = outputs["OrderEventRuleName"]

    def run(self, commands: str) -> subprocess.CompletedProcess[str]:
        """Run commands after the runbook's script."""
        return self._bash.run(f"source docs/runbook.sh\n{commands}", cwd=ROOT)


@pytest.fixture(scope="session")
def deployed(local_aws: LocalAws, bash: Shell) -> Runbook:
    return Runbook(local_aws, bash)


@pytest.fixture
def runbook(deployed: Runbook) -> Runbook:
    for queue in deployed.queues.values():
        deployed.sqs.purge_queue(QueueUrl=queue.url)
    return deployed


def event(purchase_order_id: str = "1", size: int = 0) -> str:
    """An order event of a size."""
    text = json.dumps({"detail": {"purchaseOrderId": purchase_order_id, "note": UGLY}}, ensure_ascii=False)
    return text + " " * (size - len(text.encode()))


def taken(queue: Queue) -> list[tuple[str, dict[str, str]]]:
    """Take all visible messages; return their bodies and attributes."""
    return sorted((each["Body"], texts_of(each)) for each in queue.take_all())


def lines(printed: str) -> list[Any]:
    return [json.loads(line) for line in printed.splitlines()]


def test_messages_of_any_size_are_moved_as_they_are(runbook: Runbook) -> None:
    sent = [(event("1"), PARKED), (event("2", MAX_BYTES - 100), PARKED), (event("3", MAX_BYTES), {})]
    for body, attributes in sent:
        runbook.dead_letters.send(body, **attributes)

    moved = runbook.run(MOVE)

    assert (moved.returncode, moved.stderr) == (0, "")
    assert taken(runbook.orders) == sorted(sent)
    assert runbook.dead_letters.length() == 0


def test_only_messages_that_meet_a_condition_are_moved_or_dropped(runbook: Runbook) -> None:
    for number in "123":
        runbook.dead_letters.send(event(number), **PARKED)

    done = runbook.run(f"""{MOVE} '.order == "1"' && drop OrderDeadLetterQueueUrl '.order == "2"'""")

    assert (done.returncode, [each["order"] for each in lines(done.stdout)]) == (0, ["1", "2"])
    assert taken(runbook.orders) == [(event("1"), PARKED)]
    assert taken(runbook.dead_letters) == [(event("3"), PARKED)]


def test_a_message_that_cannot_be_moved_is_named_and_kept(runbook: Runbook) -> None:
    runbook.sqs.set_queue_attributes(QueueUrl=runbook.orders.url, Attributes={"MaximumMessageSize": "1024"})
    runbook.dead_letters.send(event("1"), **PARKED)
    runbook.dead_letters.send(event("2", 2_000), **PARKED)

    moved = runbook.run(MOVE)

    runbook.sqs.set_queue_attributes(
        QueueUrl=runbook.orders.url, Attributes={"MaximumMessageSize": str(MAX_BYTES)}
    )
    assert moved.returncode != 0
    assert 'Failed: {"outcome":"unavailable","reason":"http_503","order":"2"}' in moved.stderr
    assert "1 failed and are still in OrderDeadLetterQueueUrl." in moved.stderr
    assert taken(runbook.orders) == [(event("1"), PARKED)]
    assert runbook.dead_letters.invisible() == 1


@pytest.mark.parametrize(
    ("command", "says"),
    [
        ("move ThereIsNoneUrl OrderQueueUrl", "What was read from ThereIsNoneUrl shows again"),
        (f"{MOVE} '.order =='", "jq does not understand the condition .order ==."),
        ("drop OrderDeadLetterQueueUrl", "Say which messages: drop OrderDeadLetterQueueUrl 'condition'"),
        ("output() { return 254; }; " + MOVE, ""),
    ],
)
def test_a_command_that_fails_loses_no_message(runbook: Runbook, command: str, says: str) -> None:
    runbook.dead_letters.send(event(), **PARKED)

    done = runbook.run(command)

    assert done.returncode != 0
    assert says in done.stderr
    assert runbook.dead_letters.length() == 1


@pytest.mark.parametrize("command", ["parked", MOVE, "drop OrderDeadLetterQueueUrl true", "undelivered"])
def test_text_from_a_producer_is_printed_as_ascii(runbook: Runbook, command: str) -> None:
    attributes = {"outcome": "rejected", "reason": UGLY, "ERROR_CODE": UGLY, "ERROR_MESSAGE": UGLY}
    for queue in (runbook.dead_letters, runbook.undelivered):
        queue.send(event(UGLY), **attributes)

    printed = runbook.run(command).stdout

    assert printed.isascii()
    assert UGLY in json.dumps(lines(printed), ensure_ascii=False)


@pytest.fixture(scope="session")
def _logs(local_aws: LocalAws) -> None:
    """Log groups that are named like the outputs that name them in a stack."""
    logs, now_ms = local_aws.client("logs"), int(time.time() * 1000)
    for group, messages in LOGS.items():
        logs.create_log_group(logGroupName=group)
        logs.create_log_stream(logGroupName=group, logStreamName="runbook")
        logs.put_log_events(
            logGroupName=group,
            logStreamName="runbook",
            logEvents=[
                {
                    "timestamp": now_ms,
                    "message": each if isinstance(each, str) else json.dumps(each, ensure_ascii=False),
                }
                for each in messages
            ],
        )


@pytest.mark.usefixtures("_logs")
@pytest.mark.parametrize(
    ("command", "shown"),
    [
        ("attempts 1", [RECORD]),
        ("swept", [RECORD]),
        ("refused", [RECORD]),
        ("sweeps", [SWEEP]),
        ("errors", [ERROR, ERROR]),
        ("records AcknowledgeFunctionLogGroupName ''", [RECORD, ERROR, NO_JSON]),
        ("urgent", [["1", 60, "rejected", UGLY]]),
        ("failures | sed 's/^ *1 //'", [["rejected", UGLY, "parked"]]),
    ],
)
def test_a_log_line_is_printed_as_ascii(runbook: Runbook, command: str, shown: list[object]) -> None:
    printed = runbook.run(f'output() {{ echo "$1"; }}; {command}').stdout

    assert printed.isascii()
    assert lines(printed) == shown


@pytest.mark.parametrize(
    ("queue", "sid"),
    [("OrderQueue", "OrderEventRuleDelivers"), ("UndeliveredEventQueue", "OrderEventRuleDeadLetters")],
)
def test_a_restored_policy_is_the_one_of_the_template(
    runbook: Runbook, local_aws: LocalAws, queue: str, sid: str
) -> None:
    rule = local_aws.client("events").put_rule(Name=runbook.rule, EventPattern='{"source": ["x"]}')
    policy = json.dumps(resolved.deployed(read())[f"{queue}Policy"]["PolicyDocument"])
    policy = policy.replace(
        "arn:aws:events:ca-central-1:123456789012:rule/orders-OrderEventRule", rule["RuleArn"]
    )
    # Not sent, because the local AWS has no TLS, and would refuse every later call.
    shown = 'aws() { case $2 in set-*) echo "${@: -1}" ;; *) command aws "$@" ;; esac; }'

    done = runbook.run(f"{shown}; restore_policy {queue}Url {sid}")

    assert (done.returncode, done.stderr) == (0, "")
    expected = policy.replace(f"<{queue}.Arn>", runbook.queues[f"{queue}Url"].arn)
    assert json.loads(json.loads(done.stdout)["Policy"]) == json.loads(expected)


def test_a_replay_goes_through_the_rule_on_its_bus(runbook: Runbook, local_aws: LocalAws) -> None:
    events = local_aws.client("events")
    bus = events.describe_event_bus(Name="default")["Arn"]
    rule = events.put_rule(Name=runbook.rule, EventPattern='{"source": ["x"]}')["RuleArn"]
    # The stack here has no archive.
    stubs = f"""output() {{ case $1 in *RuleName) echo {runbook.rule} ;; *) echo "$1" ;; esac; }}
        aws() {{ case $2 in start-*) echo "$@" ;; *) command aws "$@" ;; esac; }}"""

    printed = runbook.run(f"{stubs}\nreplay 2026-11-24T10:00:00Z 2026-11-24T12:00:00Z").stdout

    assert re.sub(r"orders-\d+", "orders-now", printed).split() == [
        *("events", "start-replay", "--replay-name", "orders-now"),
        *("--event-source-arn", "OrderEventArchiveArn"),
        *("--event-start-time", "2026-11-24T10:00:00Z", "--event-end-time", "2026-11-24T12:00:00Z"),
        *("--destination", f"Arn={bus},FilterArns={rule}"),
    ]


def test_a_pager_gets_pages_and_their_end_alone(runbook: Runbook) -> None:
    stubs = 'output() { echo "$1"; }; aws() { echo "${@: -1}"; }'

    printed = runbook.run(f"{stubs}\nsubscribe_pager https://pager.example.com/orders").stdout

    attributes = json.loads(printed)
    assert attributes["FilterPolicyScope"] == "MessageBody"
    assert json.loads(attributes["FilterPolicy"]) == {
        "AlarmDescription": [{"prefix": "Page: "}],
        "$or": [{"NewStateValue": ["ALARM"]}, {"OldStateValue": ["ALARM"]}],
    }
