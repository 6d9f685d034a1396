"""Which secrets are read, and what the errors about other secrets say."""

import json
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.walmart.client_provider import ClientProvider
from shared.walmart.credentials import Secret, SetupError, check_credentials, read_credentials
from tests.support.keys import key_of_numbers, numbers_of, pkcs8_pem, rsa_key, walmart_form
from tests.unit.reachable import texts_reachable_from
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
def test_a_secret_with_a_client_id_is_for_access_tokens(
    more: dict[str, str], headers: dict[str, str]
) -> None:
    credentials = read_credentials(json.dumps({**TOKEN, **more}))

    assert isinstance(credentials, TokenCredentials)
    assert credentials.client_id == "5f0c"
    assert credentials.headers("t-1") == {"WM_SEC.ACCESS_TOKEN": "t-1", **headers}


WRITTEN = json.dumps(GOOD, indent=2)
READ = {
    "unknown members": json.dumps({**GOOD, "Market": "us", "note": "main account"}),
    "a byte order mark": f"\ufeff{WRITTEN}",
    "white space and zero-width spaces": f"\u200b \xa0\n{WRITTEN}\r\n\u200b",
    "one more level and a byte order mark inside": json.dumps(f"\ufeff{WRITTEN}", ensure_ascii=False),
    "escaped quotes": json.dumps(json.dumps(GOOD))[1:-1],
    "single quotes around it": f"'{WRITTEN}'",
    "double quotes around it": f'"{WRITTEN}"',
    "a trailing comma in it": f"{WRITTEN[:-1].rstrip()},\n}}",
    "a trailing comma behind it": f"{WRITTEN},\n",
    "line breaks inside a value": WRITTEN.replace(KEY[:64], KEY[:64] + "\n"),
}


@pytest.mark.parametrize("secret", READ.values(), ids=READ.keys())
def test_a_signing_secret_is_read_despite_defects_of_pasting(secret: str) -> None:
    credentials = read_credentials(secret)

    assert isinstance(credentials, SignatureCredentials)
    assert credentials.headers("GET", "/", 1) == SIGNS.headers("GET", "/", 1)


def signing(**members: object) -> str:
    return json.dumps({**GOOD, **members})


def token(**members: object) -> str:
    return json.dumps({**TOKEN, **members})


NOT_JSON, KEY_ALONE, OTHER_FORM = (
    "secret: must be JSON",
    "this is the key alone",
    "names and values in another",
)
OTHER_QUOTES, COMMA = "single or typographic quotes", "trailing comma"
REFUSED = {
    "empty": (" \ufeff", f"{NOT_JSON}; it is empty"),
    "text": ("hunter22", NOT_JSON),
    "a list": ('["hunter22"]', "secret: must be a JSON object"),
    "a string in a string": (json.dumps(json.dumps(WRITTEN)), "secret: must be a JSON object"),
    "numbers without end": (f'{{"x": {"9" * 5000}}}', NOT_JSON),
    "brackets without end": ("[" * 60000, NOT_JSON),
    "PEM alone": (PEM, KEY_ALONE),
    "base64 for URLs alone": (KEY.replace("+", "-").replace("/", "_"), KEY_ALONE),
    "names and values": ("consumerId=0f1e2d3c\nchannelType=a1b2c3d4\n", OTHER_FORM),
    "names and values of YAML": ('client_id: "hunter22"\nclient_secret: x', OTHER_FORM),
    "single quotes": ("{'clientId': 'hunter22'}", OTHER_QUOTES),
    "typographic quotes": ("{\u201cclientId\u201d: \u201chunter22\u201d}", OTHER_QUOTES),
    "a trailing comma elsewhere": ('{"clientId": "hunter22", "x": [1,]}', COMMA),
    "a missing comma": ('{"clientId": "hunter22" "x": 1}', "a comma between two members"),
    "a member twice": (f'{WRITTEN[:-1]}, "privateKey": "hunter22"}}', "secret.privateKey: appears twice"),
    "no member of either scheme": ('{"globalVersion": "3.1"}', "secret.consumerId: missing"),
    **{
        f"{name} is {value!r}": (signing(**{name: value}), f"secret.{name}: missing")
        for name in GOOD
        for value in (None, "  ", 7)
    },
    "no client secret": ('{"clientId": "hunter22"}', "secret.clientSecret: missing"),
    "no client id": ('{"clientSecret": "hunter22"}', "secret.clientId: missing"),
    "a client id that is no text": (token(clientId=7), "secret.clientId: missing"),
    "consumer_id": (WRITTEN.replace("consumerId", "consumer_id"), "spell it consumerId"),
    "PRIVATE_KEY": (WRITTEN.replace("privateKey", "PRIVATE_KEY"), "spell it privateKey"),
    "client_secret": ('{"clientId": "hunter22", "client_secret": "x"}', "spell it clientSecret"),
    **{
        f"{wrong} of an access token": (token(**{wrong: "us"}), f"secret.{right}: missing; a member differs")
        for wrong, right in {
            "Market": "market",
            "channel_type": "channelType",
            "global-version": "globalVersion",
        }.items()
    },
    "an unusable consumer id": (signing(consumerId="hunter\n2"), "secret.consumerId: must be"),
    "half a pair of quotes": (signing(channelType='"hunter22'), "secret.channelType: must not"),
    "text as a key": (signing(privateKey="hunter22!"), "secret.privateKey: must be an RSA private key"),
    "an unusable client secret": (token(clientSecret="hunter 22"), "secret.clientSecret: must be 1 to 256"),
    "a client id with a colon": (token(clientId="hunter:2"), "secret.clientId: must not contain a colon"),
    "no market": (token(market=None), "secret.market: must be"),
    "a version that is no text": (token(globalVersion=3.1), "secret.globalVersion: must be"),
    "no channel type": (token(channelType=""), "secret.channelType: must be"),
    "both schemes": (
        signing(**TOKEN),
        "has consumerId and privateKey for the digital signature, and clientId and clientSecret for access",
    ),
    "an empty consumer id too": (
        token(consumerId=""),
        "has consumerId for the digital signature, and clientId and",
    ),
}


