"""Access tokens: the request for one, its lifetime, and its refusal."""

import base64
import threading
from collections.abc import Callable

import pytest

from tests.unit.walmart_ca.scripted_transport import ScriptedTransport, json_response
from walmart_ca import (
    Client,
    CredentialsRefused,
    Misconfigured,
    NotSent,
    Request,
    Throttled,
    TokenCredentials,
    Unavailable,
    WalmartError,
)
from walmart_ca.auth import Auth
from walmart_ca.responses import Response
from walmart_ca.session import Session
from walmart_ca.transport import NoResponseError, NothingSentError
from walmart_ca.version import VERSION

HOST = "https://walmart.invalid"
GUARD = 300.0
"""Seconds after which a test that hangs fails."""
ACKNOWLEDGED = json_response(200, {"order": {"purchaseOrderId": "1"}})


def credentials(**settings: str) -> TokenCredentials:
    return TokenCredentials(client_id="5f0c", client_secret="hunter2", **settings)  # noqa: S106 - not a real secret


class TokenClient(Client):
    """A client with a scripted transport and a clock that only a test advances."""

    def __init__(self, *script: Response | Exception) -> None:
        self.scripted = ScriptedTransport(*script)
        self.time = 1000.0
        self.clock_read = threading.Event()
        super().__init__(
            self, base_url=HOST, transport=self.scripted, monotonic=self._read_clock, timeout=10.0
        )

    def auth(self, session: Session) -> Auth:
        """Return the authentication, and keep it for the tests."""
        self.token_auth = credentials().auth(session)
        return self.token_auth

    def check(self) -> None:
        """Do nothing, as `TokenCredentials` does."""

    def refresh(self, refused: Request) -> bool:
        return self.token_auth.refresh(refused)

    def _read_clock(self) -> float:
        now = self.time
        self.clock_read.set()
        return now

    def token(self, timeout: float = 10.0) -> str:
        """Return the token of a request that is built now."""
        return token(self.orders.build_acknowledgement("1", timeout=timeout))

    def failure(self, timeout: float = 10.0) -> WalmartError:
        with pytest.raises(WalmartError) as raised:
            self.token(timeout)
        return raised.value


def issued(value: str = "t-1", **members: object) -> Response:
    return json_response(200, {"access_token": value, "token_type": "Bearer", "expires_in": 900, **members})


def refusal(status: int, code: str = "") -> Response:
    return json_response(status, {"error": [{"code": code}]} if code else {})


def token(request: Request) -> str:
    return request.headers["WM_SEC.ACCESS_TOKEN"]


def test_the_request_for_a_token_is_as_walmart_documents_it() -> None:
    client = TokenClient(issued())
    assert client.scripted.sent == []

    client.token()

    (request,) = client.scripted.sent
    assert (request.method, request.url) == ("POST", f"{HOST}/v3/token")
    assert request.body == b"grant_type=client_credentials"
    assert dict(request.headers) == {
        "Authorization": "Basic " + base64.b64encode(b"5f0c:hunter2").decode(),
        "WM_MARKET": "ca",
        "Content-Type": "application/x-www-form-urlencoded",
        "WM_SVC.NAME": "Walmart Marketplace",
        "WM_QOS.CORRELATION_ID": request.correlation_id,
        "Accept": "application/json",
        "User-Agent": f"walmart-ca/{VERSION}",
    }


@pytest.mark.parametrize("channel_type", [None, "c-1"])
def test_a_call_has_the_headers_of_a_token(channel_type: str | None) -> None:
    settings = {} if channel_type is None else {"channel_type": channel_type}
    client = Client(credentials(**settings), base_url=HOST, transport=ScriptedTransport(issued()))

    request = client.orders.build_acknowledgement("1")

    assert request.url == f"{HOST}/v3/orders/1/acknowledge"
    assert token(request) == "t-1"
    assert (request.headers["WM_MARKET"], request.headers["WM_GLOBAL_VERSION"]) == ("ca", "3.1")
    assert request.headers.get("WM_CONSUMER.CHANNEL.TYPE") == channel_type


@pytest.mark.parametrize(("timeout", "asked_for"), [(3.5, 3.5), (60.0, 15.0)])
def test_requesting_a_token_takes_at_most_the_calls_time_and_15_s(timeout: float, asked_for: float) -> None:
    client = TokenClient(issued())

    client.token(timeout)

    assert client.scripted.timeouts == [asked_for]


