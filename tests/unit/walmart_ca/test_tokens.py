"""Tokens: when one is asked for, how long it is kept, and what its refusal leads to."""

import base64
import json
import threading
from collections.abc import Callable, Mapping
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.support.documents import as_json
from walmart_ca import (
    Call,
    Client,
    Credentials,
    CredentialsRefused,
    Misconfigured,
    NotSent,
    OutcomeUnknown,
    Request,
    Throttled,
    TokenCredentials,
    Unavailable,
    WalmartError,
)
from walmart_ca.answers import Answer
from walmart_ca.transport import ONE_ORDER, Limits

NOW = 1_790_000_000.0
URL = "https://walmart.invalid/v3/orders/1"


def credentials(**settings: str) -> TokenCredentials:
    return TokenCredentials(client_id="5f0c", client_secret="hunter2", **settings)  # noqa: S106 - nobody's


class Channel:
    """A client whose calls are answered from a script; it remembers what was sent."""

    def __init__(self, *script: Answer | WalmartError) -> None:
        self.sent: list[Request] = []
        self.timeouts: list[float] = []
        self.time = NOW
        self.looked = threading.Event()
        self.meanwhile: Callable[[], object] = lambda: None
        self._script = list(script)

    def build(
        self, method: str, url: str, headers: Mapping[str, str], *, content_type: str, body: bytes
    ) -> Request:
        headers = {**headers, "Content-Type": content_type}
        return Request(method, url, headers, f"c-{len(self.sent)}", body)

    def url(self, path: str) -> str:
        return f"https://walmart.invalid{path}"

    def now(self) -> float:
        return NOW

    def monotonic(self) -> float:
        self.looked.set()
        return self.time

    def send(self, request: Request, *, timeout: float) -> tuple[Answer, Call]:
        self.sent.append(request)
        self.timeouts.append(timeout)
        self.meanwhile()
        result = self._script.pop(0)
        if isinstance(result, WalmartError):
            raise result
        return result, Call(request.method, request.url, request.correlation_id, result.status, 0.1)


class ScriptedClient(Client):
    """A client of which a channel answers the calls."""

    def __init__(self, channel: Channel) -> None:
        super().__init__(credentials())
        self._channel = channel

    def send(
        self, request: Request, *, timeout: float | None = None, limits: Limits = ONE_ORDER
    ) -> tuple[Answer, Call]:
        del limits
        return self._channel.send(request, timeout=timeout or 0.0)


def acknowledged() -> Answer:
    return answer(200, {"order": {"purchaseOrderId": "1"}})


def issued(value: str = "t-1", **members: object) -> Answer:
    return answer(200, {"access_token": value, "token_type": "Bearer", "expires_in": 900, **members})


def answer(status: int, document: object) -> Answer:
    return Answer(status, {"Content-Type": "application/json"}, as_json(document))


def refusal(status: int, code: str) -> Answer:
    return answer(status, {"error": [{"code": code}]} if code else {})


def token(headers: Mapping[str, str]) -> str:
    return headers["WM_SEC.ACCESS_TOKEN"]


def failure(*script: Answer | WalmartError) -> WalmartError:
    door = credentials().open_door(Channel(*script))
    with pytest.raises(WalmartError) as raised:
        door.headers("GET", URL, 10.0)
    return raised.value


# Asking for one


def test_a_token_is_asked_for_as_walmart_documents_it() -> None:
    channel = Channel(issued())

    credentials().open_door(channel).headers("GET", URL, 10.0)

    (request,) = channel.sent
    assert (request.method, request.url) == ("POST", "https://walmart.invalid/v3/token")
    assert request.headers == {
        "Authorization": "Basic " + base64.b64encode(b"5f0c:hunter2").decode(),
        "WM_MARKET": "ca",
        "Content-Type": "application/x-www-form-urlencoded",
    }
    assert request.body == b"grant_type=client_credentials"


def test_a_call_carries_the_token_the_market_and_the_version() -> None:
    door = credentials().open_door(Channel(issued()))

    assert door.headers("GET", URL, 10.0) == {
        "WM_SEC.ACCESS_TOKEN": "t-1",
        "WM_MARKET": "ca",
        "WM_GLOBAL_VERSION": "3.1",
    }
    assert door.orders_path == "/v3/orders"


def test_nothing_is_asked_for_before_a_call() -> None:
    channel = Channel()

    credentials().open_door(channel)

    assert channel.sent == []