def error_of_reading(secret: str) -> SetupError:
    with pytest.raises(SetupError) as refused:
        read_credentials(secret)
    return refused.value


def error_of_peeking(secret: str) -> SetupError:
    error = ClientProvider(lambda _: Secret(secret, "v1"), AsyncClient, lambda: 0.0, print).peek()
    assert isinstance(error, SetupError)
    return error


@pytest.mark.parametrize("error_of", [error_of_reading, error_of_peeking])
@pytest.mark.parametrize(("secret", "named"), REFUSED.values(), ids=REFUSED.keys())
def test_an_unusable_secret_is_refused_and_not_kept(
    secret: str, named: str, error_of: Callable[[str], SetupError]
) -> None:
    error = error_of(secret)

    assert str(error).startswith("secret")
    assert named in str(error)
    kept = texts_reachable_from(error)
    values = [*GOOD.values(), "hunter"]
    assert not [value for value in values if value[:40] in kept or value[-40:] in kept]


def test_a_kept_error_has_no_frames() -> None:
    kept = error_of_peeking("no json")

    assert (kept.__traceback__, kept.__context__, kept.__cause__) == (None, None, None)


def test_a_failed_check_keeps_nothing_of_the_key() -> None:
    odd = key_of_numbers([*numbers_of(rsa_key())[:7], 1])

    with pytest.raises(SetupError, match=r"^secret\.privateKey: must be") as failed:
        check_credentials(read_credentials(signing(privateKey=odd)))

    assert odd[:40] not in texts_reachable_from(failed.value)


@settings(deadline=None, max_examples=50)
@given(
    st.text(max_size=100)
    | st.recursive(
        st.none() | st.text() | st.integers(),
        lambda inner: st.dictionaries(st.sampled_from(sorted({**GOOD, **TOKEN, "client_id": ""})), inner),
    ).map(json.dumps)
    | st.lists(st.sampled_from([*READ.values(), *(secret for secret, _ in REFUSED.values())])).map("".join)
)
def test_any_secret_is_credentials_or_refused_and_not_shown(secret: str) -> None:
    try:
        read_credentials(secret)
    except SetupError as error:
        message = str(error)
    else:
        return

    assert message.startswith("secret")
    assert "hunter" not in message
    assert not any(message.count(KEY[at : at + 8]) for at in range(0, 800, 8))


@pytest.mark.parametrize("piece", ["{", '"', "\\", "' ", '{\\"', "a ", ",}", "consumer", '\n"'])
def test_the_longest_secret_is_refused_in_linear_time(piece: str) -> None:
    # With quadratic time it would take minutes.
    error_of_reading(piece * (65536 // len(piece)))


def test_the_repr_of_a_secret_shows_only_its_version() -> None:
    assert repr(Secret(WRITTEN, "v1")) == "Secret(version_id='v1')"
