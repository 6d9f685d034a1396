"""The credentials: what the secret must hold, and how long what was read is used."""

import asyncio
import base64
import json
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from itertools import count

import pytest
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.credentials import (
    ACCEPTED_SECONDS,
    CACHE_SECONDS,
    CURRENT,
    FAILURE_SECONDS,
    PREVIOUS,
    REFUSED_SECONDS,
    Access,
    CredentialsPaused,
    MarketplaceAccess,
    Secret,
    SecretsUnavailableError,
    SetupError,
    check_credentials,
    read_credentials,
)
from tests.support.keys import numbers_of, written
from tests.unit.kept import texts_kept_by
from walmart_ca import AsyncClient, Credentials, SignatureCredentials, TokenCredentials

RSA_KEY = rsa.generate_private_key(65537, 2048)
EC_KEY = ec.generate_private_key(ec.SECP256R1())


def base64_der(key: rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey) -> str:
    return base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


TOKEN = {"clientId": "5f0c", "clientSecret": "s-e-c-r-e-t"}
GOOD = {"consumerId": "0f1e2d3c", "channelType": "a1b2c3d4", "privateKey": base64_der(RSA_KEY)}


def test_a_secret_with_the_three_members_signs() -> None:
    credentials = read_credentials(json.dumps(GOOD))

    assert isinstance(credentials, SignatureCredentials)
    assert (credentials.consumer_id, credentials.channel_type) == ("0f1e2d3c", "a1b2c3d4")


def test_what_else_a_signing_secret_holds_is_nobodys_business() -> None:
    credentials = read_credentials(json.dumps({**GOOD, "market": "ca", "note": "main account"}))

    assert isinstance(credentials, SignatureCredentials)


def test_a_secret_with_client_id_and_secret_takes_tokens() -> None:
    credentials = read_credentials(json.dumps(TOKEN))

    assert isinstance(credentials, TokenCredentials)
    assert credentials.client_id == "5f0c"
    assert credentials.headers("t-1") == {
        "WM_SEC.ACCESS_TOKEN": "t-1",
        "WM_MARKET": "ca",
        "WM_GLOBAL_VERSION": "3.1",
    }


def test_what_walmarts_pages_contradict_each_other_about_may_stand_in_the_secret() -> None:
    members = {**TOKEN, "channelType": "a1b2", "market": "mx", "globalVersion": "3.2"}
    credentials = read_credentials(json.dumps(members))

    assert isinstance(credentials, TokenCredentials)
    assert credentials.headers("t-1") == {
        "WM_SEC.ACCESS_TOKEN": "t-1",
        "WM_MARKET": "mx",
        "WM_GLOBAL_VERSION": "3.2",
        "WM_CONSUMER.CHANNEL.TYPE": "a1b2",
    }


@pytest.mark.parametrize(
    ("secret", "named"),
    [
        ({**GOOD, **TOKEN}, "consumerId and privateKey, which sign, and clientId and clientSecret"),
        ({**GOOD, "clientId": "5f0c"}, "consumerId and privateKey, which sign, and clientId, which take"),
        ({**TOKEN, "privateKey": "hunter2"}, "privateKey, which sign, and clientId and clientSecret"),
        ({**TOKEN, "consumerId": ""}, "consumerId, which sign, and clientId and clientSecret"),
    ],
)
def test_a_secret_with_members_of_both_doors_is_refused(secret: dict[str, str], named: str) -> None:
    with pytest.raises(SetupError) as refused:
        read_credentials(json.dumps(secret))

    assert named in str(refused.value)
    assert "keep one kind" in str(refused.value)
    assert "hunter2" not in str(refused.value)


