"""The part of the AWS CLI that the runbook's commands for queues need."""

import json
import shlex
import socketserver
import sys
import threading
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import jmespath  # type: ignore[import-untyped]  # botocore, which brings it, has no stubs of it
from botocore.exceptions import BotoCoreError, ClientError

from tests.local.aws.server import LocalAws

_COMMAND: Final = """#!/bin/sh
exec {python} -IS -c '
import json, socket, sys
def text(option, word):
    if not word.startswith("file://"):
        return word
    if option == "--cli-input-json":
        open(word[7:]).read()  # the AWS CLI reads this one twice, which a pipe does not survive
    return open(word[7:]).read()
words = list(map(text, sys.argv, sys.argv[1:]))
with socket.socket(socket.AF_UNIX) as asked:
    asked.connect({address!r})
    asked.sendall(json.dumps(words).encode() + b"\\n")
    out, err = json.loads(asked.makefile().read())
sys.stdout.write(out)
sys.exit(err)
' "$@"
"""


class AwsCli:
    """The command `aws` for the duration of a `with` block.

    It reads its options and prints its responses as the AWS CLI does, but never waits for a message. The
    command forwards its arguments to this process, which has imported boto3 already.

    Args:
        aws: The AWS that it calls.
        directory: Where to put it; a short path, because it contains a socket.
    """

    def __init__(self, aws: LocalAws, directory: Path) -> None:
        address = str(directory / "aws.socket")
        command = directory / "aws"
        text = _COMMAND.replace("{python}", shlex.quote(sys.executable))
        command.write_text(text.replace("{address!r}", json.dumps(address)))
        command.chmod(0o755)
        self._server = socketserver.ThreadingUnixStreamServer(address, _handler(aws))
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.01})

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()


def _handler(aws: LocalAws) -> type[socketserver.StreamRequestHandler]:
    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            response: tuple[str, str | None]
            try:
                response = (_respond(aws, *json.loads(self.rfile.readline())), None)
            except (BotoCoreError, ClientError) as error:
                response = ("", f"aws: {error}")
            self.wfile.write(json.dumps(response).encode())

    return Handler


def _respond(aws: LocalAws, service: str, operation: str, *options: str) -> str:
    """Call an operation, and return the text to print."""
    given = dict(zip(options[::2], options[1::2], strict=True))
    query, output = given.pop("--query", "@"), given.pop("--output", "json")
    client: Any = aws.client(cast("Any", service))
    method = operation.replace("-", "_")
    shape = client.meta.service_model.operation_model(client.meta.method_to_api_mapping[method]).input_shape
    arguments = json.loads(given.pop("--cli-input-json", "{}"))
    members = {name.lower(): name for name in shape.members}
    read: dict[str, Any] = {"integer": int, "long": int, "list": str.split}
    for option, value in given.items():
        name = members[option.replace("-", "")]
        arguments[name] = read.get(shape.members[name].type_name, str)(value)
    if "WaitTimeSeconds" in arguments:
        arguments["WaitTimeSeconds"] = 0
    response = getattr(client, method)(**arguments)
    del response["ResponseMetadata"]
    shown = jmespath.search(query, response)
    if not shown:
        return ""
    if output == "text":
        return "\t".join([shown] if isinstance(shown, str) else shown) + "\n"
    return json.dumps(shown, ensure_ascii=False, indent=4) + "\n"
