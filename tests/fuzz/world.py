"""Both functions as they are put together, with everything around them kept in memory."""

import contextlib
import io
import json
import re
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final, cast

from aws_lambda_powertools.utilities.typing import LambdaContext

import acknowledge_orders.composition
import sweep_orders.composition
from shared.edges import Edges
from shared.settings import AcknowledgeSettings, SweepSettings
from tests.fuzz.oracles import strict_json
from tests.support.printed import forget_logger, records_of
from walmart_ca import Request
from walmart_ca.answers import Answer
from walmart_ca.transport import Limits, NoAnswerError, NothingSentError

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

NOW: Final = 1_795_532_400.0
"""2026-11-24T15:00:00Z"""
URL: Final = "https://marketplace.example"
ACCESS_TOKEN: Final = "token-4f1d2c"
CLIENT_SECRET: Final = "client-secret-9b7e"
BASIC: Final = "Y2xpZW50LWlkOmNsaWVudC1zZWNyZXQtOWI3ZQ=="
"""How both halves are sent when a token is asked for."""
SECRETS: Final = (ACCESS_TOKEN, CLIENT_SECRET, BASIC)
MOST_CALLS: Final = 200
"""More than any one invocation makes of a dozen answers, with every repeat."""

ENVIRONMENT: Final = {
    "POWERTOOLS_SERVICE_NAME": "orders",
    "CREDENTIALS_SECRET_ARN": "secret",
    "MARKETPLACE_URL": URL,
    "MARKETPLACE_SERVICE_NAME": "Walmart Marketplace",
    "ORDER_QUEUE_URL": "order-queue",
    "REQUESTS_PER_MINUTE": "60",
    "DEAD_LETTER_QUEUE_URL": "dead-letter-queue",
    "MAXIMUM_CONCURRENCY": "2",
    "BACKOFF_BASE_SECONDS": "30",
    "BACKOFF_CAP_SECONDS": "600",
    "CREDENTIALS_HOLD_SECONDS": "300",
    "SWEEP_ENABLED": "true",
    "EVENT_BUS_NAME": "default",
    "ORDER_EVENT_SOURCE": "walmart.ca.orders",
    "ORDER_EVENT_DETAIL_TYPE": "Order Created",
    "SWEEP_INTERVAL_MINUTES": "15",
}
_LONGEST_HIDDEN_S: Final = 43200
_LONGEST_SLEEP_S: Final = 900
"""As long as an invocation lasts."""
_QUEUE_TEXT: Final = re.compile("[\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]+")
"""What SQS takes as the text of a message or an attribute."""


class Context(LambdaContext):
    """An invocation with a minute left."""

    def __init__(self) -> None:
        """Begin it."""
        self._aws_request_id = "invocation-1"

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools declares it static
        """Tell what is left of it."""
        return 60_000


