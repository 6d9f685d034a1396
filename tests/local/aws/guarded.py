"""Start the local AWS with six corrections. Its own interpreter runs this file.

- A guard refuses the requests of web pages in a browser. The local AWS allows every origin and accepts any
  signature, so a page could run code in a function, as the user.
- A function's log is complete when the function has responded. The local AWS takes only the lines that come
  within milliseconds: on a busy machine the others came with the next invocation, or never.
- A filter pattern such as `{ $.outcome = "parked" && $.attempt > 1 }` selects log lines. The local AWS
  returns every line for it.
- `StartMessageMoveTask` moves messages from one queue to another. The local AWS does not know it.
- Every call counts as one with TLS. The local AWS uses http, and the queues deny calls without TLS.
- It ends with the process that started it, even when that process was killed.
"""

import json
import operator
import os
import re
import select
import shutil
import signal
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import IO, Any, Final

from ministack import app as ministack  # type: ignore[import-not-found]  # it is in the local AWS's environment alone
from ministack.core import iam_evaluator, lambda_runtime  # type: ignore[import-not-found]  # the same
from ministack.services import cloudwatch_logs, sqs  # type: ignore[import-not-found]  # the same

type Send = Callable[[dict[str, Any]], Awaitable[None]]
type Receive = Callable[[], Awaitable[dict[str, Any]]]

_BROWSER_HEADERS: Final = frozenset({b"origin", b"sec-fetch-site"})
"""A browser sends one of them with every request of a page; the AWS SDKs and the CLI send neither."""
_HOSTS: Final = frozenset({b"127.0.0.1", b"localhost"})
"""With DNS rebinding, a page may send neither, but it sends its own host name."""

_local_aws: Final = ministack.app


