"""Every course of events that the credentials can meet, up to a length, against a small secret and Walmart.

Courses that lead to the same state go on as one. What is found on the way has to hold in every state.
"""

import json
import math
import pickle
from collections.abc import Callable, Coroutine, Iterator
from dataclasses import dataclass, is_dataclass
from typing import Any, Final, cast

from shared.walmart.caller import Caller
from shared.walmart.client_provider import (
    CACHE_SECONDS,
    FAILURE_SECONDS,
    REFUSED_SECONDS,
    ClientProvider,
    ProvidedClient,
)
from shared.walmart.credentials import CURRENT, PREVIOUS, Secret, SecretsUnavailableError, SetupError
from shared.walmart.rate_limiter import RateLimiter
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

DEPTH: Final = 5
MOST_SENDS: Final = 3
"""Of one call: it, and its two repeats."""


def called(status: int) -> CallInfo:
    return CallInfo("POST", "https://walmart.invalid/x", "c", status, 0.1)


ACCEPTED: Final = Order("1", call=called(200))


@dataclass(eq=False)
class Client:
    """A client that signs with a key, and what Walmart answered it."""

    key: str
    closed: bool = False
    is_good: bool = False
    """The last answer accepted it."""
    is_bad: bool = False
    """A repeat was refused, and nothing was accepted since."""
    refused_at: float = -math.inf

    async def aclose(self, *, wait: bool) -> None:
        assert not wait
        assert not self.closed
        self.closed = True


class World:
    """A secret, Walmart, and one environment that knows both by its calls alone."""

    def __init__(self) -> None:
        self.now = 1_000_000.0
        self.texts = ["key-0"]
        self.labels = {CURRENT: 0}
        self.failure: str = ""
        self.key_at_walmart = "key-0"
        self.mishaps = 0
        self.under_way: ProvidedClient | None = None
        self.clients: list[Client] = []
        self.reads: list[float] = []
        self.sent_with: list[Client] = []
        self.start_cold()

    # The environment's surroundings.

    def monotonic(self) -> float:
        return self.now

    def read(self, stage: str) -> Secret:
        if stage == CURRENT:
            assert not self.reads or self.now - self.reads[-1] >= FAILURE_SECONDS, "asks too often"
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
        """Have nothing to learn."""

    # What may happen.

    def store_the_right_key(self) -> None:
        self.store(self.key_at_walmart)

    def store_a_key_that_walmart_does_not_know_yet(self) -> None:
        self.store(f"key-{len(self.texts)}")

    def store_nonsense(self) -> None:
        self.store("")

    def store(self, text: str) -> None:
        self.texts.append(text)
        self.move(len(self.texts) - 1)

    def move(self, number: int) -> None:
        self.labels = {CURRENT: number, PREVIOUS: self.labels[CURRENT]}

    def roll_back(self) -> None:
        if PREVIOUS in self.labels:
            self.move(self.labels[PREVIOUS])

    def let_walmart_take_the_stored_key(self) -> None:
        self.key_at_walmart = self.texts[self.labels[CURRENT]] or self.key_at_walmart

    def let_walmart_take_another_key(self) -> None:
        self.key_at_walmart = "key-of-walmart"

    def take_the_secret_away(self) -> None:
        self.failure = "denied"

    def let_secrets_manager_be_down(self) -> None:
        self.failure = "down"

    def give_the_secret_back(self) -> None:
        self.failure = ""

    def pass_half_a_minute(self) -> None:
        self.now += REFUSED_SECONDS

    def pass_five_minutes(self) -> None:
        self.now += CACHE_SECONDS

    def start_cold(self) -> None:
        self.clients, self.reads, self.under_way = [], [], None
        self.access = ClientProvider(self.read, self.connect, self.monotonic, self.count)

    def order(self) -> bool:
        """Let an order try; return whether it was acknowledged."""
        kept = [version for version in self.clients if not version.closed]
        done = (
            run(
                Caller(self.access, lambda: 60.0, 60.0, purchase_order_id="1").call(
                    self.send, self.rate_limiter()
                )
            )
            is ACCEPTED
        )
        assert len(self.sent_with) <= MOST_SENDS
        self.sent_with = []
        if not done and self.access.mark_keys():
            idle = [each for each in kept if each.is_good and each.key == self.key_at_walmart]
            assert not idle, f"did not use {idle}"
        if self.under_way is None:
            self.end_invocation()
        return done

    def order_that_meets_a_mishap(self) -> None:
        self.mishaps = 1
        self.order()
        self.mishaps = 0

    def begin_a_call(self) -> None:
        chosen = self.access.get()
        self.under_way = chosen if isinstance(chosen, ProvidedClient) else None

    def end_the_call(self) -> None:
        if access := self.under_way:
            self.under_way = None
            self.tell(access, self.answer(cast("Client", access.client)))
            self.end_invocation()

    # What Walmart answers, and what must hold.

    async def send(self, client: AsyncClient, _: float) -> Order:
        used = cast("Client", client)
        assert not used.is_bad or self.now - used.refused_at >= REFUSED_SECONDS, "is not left alone"
        result = self.answer(used, is_repeat=used in self.sent_with)
        self.sent_with.append(used)
        if isinstance(result, WalmartError):
            raise result
        return result

    def answer(self, client: Client, *, is_repeat: bool = False) -> Order | CredentialsRefused:
        assert not client.closed, "a client that was closed is used"
        if client.key == self.key_at_walmart and not self.mishaps:
            client.is_good, client.is_bad = True, False
            return ACCEPTED
        self.mishaps = 0
        client.is_good, client.is_bad, client.refused_at = False, client.is_bad or is_repeat, self.now
        return CredentialsRefused("UNAUTHORIZED", called(401))

    def tell(self, access: ProvidedClient, result: Order | CredentialsRefused) -> None:
        if isinstance(result, Order):
            self.access.report_accepted(access)
        else:
            self.access.report_refused(access)

    def end_invocation(self) -> None:
        run(self.access.close_replaced())
        kept = [client for client in self.clients if not client.closed]
        assert len(kept) == len(self.access.mark_keys()) <= 2, "keeps what it does not use"
        self.clients = kept

    def rate_limiter(self) -> RateLimiter:
        return unlimited_rate_limiter(self.monotonic)

    def has_the_right_key(self) -> bool:
        """Return whether the secret can be read, and Walmart takes its current or its previous version."""
        right = self.key_at_walmart in {self.texts[number] for number in self.labels.values()}
        return right and not self.failure


