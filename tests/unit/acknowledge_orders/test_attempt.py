"""The calls of one attempt: which, in which order, how often, and with whose key. The client is scripted."""

import asyncio
import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
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


@dataclass
class Script:
    """What the calls bring, in their order, and a record of what was called with which key."""

    results: list[Order | WalmartError]
    calls: list[str] = field(default_factory=list)
    timeouts: list[float] = field(default_factory=list)
    meanwhile: Callable[[], None] = lambda: None

    def play(self, action: str, version: str, timeout: float) -> Order:
        self.calls.append(f"{action} {version}")
        self.timeouts.append(timeout)
        self.meanwhile()
        result = self.results.pop(0)
        if isinstance(result, WalmartError):
            raise result
        return result


class ScriptedClient:
    """A client of which one version of the secret signs, and its calls about orders."""

    def __init__(self, script: Script, version: str) -> None:
        self.orders = self
        self._script = script
        self._version = version

    async def acknowledge(self, _: str, *, timeout: float) -> Order:  # noqa: ASYNC109 - the client's
        return self._script.play("post", self._version, timeout)

    async def get(self, _: str, *, timeout: float) -> Order:  # noqa: ASYNC109 - the client's
        return self._script.play("look", self._version, timeout)

    async def build_acknowledgement(self, _: str, *, timeout: float) -> Request:  # noqa: ASYNC109 - the client's
        if self._script.results:
            self._script.play("build", self._version, timeout)
        return Request("POST", "https://walmart.invalid/x", {}, "c-1")


class Keys(FixedClients):
    """Credentials of these versions, whose clients play a script."""

    def __init__(self, script: Script, *versions: str, otherwise: NoClient = PAUSED) -> None:
        clients = [cast("AsyncClient", ScriptedClient(script, version)) for version in versions]
        super().__init__(*map(ProvidedClient, clients, versions), otherwise=otherwise)


def rate_limiter(time: Time | None = None) -> RateLimiter:
    """A rate_limiter of a call a second whose turns are all there."""
    return rested_rate_limiter(time or Time(), 60 / MARGIN)


def plenty() -> float:
    return 60.0


def attempt(
    keys: Keys,
    *,
    fetch_first: bool = False,
    time_left: Callable[[], float] = plenty,
    posts: RateLimiter | None = None,
    max_wait_s: float = math.inf,
) -> object:
    attempts = Attempts(keys, acknowledge_limiter=posts or rate_limiter(), fetch_limiter=rate_limiter())
    return asyncio.run(
        attempts.attempt("1", fetch_first=fetch_first, time_left=time_left, max_wait_s=max_wait_s)
    )


@pytest.mark.parametrize(
    ("results", "fetch_first", "calls"),
    [
        # One post is enough, and nothing is repeated but by the queue.
        ([CREATED], False, ["post v1"]),
        ([Unavailable("http_503", CALL)], False, ["post v1"]),
        ([Throttled("http_429", CALL)], False, ["post v1"]),
        # What leaves the order open is followed by a look.
        ([OutcomeUnknown("connection_lost", CALL), CREATED], False, ["post v1", "look v1"]),
        ([OrderRejected("CONFLICT", CALL), SHIPPED], False, ["post v1", "look v1"]),
        # Nothing is posted that was seen beyond it, nor after a look that failed.
        ([CREATED, CREATED], True, ["look v1", "post v1"]),
        ([SHIPPED], True, ["look v1"]),
        ([Unavailable("http_503", CALL)], True, ["look v1"]),
        ([OrderRejected("CONTENT_NOT_FOUND", CALL)], True, ["look v1"]),
        # What was not sent is sent once more, once in an attempt.
        ([NOT_SENT, CREATED], False, ["post v1", "post v1"]),
        ([NOT_SENT, NOT_SENT], False, ["post v1", "post v1"]),
        ([NOT_SENT, CREATED, NOT_SENT], True, ["look v1", "look v1", "post v1"]),
        # What was refused is sent twice more at most, with another key each time.
        ([REFUSED, CREATED], False, ["post v1", "post v2"]),
        ([REFUSED, REFUSED, CREATED], False, ["post v1", "post v2", "post v3"]),
        ([REFUSED, REFUSED, REFUSED], False, ["post v1", "post v2", "post v3"]),
        ([REFUSED, CREATED, REFUSED, REFUSED], True, ["look v1", "look v2", "post v2", "post v3"]),
    ],
)
def test_these_calls_are_made_and_no_others(
    results: list[Order | WalmartError],
    fetch_first: bool,
    calls: list[str],
) -> None:
    script = Script(list(results))

    attempt(Keys(script, "v1", "v2", "v3", "v4"), fetch_first=fetch_first)

    assert script.calls == calls
    assert script.results == []


