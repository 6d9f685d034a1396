"""The messages that SQS refuses, as AWS documents it. The local AWS does not check attributes."""

import io
import json
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, Final

from botocore.awsrequest import AWSPreparedRequest, AWSResponse
from botocore.compat import HTTPHeaders
from urllib3.response import HTTPResponse

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
        if code is None:
            return None
        body = HTTPResponse(io.BytesIO(json.dumps({"__type": code}).encode()), preload_content=False)
        return AWSResponse(request.url, 400, HTTPHeaders(), body)

    client.meta.events.register("before-send.sqs.SendMessage", check)
