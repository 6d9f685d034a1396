"""What the secret must hold, and what is said of one that does not."""

import json
import time
from collections.abc import Callable

import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.walmart.client_provider import ClientProvider
from shared.walmart.credentials import Secret, SetupError, check_credentials, read_credentials
from tests.support.keys import key_of_numbers, numbers_of, pkcs8_pem, rsa_key, walmart_form
from tests.unit.kept import texts_kept_by
from walmart_ca import AsyncClient, SignatureCredentials, TokenCredentials

KEY = walmart_form(rsa_key())
PEM = pkcs8_pem(rsa_key())
TOKEN = {"clientId": "5f0c", "clientSecret": "s-e-c-r-e-t"}
GOOD = {"consumerId": "0f1e2d3c", "channelType": "a1b2c3d4", "privateKey": KEY}
SIGNS = SignatureCredentials(consumer_id="0f1e2d3c", channel_type="a1b2c3d4", private_key=KEY)


@pytest.mark.parametrize(
    ("more", "headers"),
    [
        ({}, {"WM_MARKET": "ca", "WM_GLOBAL_VERSION": "3.1"}),
        (
            {"channelType": "a1b2", "market": "mx", "globalVersion": "3.2"},
            {"WM_MARKET": "mx", "WM_GLOBAL_VERSION": "3.2", "WM_CONSUMER.CHANNEL.TYPE": "a1b2"},
        ),
    ],
)
def test_a_secret_with_client_id_and_secret_takes_tokens(
    more: dict[str, str], headers: dict[str, str]
) -> None:
    credentials = read_credentials(json.dumps({**TOKEN, **more}))

    assert isinstance(credentials, TokenCredentials)
    assert credentials.client_id == "5f0c"
    assert credentials.headers("t-1") == {"WM_SEC.ACCESS_TOKEN": "t-1", **headers}


WRITTEN = json.dumps(GOOD, indent=2)
READ = {
    "the three members": WRITTEN,
    "members that are nobody's business": json.dumps({**GOOD, "market": "ca", "note": "main account"}),
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
    "line breaks inside a value": WRITTEN.replace(KEY[:64], KEY[:64] + "\n"),
    "quotes inside the values": json.dumps({name: f'"{value}"' for name, value in GOOD.items()}),
}


@pytest.mark.parametrize("secret", READ.values(), ids=READ.keys())
def test_a_signing_secret_is_read_whatever_pasting_made_of_it(secret: str) -> None:
    credentials = read_credentials(secret)

    assert isinstance(credentials, SignatureCredentials)
    assert credentials.headers("GET", "/", 1) == SIGNS.headers("GET", "/", 1)


def signing(**members: object) -> str:
    return json.dumps({**GOOD, **members})


def token(**members: object) -> str:
    return json.dumps({**TOKEN, **members})


