"""The messages that SQS refuses, as AWS documents it. The local AWS does not check attributes."""

import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.awsrequest import AWSPreparedRequest

from tests.support.aws_answers import answer

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

MAX_BYTES: Final = 1024 * 1024
ALLOWED: Final = ((0x9, 0xA), (0xD, 0xD), (0x20, 0xD7FF), (0xE000, 0xFFFD), (0x10000, 0x10FFFF))
_TEXT: Final = re.compile("[" + "".join(f"{chr(first)}-{chr(last)}" for first, last in ALLOWED) + "]+")


def refusal(body: str, attributes: Mapping[str, str]) -> str | None:
    """Return the code of SQS's error, or None if SQS accepts the message.

    Args:
        body: The message's body.
        attributes: Its attributes of the type String, by name.
    """
    if not _TEXT.fullmatch(body):
        return "InvalidMessageContents"
    if not all(map(_TEXT.fullmatch, attributes.values())):
        return "InvalidParameterValue"
    size = len(body.encode()) + sum(
        len(f"{name}String{value}".encode()) for name, value in attributes.items()
    )
    return "InvalidParameterValue" if size > MAX_BYTES else None


def enforce_sqs_limits(client: "SQSClient") -> None:
    """Let a client raise SQS's error for a message that SQS would refuse."""

    def check(request: AWSPreparedRequest, **_: object) -> Any:  # noqa: ANN401 - the stubs want none
        assert isinstance(request.body, str | bytes)
        message = json.loads(request.body)
        attributes = message.get("MessageAttributes", {}).items()
        code = refusal(message["MessageBody"], {name: each["StringValue"] for name, each in attributes})
        return answer(400, {"__type": code}) if code else None

    client.meta.events.register("before-send.sqs.SendMessage", check)
