"""A local AWS without Docker or account, and the real template deployed to it.

    with LocalAws() as aws:
        stack = Stack.deploy(aws, name="orders", parameters={"CredentialsSecretArn": ...})
        aws.client("sqs").send_message(QueueUrl=stack.outputs["OrderQueueUrl"], MessageBody=...)

`tests/template` covers what it does not imitate: queue policies for EventBridge, the rule's retries, metrics.
"""

from tests.local.aws.commands import CommandFailed
from tests.local.aws.logs import LogReader
from tests.local.aws.server import LocalAws, NotStarted, PortTaken
from tests.local.aws.stack import Build, Stack
from tests.local.aws.subscriber import Subscriber
from tests.local.aws.venvs import MissingTool, Venvs

__all__ = [
    "Build",
    "CommandFailed",
    "LocalAws",
    "LogReader",
    "MissingTool",
    "NotStarted",
    "PortTaken",
    "Stack",
    "Subscriber",
    "Venvs",
]