NO_JSON, KEY_ALONE, OTHER_FORM = (
    "secret: must be JSON",
    "this is the key alone",
    "names and values in another",
)
OTHER_QUOTES, COMMA = "single or typographic quotes", "trailing comma"
REFUSED = {
    "empty": (" \ufeff", f"{NO_JSON}; it is empty"),
    "text": ("hunter22", NO_JSON),
    "a list": ('["hunter22"]', "secret: must be a JSON object"),
    "a string": ('"hunter22"', "secret: must be a JSON object"),
    "a string in a string": (json.dumps(json.dumps(WRITTEN)), "secret: must be a JSON object"),
    "numbers without end": (f'{{"x": {"9" * 5000}}}', NO_JSON),
    "brackets without end": ("[" * 60000, NO_JSON),
    "PEM alone": (PEM, KEY_ALONE),
    "base64 alone": (KEY, KEY_ALONE),
    "base64 for URLs alone": (KEY.replace("+", "-").replace("/", "_"), KEY_ALONE),
    "names and values": ("consumerId=0f1e2d3c\nchannelType=a1b2c3d4\n", OTHER_FORM),
    "names and values of YAML": ('client_id: "hunter22"\nclient_secret: x', OTHER_FORM),
    "single quotes": ("{'clientId': 'hunter22'}", OTHER_QUOTES),
    "typographic quotes": ("{\u201cclientId\u201d: \u201chunter22\u201d}", OTHER_QUOTES),
    "a trailing comma elsewhere": ('{"clientId": "hunter22", "x": [1,]}', COMMA),
    "a missing comma": ('{"clientId": "hunter22" "x": 1}', "a comma between two members"),
    "a member twice": (
        f'{WRITTEN[:-1]}, "privateKey": "hunter22"}}',
        "secret.privateKey: stands there twice",
    ),
    "no member": ("{}", "secret.consumerId: missing"),
    "no member that tells the kind": ('{"globalVersion": "3.1"}', "secret.consumerId: missing"),
    **{
        f"{name} is {value!r}": (signing(**{name: value}), f"secret.{name}: missing")
        for name in GOOD
        for value in (None, "", "  ", 7, ["x"])
    },
    "no client secret": ('{"clientId": "hunter22"}', "secret.clientSecret: missing"),
    "no client id": ('{"clientSecret": "hunter22"}', "secret.clientId: missing"),
    "a client id of blanks": (token(clientId=" "), "secret.clientId: missing"),
    "a client id that is no text": (token(clientId=7), "secret.clientId: missing"),
    "consumer_id": (WRITTEN.replace("consumerId", "consumer_id"), "spell it consumerId"),
    "ConsumerId": (WRITTEN.replace("consumerId", "ConsumerId"), "spell it consumerId"),
    "PRIVATE_KEY": (WRITTEN.replace("privateKey", "PRIVATE_KEY"), "spell it privateKey"),
    "client_id and client_secret": ('{"client_id": "hunter22", "client_secret": "x"}', "spell it clientId"),
    "client_secret": ('{"clientId": "hunter22", "client_secret": "x"}', "spell it clientSecret"),
    "an unusable consumer id": (signing(consumerId="hunter\n2"), "secret.consumerId: must be"),
    "half a pair of quotes": (signing(channelType='"hunter22'), "secret.channelType: must not"),
    "an unusable channel type": (signing(channelType="hunter\u00e92"), "secret.channelType: must be"),
    "text as a key": (signing(privateKey="hunter22!"), "secret.privateKey: must be an RSA private key"),
    "a key cut short": (signing(privateKey=KEY[:-40]), "cut short"),
    "a key of another kind": (
        signing(privateKey=walmart_form(ec.generate_private_key(ec.SECP256R1()))),
        "an EC key",
    ),
    "two keys": (
        signing(privateKey=PEM + PEM.replace("PRIVATE", "EC PRIVATE").replace("MII", "MIJ")),
        "two different private keys",
    ),
    "an unusable client secret": (token(clientSecret="hunter 22"), "secret.clientSecret: must be 1 to 256"),
    "a client secret in quotes": (token(clientSecret='"hunter22"'), "secret.clientSecret:"),
    "a client id with a colon": (token(clientId="hunter:2"), "secret.clientId: must not contain a colon"),
    "no market": (token(market=None), "secret.market: must be"),
    "a version that is no text": (token(globalVersion=3.1), "secret.globalVersion: must be"),
    "no channel type": (token(channelType=""), "secret.channelType: must be"),
    "two kinds": (
        signing(**TOKEN),
        "consumerId and privateKey, which sign, and clientId and clientSecret, which take tokens: keep one",
    ),
    "a client id too": (signing(clientId="5f0c"), "privateKey, which sign, and clientId, which take tokens"),
    "a private key too": (
        token(privateKey="hunter2"),
        "has privateKey, which sign, and clientId and clientS",
    ),
    "an empty consumer id too": (
        token(consumerId=""),
        "has consumerId, which sign, and clientId and clientS",
    ),
}


def said_by_reading(secret: str) -> SetupError:
    with pytest.raises(SetupError) as refused:
        read_credentials(secret)
    return refused.value


def said_by_peeking(secret: str) -> SetupError:
    access = ClientProvider(lambda _: Secret(secret, "v1"), AsyncClient, lambda: 0.0, print)
    kept = access.peek()
    assert isinstance(kept, SetupError)
    return kept


@pytest.mark.parametrize("said", [said_by_reading, said_by_peeking])
@pytest.mark.parametrize(("secret", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_a_secret_is_named_for_what_it_is_and_nothing_of_it_is_kept(
    secret: str, named: str, said: Callable[[str], SetupError]
) -> None:
    error = said(secret)

    assert str(error).startswith("secret")
    assert named in str(error)
    kept = texts_kept_by(error)
    values = [*GOOD.values(), "hunter"]
    assert not [value for value in values if value[:40] in kept or value[-40:] in kept]


def test_an_error_that_is_kept_has_no_frames() -> None:
    kept = said_by_peeking("no json")

    assert (kept.__traceback__, kept.__context__, kept.__cause__) == (None, None, None)


def test_a_failed_check_keeps_nothing_of_the_key() -> None:
    odd = key_of_numbers([*numbers_of(rsa_key())[:7], 1])

    with pytest.raises(SetupError, match=r"^secret\.privateKey: must be") as failed:
        check_credentials(read_credentials(signing(privateKey=odd)))

    assert odd[:40] not in texts_kept_by(failed.value)


@settings(deadline=None, max_examples=50)
@given(
    st.text(max_size=100)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.dictionaries(st.sampled_from(sorted({**GOOD, **TOKEN, "client_id": ""})), inner),
    ).map(json.dumps)
    | st.lists(st.sampled_from([*READ.values(), *(secret for secret, _ in REFUSED.values())])).map("".join)
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
    assert not any(said.count(KEY[at : at + 8]) for at in range(0, 800, 8))


@pytest.mark.parametrize("piece", ["{", '"', "\\", "' ", '{\\"', "a ", ",}", "consumer", '\n"'])
def test_the_longest_secret_is_refused_in_no_time_whatever_it_repeats(piece: str) -> None:
    begun = time.process_time()

    said_by_reading(piece * (65536 // len(piece)))

    # What grows with the square of the length would take minutes.
    assert time.process_time() - begun < 10


def test_a_secret_shows_its_version_and_nothing_else() -> None:
    assert repr(Secret(WRITTEN, "v1")) == "Secret(version_id='v1')"
