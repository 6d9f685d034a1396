"""The accepted forms of a private key, and the refusal of every other value."""

import base64
import datetime as dt
import functools
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives.asymmetric import ec, ed25519
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from hypothesis import given, settings
from hypothesis import strategies as st

import walmart_ca.private_key
from tests.support.keys import (
    CHANNEL_TYPE,
    CONSUMER_ID,
    key_of_numbers,
    numbers_of,
    pkcs1_pem,
    pkcs8_der,
    pkcs8_pem,
    rsa_key,
    walmart_form,
    wrapped,
)
from tests.unit.reachable import texts_reachable_from
from walmart_ca import SignatureCredentials

SHOWN = 8
"""A text shows a part of a secret if it has this many characters of it in a row."""
OWN_WORDS = "private_key must be " + Path(walmart_ca.private_key.__file__).read_text()
"""The words of the module that refuses keys are no secret, even if they occur in a key."""


def with_key(private_key: str) -> SignatureCredentials:
    return SignatureCredentials(consumer_id=CONSUMER_ID, channel_type=CHANNEL_TYPE, private_key=private_key)


def assert_signs_rightly(credentials: SignatureCredentials, key: RSAPrivateKey | None = None) -> None:
    signature = base64.b64decode(credentials.sign("POST", "https://host/", "1"))
    signed = f"{CONSUMER_ID}\nhttps://host/\nPOST\n1\n".encode()
    (key or rsa_key()).public_key().verify(signature, signed, PKCS1v15(), SHA256())


def refusal(private_key: str) -> str:
    """Return the message that refuses a key, and check that the error shows and keeps no part of the key."""
    with pytest.raises(ValueError, match=r"^private_key must be ") as refused:
        with_key(private_key)
    assert not shows(str(refused.value), private_key)
    assert not shows(texts_reachable_from(refused.value), private_key)
    return str(refused.value)


def shows(message: str, value: str) -> bool:
    pieces = (value[start : start + SHOWN] for start in range(len(value) - SHOWN + 1))
    return any(piece in message and piece not in OWN_WORDS for piece in pieces)


def as_pem(
    key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | RSAPrivateKey, form: PrivateFormat
) -> str:
    return key.private_bytes(Encoding.PEM, form, NoEncryption()).decode()


def encrypted(form: PrivateFormat) -> str:
    return rsa_key().private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"password")).decode()


