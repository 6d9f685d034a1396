"""Which version of the secret each call is made with, and how often the secret is read."""

import asyncio
import json

import pytest

from shared.walmart.client_provider import (
    ACCEPTED_SECONDS,
    FAILURE_SECONDS,
    ClientProvider,
    CredentialsPaused,
    ProvidedClient,
)
from shared.walmart.credentials import CURRENT, PREVIOUS, Secret, SecretsUnavailableError, SetupError
from tests.support.rate_limiters import Time
from walmart_ca import AsyncClient, Credentials

DOWN = SecretsUnavailableError("timeout")
GONE = SetupError("secret: the function may not read it")
URL = "http://127.0.0.1:1"
"""A client of it needs no TLS."""
NONE = {CredentialsPaused: "paused", SecretsUnavailableError: "down", SetupError: "gone"}


def secret(version_id: str) -> Secret:
    return Secret(json.dumps({"clientId": version_id, "clientSecret": "s"}), version_id)


class Store:
    """A secret whose versions the test changes, and a count of the reads."""

    def __init__(self) -> None:
        self.stages: dict[str, Secret | Exception] = {
            CURRENT: secret("v1"),
            PREVIOUS: SetupError("secret: there is no secret of this name"),
        }
        self.reads = {CURRENT: 0, PREVIOUS: 0}

    def read(self, stage: str) -> Secret:
        self.reads[stage] += 1
        answer = self.stages[stage]
        if isinstance(answer, Exception):
            raise answer
        return answer

    def rotate(self, to: Secret) -> None:
        self.stages = {CURRENT: to, PREVIOUS: self.stages[CURRENT]}


class Client(AsyncClient):
    """A client that records whether closing it waited for its calls."""

    def __init__(self, credentials: Credentials) -> None:
        super().__init__(credentials, base_url=URL)
        self.closed: list[bool] = []

    async def aclose(self, *, wait: bool = True) -> None:
        self.closed.append(wait)
        await super().aclose(wait=wait)


class Harness:
    """A client provider with the secret, the clock and the metrics that the test controls."""

    def __init__(self) -> None:
        self.time = Time()
        self.store = Store()
        self.clients: list[Client] = []
        self.counts: list[str] = []
        self.provider = ClientProvider(self.store.read, self.connect, self.time.monotonic, self.counts.append)
        self.used: list[str] = []
        self._next: ProvidedClient | None = None

    def connect(self, credentials: Credentials) -> Client:
        self.clients.append(Client(credentials))
        return self.clients[-1]

    def get(self) -> ProvidedClient:
        current = self.provider.get()
        assert isinstance(current, ProvidedClient), current
        return current

    def go(self, steps: str) -> None:
        """Take steps, and note in `used` the version of each call.

        `v2` stores a version and `bad` an unreadable one. `down`: Secrets Manager does not answer. `gone`:
        the secret may not be read. `+30`: so many seconds pass. `path`: Walmart does not serve a path. The
        client of a call is chosen (`call`) or only peeked at (`peek`). The call is accepted (`ok`), refused
        (`no`), or gets a 403 for an order (`403:1`); then the next of these steps is the repeat, if any.
        """
        for step in steps.split():
            self._take(step)

    def _take(self, step: str) -> None:
        match step:
            case "call" | "ok" | "no" | "peek":
                self._call(step)
            case "down":
                self.store.stages[CURRENT] = DOWN
            case "gone":
                self.store.stages[CURRENT] = GONE
            case "bad":
                self.store.rotate(Secret("no json", "bad"))
            case "path":
                self.provider.report_unknown_path()
            case _ if step.startswith("v"):
                self.store.rotate(secret(step))
            case _ if step.startswith("403:"):
                self._call(step)
            case _:
                self.time.now += float(step)
                self._next = None

    def _call(self, step: str) -> None:
        choose = self.provider.peek if step == "peek" else self.provider.get
        chosen, self._next = self._next or choose(), None
        if not isinstance(chosen, ProvidedClient):
            self.used.append(NONE[type(chosen)])
            return
        self.used.append(chosen.secret_version_id + "f" * chosen.is_fallback + "r" * chosen.is_repeat)
        if step == "ok":
            self.provider.report_accepted(chosen)
        elif step == "no":
            self.provider.report_refused(chosen)
            self._next = self.provider.get_alternative(chosen)
        elif step.startswith("403:") and self.provider.report_forbidden(chosen, step.removeprefix("403:")):
            self._next = self.provider.get_alternative(chosen)