async def guard(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Refuse the requests of web pages, and pass on all others. This is an ASGI application."""
    if scope["type"] == "lifespan" or _is_welcome(scope["headers"]):
        await _local_aws(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


def _is_welcome(headers: list[tuple[bytes, bytes]]) -> bool:
    names = {name.lower() for name, _ in headers}
    hosts = {value.rpartition(b":")[0] or value for name, value in headers if name.lower() == b"host"}
    return not names & _BROWSER_HEADERS and hosts <= _HOSTS


class Log:
    """A function's log, read from its pipe.

    A function writes its log before its response. So after the response, the log is in the pipe or was taken
    from it already, and `read` returns all of it.
    """

    def __init__(self, pipe: IO[str]) -> None:
        self._pipe = os.fdopen(os.dup(pipe.fileno()), "rb", buffering=0)
        os.set_blocking(self._pipe.fileno(), False)
        self._lock = threading.Lock()
        self._taken = b""
        threading.Thread(target=self._follow, daemon=True).start()

    def read(self) -> str:
        with self._lock:
            self._take()
            taken, self._taken = self._taken, b""
        return taken.decode(errors="replace").removesuffix("\n")

    def _follow(self) -> None:
        """Keep the pipe empty, because a full pipe would block the function."""
        coming = select.poll()
        coming.register(self._pipe, select.POLLIN)
        more = True
        while more:
            coming.poll()
            with self._lock:
                more = self._take()

    def _take(self) -> bool:
        """Take what is in the pipe, and return whether more may come."""
        while taken := self._pipe.read(65536):
            self._taken += taken
        return taken is None


class Worker(lambda_runtime.Worker):  # type: ignore[misc]  # as above
    """An execution environment with a complete log."""

    def _spawn(self) -> None:
        super()._spawn()
        self._log = Log(self._proc.stderr)

    def _read_stderr(self) -> None:
        """Do nothing: `Log` reads the pipe."""

    def _drain_stderr(self) -> str:
        return self._log.read()

    def _drain_stderr_bounded(self) -> str:
        return self._log.read()


_resolve_other_key: Final = iam_evaluator._resolve_condition_key  # noqa: SLF001 - it has no public name


def resolve_condition_key(key: str, context: object) -> object:
    """Return the value of a key of a policy's condition."""
    return "true" if key.lower() == "aws:securetransport" else _resolve_other_key(key, context)


_COMPARISON: Final = re.compile(r'\s*\$\.([\w.]+)\s*(!=|>=|<=|=|>|<)\s*("[^"]*"|-?[\d.]+)\s*')
_OPERATORS: Final[Mapping[str, Callable[[Any, Any], bool]]] = {
    "=": operator.eq,
    "!=": operator.ne,
    ">": operator.gt,
    ">=": operator.ge,
    "<": operator.lt,
    "<=": operator.le,
}
_compile_other_pattern: Final = cloudwatch_logs._compile_filter_pattern  # noqa: SLF001 - as above


def compile_filter_pattern(pattern: str) -> Callable[[str], bool]:
    """Return whether a line matches a pattern; one with parentheses or wildcards is left to the local AWS."""
    alternatives = [
        [_COMPARISON.fullmatch(each) for each in alternative.split("&&")]
        for alternative in pattern.strip().removeprefix("{").removesuffix("}").split("||")
    ]
    if not pattern.strip().startswith("{") or not all(map(all, alternatives)):
        matches: Callable[[str], bool] = _compile_other_pattern(pattern)
        return matches

    def matches_json(line: str) -> bool:
        try:
            document = json.loads(line)
        except ValueError:
            return False
        return any(all(_holds(each, document) for each in some if each) for some in alternatives)

    return matches_json


def _holds(comparison: re.Match[str], document: Any) -> bool:  # noqa: ANN401 - JSON
    selector, name, literal = comparison.groups()
    for member in selector.split("."):
        document = document.get(member) if isinstance(document, dict) else None
    expected = json.loads(literal)
    comparable = isinstance(document, str if isinstance(expected, str) else (int, float))
    return comparable and _OPERATORS[name](document, expected)


_move_tasks: Final[list[dict[str, Any]]] = []


def start_message_move_task(given: dict[str, Any], _url: str) -> dict[str, Any]:
    """Move the visible messages of a queue at once."""
    urls = {queue["attributes"]["QueueArn"]: url for url, queue in sqs._queues.items()}  # noqa: SLF001 - as above
    messages = sqs._queues[urls[given["SourceArn"]]]["messages"]  # noqa: SLF001 - as above
    moved = [message for message in messages if message["visible_at"] <= time.time()]
    for message in moved:
        sent = {"MessageBody": message["body"], "MessageAttributes": message["message_attributes"]}
        sqs._act_send_message({"QueueUrl": urls[given["DestinationArn"]], **sent}, "")  # noqa: SLF001 - as above
        messages.remove(message)
    _move_tasks.insert(
        0,
        {
            **given,
            "Status": "COMPLETED",
            "ApproximateNumberOfMessagesMoved": len(moved),
            "ApproximateNumberOfMessagesToMove": len(moved),
            "StartedTimestamp": round(time.time() * 1000),
        },
    )
    return {"TaskHandle": f"task-{len(_move_tasks)}"}


def list_message_move_tasks(given: dict[str, Any], _url: str) -> dict[str, Any]:
    """Return the tasks of a queue, the newest first."""
    found = [task for task in _move_tasks if task["SourceArn"] == given["SourceArn"]]
    return {"Results": found[: given.get("MaxResults", 1)]}


def end_with_the_starter() -> None:
    """Wait until our standard input is closed, which means the starter has ended, and end everything here."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(os.environ["STATE_DIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    ministack.app = guard
    lambda_runtime.Worker = Worker
    iam_evaluator._resolve_condition_key = resolve_condition_key  # noqa: SLF001 - as above
    cloudwatch_logs._compile_filter_pattern = compile_filter_pattern  # noqa: SLF001 - as above
    sqs._HANDLERS |= {  # noqa: SLF001 - as above
        "StartMessageMoveTask": start_message_move_task,
        "ListMessageMoveTasks": list_message_move_tasks,
    }
    ministack.main()
