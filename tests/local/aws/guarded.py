"""Start the local AWS, repaired in three places. Its own interpreter runs this file alone.

- A guard refuses the requests of pages in a browser. The local AWS allows every origin and takes any
  signature, so a page could run code in a function, as the user.
- A function's log is complete as soon as the function has answered. The local AWS by itself takes the lines
  that come within milliseconds: on a busy machine the other lines came with the next invocation, or never.
- It ends with the process that started it, also when that one was killed and could end nothing.
"""

import os
import select
import shutil
import signal
import sys
import threading
from collections.abc import Awaitable, Callable
from typing import IO, Any, Final

from ministack import app as ministack  # type: ignore[import-not-found]  # it is in the local AWS's environment alone
from ministack.core import lambda_runtime  # type: ignore[import-not-found]  # the same

type Send = Callable[[dict[str, Any]], Awaitable[None]]
type Receive = Callable[[], Awaitable[dict[str, Any]]]

_OF_BROWSERS: Final = frozenset({b"origin", b"sec-fetch-site"})
"""A browser sends one of them with every request that a page makes; the AWS SDKs and the CLI send neither."""
_HOSTS: Final = frozenset({b"127.0.0.1", b"localhost"})
"""A page whose own host name was made to lead here may send neither of the two, but sends that name."""

_local_aws: Final = ministack.app


async def guard(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Refuse what a page in a browser sent, and pass everything else on. This is an ASGI application."""
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
    return not names & _OF_BROWSERS and hosts <= _HOSTS


class Log:
    """What a function writes, read from its end of the pipe by whoever needs it first.

    A function writes its log before its answer. So once the answer has been read, the log is in the pipe or
    was taken from it already, and `read` returns all of it.
    """

    def __init__(self, pipe: IO[str]) -> None:
        """Read from `pipe`, which nobody else may read from now on."""
        self._pipe = os.fdopen(os.dup(pipe.fileno()), "rb", buffering=0)
        os.set_blocking(self._pipe.fileno(), False)
        self._lock = threading.Lock()
        self._taken = b""
        threading.Thread(target=self._follow, daemon=True).start()

    def read(self) -> str:
        """Return what was written since the last call."""
        with self._lock:
            self._take()
            taken, self._taken = self._taken, b""
        return taken.decode(errors="replace").removesuffix("\n")

    def _follow(self) -> None:
        """Take what comes, because a function whose pipe is full would wait."""
        coming = select.poll()
        coming.register(self._pipe, select.POLLIN)
        more = True
        while more:
            coming.poll()
            with self._lock:
                more = self._take()

    def _take(self) -> bool:
        """Take what is there, and return whether more may come."""
        while taken := self._pipe.read(65536):
            self._taken += taken
        return taken is None


class Worker(lambda_runtime.Worker):  # type: ignore[misc]  # as said above
    """An execution environment with a complete log."""

    def _spawn(self) -> None:
        super()._spawn()
        self._log = Log(self._proc.stderr)

    def _read_stderr(self) -> None:
        """Leave the pipe to `Log`."""

    def _drain_stderr(self) -> str:
        return self._log.read()

    def _drain_stderr_bounded(self) -> str:
        return self._log.read()


def end_with_the_starter() -> None:
    """Wait until the process that holds the other end of our input is gone, and end everything here."""
    while os.read(sys.stdin.fileno(), 1):
        pass
    shutil.rmtree(os.environ["STATE_DIR"], ignore_errors=True)
    os.killpg(0, signal.SIGKILL)


if __name__ == "__main__":
    threading.Thread(target=end_with_the_starter, daemon=True).start()
    ministack.app = guard
    lambda_runtime.Worker = Worker
    ministack.main()