def test_each_refusal_and_each_acceptance_is_told_of_the_key_that_met_it() -> None:
    script = Script([REFUSED, REFUSED, CREATED])
    keys = Keys(script, "v1", "v2", "v3")

    result = attempt(keys)

    assert keys.reports == ["refused v1", "refused v2", "accepted v3"]
    assert isinstance(result, CallResults)
    assert result.secret_version_id == "v3"


def called(status: int) -> CallInfo:
    return replace(CALL, status=status)


FORBIDDEN = CredentialsRefused(
    "FORBIDDEN", replace(called(403), url="https://walmart.invalid/v3/orders/1/acknowledge")
)
NO_TOKEN = CredentialsRefused("FORBIDDEN", replace(called(403), url="https://walmart.invalid:1/v3/token"))
WITHDRAWN = Misconfigured("CONTENT_NOT_FOUND", called(404))


@pytest.mark.parametrize(
    ("result", "purchase_order_id", "marks"),
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
def test_of_each_answer_the_credentials_are_told_what_concerns_them(
    result: OrderPage | WalmartError, purchase_order_id: str | None, marks: list[str]
) -> None:
    keys = Keys(Script([]), "v1")

    assert made(keys, result, purchase_order_id) is result
    assert keys.reports == marks


@pytest.mark.parametrize(
    ("failure", "may_answer"),
    [
        (Unavailable("http_500", called(500)), True),
        (WITHDRAWN, True),
        (Unavailable("http_408", called(408)), False),
        (Unavailable("no answer", CALL), False),
        (REFUSED, False),
        (PAUSED, False),
    ],
)
def test_another_list_may_answer_where_one_fails_or_is_not_served(failure: object, may_answer: bool) -> None:
    assert try_list_of_all_orders(failure) == may_answer


def test_a_403_that_is_the_orders_own_affair_rejects_the_order_and_is_not_repeated() -> None:
    keys = Keys(Script([]), "v1", "v2")
    keys.forbidden_concerns_all_calls = False

    rejected = OrderRejected("FORBIDDEN", FORBIDDEN.call, FORBIDDEN.entries)
    assert repr(made(keys, FORBIDDEN, "1")) == repr(rejected)
    assert keys.reports == ["forbidden v1 1"]


def made(keys: Keys, result: OrderPage | WalmartError, purchase_order_id: str | None) -> object:
    async def send(_client: AsyncClient, _timeout: float) -> OrderPage:
        if isinstance(result, WalmartError):
            raise result
        return result

    return asyncio.run(
        Caller(keys, plenty, 60.0, purchase_order_id=purchase_order_id).call(send, rate_limiter())
    )


NO_ACCESS = [SetupError("secret: must be JSON"), SecretsUnavailableError("timeout"), PAUSED]


@pytest.mark.parametrize("reason", NO_ACCESS)
def test_why_there_is_no_key_is_told_as_it_is_and_no_turn_is_taken(reason: NoClient) -> None:
    posts = rate_limiter()

    for _ in range(BURST):
        assert attempt(Keys(Script([]), otherwise=reason), posts=posts) == reason

    # All the turns are still there: none has to be waited for.
    for _ in range(BURST):
        assert isinstance(
            attempt(Keys(Script([CREATED]), "v1"), posts=posts, time_left=lambda: 15.5), CallResults
        )


@pytest.mark.parametrize("reason", NO_ACCESS)
@pytest.mark.parametrize("first", [NOT_SENT, REFUSED])
def test_when_no_key_is_left_for_a_repeat_what_the_call_brought_stands(
    first: WalmartError, reason: NoClient
) -> None:
    script = Script([first])
    keys = Keys(script, "v1", otherwise=reason)
    script.meanwhile = keys.remove_all

    result = attempt(keys)

    assert isinstance(result, CallResults)
    assert result.acknowledgement is first


def exhaust(paced: RateLimiter) -> RateLimiter:
    """Take every turn that there is."""

    async def take() -> None:
        while await paced.acquire(0.0):
            pass

    asyncio.run(take())
    return paced


def test_the_key_is_chosen_after_the_wait_for_a_turn() -> None:
    script, time = Script([CREATED]), Time()
    keys = Keys(script, "v1", "v2")

    async def refused_meanwhile(seconds: float) -> None:
        await time.sleep(seconds)
        keys.get_alternative(cast("ProvidedClient", keys.peek()))

    attempt(keys, posts=exhaust(rested_rate_limiter(time, 60, sleep=refused_meanwhile)))

    assert script.calls == ["post v2"]


def test_posts_and_looks_have_turns_of_their_own() -> None:
    posts, script = exhaust(rate_limiter()), Script([SHIPPED])

    attempt(Keys(script, "v1"), fetch_first=True, posts=posts, time_left=lambda: 15.5)

    assert script.calls == ["look v1"]
    assert attempt(Keys(script, "v1"), posts=posts, time_left=lambda: 15.5) == Deferred("rate_limited")


def test_walmarts_count_corrects_the_turns_that_follow() -> None:
    posts = rate_limiter()
    script = Script([Throttled("http_429", CALL)])

    attempt(Keys(script, "v1"), posts=posts)

    assert attempt(Keys(script, "v1"), posts=posts, time_left=lambda: 15.5) == Deferred("rate_limited")


@pytest.mark.parametrize(
    ("left_s", "timeouts"),
    [
        (LEAST_TIME_LEFT_S - 0.1, []),
        (LEAST_TIME_LEFT_S, [5.0]),
        (18.0, [18.0 - RESERVED_S]),
        (60.0, [CALL_TIMEOUT_S]),
    ],
)
def test_a_call_has_the_time_that_is_left_less_what_recording_it_needs(
    left_s: float, timeouts: list[float]
) -> None:
    script = Script([CREATED])

    result = attempt(Keys(script, "v1"), time_left=lambda: left_s)

    assert script.timeouts == timeouts
    assert timeouts or result == Deferred("out_of_time")


@pytest.mark.parametrize("fetch_first", [False, True])
def test_with_too_little_time_left_the_secret_is_not_read_for_nothing(fetch_first: bool) -> None:
    class UnreadKeys(Keys):
        def get(self) -> ProvidedClient | NoClient:
            raise AssertionError

    keys = UnreadKeys(Script([]), "v1")

    result = attempt(keys, fetch_first=fetch_first, time_left=lambda: LEAST_TIME_LEFT_S - 0.1)

    assert result == Deferred("out_of_time")


@pytest.mark.parametrize(
    ("left_s", "within_s", "calls"),
    [
        (15.2, math.inf, []),
        (16.9, math.inf, []),
        (17.1, math.inf, ["post v1"]),
        (60.0, 0.9, []),
        (60.0, 1.1, ["post v1"]),
    ],
)
def test_a_turn_is_waited_for_as_long_as_is_asked_and_a_second_is_left_to_choose_the_key(
    left_s: float, within_s: float, calls: list[str]
) -> None:
    script = Script([CREATED])

    attempt(Keys(script, "v1"), posts=exhaust(rate_limiter()), time_left=lambda: left_s, max_wait_s=within_s)

    assert script.calls == calls


def test_when_choosing_a_key_took_the_time_nothing_is_sent() -> None:
    script = Script([])
    left = [20.0]

    class SlowKeys(Keys):
        def get(self) -> ProvidedClient | NoClient:
            left[0] = 12.0
            return self.peek()

    assert attempt(SlowKeys(script, "v1"), time_left=lambda: left[0]) == Deferred("out_of_time")
    assert script.calls == []


@pytest.mark.parametrize(
    ("results", "fetch_first", "calls"),
    [
        ([OutcomeUnknown("response_timeout", CALL)], False, ["post v1"]),
        ([REFUSED], False, ["post v1"]),
        ([NOT_SENT], False, ["post v1"]),
        ([CREATED], True, ["look v1"]),
    ],
)
def test_when_the_time_is_up_after_a_call_no_other_follows(
    results: list[Order | WalmartError],
    fetch_first: bool,
    calls: list[str],
) -> None:
    script = Script(list(results))
    left = [60.0]
    script.meanwhile = lambda: left.append(5.0)

    result = attempt(Keys(script, "v1", "v2"), fetch_first=fetch_first, time_left=lambda: left[-1])

    assert script.calls == calls
    assert result == (
        Deferred("out_of_time", CALL) if fetch_first else CallResults(results[0], None, CALL, "v1")
    )


def dry_run(script: Script, left_s: float = 60.0) -> object:
    attempts = Attempts(Keys(script, "v1"), acknowledge_limiter=rate_limiter(), fetch_limiter=rate_limiter())
    return asyncio.run(attempts.dry_run("1", lambda: left_s))


def test_a_dry_run_signs_and_sends_nothing() -> None:
    assert isinstance(dry_run(Script([])), DryRun)


def test_a_dry_run_that_gets_no_token_tells_what_came_of_it_and_has_its_time_too() -> None:
    script = Script([REFUSED])

    assert dry_run(script, 18.0) == CallResults(None, REFUSED, CALL, "v1")
    assert script.timeouts == [18.0 - RESERVED_S]


def test_with_too_little_time_left_no_dry_run_is_made() -> None:
    assert dry_run(Script([]), LEAST_TIME_LEFT_S - 0.1) == Deferred("out_of_time")
