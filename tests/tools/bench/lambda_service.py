"""Lambda's Runtime API with one invocation, and a Secrets Manager with one secret."""

import json
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Final, Self

_RESPONSE_SECONDS: Final = 1800
_RUNTIME_API: Final = "/2018-06-01/"


class LambdaService:
    """Both of them, while the `with` block lasts.

    A request for a second invocation blocks, as in an environment that Lambda has frozen.
    """

    def __init__(self, secret: str, event: object) -> None:
        """Serve `event` to the first request for an invocation."""
        secret_value = {"ARN": "arn", "Name": "name", "VersionId": "version-1", "SecretString": secret}
        served, self._responded, self._stopping = (threading.Event() for _ in range(3))
        self._response: Any = None
        self._process_id = 0
        self._event_at_s = self._event_took_s = 0.0
        service = self

        class Server(ThreadingHTTPServer):
            daemon_threads = True

            def handle_error(self, request: object, client_address: object) -> None:
                """Ignore it: every caller is killed in the end."""

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"
            disable_nagle_algorithm = True

            def do_GET(self) -> None:
                if served.is_set():
                    service._stopping.wait()
                    self.close_connection = True
                    return
                served.set()
                service._event_at_s = service._processor_s()
                # The runtime client needs all of them, and exits silently without one.
                self.reply(
                    event,
                    {
                        "Content-Type": "application/json",
                        "Lambda-Runtime-Aws-Request-Id": "invocation-1",
                        "Lambda-Runtime-Deadline-Ms": str(int((time.time() + _RESPONSE_SECONDS) * 1000)),
                        "Lambda-Runtime-Invoked-Function-Arn": "arn:aws:lambda:ca-central-1:0:function:bench",
                        "Lambda-Runtime-Trace-Id": f"Root=1-{8 * '0'}-{24 * '0'};Parent=0;Sampled=0",
                    },
                )

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                if not self.path.startswith(_RUNTIME_API):
                    self.reply(secret_value, {"Content-Type": "application/x-amz-json-1.1"})
                    return
                service._event_took_s = service._processor_s() - service._event_at_s
                service._response = json.loads(body) if self.path.endswith("/response") else body.decode()
                service._responded.set()
                self.reply({}, {"Content-Type": "application/json"}, status=202)

            def reply(self, body: object, headers: dict[str, str], status: int = 200) -> None:
                text = json.dumps(body).encode()
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the base class named it
                """Log nothing."""

        self._server = Server(("127.0.0.1", 0), Handler)
        self.address = f"127.0.0.1:{self._server.server_address[1]}"
        serve = self._server.serve_forever
        threading.Thread(target=serve, kwargs={"poll_interval": 0.05}, daemon=True).start()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_exception: object) -> None:
        self._stopping.set()
        self._server.shutdown()
        self._server.server_close()

    def _processor_s(self) -> float:
        # Linux's clock of another process, with all of its threads.
        return time.clock_gettime(~self._process_id << 3 | 2)

    def acknowledged(self, process: subprocess.Popen[bytes], _output: object) -> float:
        """Wait until the function in a process has responded without a failed order.

        Returns:
            The processor time of the process, in seconds, from the event to the response.

        Raises:
            RuntimeError: An order failed, or there was no response.
        """
        self._process_id = process.pid
        deadline = time.monotonic() + _RESPONSE_SECONDS
        while not self._responded.wait(0.1):
            if process.poll() is not None or time.monotonic() > deadline:
                raise RuntimeError("the function did not respond")
        if self._response != {"batchItemFailures": []}:
            raise RuntimeError(f"the function responded {self._response}")
        return self._event_took_s