def test_asking_takes_no_more_than_the_calls_own_time() -> None:
    channel = Channel(issued())

    credentials().open_door(channel).headers("GET", URL, 3.5)

    assert channel.timeouts == [3.5]


def test_asking_takes_no_more_than_15_seconds_however_long_the_call_may_take() -> None:
    channel = Channel(issued())

    credentials().open_door(channel).headers("GET", URL, 60.0)

    assert channel.timeouts == [15.0]


# Keeping it


@pytest.mark.parametrize(("later_s", "asked"), [(0.0, 1), (839.9, 1), (840.0, 2), (10_000.0, 2)], ids=str)
def test_a_token_is_kept_until_a_minute_before_it_ends(later_s: float, asked: int) -> None:
    channel = Channel(issued("t-1"), issued("t-2"))
    door = credentials().open_door(channel)
    door.headers("GET", URL, 10.0)

    channel.time += later_s
    used = token(door.headers("GET", URL, 10.0))

    assert (used, len(channel.sent)) == (f"t-{asked}", asked)


@pytest.mark.parametrize("expires_in", [None, "", "soon", -5, 1.5, True, [900], "٩٩", 10**9])
def test_where_walmart_does_not_say_how_long_its_documentation_does(expires_in: object) -> None:
    channel = Channel(issued("t-1", expires_in=expires_in), issued("t-2"))
    door = credentials().open_door(channel)
    door.headers("GET", URL, 10.0)

    channel.time += 839.0
    assert token(door.headers("GET", URL, 10.0)) == "t-1"
    channel.time += 1.0
    assert token(door.headers("GET", URL, 10.0)) == "t-2"


def test_a_token_may_be_good_for_longer_than_any_programme_runs() -> None:
    channel = Channel(issued("t-1", expires_in=999_999_999), issued("t-2"))
    door = credentials().open_door(channel)
    door.headers("GET", URL, 10.0)

    channel.time += 999_999_000.0

    assert token(door.headers("GET", URL, 10.0)) == "t-1"


def test_its_time_runs_from_before_it_was_asked_for() -> None:
    channel = Channel(issued("t-1"), issued("t-2"))
    channel.meanwhile = lambda: setattr(channel, "time", channel.time + 5.0)
    door = credentials().open_door(channel)
    door.headers("GET", URL, 10.0)

    channel.time = NOW + 840.0

    assert token(door.headers("GET", URL, 10.0)) == "t-2"


def test_a_token_that_ends_within_a_minute_serves_one_call() -> None:
    channel = Channel(issued("t-1", expires_in=30), issued("t-2", expires_in=30))
    door = credentials().open_door(channel)

    assert [token(door.headers("GET", URL, 10.0)) for _ in range(2)] == ["t-1", "t-2"]


def test_however_many_wait_for_it_a_token_is_asked_for_once() -> None:
    channel = Channel(issued())
    door = credentials().open_door(channel)
    waiting = threading.Barrier(10)
    # It is answered only when the nine others have come, or stand before its lock.
    channel.meanwhile = lambda: waiting.wait(10)

    def call(number: int) -> str:
        if number:
            waiting.wait(10)
        return token(door.headers("GET", URL, 10.0))

    with ThreadPoolExecutor(10) as threads:
        tokens = list(threads.map(call, range(10)))

    assert tokens == ["t-1"] * 10
    assert len(channel.sent) == 1


def test_whoever_waits_for_a_token_that_fails_is_told_the_same_and_asks_no_more() -> None:
    channel = Channel(refusal(401, "UNAUTHORIZED.GMP_GATEWAY_API"))
    door = credentials().open_door(channel)
    failures: list[WalmartError] = []

    def call() -> None:
        try:
            door.headers("GET", URL, 10.0)
        except WalmartError as error:
            failures.append(error)

    second = threading.Thread(target=call)

    def let_a_second_come() -> None:
        # Whoever looks at the clock holds the lock until it knows that a token is being asked for.
        channel.looked.clear()
        second.start()
        assert channel.looked.wait(10)

    channel.meanwhile = let_a_second_come
    call()
    second.join(10)

    assert [type(error) for error in failures] == [CredentialsRefused] * 2
    assert len(channel.sent) == 1


