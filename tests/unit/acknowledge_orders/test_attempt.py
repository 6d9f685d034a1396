"""The calls of one attempt: which calls, in which order, and with which version of the secret."""

import asyncio
import math
from collections.abc import Callable
from copy import replace
from dataclasses import dataclass, field
from functools import partial
from typing import cast

import pytest

from acknowledge_orders.attempt import CALL_TIMEOUT_S, Attempts
from acknowledge_orders.policy import CallResults, DryRun
from shared.walmart.caller import LEAST_TIME_LEFT_S, RESERVED_S, Caller, Deferred, try_list_of_all_orders
from shared.walmart.client_provider import CredentialsPaused, NoClient, ProvidedClient
from shared.walmart.credentials import SecretsUnavailableError, SetupError
from shared.walmart.rate_limiter import BURST, MARGIN, RateLimiter
from tests.support.fixed_clients import FixedClients
from tests.support.rate_limiters import Time, rested_rate_limiter
from walmart_ca import (
    AsyncClient,
    CallInfo,
    CredentialsRefused,
    Misconfigured,
    NotSent,
    Order,
    OrderLine,
    OrderLineStatus,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    Request,
    Throttled,
    Unavailable,
    WalmartError,
)

CALL = CallInfo("POST", "https://walmart.invalid/x", "c-1", None, 0.1)
REFUSED = CredentialsRefused("UNAUTHORIZED", CALL)
NOT_SENT = NotSent("connect", CALL)
PAUSED = CredentialsPaused()


def order(status: str) -> Order:
    return Order("1", lines=(OrderLine("1", statuses=(OrderLineStatus(status, 1),)),), call=CALL)


CREATED, SHIPPED = order("Created"), order("Shipped")


BUILT = Request("POST", "https://walmart.invalid/x", {}, "c-1")


@dataclass
class Script:
    """The results of the calls, in order, and the calls made, each with its version of the secret."""

    results: list[Order | WalmartError]
    calls: list[str] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    during_call: Callable[[], None] = lambda: None

    def play(self, action: str, version: str, timeout: float) -> Order:
        self.calls.append(f"{action} {version}")
        self.timeouts.append(timeout)
        self.during_call()
        result = self.results.pop(0)
        if isinstance(result, WalmartError):
            raise result
        return result


class ScriptedClient:
    """A client with one version of the secret, which plays a script."""

    def __init__(self, script: Script, version: str) -> None:
        self.orders = self
        self.acknowledge = partial(self._play, "POST")
        self.get = partial(self._play, "GET")
        self._script = script
        self._version = version

    async def _play(self, action: str, _: str, *, timeout: float) -> Order:  # noqa: ASYNC109 - as in the client
        return self._script.play(action, self._version, timeout)

    async def build_acknowledgement(self, _: str, *, timeout: float) -> Request:  # noqa: ASYNC109 - as in the client
        if self._script.results:
            self._script.play("build", self._version, timeout)
        return BUILT


class Clients(FixedClients):
    """A client provider with these versions, whose clients play a script."""

    def __init__(self, script: Script, *versions: str, otherwise: NoClient = PAUSED) -> None:
        made = [cast("AsyncClient", ScriptedClient(script, version)) for version in versions]
        super().__init__(*map(ProvidedClient, made, versions), otherwise=otherwise)


def rate_limiter(time: Time | None = None) -> RateLimiter:
    """Return a rate limiter with a full bucket and a slot a second."""
    return rested_rate_limiter(time or Time(), 60 / MARGIN)


def attempt(
    clients: Clients,
    *,
    fetch_first: bool = False,
    time_left: float | Callable[[], float] = 60.0,
    limiter: RateLimiter | None = None,
    max_wait_s: float = math.inf,
) -> object:
    attempts = Attempts(clients, acknowledge_limiter=limiter or rate_limiter(), fetch_limiter=rate_limiter())
    left = time_left if callable(time_left) else lambda: time_left
    return asyncio.run(attempts.attempt("1", fetch_first=fetch_first, time_left=left, max_wait_s=max_wait_s))


