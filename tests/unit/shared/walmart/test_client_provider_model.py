"""`ClientProvider` after any sequence of actions on the secret and at Walmart."""

import copy
import json
import math
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from typing import Any, Final, cast

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.walmart.caller import Caller
from shared.walmart.client_provider import (
    CACHE_SECONDS,
    FAILURE_SECONDS,
    REFUSED_SECONDS,
    ClientProvider,
    ProvidedClient,
)
from shared.walmart.credentials import CURRENT, PREVIOUS, Secret, SecretsUnavailableError, SetupError
from tests.support.rate_limiters import unlimited_rate_limiter
from walmart_ca import (
    AsyncClient,
    CallInfo,
    Credentials,
    CredentialsRefused,
    Order,
    TokenCredentials,
    WalmartError,
)

MOST_SENDS: Final = 3
"""A call and its two repeats."""


def called(status: int) -> CallInfo:
    return CallInfo("POST", "https://walmart.invalid/x", "c", status, 0.1)


ACCEPTED: Final = Order("1", call=called(200))


@dataclass(eq=False)
class Client:
    """A client, and how Walmart responded to it.

    Attributes:
        is_good: The last call was accepted.
        is_bad: A repeat was refused, and no call was accepted since.
    """

    key: str
    closed: bool = False
    is_good: bool = False
    is_bad: bool = False
    refused_at: float = -math.inf

    async def aclose(self, *, wait: bool) -> None:
        assert not wait
        assert not self.closed
        self.closed = True


