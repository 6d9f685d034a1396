"""The part of the AWS CLI that the commands of README.md and the runbook need."""

import json
import shlex
import socketserver
import sys
import tempfile
import threading
from collections.abc import Iterator, Mapping
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import Any, Final, Self, cast

import jmespath  # type: ignore[import-untyped]  # botocore, which brings it, has no stubs of it
from botocore.exceptions import BotoCoreError, ClientError, UnknownServiceError

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
    try:
        asked.connect({address!r})
    except OSError:
        sys.exit("aws: the local AWS of this command has ended")
    asked.sendall(json.dumps(words).encode() + b"\\n")
    out, err = json.loads(asked.makefile().read())
sys.stdout.write(out)
sys.exit(err)
' "$@"
"""


_COMMAND_WORDS: Final = 2
"""A command begins with a service and an operation."""


class AwsCli:
    """The command `aws` for the duration of a `with` block.

    It reads its options and prints its responses as the AWS CLI does, but never waits for a message. It knows
    no shorthand such as `Key=value`, only JSON. The command forwards its arguments to this process, which has
    imported boto3 already.

    Args:
        aws: The AWS that it calls, which has to run.
        directory: Where to put the command.
    """

    def __init__(self, aws: LocalAws, directory: Path) -> None:
        # There, because the path of a socket has to be short.
        address = str(Path(tempfile.mkdtemp(dir=aws.directory)) / "aws.socket")
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
                response = (_respond(aws, json.loads(self.rfile.readline())), None)
            except (BotoCoreError, ClientError, ValueError, _UnknownError) as error:
                response = ("", f"aws: {error}")
            self.wfile.write(json.dumps(response).encode())

    return Handler


class _UnknownError(Exception):
    """The command has no such service, operation or option."""

    def __init__(self, name: str) -> None:
        super().__init__(f"this stand-in of the AWS CLI does not know {name}: install the AWS CLI 2 for it")


def _respond(aws: LocalAws, words: list[str]) -> str:
    """Call an operation, and return the text to print."""
    if len(words) < _COMMAND_WORDS:
        raise _UnknownError(f"'{' '.join(words)}'")
    service, operation, *options = words
    try:
        client: Any = aws.client(cast("Any", service))
        method = operation.replace("-", "_")
        shape = client.meta.service_model.operation_model(
            client.meta.method_to_api_mapping[method]
        ).input_shape
    except (UnknownServiceError, KeyError):
        raise _UnknownError(f"'{service} {operation}'") from None
    given = dict(_options(options))
    query, output = given.pop("--query", "@"), given.pop("--output", "json")
    arguments = json.loads(given.pop("--cli-input-json", "{}"))
    members = {name.lower(): name for name in (shape.members if shape else ())}
    for option, value in given.items():
        name, text = _member(members, option, value)
        arguments[name] = _parsed(shape.members[name].type_name, option, text)
    if "WaitTimeSeconds" in arguments:
        arguments["WaitTimeSeconds"] = 0
    # As the AWS CLI, which follows the pages.
    pages = client.get_paginator(method).paginate(**arguments) if client.can_paginate(method) else None
    response = pages.build_full_result() if pages else getattr(client, method)(**arguments)
    response.pop("ResponseMetadata", None)
    shown = jmespath.search(query, response)
    if not shown:
        return ""
    if output == "text":
        return "".join("\t".join(map(_text, row)) + "\n" for row in _rows(shown))
    return json.dumps(shown, ensure_ascii=False, indent=4, default=datetime.isoformat) + "\n"


def _options(words: list[str]) -> Iterator[tuple[str, str]]:
    """Yield each option with its value, which has the words up to the next option; "true" without any."""
    option, values = "", list[str]()
    for word in [*words, "--"]:
        if not word.startswith("--"):
            values.append(word)
            continue
        if option:
            yield option, " ".join(values) if values else "true"
        option, values = word, []


def _member(members: Mapping[str, str], option: str, value: str) -> tuple[str, str]:
    """Return the name and the value of the member that an option sets: `--no-enabled` is Enabled, false."""
    name = option.replace("-", "").lower()
    if name in members:
        return members[name], value
    if option.startswith("--no-") and name.removeprefix("no") in members:
        return members[name.removeprefix("no")], "false"
    raise _UnknownError(option)


def _parsed(type_name: str, option: str, value: str) -> Any:  # noqa: ANN401 - JSON
    if type_name == "list" and not value.startswith("["):
        return value.split()
    if type_name in {"list", "structure", "map", "integer", "long", "boolean"}:
        try:
            return json.loads(value)
        except ValueError:
            raise _UnknownError(f"the value of {option}, which is not JSON") from None
    return value


def _rows(shown: Any) -> list[list[Any]]:  # noqa: ANN401 - JSON
    """Return the lines of a text; a list of lists has several."""
    if not isinstance(shown, list):
        return [[shown]]
    return shown if isinstance(shown[0], list) else [shown]


def _text(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