@pytest.mark.parametrize(
    ("results", "fetch_first", "calls", "reports"),
    [
        # Only the queue retries these.
        ([CREATED], False, ["POST v1"], ["accepted v1"]),
        ([Unavailable("http_503", CALL)], False, ["POST v1"], []),
        ([Throttled("http_429", CALL)], False, ["POST v1"], []),
        # The order is fetched after a result that leaves its status open.
        ([OutcomeUnknown("connection_lost", CALL), CREATED], False, ["POST v1", "GET v1"], ["accepted v1"]),
        ([OrderRejected("CONFLICT", CALL), SHIPPED], False, ["POST v1", "GET v1"], ["accepted v1"] * 2),
        # The order is fetched first, and acknowledged only in Created.
        ([CREATED, CREATED], True, ["GET v1", "POST v1"], ["accepted v1"] * 2),
        ([SHIPPED], True, ["GET v1"], ["accepted v1"]),
        ([Unavailable("http_503", CALL)], True, ["GET v1"], []),
        # A call that was not sent is repeated once in an attempt.
        ([NOT_SENT, CREATED], False, ["POST v1", "POST v1"], ["accepted v1"]),
        ([NOT_SENT, NOT_SENT], False, ["POST v1", "POST v1"], []),
        ([NOT_SENT, CREATED, NOT_SENT], True, ["GET v1", "GET v1", "POST v1"], ["accepted v1"]),
        # A refused call is repeated twice at most, each time with another version.
        ([REFUSED, CREATED], False, ["POST v1", "POST v2"], ["refused v1", "accepted v2"]),
        (
            [REFUSED, REFUSED, REFUSED],
            False,
            ["POST v1", "POST v2", "POST v3"],
            ["refused v1", "refused v2", "refused v3"],
        ),
        (
            [REFUSED, CREATED, REFUSED, REFUSED],
            True,
            ["GET v1", "GET v2", "POST v2", "POST v3"],
            ["refused v1", "accepted v2", "refused v2", "refused v3"],
        ),
    ],
)
def test_an_attempt_makes_exactly_these_calls(
    results: list[Order | WalmartError], fetch_first: bool, calls: list[str], reports: list[str]
) -> None:
    script = Script(list(results))
    clients = Clients(script, "v1", "v2", "v3", "v4")

    result = attempt(clients, fetch_first=fetch_first)

    assert (script.calls, script.results, clients.reports) == (calls, [], reports)
    assert isinstance(result, CallResults)
    assert result.secret_version_id == calls[-1].split()[1]


def called(status: int) -> CallInfo:
    return replace(CALL, status=status)


FORBIDDEN = CredentialsRefused(
    "FORBIDDEN", replace(called(403), url="https://walmart.invalid/v3/orders/1/acknowledge")
)
NO_TOKEN = CredentialsRefused("FORBIDDEN", replace(called(403), url="https://walmart.invalid:1/v3/token"))
WITHDRAWN = Misconfigured("CONTENT_NOT_FOUND", called(404))


@pytest.mark.parametrize(
    ("result", "purchase_order_id", "reports"),
    [
        (OrderPage((), None, None, CALL), None, ["accepted v1"]),
        (OrderRejected("CONTENT_NOT_FOUND", called(404)), "1", ["accepted v1"]),
        (Unavailable("http_503", called(503)), "1", []),
        (FORBIDDEN, "1", ["forbidden v1 1"]),
        (FORBIDDEN, None, ["forbidden v1 None"]),
        (NO_TOKEN, "1", ["forbidden v1 None"]),
        (CredentialsRefused("UNAUTHORIZED", called(401)), "1", ["refused v1"]),
        (WITHDRAWN, "1", ["path unknown"]),
        (Misconfigured("INVALID_REQUEST_HEADER", called(400)), "1", []),
    ],
)
def test_each_result_is_reported_to_the_client_provider(
    result: OrderPage | WalmartError, purchase_order_id: str | None, reports: list[str]
) -> None:
    clients = Clients(Script([]), "v1")

    assert call_once(clients, result, purchase_order_id) is result
    assert clients.reports == reports