ACTIONS: Final[tuple[Callable[[World], object], ...]] = (
    World.store_the_right_key,
    World.store_a_key_that_walmart_does_not_know_yet,
    World.store_nonsense,
    World.roll_back,
    World.let_walmart_take_the_stored_key,
    World.let_walmart_take_another_key,
    World.take_the_secret_away,
    World.let_secrets_manager_be_down,
    World.give_the_secret_back,
    World.pass_half_a_minute,
    World.pass_five_minutes,
    World.start_cold,
    World.order,
    World.order_that_meets_a_mishap,
    World.begin_a_call,
    World.end_the_call,
)


def thaw(frozen: bytes) -> World:
    world: World = pickle.loads(frozen)  # noqa: S301 - what this module froze
    return world


def run[T](coroutine: Coroutine[Any, Any, T]) -> T:
    """Run what never waits."""
    try:
        coroutine.send(None)
    except StopIteration as end:
        return cast("T", end.value)
    raise AssertionError("waits")


def state_of(world: World) -> tuple[object, ...]:
    """Return what the future depends on.

    Times count by how long ago they are, and all the same beyond the longest that anything waits. Keys and
    versions count by their order, since one name is as good as another.
    """
    names: dict[str, int] = {}

    def told(value: object) -> Iterator[object]:
        match value:
            case float():
                yield max(-REFUSED_SECONDS, value - world.now)
            case str() if value.startswith(("key", "version")):
                yield names.setdefault(value, len(names))
            case bytes() | SetupError() | SecretsUnavailableError():
                yield type(value)
            case list():
                yield len(value)
                for each in value:
                    yield from told(each)
            case set():
                yield frozenset(value)
            case _ if is_dataclass(value):
                for name in value.__dataclass_fields__:
                    yield from told(getattr(value, name))
            case _:
                yield value

    labelled = [
        each for number in world.labels.values() for each in (world.texts[number], f"version-{number}")
    ]
    around = [world.failure, world.key_at_walmart, world.under_way, world.clients, world.reads]
    inside = [each for each in vars(world.access).values() if not callable(each)]
    return tuple(told([labelled, around, inside]))


def check_the_future(frozen: bytes) -> None:
    """Say what has to hold from this state on, where a version of the secret is right, and stays so.

    A cold start finds it with its first order. Otherwise the first order finds out that something is wrong,
    and at the latest half a minute after it the next one is acknowledged, and so is each that follows.
    """
    world = thaw(frozen)
    if not world.has_the_right_key():
        return
    world.end_the_call()
    world.order()
    world.pass_half_a_minute()
    assert isinstance(world.access.peek(), ProvidedClient), "is paused for too long"
    assert [world.order() for _ in range(3)] == [True] * 3, "does not recover"
    world = thaw(frozen)
    world.start_cold()
    assert [world.order() for _ in range(2)] == [True] * 2, "a cold start does not find the right version"


def test_from_every_state_the_credentials_recover_and_keep_and_send_no_more_than_they_need() -> None:
    first = World()
    seen = {state_of(first)}
    frontier = [(pickle.dumps(first), "")]
    for _ in range(DEPTH):
        following = []
        for frozen, before in frontier:
            for action in ACTIONS:
                world, course = thaw(frozen), f"{before} {action.__name__}"
                try:
                    action(world)
                    if (state := state_of(world)) in seen:
                        continue
                    seen.add(state)
                    after = pickle.dumps(world)
                    check_the_future(after)
                except AssertionError as error:
                    error.add_note(f"The course of events:{course}")
                    raise
                following.append((after, course))
        frontier = following

    # 3,547 when this was written: to so few states lead the million courses of five events.
    assert len(seen) > 3_000
