"""The credentials: what the secret must hold, and how long what was read is used."""

import base64
import json

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from shared.credentials import (
    CACHE_SECONDS,
    FAILURE_SECONDS,
    Access,
    MarketplaceAccess,
    Secret,
    SecretsUnavailableError,
    SetupError,
    read_credentials,
)
from walmart_ca import AsyncClient, Credentials

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def base64_der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


GOOD = {"consumerId": "0f1e2d3c", "channelType": "a1b2c3d4", "privateKey": base64_der(RSA_KEY)}


def test_a_secret_with_the_three_members_signs() -> None:
    credentials = read_credentials(json.dumps(GOOD))

    assert credentials.orders_path == "/v3/ca/orders"
    assert credentials.headers("POST", "https://walmart.invalid/", 1.5)["WM_CONSUMER.ID"] == "0f1e2d3c"


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ("", "secret: must be JSON"),
        ("hunter2", "secret: must be JSON"),
        ('["hunter2"]', "secret: must be a JSON object"),
        ('"hunter2"', "secret: must be a JSON object"),
        (json.dumps({**GOOD, "consumerId": "hunter\n2"}), "secret.consumerId: must be"),
        (json.dumps({**GOOD, "channelType": "hunter\u00e92"}), "secret.channelType: must be"),
        (json.dumps({**GOOD, "privateKey": "hunter2"}), "secret.privateKey: must be an RSA private key"),
        (
            json.dumps({**GOOD, "privateKey": base64_der(ec.generate_private_key(ec.SECP256R1()))}),
            "another kind",
        ),
    ],
)
def test_an_unusable_secret_is_refused_and_not_shown(secret: str, problem: str) -> None:
    with pytest.raises(SetupError, match=problem) as refused:
        read_credentials(secret)

    assert "hunter" not in str(refused.value)


@pytest.mark.parametrize("member", sorted(GOOD))
@pytest.mark.parametrize("value", [None, "", "  ", 7, ["x"]])
def test_a_member_that_is_missing_or_no_text_is_named(member: str, value: object) -> None:
    with pytest.raises(SetupError, match=f"^secret.{member}: missing$"):
        read_credentials(json.dumps({**GOOD, member: value}))


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


class Store:
    """A secret that the test changes, and a count of how often it was read."""

    def __init__(self) -> None:
        self.answer: Secret | Exception = Secret(json.dumps(GOOD), "v1")
        self.reads = 0

    def read(self) -> Secret:
        self.reads += 1
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def store() -> Store:
    return Store()


@pytest.fixture
def access(store: Store, clock: Clock) -> MarketplaceAccess:
    return MarketplaceAccess(store.read, AsyncClient, clock)


def client(access: MarketplaceAccess) -> AsyncClient:
    current = access.current()
    assert isinstance(current, Access)
    return current.client


def test_the_secret_is_read_when_first_needed_and_then_kept(
    access: MarketplaceAccess, store: Store, clock: Clock
) -> None:
    assert store.reads == 0

    first = access.current()
    clock.now += CACHE_SECONDS - 1

    assert access.current() is first
    assert store.reads == 1


def test_a_secret_that_did_not_change_keeps_its_client_and_its_connections(
    access: MarketplaceAccess, store: Store, clock: Clock
) -> None:
    first = client(access)
    clock.now += CACHE_SECONDS

    assert client(access) is first
    assert store.reads == 2


def test_a_new_version_of_the_secret_gets_a_new_client(
    access: MarketplaceAccess, store: Store, clock: Clock
) -> None:
    first = client(access)
    store.answer = Secret(json.dumps(GOOD), "v2")
    clock.now += CACHE_SECONDS

    assert client(access) is not first


@pytest.mark.parametrize("failure", [SetupError("secret: gone"), SecretsUnavailableError("timeout")])
def test_a_failure_to_read_stands_for_a_moment_so_that_a_batch_asks_once(
    access: MarketplaceAccess, store: Store, clock: Clock, failure: SetupError | SecretsUnavailableError
) -> None:
    store.answer = failure

    assert [access.current() for _ in range(10)] == [failure] * 10
    assert store.reads == 1

    clock.now += FAILURE_SECONDS
    store.answer = Secret(json.dumps(GOOD), "v1")

    assert isinstance(access.current(), Access)


def test_an_unusable_secret_is_an_answer_and_no_exception(access: MarketplaceAccess, store: Store) -> None:
    store.answer = Secret("no json", "v1")

    assert isinstance(access.current(), SetupError)


def test_a_setting_that_the_client_refuses_is_an_answer_too(store: Store, clock: Clock) -> None:
    def refuse(_: Credentials) -> AsyncClient:
        raise SetupError("MARKETPLACE_URL must be https")

    assert isinstance(MarketplaceAccess(store.read, refuse, clock).current(), SetupError)


def test_a_secret_shows_its_version_and_nothing_else() -> None:
    assert repr(Secret(json.dumps(GOOD), "v1")) == "Secret(version_id='v1')"