def test_without_a_status_the_other_list_is_not_tried() -> None:
    assert not try_list_of_all_orders(Unavailable("no response", CALL))


def test_a_403_that_concerns_one_order_rejects_it_without_a_repeat() -> None:
    clients = Clients(Script([]), "v1", "v2")
    clients.forbidden_concerns_all_calls = False

    rejected = OrderRejected("FORBIDDEN", FORBIDDEN.call, FORBIDDEN.entries)
    assert repr(call_once(clients, FORBIDDEN, "1")) == repr(rejected)
    assert clients.reports == ["forbidden v1 1"]


def call_once(clients: Clients, result: OrderPage | WalmartError, purchase_order_id: str | None) -> object:
    async def send(_client: AsyncClient, _timeout: float) -> OrderPage:
        if isinstance(result, WalmartError):
            raise result
        return result

    return asyncio.run(
        Caller(clients, lambda: 60.0, 60.0, purchase_order_id=purchase_order_id).call(send, rate_limiter())
    )


NO_CLIENT = [SetupError("secret: must be JSON"), SecretsUnavailableError("timeout"), PAUSED]


@pytest.mark.parametrize("reason", NO_CLIENT)
def test_without_a_client_the_reason_is_returned_and_no_slot_taken(reason: NoClient) -> None:
    limiter = rate_limiter()

    for _ in range(BURST):
        assert attempt(Clients(Script([]), otherwise=reason), limiter=limiter) == reason

    # All slots are still there: no call has to wait.
    for _ in range(BURST):
        assert isinstance(
            attempt(Clients(Script([CREATED]), "v1"), limiter=limiter, time_left=15.5), CallResults
        )


@pytest.mark.parametrize("reason", NO_CLIENT)
@pytest.mark.parametrize("first", [NOT_SENT, REFUSED])
def test_without_a_client_for_the_repeat_the_first_result_counts(
    first: WalmartError, reason: NoClient
) -> None:
    script = Script([first])
    clients = Clients(script, "v1", otherwise=reason)
    script.during_call = clients.remove_all

    result = attempt(clients)

    assert isinstance(result, CallResults)
    assert result.acknowledgement is first


def exhausted(limiter: RateLimiter) -> RateLimiter:
    """Take every slot that is there, and return the limiter."""

    async def take() -> None:
        while await limiter.acquire(0.0):
            pass

    asyncio.run(take())
    return limiter


def test_the_client_is_chosen_after_the_wait_for_a_slot() -> None:
    script, time = Script([CREATED]), Time()
    clients = Clients(script, "v1", "v2")

    async def refuse_during_sleep(seconds: float) -> None:
        await time.sleep(seconds)
        clients.get_alternative(cast("ProvidedClient", clients.peek()))

    attempt(clients, limiter=exhausted(rested_rate_limiter(time, 60, sleep=refuse_during_sleep)))

    assert script.calls == ["POST v2"]


def test_acknowledging_and_fetching_have_separate_rate_limits() -> None:
    limiter, script = exhausted(rate_limiter()), Script([SHIPPED])

    attempt(Clients(script, "v1"), fetch_first=True, limiter=limiter, time_left=15.5)

    assert script.calls == ["GET v1"]
    assert attempt(Clients(script, "v1"), limiter=limiter, time_left=15.5) == Deferred("rate_limited")


def test_walmarts_count_corrects_the_rate_limiter() -> None:
    limiter = rate_limiter()
    script = Script([Throttled("http_429", CALL)])

    attempt(Clients(script, "v1"), limiter=limiter)

    assert attempt(Clients(script, "v1"), limiter=limiter, time_left=15.5) == Deferred("rate_limited")


