"""Consumer id and channel type, and what printing shows."""

from typing import Any

import pytest

from walmart_ca import Client, SignatureCredentials

from .keys import CHANNEL_TYPE, CONSUMER_ID, credentials, pkcs8_pem, rsa_key, walmart_form

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