@pytest.fixture
def harness() -> Harness:
    return Harness()


STEPS = """
The secret is read when it is first needed, and used for five minutes.
| call +299 call +1 call | v1 v1 v1 | 2 0 |
After five minutes a new version is used.
| call v2 +299 call +1 call | v1 v1 v2 | 2 0 |
A failed read is not repeated at once, and the previous version does not serve.
| v2 down call call call +9 call v3 +1 call | down down down down v3 | 2 0 |
A secret that may not be read is not read again at once.
| v2 gone call call v3 +10 call | gone gone v3 | 2 0 |
During an outage the version in use serves on, and the end is noticed soon.
| call down +300 call v2 +10 call | v1 v1 v2 | 3 0 | StaleCredentials
A mistake in the new version does not stop the version in use.
| call bad +300 call v3 +10 call | v1 v1 v3 | 3 0 | StaleCredentials
A cold start uses the previous version until a mistake is corrected.
| bad call call +10 ok v3 +10 call | v1 v1 v1 v3 | 3 1 | StaleCredentials StaleCredentials
A secret that was removed is no longer used, nor is its previous version.
| ok v2 +300 call gone +30 no call | v1 v2 v2 gone | 3 0 |
A refused call is repeated once, after reading the secret again.
| call +30 no no call | v1 v1 v1r paused | 2 1 |
The secret is read every half minute at most, however many calls are refused.
| ok +30 no ok no ok no ok call | v1 v1 v1r v1 v1r v1 v1r v1 | 2 0 |
After a refusal a new version is found at once.
| call v2 +30 no call call | v1 v1 v2 v2 | 2 0 |
After an unknown path the secret is read again within half a minute.
| ok v2 path call +29 path call +1 path call +1 path call | v1 v1 v1 v2 v2 | 2 0 |
While Walmart does not know the new version, the previous one serves.
| ok v2 +300 no ok call | v1 v2 v1f v1f | 2 0 | CredentialFallback
A new environment finds the previous version within one attempt.
| v2 no no call | v2 v2r v1f | 1 1 |
While the previous version serves, one call tries the current one.
| ok v2 +300 no ok +30 call call call | v1 v2 v1f v2 v1f v1f | 3 0 | CredentialFallback
Once Walmart accepts the current version, every call uses it.
| ok v2 +300 no ok +30 ok call call | v1 v2 v1f v2 v2 v2 | 3 0 | CredentialFallback
While Walmart has another key than the secret, no call is made.
| ok no no call call v2 +30 call | v1 v1 v1r paused paused v2 | 2 1 |
After a pause one call tries, and the others wait for its result.
| no no +30 call call call | v1 v1r v1 paused paused | 2 2 |
After a pause one more refusal is enough.
| no no +30 no call | v1 v1r v1 paused | 2 2 |
If the previous version is refused too, all calls pause.
| v2 no no no no call | v2 v2r v1f v1fr paused | 1 1 |
Peeking uses up no attempt, and reads the secret no more often than calls do.
| no no +30 peek peek peek call call | v1 v1r v1 v1 v1 v1 paused | 2 2 |
A good version is the fallback, not the one that was stored before.
| ok v2 v3 +300 no call | v1 v3 v1f | 2 0 |
A version that was never accepted does not replace a good fallback.
| ok v2 +300 call v3 +300 no call | v1 v2 v3 v1f | 3 0 |
A refused version does not replace a good fallback.
| ok v2 +300 no v3 +300 no call | v1 v2 v3 v1f | 3 0 |
A refused version is not the fallback when the secret has a better one.
| ok down +300 no no v2 v3 +30 no no call | v1 v1 v1r v3 v3r v2f | 3 2 | StaleCredentials
After a rollback the previous version is the current one.
| ok v2 +300 no ok v1 +300 call | v1 v2 v1f v1 | 3 0 | CredentialFallback
While every order gets a 403, one order tries at a time.
| 403:1 403:2 403:3 403:3 call call | v1 v1 v1 v1r v1 paused | 1 1 |
A good order does not wait long.
| 403:1 403:2 403:3 403:3 403:1 403:4 ok call call | v1 v1 v1 v1r v1 v1 v1 v1 v1 | 1 1 |
A version that gets 403s pauses when another version is good.
| ok v2 +300 403:1 403:2 403:3 call call +30 call call | v1 v2 v2 v2 v1f v1f v2 v1f | 3 0 |
An accepted call resets the count of orders with a 403.
| 403:1 403:2 ok +901 403:3 call | v1 v1 v1 v1 v1 | 2 0 |
"""
"""The steps, the versions of the calls (`f`: as the fallback, `r`: as a repeat), the number of reads of the
current and of the previous version, and the metrics counted."""
LINES = STEPS.strip().splitlines()