@pytest.mark.parametrize(
    ("left_s", "timeouts"),
    [
        (LEAST_TIME_LEFT_S - 0.1, []),
        (LEAST_TIME_LEFT_S, [5.0]),
        (18.0, [18.0 - RESERVED_S]),
        (60.0, [CALL_TIMEOUT_S]),
    ],
)
def test_the_timeout_leaves_time_to_record_the_result(left_s: float, timeouts: list[float]) -> None:
    script = Script([CREATED])

    result = attempt(Clients(script, "v1"), time_left=left_s)

    assert script.timeouts == timeouts
    assert timeouts or result == Deferred("out_of_time")


@pytest.mark.parametrize(
    ("left_s", "max_wait_s", "calls"),
    [
        (15.2, math.inf, []),
        (16.9, math.inf, []),
        (17.1, math.inf, ["POST v1"]),
        (60.0, 0.9, []),
        (60.0, 1.1, ["POST v1"]),
    ],
)
def test_the_wait_for_a_slot_leaves_a_second_to_choose_the_client(
    left_s: float, max_wait_s: float, calls: list[str]
) -> None:
    script = Script([CREATED])

    attempt(Clients(script, "v1"), limiter=exhausted(rate_limiter()), time_left=left_s, max_wait_s=max_wait_s)

    assert script.calls == calls


@pytest.mark.parametrize(
    ("left_s", "fetch_first", "secret_reads"),
    [(LEAST_TIME_LEFT_S - 0.1, False, 0), (LEAST_TIME_LEFT_S - 0.1, True, 0), (20.0, False, 1)],
)
def test_with_too_little_time_left_the_secret_is_not_read_and_nothing_sent(
    left_s: float, fetch_first: bool, secret_reads: int
) -> None:
    left = [left_s]

    class Slow(Clients):
        def get(self) -> ProvidedClient | NoClient:
            left.append(12.0)
            return self.peek()

    script = Script([])
    result = attempt(Slow(script, "v1"), fetch_first=fetch_first, time_left=lambda: left[-1])

    assert result == Deferred("out_of_time")
    assert (script.calls, len(left) - 1) == ([], secret_reads)


@pytest.mark.parametrize(
    ("results", "fetch_first", "calls"),
    [
        ([OutcomeUnknown("response_timeout", CALL)], False, ["POST v1"]),
        ([REFUSED], False, ["POST v1"]),
        ([NOT_SENT], False, ["POST v1"]),
        ([CREATED], True, ["GET v1"]),
    ],
)
def test_no_call_follows_when_no_time_is_left(
    results: list[Order | WalmartError], fetch_first: bool, calls: list[str]
) -> None:
    script = Script(list(results))
    left = [60.0]
    script.during_call = lambda: left.append(5.0)

    result = attempt(Clients(script, "v1", "v2"), fetch_first=fetch_first, time_left=lambda: left[-1])

    assert script.calls == calls
    assert result == (
        Deferred("out_of_time", CALL) if fetch_first else CallResults(results[0], None, CALL, "v1")
    )


@pytest.mark.parametrize(
    ("results", "versions", "left_s", "result"),
    [
        ([], ["v1"], LEAST_TIME_LEFT_S, DryRun(BUILT, "v1")),
        ([], ["v1"], LEAST_TIME_LEFT_S - 0.1, Deferred("out_of_time")),
        ([], [], 60.0, PAUSED),
        # Without a token.
        ([REFUSED], ["v1"], 18.0, CallResults(None, REFUSED, CALL, "v1")),
    ],
)
def test_a_dry_run_builds_the_request_or_returns_why_not(
    results: list[Order | WalmartError], versions: list[str], left_s: float, result: object
) -> None:
    script = Script(results)
    attempts = Attempts(
        Clients(script, *versions), acknowledge_limiter=rate_limiter(), fetch_limiter=rate_limiter()
    )

    assert asyncio.run(attempts.dry_run("1", lambda: left_s)) == result
    assert script.timeouts == [left_s - RESERVED_S] * (result == CallResults(None, REFUSED, CALL, "v1"))
