"""AcknowledgeFunction as it is built, with Walmart and AWS in memory."""

import contextlib
import io
import json
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, Never, cast

import acknowledge_orders.bootstrap
from acknowledge_orders.handler import AcknowledgeFunction
from acknowledge_orders.settings import AcknowledgeSettings
from shared.runtime import Runtime
from tests.support.context import Context
from tests.support.printed import reset_logger
from tests.support.settings import ACKNOWLEDGE
from walmart_ca import Request
from walmart_ca.responses import Response
from walmart_ca.transport import Limits, NoResponseError, NothingSentError

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

URL: Final = ACKNOWLEDGE["MARKETPLACE_URL"]
ACCESS_TOKEN: Final = "token-4f1d2c"
CLIENT_SECRET: Final = "client-secret-9b7e"
SECRETS: Final = (ACCESS_TOKEN, CLIENT_SECRET, "Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQtOWI3ZQ==")
"""The last one is how a request for a token sends the client id and secret."""
NOW_S: Final = 1_795_532_400.0
"""2026-11-24T15:00:00Z"""
_MOST_CALLS: Final = 200
"""More than one invocation makes with a dozen responses and every repeat."""

type Reply = Response | NothingSentError | NoResponseError


@dataclass(slots=True)
class Invocation:
    """One invocation in a new execution environment, and its effects.

    Attributes:
        replies: Walmart's replies to the calls about orders, in order; later calls get no response.
        token: Walmart's reply to a request for a token.
        result: What the function returned.
        output: What the function printed.
        requests: The calls about orders.
        parked: The bodies in the dead-letter queue.
    """

    replies: Iterator[Reply]
    token: Reply
    result: dict[str, Any] = field(default_factory=dict)
    output: str = ""
    requests: list[Request] = field(default_factory=list)
    parked: list[str] = field(default_factory=list)
    now_s: float = NOW_S

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The printed lines, read as strict JSON."""
        return [_strict_json(line) for line in self.output.split("\n") if line]

    # The transport of the client.

    def send(self, request: Request, timeout: float, limits: Limits) -> Response:
        """Keep a call, and return its reply."""
        del limits
        assert timeout > 0
        if request.url == f"{URL}/v3/token":
            reply = self.token
        else:
            self.requests.append(request)
            assert len(self.requests) <= _MOST_CALLS, "calls without end"
            reply = next(self.replies, NoResponseError("response_timeout"))
        if isinstance(reply, Response):
            return reply
        raise reply

    # The clients of AWS.

    def get_secret_value(self, **_: object) -> dict[str, str]:
        """Return the seller's credentials."""
        secret = {"clientId": "client-id", "clientSecret": CLIENT_SECRET}
        return {"SecretString": json.dumps(secret), "VersionId": "v1"}

    def change_message_visibility(self, *, VisibilityTimeout: int, **_: object) -> None:  # noqa: N803 - boto3's name
        """Check the limits of SQS."""
        assert type(VisibilityTimeout) is int
        assert 0 <= VisibilityTimeout <= 12 * 60 * 60

    def send_message(self, *, MessageBody: str, **_: object) -> None:  # noqa: N803 - boto3's name
        """Keep a parked message."""
        self.parked.append(MessageBody)

    def close(self) -> None:
        """Close nothing."""

    # The runtime.

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert 0 <= seconds <= 900, "sleeps for longer than an invocation lasts"
        self.now_s += seconds

    def runtime(self) -> Runtime:
        """Return a runtime whose clock only sleeping moves, without threads."""
        return Runtime(
            clock=lambda: self.now_s,
            monotonic=lambda: self.now_s,
            sleep=self.sleep,
            uniform=max,
            executor=lambda _size, _name: _AtOnce(),
            transport=lambda _url: self,
        )


def acknowledge(event: object, replies: Iterable[Reply], token: Reply) -> Invocation:
    """Invoke AcknowledgeFunction once, and keep its output in UTF-8, as Lambda does."""
    invocation = Invocation(iter(replies), token)
    reset_logger()
    output = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(output, "utf-8", write_through=True)):
        components = acknowledge_orders.bootstrap.build(
            AcknowledgeSettings.from_environment(ACKNOWLEDGE),
            secrets_manager=cast("SecretsManagerClient", invocation),
            connect_sqs=lambda: cast("SQSClient", invocation),
            runtime=invocation.runtime(),
        )
        invocation.result = AcknowledgeFunction(components)(event, Context())
        invocation.output = output.getvalue().decode()
    return invocation


class _AtOnce(Executor):
    """Runs each call at once, so that a finding can be repeated."""

    def submit[**P, T](self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        future: Future[T] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - it is passed on
            future.set_exception(error)
        return future


def _strict_json(text: str) -> Any:  # noqa: ANN401 - JSON can be anything
    """Read JSON without Python's extensions, such as NaN."""
    return json.loads(text, parse_constant=_refuse_constant)


def _refuse_constant(constant: str) -> Never:
    raise AssertionError(f"{constant} is not JSON")
