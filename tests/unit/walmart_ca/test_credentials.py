"""Consumer id and channel type, and what printing shows."""

from typing import Any

import pytest

from tests.support.keys import CHANNEL_TYPE, CONSUMER_ID, credentials, pkcs8_pem, rsa_key, walmart_form
from walmart_ca import Client, SignatureCredentials, TokenCredentials

UNUSABLE = {
    "missing": None,
    "empty": "",
    "blank": " \t\r\n",
    "a line feed inside": "0b1f7c52\n6f0a",
    "a second header": "0b1f7c52\r\nX-Injected: 1",
    "a carriage return inside": "0b1f7c52\r6f0a",
    "NUL": "0b1f7c52\x00",
    "a space inside": "0b1f7c52 6f0a",
    "not ASCII": "0b1f7c52-é",
    "digits of another script": "٠١٢٣",
    "much too long": "0" * 257,
    "a number": 12345,
    "bytes": b"0b1f7c52",
}


@pytest.mark.parametrize("value", UNUSABLE.values(), ids=UNUSABLE.keys())
@pytest.mark.parametrize("name", ["consumer_id", "channel_type"])
def test_an_unusable_value_is_refused_by_name_and_not_shown(name: str, value: Any) -> None:  # noqa: ANN401 - of any type
    values = {"consumer_id": CONSUMER_ID, "channel_type": CHANNEL_TYPE, name: value}

    with pytest.raises(ValueError, match=name) as refused:
        SignatureCredentials(
            **values,
            private_key=walmart_form(rsa_key()),
        )

    assert "0b1f7c52" not in str(refused.value)


@pytest.mark.parametrize("name", ["consumer_id", "channel_type"])
def test_white_space_around_a_pasted_value_is_dropped(name: str) -> None:
    values = {"consumer_id": CONSUMER_ID, "channel_type": CHANNEL_TYPE}

    pasted = SignatureCredentials(
        **{**values, name: f"\t {values[name]} \r\n"}, private_key=walmart_form(rsa_key())
    )

    assert pasted.headers("GET", "https://host/", 1) == credentials().headers("GET", "https://host/", 1)


PASTED = {
    "quotes": '"{}"',
    "single quotes and a comma": "'{}',",
    "typographic quotes": "\u201c{}\u201d",
    "escaped quotes": '\\"{}\\"',
    "a byte order mark": "\ufeff{}",
    "zero-width and non-breaking spaces": "\u200b\xa0{}\xa0\u200b",
}


@pytest.mark.parametrize("pasted", PASTED.values(), ids=PASTED.keys())
@pytest.mark.parametrize("name", ["consumer_id", "channel_type"])
def test_what_pasting_puts_around_an_id_is_taken_off(name: str, pasted: str) -> None:
    values = {"consumer_id": CONSUMER_ID, "channel_type": CHANNEL_TYPE}

    taken = SignatureCredentials(
        **{**values, name: pasted.format(values[name])}, private_key=walmart_form(rsa_key())
    )

    assert taken.headers("GET", "https://host/", 1) == credentials().headers("GET", "https://host/", 1)


@pytest.mark.parametrize("value", ['"0b1f7c52', "0b1f7c52'", "0b1f7c52,", '"0b1f"7c52"'])
def test_an_id_with_half_of_what_pasting_puts_around_it_is_refused_by_name(value: str) -> None:
    with pytest.raises(ValueError, match=r"^channel_type must be without quotes, a comma") as refused:
        SignatureCredentials(consumer_id=CONSUMER_ID, channel_type=value, private_key=walmart_form(rsa_key()))

    assert "0b1f" not in str(refused.value)


def test_quotes_around_a_client_secret_may_be_a_part_of_it_and_are_refused_by_name() -> None:
    with pytest.raises(ValueError, match=r"^client_secret must be without quotes around it$"):
        TokenCredentials(client_id="5f0c", client_secret='"hunter2"')  # noqa: S106 - nobody's


def test_printing_credentials_shows_whose_they_are_and_nothing_that_signs() -> None:
    shown = SignatureCredentials(
        consumer_id=CONSUMER_ID, channel_type=CHANNEL_TYPE, private_key=pkcs8_pem(rsa_key())
    )

    for text in (repr(shown), str(shown), f"{shown}"):
        assert text == f"SignatureCredentials(consumer_id='{CONSUMER_ID}')"


def test_printing_a_request_shows_no_signature() -> None:
    request = Client(credentials()).orders.build_acknowledgement("2575193093772")

    for text in (repr(request), str(request)):
        assert request.headers["WM_SEC.AUTH_SIGNATURE"] not in text
        assert request.correlation_id in text
        assert request.url in text


def test_printing_a_client_shows_no_key() -> None:
    client = Client(credentials())

    assert walmart_form(rsa_key())[-40:] not in repr(client)