def test_whoever_waits_longer_than_its_time_is_not_sent() -> None:
    channel = Channel(issued())
    door = credentials().open_door(channel)
    asked, over = threading.Event(), threading.Event()

    def answer_late() -> None:
        asked.set()
        over.wait(10)

    channel.meanwhile = answer_late
    first = threading.Thread(target=lambda: door.headers("GET", URL, 10.0))
    first.start()
    assert asked.wait(10)

    with pytest.raises(NotSent) as raised:
        door.headers("GET", URL, 0.01)
    over.set()
    first.join(10)

    assert raised.value.reason == "token_timeout"
    assert raised.value.call.latency_s < 1.0


def test_what_ends_the_thread_that_asks_does_not_end_those_that_wait() -> None:
    channel = Channel(issued())
    door = credentials().open_door(channel)
    failures: list[BaseException] = []

    def call() -> None:
        try:
            door.headers("GET", URL, 10.0)
        except BaseException as error:  # noqa: BLE001 - whatever it is
            failures.append(error)

    second = threading.Thread(target=call)

    def end_it_when_a_second_has_come() -> None:
        # Whoever looks at the clock holds the lock until it knows that a token is being asked for.
        channel.looked.clear()
        second.start()
        assert channel.looked.wait(10)
        raise KeyboardInterrupt

    channel.meanwhile = end_it_when_a_second_has_come
    call()
    second.join(10)
    channel.meanwhile = lambda: None

    assert [type(error) for error in failures] == [KeyboardInterrupt, NotSent]
    assert str(failures[1]).startswith("token_interrupted")
    assert token(door.headers("GET", URL, 10.0)) == "t-1"


def test_after_a_failure_the_next_call_asks_again() -> None:
    channel = Channel(refusal(503, ""), issued())
    door = credentials().open_door(channel)

    with pytest.raises(Unavailable):
        door.headers("GET", URL, 10.0)

    assert token(door.headers("GET", URL, 10.0)) == "t-1"


# Renewing it


def test_a_refused_token_is_forgotten_and_the_call_may_be_built_anew() -> None:
    channel = Channel(issued("t-1"), issued("t-2"))
    door = credentials().open_door(channel)
    refused = Request("GET", URL, door.headers("GET", URL, 10.0), "c")

    assert door.renew(refused)
    assert token(door.headers("GET", URL, 10.0)) == "t-2"


def test_a_token_that_another_call_has_renewed_is_kept() -> None:
    channel = Channel(issued("t-1"), issued("t-2"))
    door = credentials().open_door(channel)
    refused = Request("GET", URL, door.headers("GET", URL, 10.0), "c")
    door.renew(refused)
    door.headers("GET", URL, 10.0)

    assert door.renew(refused)
    assert token(door.headers("GET", URL, 10.0)) == "t-2"
    assert len(channel.sent) == 2


def test_a_second_call_that_was_refused_with_the_same_token_may_be_built_anew_too() -> None:
    channel = Channel(issued("t-1"), issued("t-2"))
    door = credentials().open_door(channel)
    refused = Request("GET", URL, door.headers("GET", URL, 10.0), "c")

    assert door.renew(refused)
    assert door.renew(refused)
    assert token(door.headers("GET", URL, 10.0)) == "t-2"


@pytest.mark.parametrize(("status", "code"), [(401, "UNAUTHORIZED"), (400, "INVALID_TOKEN")])
def test_a_refused_call_is_made_once_more_with_a_new_token(status: int, code: str) -> None:
    channel = Channel(issued("t-1"), refusal(status, code), issued("t-2"), acknowledged())

    ScriptedClient(channel).orders.acknowledge("1")

    assert [token(sent.headers) for sent in channel.sent[1::2]] == ["t-1", "t-2"]


def test_it_is_made_no_more_than_once_more() -> None:
    again = [refusal(401, "UNAUTHORIZED"), issued("t-2"), refusal(401, "UNAUTHORIZED")]
    channel = Channel(issued("t-1"), *again)

    with pytest.raises(CredentialsRefused):
        ScriptedClient(channel).orders.acknowledge("1")

    assert len(channel.sent) == 4


def test_a_caller_whom_walmart_recognises_and_forbids_gets_no_other_token() -> None:
    channel = Channel(issued(), refusal(403, "FORBIDDEN"))

    with pytest.raises(CredentialsRefused):
        ScriptedClient(channel).orders.acknowledge("1")

    assert len(channel.sent) == 2


def test_getting_a_token_leaves_half_of_the_time_to_the_call_itself() -> None:
    channel = Channel(issued("t-1"), refusal(401, "UNAUTHORIZED"), issued("t-2"), acknowledged())

    ScriptedClient(channel).orders.acknowledge("1", timeout=8.0)

    assert [round(timeout) for timeout in channel.timeouts] == [4, 8, 4, 8]