class Model:
    """The secret, Walmart, and the client provider of one execution environment."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.texts = ["key-0"]
        self.labels = {CURRENT: 0}
        self.failure: str = ""
        self.key_at_walmart = "key-0"
        self.refusals = 0
        self.in_progress: ProvidedClient | None = None
        self.clients: list[Client] = []
        self.reads: list[float] = []
        self.sent_with: list[Client] = []
        self.cold_start()

    # What the provider is built with.

    def monotonic(self) -> float:
        return self.now

    def read(self, stage: str) -> Secret:
        if stage == CURRENT:
            assert not self.reads or self.now - self.reads[-1] >= FAILURE_SECONDS, "reads too often"
            self.reads = [self.now]
        if self.failure == "down":
            raise SecretsUnavailableError("down")
        if self.failure or stage not in self.labels:
            raise SetupError("secret: denied, or there is none")
        number = self.labels[stage]
        text = self.texts[number]
        content = json.dumps({"clientId": text, "clientSecret": "s"}) if text else "no json"
        return Secret(content, f"version-{number}")

    def connect(self, credentials: Credentials) -> AsyncClient:
        assert isinstance(credentials, TokenCredentials)
        self.clients.append(Client(credentials.client_id))
        return cast("AsyncClient", self.clients[-1])

    def count(self, metric: str) -> None:
        """Ignore the counts."""

    # The actions.

    def set(self, **attributes: object) -> None:
        vars(self).update(attributes)

    def store(self, text: str) -> None:
        self.texts.append(text)
        self.move(len(self.texts) - 1)

    def move(self, number: int) -> None:
        self.labels = {CURRENT: number, PREVIOUS: self.labels[CURRENT]}

    def roll_back(self) -> None:
        if PREVIOUS in self.labels:
            self.move(self.labels[PREVIOUS])

    def cold_start(self) -> None:
        self.clients, self.reads, self.in_progress = [], [], None
        self.provider = ClientProvider(self.read, self.connect, self.monotonic, self.count)

    def order(self) -> bool:
        """Try one order; return whether it was acknowledged."""
        kept = [client for client in self.clients if not client.closed]
        caller = Caller(self.provider, lambda: 60.0, 60.0, purchase_order_id="1")
        done = run(caller.call(self.send, unlimited_rate_limiter(self.monotonic))) is ACCEPTED
        assert len(self.sent_with) <= MOST_SENDS
        self.sent_with = []
        if not done and self.provider.mark_keys():
            idle = [each for each in kept if each.is_good and each.key == self.key_at_walmart]
            assert not idle, f"did not use {idle}"
        if self.in_progress is None:
            self.end_invocation()
        return done

    def order_with_one_refusal(self) -> None:
        self.refusals = 1
        self.order()
        self.refusals = 0

    def begin_a_call(self) -> None:
        chosen = self.provider.get()
        self.in_progress = chosen if isinstance(chosen, ProvidedClient) else None

    def end_the_call(self) -> None:
        if provided := self.in_progress:
            self.in_progress = None
            accepted = self.respond(cast("Client", provided.client)) is ACCEPTED
            (self.provider.report_accepted if accepted else self.provider.report_refused)(provided)
            self.end_invocation()

    # How Walmart responds, and what must hold.

    async def send(self, client: AsyncClient, _: float) -> Order:
        used = cast("Client", client)
        assert not used.is_bad or self.now - used.refused_at >= REFUSED_SECONDS, (
            "calls with a refused version too soon"
        )
        result = self.respond(used, is_repeat=used in self.sent_with)
        self.sent_with.append(used)
        if isinstance(result, WalmartError):
            raise result
        return result

    def respond(self, client: Client, *, is_repeat: bool = False) -> Order | CredentialsRefused:
        assert not client.closed, "uses a closed client"
        if client.key == self.key_at_walmart and not self.refusals:
            client.is_good, client.is_bad = True, False
            return ACCEPTED
        self.refusals = 0
        client.is_good, client.is_bad, client.refused_at = False, client.is_bad or is_repeat, self.now
        return CredentialsRefused("UNAUTHORIZED", called(401))

    def end_invocation(self) -> None:
        run(self.provider.close_replaced())
        kept = [client for client in self.clients if not client.closed]
        assert len(kept) == len(self.provider.mark_keys()) <= 2, "keeps an unused client"
        self.clients = kept

    def has_a_right_version(self) -> bool:
        """Return whether the secret can be read and Walmart accepts its current or previous version."""
        right = self.key_at_walmart in {self.texts[number] for number in self.labels.values()}
        return right and not self.failure


ACTIONS: Final[dict[str, Callable[[Model], object]]] = {
    "the right key is stored": lambda model: model.store(model.key_at_walmart),
    "a new key is stored": lambda model: model.store(f"key-{len(model.texts)}"),
    "nonsense is stored": lambda model: model.store(""),
    "the secret is rolled back": Model.roll_back,
    "Walmart takes the stored key": lambda model: model.set(
        key_at_walmart=model.texts[model.labels[CURRENT]] or model.key_at_walmart
    ),
    "Walmart takes another key": lambda model: model.set(key_at_walmart="key-of-walmart"),
    "the secret may not be read": lambda model: model.set(failure="denied"),
    "Secrets Manager is down": lambda model: model.set(failure="down"),
    "the secret can be read": lambda model: model.set(failure=""),
    "half a minute passes": lambda model: model.set(now=model.now + REFUSED_SECONDS),
    "five minutes pass": lambda model: model.set(now=model.now + CACHE_SECONDS),
    "a cold start": Model.cold_start,
    "an order": Model.order,
    "an order with one refusal": Model.order_with_one_refusal,
    "a call begins": Model.begin_a_call,
    "the call ends": Model.end_the_call,
}


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run a coroutine that never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    raise AssertionError("waits")


def check_recovery(model: Model) -> None:
    """Check that orders are acknowledged again if a version of the secret is right and stays right.

    The first order may only detect a problem. Half a minute later the next order, and each one after it, must
    be acknowledged. After a cold start every order must be.
    """
    if not model.has_a_right_version():
        return
    cold = copy.deepcopy(model)
    model.end_the_call()
    model.order()
    model.now += REFUSED_SECONDS
    assert isinstance(model.provider.peek(), ProvidedClient), "pauses for too long"
    assert [model.order() for _ in range(3)] == [True] * 3, "does not recover"
    cold.cold_start()
    assert [cold.order() for _ in range(2)] == [True] * 2, "a cold start does not find the right version"


@settings(max_examples=150)
@given(st.lists(st.sampled_from(sorted(ACTIONS)), max_size=15))
def test_after_any_actions_the_provider_recovers_within_its_limits(names: list[str]) -> None:
    model = Model()
    for name in names:
        ACTIONS[name](model)
        check_recovery(copy.deepcopy(model))