@pytest.mark.parametrize("row", LINES[1::2], ids=LINES[::2])
def test_each_call_uses_the_right_version(harness: Harness, row: str) -> None:
    steps, used, reads, counts = row.removeprefix("|").split("|")

    harness.go(steps)

    assert harness.used == used.split()
    assert [harness.store.reads[stage] for stage in (CURRENT, PREVIOUS)] == [
        int(each) for each in reads.split()
    ]
    assert harness.counts == counts.split()


@pytest.mark.parametrize(
    ("steps", "clients", "kept"),
    [
        ("call", 1, 1),
        ("call +300 call", 1, 1),
        ("ok v2 +300 call", 2, 2),
        ("ok v2 +300 no ok v1 +300 call", 2, 2),
        ("ok v2 +300 ok v3 +300 call", 3, 2),
        ("ok gone +300 call", 1, 0),
    ],
)
def test_a_kept_version_keeps_its_client_and_its_mark_key_and_others_close(
    harness: Harness, steps: str, clients: int, kept: int
) -> None:
    harness.go(steps)
    asyncio.run(harness.provider.close_replaced())

    keys = harness.provider.mark_keys()
    assert len(harness.clients) == clients
    assert len(set(keys)) == len(keys) == kept
    assert [waits for client in harness.clients for waits in client.closed] == [False] * (clients - kept)


def test_a_setting_that_the_client_refuses_is_returned_as_an_error() -> None:
    def refuse(_: Credentials) -> AsyncClient:
        raise SetupError("MARKETPLACE_URL must be https")

    provider = ClientProvider(Store().read, refuse, Time().monotonic, print)

    assert isinstance(provider.get(), SetupError)


def repeat_of(harness: Harness, client: ProvidedClient) -> ProvidedClient | None:
    harness.provider.report_refused(client)
    return harness.provider.get_alternative(client)


def test_refusals_do_not_pause_while_their_repeats_are_accepted(harness: Harness) -> None:
    for _ in range(3):
        several = [harness.get() for _ in range(5)]
        for repeat in [repeat_of(harness, each) for each in several]:
            assert repeat
            harness.provider.report_accepted(repeat)

    harness.get()


def test_a_refused_repeat_does_not_pause_after_an_accepted_call(harness: Harness) -> None:
    other, refused = harness.get(), harness.get()
    repeat = repeat_of(harness, refused)
    harness.provider.report_accepted(other)

    assert repeat
    assert repeat_of(harness, repeat) is None
    harness.get()


def test_a_call_of_a_dropped_version_counts_for_no_other(harness: Harness) -> None:
    in_progress = harness.get()
    harness.go("v2 +300 ok v3 +300 ok")

    harness.provider.report_accepted(in_progress)

    assert harness.used == ["v2", "v3"]
    assert harness.counts == []


def test_a_slow_failed_read_is_not_repeated_for_each_order(harness: Harness) -> None:
    def hang(stage: str) -> Secret:
        harness.time.now += 2 * FAILURE_SECONDS
        return harness.store.read(stage)

    harness.go("down")
    provider = ClientProvider(hang, AsyncClient, harness.time.monotonic, harness.counts.append)

    assert [provider.get() for _ in range(10)] == [DOWN] * 10
    assert harness.store.reads[CURRENT] == 1


@pytest.mark.parametrize(
    ("accepted_s_ago", "purchase_order_ids", "concern_all"),
    [
        (0, [None], [True]),
        (ACCEPTED_SECONDS, ["1", "2", "3", "4"], [False] * 4),
        (ACCEPTED_SECONDS + 1, ["1", "2", "3", "1"], [False, False, True, True]),
        (ACCEPTED_SECONDS + 1, ["1"] * 4, [False] * 4),
        (None, ["1", "2", "1", "3", None], [False, False, False, True, True]),
    ],
)
def test_a_403_to_a_list_or_to_several_orders_concerns_all(
    harness: Harness,
    accepted_s_ago: float | None,
    purchase_order_ids: list[str | None],
    concern_all: list[bool],
) -> None:
    if accepted_s_ago is not None:
        harness.go(f"ok +{accepted_s_ago}")

    client = harness.get()

    assert [harness.provider.report_forbidden(client, each) for each in purchase_order_ids] == concern_all