# What can go wrong


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (401, "UNAUTHORIZED.GMP_GATEWAY_API", CredentialsRefused),
        (403, "FORBIDDEN.GMP_GATEWAY_API", CredentialsRefused),
        (400, "INVALID_REQUEST.GMP_GATEWAY_API", CredentialsRefused),
        (400, "INVALID_TOKEN.GMP_GATEWAY_API", CredentialsRefused),
        (400, "", CredentialsRefused),
        (400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", CredentialsRefused),
        (404, "URI_NOT_FOUND.GMP_GATEWAY_API", Misconfigured),
        (404, "CONTENT_NOT_FOUND", Misconfigured),
        (405, "METHOD_NOT_ALLOWED", Misconfigured),
        (415, "UNSUPPORTED_MEDIA_TYPE", Misconfigured),
        (422, "", Unavailable),
        (307, "", Misconfigured),
        (600, "", Misconfigured),
        (429, "REQUEST_THRESHOLD_VIOLATED", Throttled),
        (408, "", Unavailable),
        (500, "SYSTEM_ERROR", Unavailable),
        (503, "", Unavailable),
        (520, "", Unavailable),
    ],
)
def test_a_refusal_is_sorted_by_what_can_be_done(status: int, code: str, kind: type[WalmartError]) -> None:
    error = failure(refusal(status, code))

    assert type(error) is kind
    assert error.status == status
    assert error.call.url.endswith("/v3/token")


@pytest.mark.parametrize(("status", "reason"), [(307, "http_307 to other.invalid"), (503, "http_503")])
def test_a_redirect_and_nothing_else_is_named_with_the_host_it_leads_to(status: int, reason: str) -> None:
    elsewhere = {"Location": "https://Other.invalid/v3/token?x=1"}

    assert failure(Answer(status, elsewhere, b"")).reason == reason


@pytest.mark.parametrize(
    "document",
    [{}, [], {"access_token": None}, {"access_token": ""}, {"access_token": "a b"}, {"token": "t"}],
)
def test_a_success_without_a_token_is_trouble_of_walmarts(document: object) -> None:
    error = failure(answer(200, document))

    assert (type(error), error.reason) == (Unavailable, "token_unreadable")


@pytest.mark.parametrize("kind", [NotSent, OutcomeUnknown])
def test_whatever_became_of_asking_nothing_was_sent_of_the_call_itself(kind: type[WalmartError]) -> None:
    call = Call("POST", "https://walmart.invalid/v3/token", "c", None, 0.1)

    error = failure(kind("connection_lost", call))

    assert (type(error), error.reason, error.call) == (NotSent, "token_connection_lost", call)


# What is given and shown


@pytest.mark.parametrize("name", ["client_id", "client_secret", "channel_type", "market", "global_version"])
@pytest.mark.parametrize("value", ["", " ", "hunter 2", "hunter\n2", "hunt\u00e9r2", "x" * 257, 7])
def test_an_unusable_value_is_named_and_not_shown(name: str, value: object) -> None:
    given = {"client_id": "5f0c", "client_secret": "s", name: value}

    with pytest.raises(ValueError, match=f"^{name} must be 1 to 256 visible ASCII") as refused:
        TokenCredentials(**given)  # type: ignore[arg-type]  # of any type, that is the point

    assert "hunt" not in str(refused.value)


def test_a_client_id_with_a_colon_would_be_read_as_another() -> None:
    with pytest.raises(ValueError, match="client_id must be without a colon"):
        TokenCredentials(client_id="5f0c:x", client_secret="s")  # noqa: S106 - nobody's


def test_neither_secret_nor_token_shows_when_printed() -> None:
    channel = Channel(issued("t-0-k-e-n"))
    mine: Credentials = credentials()
    door = mine.open_door(channel)
    door.headers("GET", URL, 10.0)

    shown = f"{mine!r} {door!r} {vars(door)!r} {channel.sent!r}"

    assert "hunter2" not in shown
    assert "t-0-k-e-n" not in shown
    assert base64.b64encode(b"5f0c:hunter2").decode() not in shown
    assert "5f0c" in repr(mine)


@pytest.mark.parametrize("status", [200, 401, 503])
def test_an_error_shows_no_secret(status: int) -> None:
    error = failure(answer(status, {"error": [{"code": "X", "description": "hunter2"}]}))

    assert "hunter2" not in f"{error} {error!r} {json.dumps(error.reason)}"
