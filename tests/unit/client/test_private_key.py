"""The forms in which a private key is accepted, and how anything else is refused."""

import base64
import datetime as dt
import math
from typing import Any

import pytest
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import (
    BestAvailableEncryption,
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from cryptography.x509.oid import NameOID
from hypothesis import given, reject, settings
from hypothesis import strategies as st

from walmart_ca import SignatureCredentials

from .keys import (
    CHANNEL_TYPE,
    CONSUMER_ID,
    NUMBERS,
    numbers_of,
    pkcs1_pem,
    pkcs8_der,
    pkcs8_pem,
    rsa_key,
    walmart_form,
    wrapped,
    written,
)

SHOWN = 8
"""So many characters of a value in a row would be a part of it shown."""


def with_key(private_key: str) -> SignatureCredentials:
    return SignatureCredentials(consumer_id=CONSUMER_ID, channel_type=CHANNEL_TYPE, private_key=private_key)


def signs_rightly(credentials: SignatureCredentials) -> bool:
    signature = base64.b64decode(credentials.sign("POST", "https://host/", "1"))
    signed = f"{CONSUMER_ID}\nhttps://host/\nPOST\n1\n".encode()
    try:
        rsa_key().public_key().verify(signature, signed, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def refusal(private_key: Any) -> str:  # noqa: ANN401 - of any type
    with pytest.raises(ValueError, match="private_key") as refused:
        SignatureCredentials(
            consumer_id=CONSUMER_ID,
            channel_type=CHANNEL_TYPE,
            private_key=private_key,
        )
    return str(refused.value)


def refusal_or_credentials(private_key: str) -> str | SignatureCredentials:
    """For keys that may be refused, as long as one that is not signs rightly."""
    try:
        return with_key(private_key)
    except ValueError as refused:
        return str(refused)


def shows(message: str, value: str) -> bool:
    return any(value[start : start + SHOWN] in message for start in range(len(value) - SHOWN + 1))


ACCEPTED = {
    "Walmart's form": walmart_form(rsa_key()),
    "Walmart's form with white space around": f"\n\t {walmart_form(rsa_key())} \r\n",
    "wrapped at 64": wrapped(rsa_key(), 64),
    "wrapped at 76 with CRLF": wrapped(rsa_key(), 76, "\r\n"),
    "wrapped at 10 with tabs": wrapped(rsa_key(), 10, "\t"),
    "wrapped with spaces": wrapped(rsa_key(), 64, " "),
    "wrapped with literal \\n": wrapped(rsa_key(), 64, "\\n"),
    "PEM, PKCS#8": pkcs8_pem(rsa_key()),
    "PEM, PKCS#1": pkcs1_pem(rsa_key()),
    "PEM with CRLF": pkcs8_pem(rsa_key()).replace("\n", "\r\n"),
    "PEM with literal \\n": pkcs8_pem(rsa_key()).replace("\n", "\\n"),
    "PEM with literal \\r\\n": pkcs1_pem(rsa_key()).replace("\n", "\\r\\n"),
    "PEM on one line": pkcs8_pem(rsa_key()).replace("\n", " "),
    "PEM indented": "\n".join(f"    {line}" for line in pkcs8_pem(rsa_key()).splitlines()),
}


@pytest.mark.parametrize("private_key", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_key_signs_in_every_form_that_sellers_hold(private_key: str) -> None:
    assert signs_rightly(with_key(private_key))


@settings(deadline=None, max_examples=25)
@given(width=st.integers(1, 900), line_end=st.sampled_from(["\n", "\r\n", "\t", " ", " \n  ", "\\n"]))
def test_the_width_of_its_lines_makes_no_difference(width: int, line_end: str) -> None:
    assert signs_rightly(with_key(wrapped(rsa_key(), width, line_end)))


def public_key() -> str:
    public = rsa_key().public_key()
    return public.public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo).decode()


def certificate() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seller.example")])
    now = dt.datetime.now(dt.UTC)
    key = rsa_key(2048)
    builder = x509.CertificateBuilder(name, name, key.public_key(), x509.random_serial_number(), now, now)
    return builder.sign(key, SHA256()).public_bytes(Encoding.PEM).decode()


def without_armour(pem: str) -> str:
    return "".join(line for line in pem.splitlines() if not line.startswith("-----"))


def of_another_kind(key: ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def encrypted(form: PrivateFormat) -> str:
    return rsa_key().private_bytes(Encoding.PEM, form, BestAvailableEncryption(b"password")).decode()


EC_KEY = ec.generate_private_key(ec.SECP256R1())
REFUSED = {
    "text": "Please ask Jean-Luc for it!",
    "Unicode": "ключ-ключ-ключ",
    "a lone surrogate": "\udc80" * 20,
    "base64 of something else": base64.b64encode(b"something else altogether").decode(),
    "base64 with a character too many": walmart_form(rsa_key()) + "!",
    "two keys": walmart_form(rsa_key()) + walmart_form(rsa_key(2048)),
    "a public key": public_key(),
    "a public key without armour": without_armour(public_key()),
    "a certificate": certificate(),
    "a certificate and its key": certificate() + pkcs8_pem(rsa_key(2048)),
    "an EC key": of_another_kind(EC_KEY),
    "an EC key without armour": without_armour(of_another_kind(EC_KEY)),
    "an EC key in its own form": EC_KEY.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode(),
    "an Ed25519 key": of_another_kind(ed25519.Ed25519PrivateKey.generate()),
    "an encrypted key": encrypted(PrivateFormat.PKCS8),
    "an encrypted key without armour": without_armour(encrypted(PrivateFormat.PKCS8)),
    "an encrypted key of the old kind": encrypted(PrivateFormat.TraditionalOpenSSL),
    "a key cut short": base64.b64encode(pkcs8_der(rsa_key())[:-20]).decode(),
    "a line cut short": walmart_form(rsa_key())[:-3],
    "a key without its first line": "\n".join(wrapped(rsa_key(), 64).splitlines()[1:]),
    "a file's name": "/run/secrets/walmart-private-key.pem",
    "the whole secret": f'{{"privateKey": "{walmart_form(rsa_key())}"}}',
}


@pytest.mark.parametrize("private_key", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_by_name_and_not_shown(private_key: str) -> None:
    message = refusal(private_key)

    assert not shows(message, private_key)


@pytest.mark.parametrize("private_key", ["", " ", "\n", "\t\r\n", None, 0, b"MIICdg==", ["MIICdg=="]])
def test_a_missing_key_is_refused_by_name(private_key: object) -> None:
    assert "empty" in refusal(private_key)


def test_a_refusal_brings_along_no_parser_message_that_could_quote_the_key() -> None:
    with pytest.raises(ValueError, match="private_key") as refused:
        with_key(REFUSED["a key cut short"])

    assert refused.value.__cause__ is None
    assert refused.value.__suppress_context__


@pytest.mark.parametrize("length", range(0, 600, 37))
def test_a_key_cut_short_anywhere_is_refused(length: int) -> None:
    refusal(base64.b64encode(pkcs8_der(rsa_key())[:length]).decode())


def with_one_number_altered(position: int, change: int) -> str:
    """Only its DER is right: the numbers no longer belong together."""
    numbers = numbers_of(rsa_key())
    numbers[position] += change
    return written(numbers)


@pytest.mark.parametrize("change", [1, 2, 65536])
@pytest.mark.parametrize("position", range(8), ids=NUMBERS)
def test_a_key_with_one_number_altered_is_refused_or_signs_all_the_same(position: int, change: int) -> None:
    # Several of the numbers are there for speed only, and OpenSSL makes up for a wrong one.
    private_key = with_one_number_altered(position, change)

    result = refusal_or_credentials(private_key)

    if isinstance(result, SignatureCredentials):
        assert signs_rightly(result)
    else:
        assert result.startswith("private_key")
        assert not shows(result, private_key)


@pytest.mark.parametrize("change", [1, 2, 65536])
@pytest.mark.parametrize("position", [0, 1], ids=["n", "e"])
def test_a_key_whose_public_half_is_altered_is_refused(position: int, change: int) -> None:
    assert "belong together" in refusal(with_one_number_altered(position, change))


def test_an_unaltered_key_written_number_by_number_is_accepted() -> None:
    assert signs_rightly(with_key(with_one_number_altered(0, 0)))


@settings(deadline=None, max_examples=200)
@given(st.text(max_size=200) | st.binary(max_size=200).map(lambda raw: base64.b64encode(raw).decode()))
def test_whatever_is_no_key_is_a_value_error(private_key: str) -> None:
    refusal(private_key)


@settings(deadline=None, max_examples=200)
@given(position=st.integers(0, len(pkcs8_der(rsa_key())) - 1), mask=st.integers(1, 255))
def test_a_damaged_key_is_refused_or_signs_all_the_same(position: int, mask: int) -> None:
    der = bytearray(pkcs8_der(rsa_key()))
    der[position] ^= mask

    result = refusal_or_credentials(base64.b64encode(der).decode())

    if isinstance(result, SignatureCredentials):
        assert signs_rightly(result)
    else:
        assert result.startswith("private_key")


@pytest.mark.parametrize(
    ("bits", "problem"), [(8192, "do not belong together"), (8193, "more than 8192 bits")]
)
def test_a_key_is_refused_untried_when_a_signature_with_it_would_take_for_ever(
    bits: int, problem: str
) -> None:
    numbers = numbers_of(rsa_key())
    numbers[0] = (1 << (bits - 1)) + 1

    assert problem in refusal(written(numbers))


def test_a_key_of_2048_bits_is_accepted() -> None:
    key: rsa.RSAPrivateKey = rsa_key(2048)

    assert len(base64.b64decode(with_key(walmart_form(key)).sign("GET", "https://host/", "1"))) == 256


# The full check, which using a key does not need


@pytest.mark.parametrize("private_key", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_good_key_passes_the_check_in_every_form(private_key: str) -> None:
    with_key(private_key).check()


OTHER_GOOD_KEYS = {
    "2048 bits": walmart_form(rsa_key(2048)),
    "an exponent of 3": walmart_form(rsa_key(exponent=3)),
    "written number by number": with_one_number_altered(0, 0),
}


@pytest.mark.parametrize("private_key", OTHER_GOOD_KEYS.values(), ids=OTHER_GOOD_KEYS.keys())
def test_a_good_key_of_another_make_passes_the_check(private_key: str) -> None:
    with_key(private_key).check()


def of_a_prime_that_is_none() -> str:
    """A key that signs rightly, and one of whose two primes is the product of two."""
    first, second = (key.private_numbers() for key in (rsa_key(1024), rsa_key(2048)))
    p, q, e = first.p * first.q, second.p, first.public_numbers.e
    dp = pow(e, -1, math.lcm(first.p - 1, first.q - 1))
    d = pow(e, -1, math.lcm(first.p - 1, first.q - 1, q - 1))
    return written([p * q, e, d, p, q, dp, d % (q - 1), pow(q, -1, p)])


def with_numbers_of_another(*names: str) -> str:
    numbers = numbers_of(rsa_key())
    foreign = numbers_of(rsa_key(exponent=3))
    for name in names:
        numbers[NUMBERS.index(name)] = foreign[NUMBERS.index(name)]
    return written(numbers)


SIGN_ALL_THE_SAME = {
    "a private exponent that is off": with_one_number_altered(2, 2),
    "a prime that is off": with_one_number_altered(3, 2),
    "a first exponent that is off": with_one_number_altered(5, 1),
    "a second exponent that is off": with_one_number_altered(6, 1),
    "a coefficient that is off": with_one_number_altered(7, 1),
    "a coefficient of 1": written([*numbers_of(rsa_key())[:7], 1]),
    "a prime that is none": of_a_prime_that_is_none(),
    "another key's primes": with_numbers_of_another("p", "q", "dP", "dQ", "qInv"),
}
"""Keys that are accepted, as their public half verifies what they sign, though their numbers are no key's."""


@pytest.mark.parametrize("private_key", SIGN_ALL_THE_SAME.values(), ids=SIGN_ALL_THE_SAME.keys())
def test_a_key_that_signs_though_its_numbers_are_not_one_fails_the_check(private_key: str) -> None:
    credentials = with_key(private_key)

    with pytest.raises(ValueError, match=r"^private_key must ") as failed:
        credentials.check()

    assert not shows(str(failed.value), private_key)
    assert failed.value.__cause__ is None
    assert failed.value.__suppress_context__


def problem_of(credentials: SignatureCredentials) -> str | None:
    try:
        credentials.check()
    except ValueError as failed:
        return str(failed)
    return None


@settings(deadline=None, max_examples=100)
@given(position=st.integers(0, len(pkcs8_der(rsa_key())) - 1), mask=st.integers(1, 255))
def test_a_damaged_key_that_was_accepted_passes_the_check_or_fails_it_by_name(
    position: int, mask: int
) -> None:
    der = bytearray(pkcs8_der(rsa_key()))
    der[position] ^= mask
    accepted = refusal_or_credentials(base64.b64encode(der).decode())
    if not isinstance(accepted, SignatureCredentials):
        reject()

    problem = problem_of(accepted)

    assert problem is None or problem.startswith("private_key must ")


def test_a_key_that_failed_the_check_signs_on() -> None:
    # Whoever checks decides what comes of it; the orders that wait need a signature.
    credentials = with_key(SIGN_ALL_THE_SAME["a coefficient that is off"])
    with pytest.raises(ValueError, match="private_key"):
        credentials.check()

    assert signs_rightly(credentials)
