"""The credentials: how long what was read is used, and which version of the secret each call is made with."""

import asyncio
import json
import threading
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest

from shared.walmart.client_provider import (
    ACCEPTED_SECONDS,
    CACHE_SECONDS,
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
NONE = {CredentialsPaused: "paused", SecretsUnavailableError: "down", SetupError: "gone"}


def secret(version_id: str) -> Secret:
    return Secret(json.dumps({"clientId": version_id, "clientSecret": "s"}), version_id)


class Store:
    """A secret with its versions that the test changes, and a count of how often each was read."""

    def __init__(self) -> None:
        self.stages: dict[str, Secret | Exception] = {
            CURRENT: secret("v1"),
            PREVIOUS: SetupError("secret: there is none of this name"),
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


class World:
    """The access to the marketplace, with the secret, the clock and the counts around it."""

    def __init__(self) -> None:
        self.time = Time()
        self.store = Store()
        self.clients = 0
        self.counts: list[str] = []
        self.access = ClientProvider(self.store.read, self.connect, self.time.monotonic, self.counts.append)
        self.used: list[str] = []
        self._next: ProvidedClient | None = None

    def connect(self, credentials: Credentials) -> AsyncClient:
        self.clients += 1
        return AsyncClient(credentials)

    def get(self) -> ProvidedClient:
        current = self.access.get()
        assert isinstance(current, ProvidedClient), current
        return current

    def go(self, course: str) -> None:
        """Let a course of events happen, and note in `used` what each call of it was made with.

        The steps are: `v2`, a version is stored; `bad`, one that nobody can read; `down` and `gone`, Secrets
        Manager does not answer or the secret may not be read; `+30`, so many seconds pass. A call is chosen
        for and lost sight of (`call`), accepted (`ok`), refused (`no`), or answered with 403 for an order
        (`403:1`). After a refusal the next step of these repeats the call, if it can be repeated. `path`: a
        path is not served. `peek`: somebody looks which client would be used.
        """
        for step in course.split():
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
                self.access.report_unknown_path()
            case _ if step.startswith("v"):
                self.store.rotate(secret(step))
            case _ if step.startswith("403:"):
                self._call(step)
            case _:
                self.time.now += float(step)
                self._next = None

    def _call(self, step: str) -> None:
        looks = self.access.peek if step == "peek" else self.access.get
        chosen, self._next = self._next or looks(), None
        if not isinstance(chosen, ProvidedClient):
            self.used.append(NONE[type(chosen)])
            return
        self.used.append(chosen.secret_version_id + "f" * chosen.is_fallback + "r" * chosen.is_repeat)
        if step == "ok":
            self.access.report_accepted(chosen)
        elif step == "no":
            self.access.report_refused(chosen)
            self._next = self.access.get_alternative(chosen)
        elif step.startswith("403:") and self.access.report_forbidden(chosen, step.removeprefix("403:")):
            self._next = self.access.get_alternative(chosen)


@pytest.fixture
def world() -> World:
    return World()


COURSES = """
The secret is read when it is first needed, and used for five minutes.
| call +299 call +1 call | v1 v1 v1 | 2 0 |
After five minutes a new version is used.
| call v2 +299 call +1 call | v1 v1 v2 | 2 0 |
A failure to read stands for a moment, so that a batch asks once; the previous version is not used for it.
| v2 down call call call +9 call v3 +1 call | down down down down v3 | 2 0 |
So does a secret that may not be read.
| v2 gone call call v3 +10 call | gone gone v3 | 2 0 |
An outage does not stop what served until now, and its end is soon seen.
| call down +300 call v2 +10 call | v1 v1 v2 | 3 0 | StaleCredentials
Nor does a slip in the secret.
| call bad +300 call v3 +10 call | v1 v1 v3 | 3 0 | StaleCredentials
After a slip a cold start uses the previous version until the slip is corrected.
| bad call call +10 ok v3 +10 call | v1 v1 v1 v3 | 3 1 | StaleCredentials StaleCredentials
A secret that was taken away is not used any longer, nor is its previous version.
| ok v2 +300 call gone +30 no call | v1 v2 v2 gone | 3 0 |
A refused call is repeated once, with the secret read again.
| call +30 no no call | v1 v1 v1r paused | 2 1 |
The secret is read again every half minute at most, however many calls are refused.
| ok +30 no ok no ok no ok call | v1 v1 v1r v1 v1r v1 v1r v1 | 2 0 |
After a refusal a new version is found at once.
| call v2 +30 no call call | v1 v1 v2 v2 | 2 0 |
After a path that is not served the secret is read again within half a minute.
| ok v2 path call +29 path call +1 path call +1 path call | v1 v1 v1 v2 v2 | 2 0 |
While Walmart does not know the new version, the one before it serves.
| ok v2 +300 no ok call | v1 v2 v1f v1f | 2 0 | CredentialFallback
A new environment finds the previous version within one attempt.
| v2 no no call | v2 v2r v1f | 1 1 |
While the previous version serves, one call tries the current one again.
| ok v2 +300 no ok +30 call call call | v1 v2 v1f v2 v1f v1f | 3 0 | CredentialFallback
Once Walmart accepts the current version everybody uses it.
| ok v2 +300 no ok +30 ok call call | v1 v2 v1f v2 v2 v2 | 3 0 | CredentialFallback
While Walmart knows another key than the secret has, nothing is sent.
| ok no no call call v2 +30 call | v1 v1 v1r paused paused v2 | 2 1 |
After a pause one call tries, and the others wait for what comes of it.
| no no +30 call call call | v1 v1r v1 paused paused | 2 2 |
After a pause one more refusal is enough.
| no no +30 no call | v1 v1r v1 paused | 2 2 |
A refusal of the previous version too pauses everything.
| v2 no no no no call | v2 v2r v1f v1fr paused | 1 1 |
Looks use up nobody's try, and have the secret read no more often than calls do.
| no no +30 peek peek peek call call | v1 v1r v1 v1 v1 v1 paused | 2 2 |
A version that served well is fallen back on before the one stored before.
| ok v2 v3 +300 no call | v1 v3 v1f | 2 0 |
A version that was never accepted does not replace a good one to fall back on.
| ok v2 +300 call v3 +300 no call | v1 v2 v3 v1f | 3 0 |
Nor does one that was refused.
| ok v2 +300 no v3 +300 no call | v1 v2 v3 v1f | 3 0 |
A refused version is not fallen back on where the secret has a better one.
| ok down +300 no no v2 v3 +30 no no call | v1 v1 v1r v3 v3r v2f | 3 2 | StaleCredentials
Going back to the previous version uses it as the current one.
| ok v2 +300 no ok v1 +300 call | v1 v2 v1f v1 | 3 0 | CredentialFallback
While every order meets a 403, one tries at a time.
| 403:1 403:2 403:3 403:3 call call | v1 v1 v1 v1r v1 paused | 1 1 |
And no good one waits for long.
| 403:1 403:2 403:3 403:3 403:1 403:4 ok call call | v1 v1 v1 v1r v1 v1 v1 v1 v1 | 1 1 |
Where another version is good, one that meets 403s is left alone like any other.
| ok v2 +300 403:1 403:2 403:3 call call +30 call call | v1 v2 v2 v2 v1f v1f v2 v1f | 3 0 |
After a call was accepted the orders that meet a 403 are counted anew.
| 403:1 403:2 ok +901 403:3 call | v1 v1 v1 v1 v1 | 2 0 |
"""
"""What happens, the versions that calls were made with (`f`: fallen back on, `r`: a repeat), how often the
current and the previous version were read, and what was counted."""
LINES = COURSES.strip().splitlines()


@pytest.mark.parametrize("course", LINES[1::2], ids=LINES[::2])
def test_each_call_is_made_with_the_version_that_may_serve(world: World, course: str) -> None:
    steps, used, reads, counts = course.removeprefix("|").split("|")

    world.go(steps)

    assert world.used == used.split()
    assert [world.store.reads[stage] for stage in (CURRENT, PREVIOUS)] == [
        int(each) for each in reads.split()
    ]
    assert world.counts == counts.split()


@pytest.mark.parametrize(
    ("course", "clients"),
    [("call +300 call", 1), ("call v2 +300 call", 2), ("ok v2 +300 no ok v1 +300 call", 2)],
)
def test_a_version_that_is_known_keeps_its_client_and_its_connections(
    world: World, course: str, clients: int
) -> None:
    world.go(course)

    assert world.clients == clients


def test_a_setting_that_the_client_refuses_is_an_answer() -> None:
    def refuse(_: Credentials) -> AsyncClient:
        raise SetupError("MARKETPLACE_URL must be https")

    access = ClientProvider(Store().read, refuse, Time().monotonic, print)

    assert isinstance(access.get(), SetupError)


@pytest.mark.parametrize(("course", "keys"), [("call", 1), ("ok v2 +300 call", 2), ("ok gone +300 call", 0)])
def test_the_sweeps_mark_counts_by_each_version_that_is_known(world: World, course: str, keys: int) -> None:
    world.go(course)

    assert len(set(world.access.mark_keys())) == len(world.access.mark_keys()) == keys


def repeat_of(world: World, access: ProvidedClient) -> ProvidedClient | None:
    world.access.report_refused(access)
    return world.access.get_alternative(access)


def test_refusals_of_separate_orders_pause_nobody_while_their_repeats_are_accepted(world: World) -> None:
    for _ in range(3):
        several = [world.get() for _ in range(5)]
        for repeat in [repeat_of(world, each) for each in several]:
            assert repeat
            world.access.report_accepted(repeat)

    world.get()


def test_a_refused_repeat_pauses_nobody_when_another_call_was_accepted_meanwhile(world: World) -> None:
    other, refused = world.get(), world.get()
    repeat = repeat_of(world, refused)
    world.access.report_accepted(other)

    assert repeat
    assert repeat_of(world, repeat) is None
    world.get()


def test_a_call_that_began_with_the_current_version_did_not_fall_back(world: World) -> None:
    under_way = world.get()
    world.go("v2 +300 call")

    world.access.report_accepted(under_way)

    assert world.used == ["v2"]
    assert world.counts == []


def test_reading_that_takes_longer_than_a_failure_stands_is_not_done_for_each_order(world: World) -> None:
    def hang(stage: str) -> Secret:
        world.time.now += 2 * FAILURE_SECONDS
        return world.store.read(stage)

    world.go("down")
    access = ClientProvider(hang, AsyncClient, world.time.monotonic, world.counts.append)

    assert [access.get() for _ in range(10)] == [DOWN] * 10
    assert world.store.reads[CURRENT] == 1


def test_the_clients_of_replaced_versions_are_closed_with_their_threads() -> None:
    """However often the secret is rotated, no more is kept than the current version and the one before."""
    time, store = Time(), Store()
    clients = count()

    def connect(credentials: Credentials) -> AsyncClient:
        executor = ThreadPoolExecutor(4, f"client-{next(clients)}-")
        return AsyncClient(credentials, base_url="http://127.0.0.1:1", executor=executor)

    access = ClientProvider(store.read, connect, time.monotonic, print)

    async def invocation() -> None:
        chosen = [access.get() for _ in range(4)]
        await asyncio.gather(
            *(each.client.orders.get("1") for each in chosen if isinstance(each, ProvidedClient)),
            return_exceptions=True,
        )
        await access.close_replaced()

    for version in range(5):
        store.rotate(secret(f"v{version}"))
        time.now += CACHE_SECONDS
        asyncio.run(invocation())

        kept = (f"client-{version}-", f"client-{version - 1}-")
        for thread in threading.enumerate():
            if thread.name.startswith("client-") and not thread.name.startswith(kept):
                thread.join(60)
                assert not thread.is_alive()


@pytest.mark.parametrize(
    ("accepted_s_ago", "purchase_order_ids", "concern_everybody"),
    [
        (0, [None], [True]),
        (ACCEPTED_SECONDS, ["1", "2", "3", "4"], [False] * 4),
        (ACCEPTED_SECONDS + 1, ["1", "2", "3", "1"], [False, False, True, True]),
        (ACCEPTED_SECONDS + 1, ["1"] * 4, [False] * 4),
        (None, ["1", "2", "1", "3", None], [False, False, False, True, True]),
    ],
)
def test_a_403_concerns_everybody_when_a_list_or_several_orders_meet_it_and_none_is_accepted(
    world: World,
    accepted_s_ago: float | None,
    purchase_order_ids: list[str | None],
    concern_everybody: list[bool],
) -> None:
    if accepted_s_ago is not None:
        world.go(f"ok +{accepted_s_ago}")

    access = world.get()

    assert [world.access.report_forbidden(access, each) for each in purchase_order_ids] == concern_everybody