@pytest.mark.parametrize(
    ("secret", "problem"),
    [
        ({"clientId": "5f0c"}, "secret.clientSecret: missing"),
        ({"clientSecret": "s"}, "secret.clientId: missing"),
        ({"clientId": " ", "clientSecret": "s"}, "secret.clientId: missing"),
        ({"clientId": 7, "clientSecret": "s"}, "secret.clientId: missing"),
        ({**TOKEN, "clientSecret": "hunter\n2"}, "secret.clientSecret: must be 1 to 256"),
        ({**TOKEN, "clientId": "hunter:2"}, "secret.clientId: must be without a colon"),
        ({**TOKEN, "market": None}, "secret.market: must be"),
        ({**TOKEN, "globalVersion": 3.1}, "secret.globalVersion: must be"),
        ({**TOKEN, "channelType": ""}, "secret.channelType: must be"),
        ({"globalVersion": "3.1"}, "secret.consumerId: missing"),
        ({}, "secret.consumerId: missing"),
    ],
)
def test_an_unusable_token_secret_is_refused_and_not_shown(secret: dict[str, object], problem: str) -> None:
    with pytest.raises(SetupError) as refused:
        read_credentials(json.dumps(secret))

    assert str(refused.value).startswith(problem)
    assert "hunter" not in str(refused.value)


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
            "an EC key",
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


WRITTEN = json.dumps(GOOD, indent=2)
PASTED = {
    "a byte order mark": f"\ufeff{WRITTEN}",
    "white space and zero-width spaces": f"\u200b \xa0\n{WRITTEN}\r\n\u200b",
    "one more level of JSON string": json.dumps(WRITTEN),
    "one more level and a byte order mark inside": json.dumps(f"\ufeff{WRITTEN}", ensure_ascii=False),
    "escaped quotes": json.dumps(json.dumps(GOOD))[1:-1],
    "single quotes around it": f"'{WRITTEN}'",
    "typographic quotes around it": f"\u201c{WRITTEN}\u201d",
    "double quotes around it": f'"{WRITTEN}"',
    "a trailing comma in it": f"{WRITTEN[:-1].rstrip()},\n}}",
    "a trailing comma behind it": f"{WRITTEN},\n",
    "line breaks inside a value": WRITTEN.replace(GOOD["privateKey"][:64], GOOD["privateKey"][:64] + "\n"),
    "quotes inside the values": json.dumps({name: f'"{value}"' for name, value in GOOD.items()}),
}


@pytest.mark.parametrize("secret", PASTED.values(), ids=PASTED.keys())
def test_what_pasting_makes_of_a_good_secret_is_read_all_the_same(secret: str) -> None:
    credentials = read_credentials(secret)

    assert isinstance(credentials, SignatureCredentials)
    assert credentials.headers("GET", "/", 1) == SignatureCredentials(
        consumer_id=GOOD["consumerId"], channel_type=GOOD["channelType"], private_key=GOOD["privateKey"]
    ).headers("GET", "/", 1)


PEM = RSA_KEY.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
REFUSED = {
    "empty": (" \ufeff", "secret: must be JSON; it is empty"),
    "PEM alone": (PEM, "this is the key alone"),
    "base64 alone": (GOOD["privateKey"], "this is the key alone"),
    "base64 for URLs alone": (
        GOOD["privateKey"].replace("+", "-").replace("/", "_"),
        "this is the key alone",
    ),
    "names and values": ("consumerId=0f1e2d3c\nchannelType=a1b2c3d4\n", "names and values in another form"),
    "names and values of YAML": (
        'client_id: "hunter22"\nclient_secret: x',
        "names and values in another form",
    ),
    "single quotes": ("{'clientId': 'hunter22'}", "single or typographic quotes"),
    "typographic quotes": ("{\u201cclientId\u201d: \u201chunter22\u201d}", "single or typographic quotes"),
    "a trailing comma elsewhere": ('{"clientId": "hunter22", "x": [1,]}', "trailing comma"),
    "a missing comma": ('{"clientId": "hunter22" "x": 1}', "a comma between two members"),
    "a string in a string": (json.dumps(json.dumps(WRITTEN)), "must be a JSON object"),
    "numbers without end": (f'{{"x": {"9" * 5000}}}', "secret: must be JSON"),
    "brackets without end": ("[" * 60000, "secret: must be JSON"),
    "a member twice": (
        f'{WRITTEN[:-1]}, "privateKey": "hunter22"}}',
        "secret.privateKey: stands there twice",
    ),
    "consumer_id": (WRITTEN.replace("consumerId", "consumer_id"), "spell it consumerId"),
    "ConsumerId": (WRITTEN.replace("consumerId", "ConsumerId"), "spell it consumerId"),
    "PRIVATE_KEY": (WRITTEN.replace("privateKey", "PRIVATE_KEY"), "spell it privateKey"),
    "client_id and client_secret": ('{"client_id": "hunter22", "client_secret": "x"}', "spell it clientId"),
    "client_secret": ('{"clientId": "hunter22", "client_secret": "x"}', "spell it clientSecret"),
    "both doors": (json.dumps({**GOOD, **TOKEN}), "keep one kind"),
    "an unusable id": (json.dumps({**GOOD, "consumerId": "hunter 22"}), "secret.consumerId: must be"),
    "half a pair of quotes": (
        json.dumps({**GOOD, "channelType": '"hunter22'}),
        "secret.channelType: must be",
    ),
    "an unusable client secret": (json.dumps({**TOKEN, "clientSecret": "hunter 22"}), "secret.clientSecret:"),
    "a client secret in quotes": (
        json.dumps({**TOKEN, "clientSecret": '"hunter22"'}),
        "secret.clientSecret:",
    ),
    "two keys": (
        json.dumps({**GOOD, "privateKey": PEM + PEM.replace("PRIVATE", "EC PRIVATE").replace("MII", "MIJ")}),
        "two different private keys",
    ),
    "a key cut short": (json.dumps({**GOOD, "privateKey": GOOD["privateKey"][:-40]}), "cut short"),
    "text as a key": (json.dumps({**GOOD, "privateKey": "hunter22!"}), "not base64"),
}