@pytest.mark.parametrize(
    ("expires_in", "later_s", "used"),
    [
        (900, 0.0, "t-1"),
        (900, 839.9, "t-1"),
        (900, 840.0, "t-2"),
        (900, 10_000.0, "t-2"),
        (999_999_999, 999_999_000.0, "t-1"),  # longer than any program runs
        (30, 0.0, "t-2"),  # it ends within a minute, so only one call uses it
        # Walmart documents 900 seconds, which count for an unreadable value.
        *((value, 839.0, "t-1") for value in (None, "", "soon", -5, 1.5, True, [900], "٩٩", 10**9)),
        *((value, 840.0, "t-2") for value in (None, "", "soon", -5, 1.5, True, [900], "٩٩", 10**9)),
    ],
)
def test_a_token_is_used_until_a_minute_before_it_ends(expires_in: object, later_s: float, used: str) -> None:
    client = TokenClient(issued("t-1", expires_in=expires_in), issued("t-2"))
    client.token()

    client.time += later_s

    assert client.token() == used
    assert len(client.scripted.sent) == int(used[-1])


def test_the_lifetime_of_a_token_starts_with_its_request() -> None:
    client = TokenClient(issued("t-1"), issued("t-2"))
    client.scripted.meanwhile = lambda: setattr(client, "time", 1005.0)
    client.token()

    client.time = 1840.0

    assert client.token() == "t-2"


def both_results(
    client: TokenClient, then: Callable[[], object] = lambda: None, *, timeout: float = 10.0
) -> list[object]:
    """Run two calls, the second while the first requests a token and runs `then`; return what each got.

    The second call has ten seconds, and the first has `timeout`.
    """
    results: list[object] = []

    def call(timeout: float = 10.0) -> None:
        try:
            results.append(client.token(timeout))
        except BaseException as error:  # noqa: BLE001 - a test may raise KeyboardInterrupt
            results.append(error)

    second = threading.Thread(target=call)

    def start_the_second() -> None:
        client.scripted.meanwhile = lambda: None
        # A thread that reads the clock holds the lock until it has found the pending request.
        client.clock_read.clear()
        second.start()
        assert client.clock_read.wait(GUARD)
        then()

    client.scripted.meanwhile = start_the_second
    call(timeout)
    second.join(GUARD)
    return results


def test_waiting_calls_get_the_same_result_and_an_error_is_not_kept() -> None:
    client = TokenClient(refusal(401, "UNAUTHORIZED.GMP_GATEWAY_API"), issued())

    assert [type(error) for error in both_results(client)] == [CredentialsRefused] * 2
    assert both_results(client) == ["t-1", "t-1"]
    assert len(client.scripted.sent) == 2


RAN_OUT = {
    "a time-out of the response": NoResponseError("response_timeout"),
    "a time-out of connecting": NothingSentError("connect_timeout"),
    "no time before sending": NothingSentError("no_time_left"),
}


@pytest.mark.parametrize("lost", RAN_OUT.values(), ids=RAN_OUT.keys())
def test_a_call_with_time_left_asks_again_after_the_time_out_of_another(lost: Exception) -> None:
    client = TokenClient(lost, issued())

    first, second = both_results(client, lambda: setattr(client, "time", 1000.5), timeout=0.5)

    assert (type(first), second) == (NotSent, "t-1")
    assert client.scripted.timeouts == [0.5, 9.5]


@pytest.mark.parametrize(
    ("lost", "took_s"),
    [
        *((lost, 5.0) for lost in RAN_OUT.values()),  # a request with less time would not succeed either
        (NoResponseError("connection_lost"), 0.5),
        (NothingSentError("closed"), 0.5),
    ],
)
def test_a_call_does_not_ask_again_when_that_would_not_help(lost: Exception, took_s: float) -> None:
    client = TokenClient(lost, issued())

    first, second = both_results(client, lambda: setattr(client, "time", 1000.0 + took_s), timeout=took_s)

    assert isinstance(first, NotSent)
    assert first is second
    assert len(client.scripted.sent) == 1


def test_an_interrupt_does_not_end_the_waiting_threads() -> None:
    client = TokenClient(issued())

    def interrupt() -> None:
        raise KeyboardInterrupt

    first, second = both_results(client, interrupt)

    assert type(first) is KeyboardInterrupt
    assert isinstance(second, NotSent)
    assert second.reason == "token_interrupted"
    assert client.token() == "t-1"


def test_a_call_that_waits_too_long_for_a_token_is_not_sent() -> None:
    client = TokenClient(issued())
    asked, over = threading.Event(), threading.Event()

    def respond_late() -> None:
        asked.set()
        over.wait(GUARD)

    client.scripted.meanwhile = respond_late
    first = threading.Thread(target=client.token)
    first.start()
    assert asked.wait(GUARD)

    error = client.failure(timeout=0.01)
    over.set()
    first.join(GUARD)

    assert (type(error), error.reason) == (NotSent, "token_timeout")
    assert error.call.latency_s == 0.0


