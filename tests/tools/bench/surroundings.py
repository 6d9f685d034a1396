"""What a function and a client meet: a marketplace in a process of its own, and what there is of AWS."""

import json
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any, Final, Self

import urllib3

from tests.support.paths import ROOT

_STARTUP_SECONDS: Final = 60
_ANSWER_SECONDS: Final = 300
_INVOCATION: Final = "invocation-1"


@dataclass(frozen=True, slots=True)
class MarketplaceProcess:
    """The local marketplace, which verifies every signature, where its work is not counted in ours.

    Attributes:
        url: Its base URL.
        secret: The seller's credentials, as they are stored in Secrets Manager.
    """

    url: str
    secret: str

    @classmethod
    @contextmanager
    def running(cls) -> Iterator[Self]:
        """Start one, for as long as the `with` block lasts."""
        with tempfile.TemporaryDirectory(prefix="bench-") as directory:
            said, secret = Path(directory, "said"), Path(directory, "secret.json")
            with said.open("wb") as output:
                process = subprocess.Popen(
                    [
                        *(sys.executable, "-m", "tests.local.marketplace"),
                        *("--port", "0", "--orders", "0", "--secret-file", secret),
                    ],
                    cwd=ROOT,
                    stdin=subprocess.DEVNULL,
                    stdout=output,
                )
            try:
                yield cls(_url_in(said, process), secret.read_text().strip())
            finally:
                process.kill()
                process.wait()

    def add_order(self, purchase_order_id: str) -> None:
        """Add an order, which may be acknowledged as often as one likes."""
        self._control("orders", purchaseOrderId=purchase_order_id)

    def delay(self, purchase_order_id: str, seconds: float) -> None:
        """Answer every call for an order so much later."""
        self._control("faults", purchaseOrderId=purchase_order_id, fault="delay", seconds=seconds, times=None)

    def _control(self, what: str, **members: object) -> None:
        answer = urllib3.request("POST", f"{self.url}/control/{what}", body=json.dumps(members))
        if answer.status != 201:
            raise RuntimeError(answer.data.decode())


def _url_in(said: Path, process: subprocess.Popen[bytes]) -> str:
    deadline = time.monotonic() + _STARTUP_SECONDS
    while process.poll() is None and time.monotonic() < deadline:
        text = said.read_text()
        if "Stop: Ctrl-C" in text:
            return text.partition("Local marketplace: ")[2].partition("\n")[0]
        time.sleep(0.02)
    raise RuntimeError(f"the local marketplace did not start: {said.read_text()}")


class LambdaService:
    """Lambda's Runtime API with one invocation to hand out, and a Secrets Manager with one secret.

    A process that asks for a second invocation waits for it, as one does that Lambda has frozen.
    """

    def __init__(self, secret: str, event: object) -> None:
        """Hand out `event` to whoever asks first."""
        self._secret = secret
        self._event = json.dumps(event).encode()
        self._handed_out = False
        self._answered = threading.Event()
        self._stopping = threading.Event()
        self._answer: Any = None
        service = self

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Keep quiet: whoever called has been ended, as every process here is."""

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                service.next_invocation(self)

            def do_POST(self) -> None:
                service.take(self, self.rfile.read(int(self.headers["Content-Length"])))

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class named it
                """Keep quiet."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def answer(self, process: subprocess.Popen[bytes], _said: object = None) -> Any:  # noqa: ANN401 - the function's answer
        """Wait for what the function answers that runs in a process.

        Raises:
            RuntimeError: It failed, or ended, or never answered.
        """
        deadline = time.monotonic() + _ANSWER_SECONDS
        while not self._answered.wait(0.1):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the function did not answer")
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer

    def next_invocation(self, handler: BaseHTTPRequestHandler) -> None:
        if self._handed_out:
            self._stopping.wait()
            handler.close_connection = True
            return
        self._handed_out = True
        deadline = str(int((time.time() + 60) * 1000))
        _send(
            handler,
            self._event,
            # All of them: the runtime client takes each for granted, and ends without a word.
            {
                "Content-Type": "application/json",
                "Lambda-Runtime-Aws-Request-Id": _INVOCATION,
                "Lambda-Runtime-Deadline-Ms": deadline,
                "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:ca-central-1:0:function:bench",
                "Lambda-Runtime-Trace-Id": "Root=1-00000000-000000000000000000000000;Parent=0;Sampled=0",
            },
        )

    def take(self, handler: BaseHTTPRequestHandler, body: bytes) -> None:
        if not handler.path.startswith("/2018-06-01/"):
            secret = {"ARN": "arn", "Name": "name", "VersionId": "version-1", "SecretString": self._secret}
            _send(handler, json.dumps(secret).encode(), {"Content-Type": "application/x-amz-json-1.1"})
            return
        succeeded = handler.path.endswith("/response")
        self._answer = json.loads(body) if succeeded else RuntimeError(body.decode(errors="replace"))
        self._answered.set()
        _send(handler, b"{}", {"Content-Type": "application/json"}, status=202)


def _send(handler: BaseHTTPRequestHandler, body: bytes, headers: dict[str, str], status: int = 200) -> None:
    handler.send_response(status)
    for name, value in headers.items():
        handler.send_header(name, value)
    handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    handler.wfile.write(body)