def said_by_reading(secret: str) -> SetupError:
    with pytest.raises(SetupError) as refused:
        read_credentials(secret)
    return refused.value


def said_by_peeking(secret: str) -> SetupError:
    store = Store()
    store.stages[CURRENT] = Secret(secret, "v1")
    kept = MarketplaceAccess(store.read, AsyncClient, Clock(), print).peek()
    assert isinstance(kept, SetupError)
    return kept


@pytest.mark.parametrize("said", [said_by_reading, said_by_peeking])
@pytest.mark.parametrize(("secret", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_a_secret_is_named_for_what_it_is_and_nothing_of_it_is_kept(
    secret: str, named: str, said: Callable[[str], SetupError]
) -> None:
    error = said(secret)

    assert named in str(error)
    kept = texts_kept_by(error)
    values = [*GOOD.values(), "hunter"]
    assert not [value for value in values if value[:40] in kept or value[-40:] in kept]


def test_an_error_that_is_kept_has_no_frames() -> None:
    kept = said_by_peeking("no json")

    assert (kept.__traceback__, kept.__context__, kept.__cause__) == (None, None, None)


def test_a_failed_check_keeps_nothing_of_the_key() -> None:
    numbers = [*numbers_of(RSA_KEY)[:7], 1]

    with pytest.raises(SetupError, match=r"^secret\.privateKey: must be") as failed:
        check_credentials(read_credentials(json.dumps({**GOOD, "privateKey": written(numbers)})))

    assert written(numbers)[:40] not in texts_kept_by(failed.value)


@settings(deadline=None, max_examples=300)
@given(
    st.text(max_size=100)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.dictionaries(st.sampled_from(sorted({**GOOD, **TOKEN, "client_id": ""})), inner),
    ).map(json.dumps)
    | st.lists(st.sampled_from([*PASTED.values(), *(secret for secret, _ in REFUSED.values())])).map("".join)
)
def test_a_text_is_credentials_or_refused_without_being_shown(secret: str) -> None:
    try:
        read_credentials(secret)
    except SetupError as error:
        said = str(error)
    else:
        return

    assert said.startswith("secret")
    assert "hunter" not in said
    assert not any(said.count(GOOD["privateKey"][at : at + 8]) for at in range(0, 800, 8))


@pytest.mark.parametrize("piece", ["{", '"', "\\", "' ", '{\\"', "a ", ",}", "consumer", '\n"'])
def test_the_longest_secret_is_refused_in_no_time_whatever_it_repeats(piece: str) -> None:
    begun = time.process_time()

    said_by_reading(piece * (65536 // len(piece)))

    assert time.process_time() - begun < 1


class Clock:
    """A clock that the test turns."""

    def __init__(self) -> None:
        self.now = 1_000_000.0

    def __call__(self) -> float:
        return self.now


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

    def rotate(self, version_id: str) -> None:
        self.stages = {CURRENT: secret(version_id), PREVIOUS: self.stages[CURRENT]}


class World:
    """The access to the marketplace, with the secret, the clock and the counts around it."""

    def __init__(self) -> None:
        self.clock = Clock()
        self.store = Store()
        self.counts: list[str] = []
        self.access = MarketplaceAccess(self.store.read, AsyncClient, self.clock, self.counts.append)

    def current(self) -> Access:
        current = self.access.current()
        assert isinstance(current, Access), current
        return current

    def version(self) -> str:
        return self.current().secret_version_id

    def another(self, refused: Access) -> Access | None:
        self.access.refused(refused)
        return self.access.another(refused)

    def after_refusal(self, refused: Access) -> Access:
        other = self.another(refused)
        assert other is not None
        return other

    def refuse_all(self) -> None:
        """Let an order try whatever there is, and let Walmart refuse it all."""
        access: Access | None = self.current()
        while access:
            access = self.another(access)

    def good(self) -> Access:
        """Let a call be accepted."""
        access = self.current()
        self.access.accepted(access)
        return access


def secret(version_id: str) -> Secret:
    return Secret(json.dumps(GOOD), version_id)


@pytest.fixture
def world() -> World:
    return World()


UNAVAILABLE = SecretsUnavailableError("timeout")


def test_the_secret_is_read_when_first_needed_and_then_kept(world: World) -> None:
    assert world.store.reads[CURRENT] == 0

    first = world.current()
    world.clock.now += CACHE_SECONDS - 1

    assert world.current().client is first.client
    assert world.store.reads == {CURRENT: 1, PREVIOUS: 0}


def test_a_secret_that_did_not_change_keeps_its_client_and_its_connections(world: World) -> None:
    first = world.current()
    world.clock.now += CACHE_SECONDS

    assert world.current().client is first.client
    assert world.store.reads[CURRENT] == 2


def test_a_new_version_of_the_secret_gets_a_new_client(world: World) -> None:
    first = world.current()
    world.store.rotate("v2")
    world.clock.now += CACHE_SECONDS

    assert world.current().client is not first.client
    assert world.version() == "v2"


@pytest.mark.parametrize("failure", [SetupError("secret: gone"), UNAVAILABLE])
def test_a_failure_to_read_stands_for_a_moment_so_that_a_batch_asks_once(
    world: World, failure: SetupError | SecretsUnavailableError
) -> None:
    world.store.stages[CURRENT] = failure

    assert [world.access.current() for _ in range(10)] == [failure] * 10
    assert world.store.reads[CURRENT] == 1

    world.clock.now += FAILURE_SECONDS
    world.store.stages[CURRENT] = secret("v1")

    assert world.version() == "v1"


def test_an_unusable_secret_is_an_answer_and_no_exception(world: World) -> None:
    world.store.stages[CURRENT] = Secret("no json", "v1")

    assert isinstance(world.access.current(), SetupError)


def test_a_setting_that_the_client_refuses_is_an_answer_too() -> None:
    def refuse(_: Credentials) -> AsyncClient:
        raise SetupError("MARKETPLACE_URL must be https")

    access = MarketplaceAccess(Store().read, refuse, Clock(), print)

    assert isinstance(access.current(), SetupError)


@pytest.mark.parametrize("slip", [UNAVAILABLE, Secret("no json", "v2")])
def test_an_outage_or_a_slip_in_the_secret_does_not_stop_what_served_until_now(
    world: World, slip: Exception | Secret
) -> None:
    first = world.current()
    world.store.stages[CURRENT] = slip
    world.clock.now += CACHE_SECONDS

    assert world.current() == first
    assert world.counts == ["StaleCredentials"]


def test_after_a_slip_a_cold_start_uses_the_previous_version_until_it_is_corrected(world: World) -> None:
    world.store.stages = {CURRENT: Secret("no json", "v2"), PREVIOUS: secret("v1")}

    assert [world.version() for _ in range(10)] == ["v1"] * 10
    assert world.store.reads == {CURRENT: 1, PREVIOUS: 1}
    world.clock.now += FAILURE_SECONDS
    assert world.version() == "v1"
    assert world.store.reads == {CURRENT: 2, PREVIOUS: 1}
    # Nothing was refused, so that nothing fell back.
    world.good()
    assert world.counts == ["StaleCredentials"] * 2

    world.store.rotate("v3")
    world.clock.now += FAILURE_SECONDS
    assert world.version() == "v3"


@pytest.mark.parametrize("taken_away", [SetupError("secret: no value yet"), UNAVAILABLE])
def test_a_cold_start_without_a_current_version_uses_no_other(
    world: World, taken_away: SetupError | SecretsUnavailableError
) -> None:
    world.store.stages = {CURRENT: taken_away, PREVIOUS: secret("v1")}

    assert world.access.current() is taken_away
    assert world.store.reads[PREVIOUS] == 0


def test_after_an_outage_the_secret_is_soon_read_again(world: World) -> None:
    world.current()
    world.store.stages[CURRENT] = UNAVAILABLE
    world.clock.now += CACHE_SECONDS
    world.current()
    world.store.rotate("v2")
    world.clock.now += FAILURE_SECONDS

    assert world.version() == "v2"


def test_a_secret_that_was_taken_away_is_not_used_any_longer_nor_is_its_previous_version(
    world: World,
) -> None:
    world.good()
    world.store.rotate("v2")
    world.clock.now += CACHE_SECONDS
    refused = world.current()
    world.store.stages[CURRENT] = SetupError("secret: the function may not read it")
    world.clock.now += REFUSED_SECONDS

    assert world.another(refused) is None
    assert isinstance(world.access.current(), SetupError)
    assert world.access.mark_keys() == ()


def test_a_refused_call_is_repeated_once_signed_anew_with_the_secret_read_again(world: World) -> None:
    refused = world.current()
    world.clock.now += REFUSED_SECONDS

    repeat = world.after_refusal(refused)

    assert (repeat.client, repeat.is_repeat) == (refused.client, True)
    assert world.store.reads[CURRENT] == 2
    assert world.another(repeat) is None
    assert world.access.current() == CredentialsPaused()


def test_refusals_of_separate_orders_pause_nobody_while_their_repeats_are_accepted(world: World) -> None:
    for _ in range(3):
        several = [world.current() for _ in range(5)]
        repeats = [world.after_refusal(each) for each in several]
        for repeat in repeats:
            world.access.accepted(repeat)

    assert world.version() == "v1"


def test_a_refused_repeat_pauses_nobody_when_another_call_was_accepted_meanwhile(world: World) -> None:
    other, refused = world.current(), world.current()
    repeat = world.after_refusal(refused)
    world.access.accepted(other)

    assert world.another(repeat) is None
    assert world.version() == "v1"


def test_after_a_refusal_a_new_version_is_found_at_once(world: World) -> None:
    refused = world.current()
    world.store.rotate("v2")
    world.clock.now += REFUSED_SECONDS

    other = world.after_refusal(refused)

    assert (other.secret_version_id, other.is_repeat) == ("v2", False)
    assert world.version() == "v2"


def test_the_secret_is_read_again_at_most_every_half_minute_however_many_are_refused(world: World) -> None:
    refused = world.current()
    world.clock.now += REFUSED_SECONDS

    for _ in range(10):
        repeat = world.another(refused)
        if repeat:
            world.another(repeat)

    assert world.store.reads == {CURRENT: 2, PREVIOUS: 1}


def test_a_path_that_is_not_served_has_the_secret_read_again_and_pauses_nobody(world: World) -> None:
    world.good()
    world.store.rotate("v2")
    for seconds, version in ((0, "v1"), (REFUSED_SECONDS - 1, "v1"), (1, "v2"), (1, "v2")):
        world.clock.now += seconds
        world.access.path_unknown()
        assert world.version() == version

    assert world.store.reads == {CURRENT: 2, PREVIOUS: 0}


def rotated(world: World) -> Access:
    """Rotate the secret before the key at Walmart; return the version that serves meanwhile."""
    world.good()
    world.store.rotate("v2")
    world.clock.now += CACHE_SECONDS
    other = world.after_refusal(world.current())
    world.access.accepted(other)
    return other


def test_the_secret_was_rotated_before_the_key_at_walmart_and_the_previous_version_serves(
    world: World,
) -> None:
    other = rotated(world)

    assert (other.secret_version_id, other.is_fallback) == ("v1", True)
    assert world.counts == ["CredentialFallback"]
    # The next orders do not try the refused one first.
    assert world.version() == "v1"
    assert len(world.access.mark_keys()) == 2


def test_a_new_environment_finds_the_previous_version_within_one_attempt(world: World) -> None:
    world.store.rotate("v2")
    first = world.current()
    repeat = world.after_refusal(first)
    other = world.after_refusal(repeat)

    assert [each.secret_version_id for each in (first, repeat, other)] == ["v2", "v2", "v1"]
    assert other.is_fallback


def test_a_call_that_began_with_the_current_version_did_not_fall_back(world: World) -> None:
    under_way = world.current()
    world.store.rotate("v2")
    world.clock.now += CACHE_SECONDS
    assert world.version() == "v2"

    world.access.accepted(under_way)

    assert world.counts == []


def test_while_the_previous_version_serves_one_order_tries_the_current_one_again(world: World) -> None:
    rotated(world)
    world.clock.now += REFUSED_SECONDS

    assert [world.version() for _ in range(3)] == ["v2", "v1", "v1"]


def test_once_walmart_accepts_the_current_version_everybody_uses_it(world: World) -> None:
    rotated(world)
    world.clock.now += REFUSED_SECONDS

    world.good()

    assert [world.version() for _ in range(3)] == ["v2"] * 3


def test_the_key_at_walmart_was_changed_before_the_secret_and_nothing_is_sent_until_it_is(
    world: World,
) -> None:
    world.good()
    world.refuse_all()
    assert world.access.current() == CredentialsPaused()

    world.store.rotate("v2")
    world.clock.now += REFUSED_SECONDS

    assert world.version() == "v2"


def test_after_a_pause_one_order_tries_and_the_others_wait_for_what_comes_of_it(world: World) -> None:
    world.refuse_all()
    world.clock.now += REFUSED_SECONDS

    tries = [world.access.current() for _ in range(3)]

    assert isinstance(tries[0], Access)
    assert tries[1:] == [CredentialsPaused()] * 2
    # It is known to be bad: one more refusal is enough.
    assert world.another(tries[0]) is None
    assert world.access.current() == CredentialsPaused()


def test_a_refusal_of_the_previous_version_too_pauses_everything(world: World) -> None:
    world.store.rotate("v2")
    world.refuse_all()

    assert world.access.current() == CredentialsPaused()


def test_a_look_at_the_credentials_uses_up_nobodys_try(world: World) -> None:
    world.refuse_all()
    world.clock.now += REFUSED_SECONDS

    assert isinstance(world.access.peek(), Access)
    assert isinstance(world.access.current(), Access)
    assert world.access.current() == CredentialsPaused()


def test_looks_at_the_credentials_read_the_secret_again_no_more_often_than_orders_do(world: World) -> None:
    world.refuse_all()
    world.clock.now += REFUSED_SECONDS
    before = world.store.reads[CURRENT]

    for _ in range(20):
        world.access.peek()

    assert world.store.reads[CURRENT] == before + 1


def test_reading_that_takes_longer_than_a_failure_stands_is_not_done_for_each_order(world: World) -> None:
    class Hanging(Store):
        def read(self, stage: str) -> Secret:
            world.clock.now += 2 * FAILURE_SECONDS
            return super().read(stage)

    hanging = Hanging()
    hanging.stages[CURRENT] = UNAVAILABLE
    access = MarketplaceAccess(hanging.read, AsyncClient, world.clock, world.counts.append)

    assert [access.current() for _ in range(10)] == [UNAVAILABLE] * 10
    assert hanging.reads[CURRENT] == 1


def test_a_version_that_served_well_is_fallen_back_on_before_the_one_stored_before(world: World) -> None:
    """Two new versions within a short time: the second serves nobody yet, the first was a slip."""
    world.good()
    world.store.rotate("v2")
    world.store.rotate("v3")
    world.clock.now += CACHE_SECONDS

    assert world.after_refusal(world.current()).secret_version_id == "v1"


@pytest.mark.parametrize("refused", [False, True])
def test_a_version_that_walmart_never_accepted_does_not_replace_a_good_fallback(
    world: World, refused: bool
) -> None:
    world.good()
    world.store.rotate("v2")
    world.clock.now += CACHE_SECONDS
    second = world.current()
    if refused:
        world.another(second)
    world.store.rotate("v3")
    world.clock.now += CACHE_SECONDS

    assert world.after_refusal(world.current()).secret_version_id == "v1"


def test_a_refused_version_is_no_fallback_where_the_secret_has_a_better_one(world: World) -> None:
    world.good()
    world.store.stages[CURRENT] = UNAVAILABLE
    world.clock.now += CACHE_SECONDS
    world.refuse_all()
    world.store.stages = {CURRENT: secret("v3"), PREVIOUS: secret("v2")}
    world.clock.now += REFUSED_SECONDS

    tried = [world.current()]
    while tried[-1].secret_version_id != "v2":
        tried.append(world.after_refusal(tried[-1]))

    assert [each.secret_version_id for each in tried] == ["v3", "v3", "v2"]


def test_going_back_to_the_previous_version_makes_no_new_client(world: World) -> None:
    serving = rotated(world)
    world.store.rotate("v1")
    world.clock.now += CACHE_SECONDS

    current = world.current()

    assert (current.client, current.is_fallback) == (serving.client, False)


def test_the_clients_of_replaced_versions_are_closed_with_their_threads() -> None:
    """However often the secret is rotated, no more is kept than the current version and the one before."""
    clock, store = Clock(), Store()
    clients = count()

    def connect(credentials: Credentials) -> AsyncClient:
        executor = ThreadPoolExecutor(4, f"client-{next(clients)}-")
        return AsyncClient(credentials, base_url="http://127.0.0.1:1", executor=executor)

    access = MarketplaceAccess(store.read, connect, clock, print)

    async def invocation() -> None:
        chosen = [access.current() for _ in range(4)]
        await asyncio.gather(
            *(each.client.orders.get("1") for each in chosen if isinstance(each, Access)),
            return_exceptions=True,
        )
        await access.close_replaced()

    for version in range(30):
        store.rotate(f"v{version}")
        clock.now += CACHE_SECONDS
        asyncio.run(invocation())

        kept = (f"client-{version}-", f"client-{version - 1}-")
        for thread in threading.enumerate():
            if thread.name.startswith("client-") and not thread.name.startswith(kept):
                thread.join(10)
                assert not thread.is_alive()


def forbidden(world: World, *purchase_order_ids: str | None) -> list[bool]:
    access = world.current()
    return [world.access.forbidden(access, each) for each in purchase_order_ids]


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
        world.good()
        world.clock.now += accepted_s_ago

    assert forbidden(world, *purchase_order_ids) == concern_everybody


def forbid_all(world: World) -> None:
    """Let three orders meet 403, and the repeat of the third."""
    for purchase_order_id in ("1", "2", "3"):
        access: Access | None = world.current()
        while access and world.access.forbidden(access, purchase_order_id):
            access = world.access.another(access)


def test_while_every_order_meets_a_403_one_tries_at_a_time_and_no_good_one_waits_for_long(
    world: World,
) -> None:
    forbid_all(world)

    for purchase_order_id in ("1", "2", "4"):
        tries = world.current()
        assert world.access.current() == CredentialsPaused()
        assert world.access.forbidden(tries, purchase_order_id)
        assert world.access.another(tries) is None
    world.good()
    assert [world.version() for _ in range(2)] == ["v1"] * 2


def test_where_another_version_is_good_one_that_meets_403s_is_left_alone_like_any_other(
    world: World,
) -> None:
    world.good()
    world.store.rotate("v2")
    world.clock.now += CACHE_SECONDS
    forbid_all(world)

    assert [world.version() for _ in range(3)] == ["v1"] * 3
    world.clock.now += REFUSED_SECONDS
    assert [world.version() for _ in range(3)] == ["v2", "v1", "v1"]


def test_after_a_call_was_accepted_the_orders_with_a_403_are_counted_anew(world: World) -> None:
    assert forbidden(world, "1", "2", "3") == [False, False, True]
    world.good()
    world.clock.now += ACCEPTED_SECONDS + 1

    assert forbidden(world, "1", "2", "3") == [False, False, True]


def test_a_secret_shows_its_version_and_nothing_else() -> None:
    assert repr(Secret(json.dumps(GOOD), "v1")) == "Secret(version_id='v1')"