def test_a_token_is_discarded_once_for_several_refusals() -> None:
    client = TokenClient(issued("t-1"), issued("t-2"))
    refused = client.orders.build_acknowledgement("1")

    assert client.refresh(refused)
    assert client.refresh(refused)
    assert client.token() == "t-2"
    assert client.refresh(refused)
    assert client.token() == "t-2"
    assert len(client.scripted.sent) == 2


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHORIZED"), (400, "INVALID_TOKEN")])
def test_a_refused_call_is_repeated_with_a_new_token(status: int, code: str) -> None:
    client = TokenClient(issued("t-1"), refusal(status, code), issued("t-2"), ACKNOWLEDGED)

    client.orders.acknowledge("1", timeout=8.0)

    assert [token(sent) for sent in client.scripted.sent[1::2]] == ["t-1", "t-2"]
    # A token request leaves half of the time to the call itself.
    assert client.scripted.timeouts == [4.0, 8.0, 4.0, 8.0]


@pytest.mark.parametrize(
    ("again", "sent"),
    [
        ((refusal(401, "UNAUTHORIZED"), issued("t-2"), refusal(401, "UNAUTHORIZED")), 4),
        # Walmart recognizes the caller and forbids the call: a new token does not help.
        ((refusal(403, "FORBIDDEN"),), 2),
    ],
    ids=["refused twice", "forbidden"],
)
def test_a_call_is_repeated_at_most_once(again: tuple[Response, ...], sent: int) -> None:
    client = TokenClient(issued("t-1"), *again)

    with pytest.raises(CredentialsRefused):
        client.orders.acknowledge("1")

    assert len(client.scripted.sent) == sent


HEADER_NAMED = "INVALID_REQUEST_HEADER"
OTHER_HEADER = json_response(400, {"error": [{"code": HEADER_NAMED, "field": "WM_SVC.NAME"}]})
BOTH_HEADERS = json_response(
    400, {"error": [{"code": "X", "field": each} for each in ("Accept", "Authorization")]}
)
REFUSED: dict[type[WalmartError], list[Response]] = {
    CredentialsRefused: [
        *(
            refusal(400, code)
            for code in ("", "INVALID_REQUEST.GMP_GATEWAY_API", f"{HEADER_NAMED}.GMP_GATEWAY_API")
        ),
        *(json_response(400, {"error": "invalid_client"}), BOTH_HEADERS),
        *(refusal(401, "UNAUTHORIZED.GMP_GATEWAY_API"), refusal(403, "FORBIDDEN.GMP_GATEWAY_API")),
    ],
    Misconfigured: [
        *(OTHER_HEADER, refusal(307), refusal(600), refusal(405, "METHOD_NOT_ALLOWED")),
        *(
            refusal(404, code)
            for code in ("URI_NOT_FOUND.GMP_GATEWAY_API", "CONTENT_NOT_FOUND.GMP_ORDER_API")
        ),
    ],
    Throttled: [refusal(429, "REQUEST_THRESHOLD_VIOLATED")],
    Unavailable: [Response(400, {}, b"<html>Bad Request</html>"), *map(refusal, (408, 500, 520))],
}


@pytest.mark.parametrize(
    ("refused", "kind"), [(refused, kind) for kind, responses in REFUSED.items() for refused in responses]
)
def test_a_refused_token_request_is_classified(refused: Response, kind: type[WalmartError]) -> None:
    error = TokenClient(refused).failure()

    assert type(error) is kind
    assert error.status == refused.status
    assert error.call.url == f"{HOST}/v3/token"


@pytest.mark.parametrize(
    "document",
    [{}, [], {"access_token": None}, {"access_token": ""}, {"access_token": "a b"}, {"token": "t"}],
)
def test_a_success_without_a_token_is_unavailable(document: object) -> None:
    error = TokenClient(json_response(200, document)).failure()

    assert (type(error), error.reason) == (Unavailable, "token_unreadable")


@pytest.mark.parametrize("kind", [NothingSentError, NoResponseError])
def test_a_lost_token_request_means_that_nothing_was_sent(kind: type[Exception]) -> None:
    error = TokenClient(kind("connection_lost")).failure()

    assert (type(error), error.reason) == (NotSent, "token_connection_lost")
    assert (error.call.method, error.call.url) == ("POST", f"{HOST}/v3/token")


def test_neither_secret_nor_token_is_printed() -> None:
    client = TokenClient(issued("t-0-k-e-n"))
    request = client.orders.build_acknowledgement("1")
    shown = f"{credentials()!r} {vars(client)!r} {request!r} {client.scripted.sent!r}"
    shown += repr(vars(client.token_auth))

    for secret in ("hunter2", "t-0-k-e-n", base64.b64encode(b"5f0c:hunter2").decode()):
        assert secret not in shown
    assert "5f0c" in repr(credentials())