class AtOnce(Executor):
    """Runs everything where it is asked for: what is found can be found again."""

    def submit[**P, T](self, call: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> Future[T]:
        """Run it."""
        future: Future[T] = Future()
        try:
            future.set_result(call(*args, **kwargs))
        except Exception as error:  # noqa: BLE001 - handed on
            future.set_exception(error)
        return future


class Clock:
    """Stands still, but for what somebody sleeps."""

    def __init__(self) -> None:
        """Begin at `NOW`."""
        self.now = NOW

    def __call__(self) -> float:
        """Tell the time, in epoch seconds."""
        return self.now

    async def sleep(self, seconds: float) -> None:
        """Let time pass."""
        assert 0 <= seconds <= _LONGEST_SLEEP_S, f"{seconds} seconds are slept"
        self.now += seconds


type Reply = Answer | NothingSentError | NoAnswerError


class Sender:
    """Sends nothing: keeps the calls, and answers each with the next of some replies, then with none."""

    def __init__(self, replies: Iterable[Reply], token: Reply | None = None) -> None:
        """Answer calls about orders with `replies`, and calls for a token with `token` or a good one."""
        self.requests: list[Request] = []
        self._replies = iter(replies)
        self._token = token or good_token()

    def send(self, request: Request, timeout: float, limits: Limits) -> Answer:
        """Keep a call and answer it."""
        del limits
        assert timeout > 0, "a call without time"
        if request.url == f"{URL}/v3/token":
            reply = self._token
        else:
            self.requests.append(request)
            assert len(self.requests) <= MOST_CALLS, "calls without end"
            reply = next(self._replies, NoAnswerError("answer_timeout"))
        if isinstance(reply, Answer):
            return reply
        raise reply

    def close(self) -> None:
        """Have nothing to close."""


@dataclass(frozen=True, slots=True)
class Seen:
    """What an invocation left behind.

    Attributes:
        result: What the function gave back.
        output: Every line that it printed.
        requests: What Walmart was sent about orders.
        parked: The bodies in the dead-letter queue, with their outcomes; None where the body left no room.
        hidden: The receipts of hidden messages.
        published: The details of published events.
    """

    result: dict[str, object]
    output: str
    requests: list[Request]
    parked: list[tuple[str, str | None]]
    hidden: list[str]
    published: list[dict[str, Any]]

    @property
    def lines(self) -> list[dict[str, Any]]:
        """The lines printed, each of which is JSON to everybody."""
        return [strict_json(line) for line in self.output.splitlines()]

    @property
    def outcomes(self) -> list[dict[str, Any]]:
        """The outcome records among them."""
        return records_of(self.lines)


@dataclass(slots=True)
class _Aws:
    """The three services, as picky as the real ones about what a fuzzer may get to change."""

    parked: list[tuple[str, str | None]] = field(default_factory=list)
    hidden: list[str] = field(default_factory=list)
    published: list[dict[str, Any]] = field(default_factory=list)

    def get_secret_value(self, **_: object) -> dict[str, str]:
        return {
            "SecretString": json.dumps({"clientId": "client-id", "clientSecret": CLIENT_SECRET}),
            "VersionId": "v1",
        }

    def change_message_visibility(self, *, ReceiptHandle: str, VisibilityTimeout: int, **_: object) -> None:  # noqa: N803 - boto3's names
        assert type(VisibilityTimeout) is int
        assert 0 <= VisibilityTimeout <= _LONGEST_HIDDEN_S
        self.hidden.append(ReceiptHandle)

    def send_message(
        self,
        *,
        MessageBody: str,  # noqa: N803 - boto3's names
        MessageAttributes: dict[str, dict[str, str]],  # noqa: N803
        **_: object,
    ) -> None:
        attributes = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        for name, value in attributes.items():
            assert _QUEUE_TEXT.fullmatch(value), f"SQS does not take {value!r} as the {name}"
        self.parked.append((MessageBody, attributes.get("outcome")))

    def get_queue_attributes(self, *, AttributeNames: list[str], **_: object) -> dict[str, dict[str, str]]:  # noqa: N803 - boto3's names
        return {"Attributes": dict.fromkeys(AttributeNames, "0")}

    def close(self) -> None:
        """Have nothing to close."""

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, list[dict[str, str]]]:  # noqa: N803 - boto3's names
        assert 1 <= len(Entries) <= 10
        self.published += [strict_json(entry["Detail"]) for entry in Entries]
        return {"Entries": [{} for _ in Entries]}


def good_token() -> Answer:
    """A token that is good for a while."""
    return Answer(200, {}, json.dumps({"access_token": ACCESS_TOKEN, "expires_in": 900}).encode())


def acknowledge(event: object, replies: Iterable[Reply], token: Reply | None = None) -> Seen:
    """Invoke AcknowledgeFunction once, new as after a cold start."""
    aws, sender = _Aws(), Sender(replies, token)
    with _output() as output:
        function = acknowledge_orders.composition.compose(
            AcknowledgeSettings.from_environment(ENVIRONMENT),
            secrets_manager=cast("SecretsManagerClient", aws),
            sqs=cast("SQSClient", aws),
            edges=_edges(sender),
        )
        result = function(event, Context())
        printed = output.getvalue().decode()
    return Seen(result, printed, sender.requests, aws.parked, aws.hidden, aws.published)


def sweep(replies: Iterable[Reply], token: Reply | None = None) -> Seen:
    """Invoke SweepFunction once, new as after a cold start."""
    aws, sender = _Aws(), Sender(replies, token)
    with _output() as output:
        function = sweep_orders.composition.compose(
            SweepSettings.from_environment(ENVIRONMENT),
            secrets_manager=cast("SecretsManagerClient", aws),
            sqs=cast("SQSClient", aws),
            events=cast("EventBridgeClient", aws),
            edges=_edges(sender),
        )
        result = function({}, Context())
        printed = output.getvalue().decode()
    return Seen(result, printed, sender.requests, aws.parked, aws.hidden, aws.published)


def _edges(sender: Sender) -> Edges:
    clock = Clock()
    return Edges(
        clock=clock,
        monotonic=clock,
        sleep=clock.sleep,
        uniform=max,
        executor=lambda _size, _name: AtOnce(),
        transport=lambda _url: sender,
    )


@contextlib.contextmanager
def _output() -> Iterator[io.BytesIO]:
    """Take whatever is printed, as Lambda does: in UTF-8, which has no half of a surrogate pair."""
    forget_logger()
    output = io.BytesIO()
    with contextlib.redirect_stdout(io.TextIOWrapper(output, "utf-8", write_through=True)):
        yield output