def bare(pem: str) -> str:
    """Return PEM without its BEGIN and END lines."""
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def packed(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


EC_KEY = ec.generate_private_key(ec.SECP256R1())
NAME = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seller.example")])
NOW = dt.datetime.now(dt.UTC)
CERTIFICATE = (
    x509.CertificateBuilder(NAME, NAME, rsa_key(2048).public_key(), x509.random_serial_number(), NOW, NOW)
    .sign(rsa_key(2048), SHA256())
    .public_bytes(Encoding.PEM)
    .decode()
)
REQUEST = (
    x509.CertificateSigningRequestBuilder(NAME)
    .sign(rsa_key(2048), SHA256())
    .public_bytes(Encoding.PEM)
    .decode()
)
PUBLIC = rsa_key().public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()
SSH_PUBLIC = rsa_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode()
PKCS12 = serialize_key_and_certificates(None, rsa_key(), None, None, NoEncryption())
WALMART, PEM, PKCS1 = walmart_form(rsa_key()), pkcs8_pem(rsa_key()), pkcs1_pem(rsa_key())

ACCEPTED = {
    "PEM with literal tabs": PEM.replace("\n", "\\n\\t"),
    "PEM with non-breaking spaces": PEM.replace(" ", "\xa0"),
    "PEM in a second armor": f"-----BEGIN PRIVATE KEY-----\n{PEM}-----END PRIVATE KEY-----",
    "PEM without its last line": PEM.replace("-----END PRIVATE KEY-----", ""),
    "PEM without its first line": PEM.replace("-----BEGIN PRIVATE KEY-----", ""),
    "PEM twice, PKCS#8 and PKCS#1": PEM + PKCS1,
    "PKCS#1 without armor": bare(PKCS1),
    "base64 of PEM with a byte order mark": packed(f"\ufeff{PEM}"),
    "slashes and signs escaped": WALMART.replace("/", "\\/").replace("+", "\\u002b").replace("=", "\\u003d"),
    "written number by number": key_of_numbers(numbers_of(rsa_key())),
}


@pytest.mark.parametrize("private_key", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_key_signs_and_passes_the_check_in_every_form(private_key: str) -> None:
    credentials = with_key(private_key)

    credentials.check()
    assert_signs_rightly(credentials)


@pytest.mark.parametrize("key", [rsa_key(2048), rsa_key(exponent=3)], ids=["2048 bits", "an exponent of 3"])
def test_a_key_of_another_size_signs_and_passes_the_check(key: RSAPrivateKey) -> None:
    credentials = with_key(walmart_form(key))

    credentials.check()
    assert_signs_rightly(credentials, key)


FORMS = [
    WALMART,
    wrapped(rsa_key(), 64),
    WALMART.replace("+", "-").replace("/", "_"),
    WALMART.rstrip("="),
    PEM,
    PKCS1,
    f"Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n{PEM}",
    PEM + CERTIFICATE,
]
WRAPPINGS: list[Callable[[str], str]] = [
    lambda text: f'"{text}"',
    lambda text: f"'{text}'",
    lambda text: f"\u201c{text}\u201d",
    lambda text: f"{text},",
    lambda text: f"{text};\r\n",
    lambda text: f"\ufeff{text}",
    lambda text: f"\xa0{text}\u200b ",
    lambda text: text[:40] + "\u200d" + text[40:],
    lambda text: text.replace("\n", "\\n"),
    lambda text: text.replace("\n", "\\r\\n"),
    lambda text: text.replace("\n", "\r\n\t"),
    lambda text: text.replace("\\", "\\\\"),
    lambda text: json.dumps(text, ensure_ascii=False),
]


@settings(deadline=None, max_examples=60)
@given(
    form=st.sampled_from(FORMS),
    wrappings=st.lists(st.sampled_from(WRAPPINGS), max_size=5),
    whole_in_base64=st.booleans(),
)
def test_a_key_that_was_damaged_by_pasting_signs(
    form: str, wrappings: list[Callable[[str], str]], whole_in_base64: bool
) -> None:
    private_key = functools.reduce(lambda text, wrap: wrap(text), wrappings, form)
    if whole_in_base64 and private_key.isascii():
        private_key = packed(private_key)

    assert_signs_rightly(with_key(private_key))


REFUSED = {
    "text": ("Please ask Jean-Luc for it!", "not base64"),
    "a lone surrogate": ("\udc80" * 20, "not base64"),
    "base64 with a character too many": (f"{WALMART}!", "not base64"),
    "base64 of something else": (packed("something else altogether"), "something else"),
    "a key cut short": (base64.b64encode(pkcs8_der(rsa_key())[:-20]).decode(), "cut short"),
    "two keys in PEM": (PEM + pkcs8_pem(rsa_key(2048)), "two different private keys"),
    "a key and an encrypted one": (PEM + encrypted(PrivateFormat.PKCS8), "two different private keys"),
    "a public key": (PUBLIC, "public key"),
    "a public key without armor": (bare(PUBLIC), "public key"),
    "a certificate": (CERTIFICATE, "a certificate"),
    "a certificate without armor": (bare(CERTIFICATE), "a certificate"),
    "a certificate in base64 of PEM": (packed(CERTIFICATE), "a certificate"),
    "a certificate request": (REQUEST, "certificate request"),
    "a certificate request without armor": (bare(REQUEST), "certificate request"),
    "an EC key": (as_pem(EC_KEY, PrivateFormat.PKCS8), "an EC key"),
    "an EC key in its own form": (as_pem(EC_KEY, PrivateFormat.TraditionalOpenSSL), "an EC key"),
    "an Ed25519 key": (as_pem(ed25519.Ed25519PrivateKey.generate(), PrivateFormat.PKCS8), "another kind"),
    "a key of an unknown algorithm": (WALMART.replace("9w0BAQEF", "9w0BAX8F"), "another kind"),
    "an encrypted key": (encrypted(PrivateFormat.PKCS8), "encrypted"),
    "an encrypted key without armor": (bare(encrypted(PrivateFormat.PKCS8)), "encrypted"),
    "an encrypted key cut short": (bare(encrypted(PrivateFormat.PKCS8))[:-40], "encrypted"),
    "an encrypted key of the old kind": (encrypted(PrivateFormat.TraditionalOpenSSL), "encrypted"),
    "an OpenSSH key": (as_pem(rsa_key(), PrivateFormat.OpenSSH), "OpenSSH key"),
    "an OpenSSH key without armor": (bare(as_pem(rsa_key(), PrivateFormat.OpenSSH)), "OpenSSH key"),
    "an OpenSSH public key": (SSH_PUBLIC, "OpenSSH public key"),
    "a PuTTY key": ("PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "PuTTY"),
    "a PKCS#12 file": (base64.b64encode(PKCS12).decode(), "PKCS#12"),
    "the whole secret": (f'{{"privateKey": "{WALMART}"}}', "JSON"),
    "a damaged first line": (PEM.replace("-----", "----"), "BEGIN or END line is damaged"),
    "text that is too long": ("A" * 65537, "more than 65536 characters"),
}


@pytest.mark.parametrize(("private_key", "problem"), REFUSED.values(), ids=REFUSED.keys())
def test_an_unusable_key_is_described_and_neither_shown_nor_kept(private_key: str, problem: str) -> None:
    assert problem in refusal(private_key).partition("; ")[2]


@pytest.mark.parametrize("private_key", ["", " ", "\n", "\t\r\n", None, 0, b"MIICdg==", ["MIICdg=="]])
def test_a_missing_key_is_refused_by_name(private_key: Any) -> None:  # noqa: ANN401 - of any type
    with pytest.raises(ValueError, match=r"^private_key must be .*; it is empty$"):
        with_key(private_key)


def test_an_error_about_another_value_does_not_keep_the_key() -> None:
    with pytest.raises(ValueError, match="consumer_id") as refused:
        SignatureCredentials(consumer_id="", channel_type=CHANNEL_TYPE, private_key=WALMART)

    assert not shows(texts_reachable_from(refused.value), WALMART)


def with_one_number_altered(position: int, change: int) -> str:
    """Return a key in valid DER whose numbers do not match."""
    numbers = numbers_of(rsa_key())
    numbers[position] += change
    return key_of_numbers(numbers)


@pytest.mark.parametrize("position", [0, 1], ids=["n", "e"])
def test_a_key_with_an_altered_public_number_is_refused(position: int) -> None:
    assert "do not match" in refusal(with_one_number_altered(position, 2))


@pytest.mark.parametrize(("bits", "problem"), [(8192, "do not match"), (8193, "more than 8192 bits")])
def test_a_key_of_more_than_8192_bits_is_refused_unused(bits: int, problem: str) -> None:
    modulus = (1 << (bits - 1)) + 1

    assert problem in refusal(key_of_numbers([modulus, *numbers_of(rsa_key())[1:]]))


INCONSISTENT = {
    "a private exponent that is off": with_one_number_altered(2, 2),
    "a coefficient that is off": with_one_number_altered(7, 1),
}
"""Keys that are accepted because their public numbers verify their signatures."""


@pytest.mark.parametrize("private_key", INCONSISTENT.values(), ids=INCONSISTENT.keys())
def test_a_key_with_inconsistent_numbers_signs_but_fails_the_check(private_key: str) -> None:
    # The caller of the check decides what follows; until then the key signs.
    credentials = with_key(private_key)

    with pytest.raises(ValueError, match=r"^private_key must ") as failed:
        credentials.check()

    assert not shows(str(failed.value), private_key)
    assert not shows(texts_reachable_from(failed.value), private_key)
    assert credentials.sign("POST", "https://host/", "1")
