"""The forms in which a private key is accepted, and how anything else is refused."""

import base64
import datetime as dt
import functools
import json
import math
import time
from collections.abc import Callable
from pathlib import Path
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
from cryptography.hazmat.primitives.serialization.pkcs12 import serialize_key_and_certificates
from cryptography.x509.oid import NameOID
from hypothesis import given, reject, settings
from hypothesis import strategies as st

import walmart_ca.private_key
from tests.support.keys import (
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
from tests.unit.kept import texts_kept_by
from walmart_ca import SignatureCredentials

SHOWN = 8
"""So many characters of a value in a row would be a part of it shown."""
OWN_WORDS = Path(walmart_ca.private_key.__file__).read_text()
"""What stands in the module that refuses keys is no secret, whoever writes it into a key as well."""


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
    pieces = (value[start : start + SHOWN] for start in range(len(value) - SHOWN + 1))
    return any(piece in message and piece not in OWN_WORDS for piece in pieces)


def test_a_word_of_the_message_is_not_a_part_of_the_key() -> None:
    assert not shows(refusal(" must be"), " must be")
    assert shows("; MIICdgIBADANB", "MIICdgIBADANB")


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
    "PEM with doubled backslashes": pkcs8_pem(rsa_key()).replace("\n", "\\\\n"),
    "PEM with literal tabs": pkcs8_pem(rsa_key()).replace("\n", "\\n\\t"),
    "PEM with non-breaking spaces": pkcs8_pem(rsa_key()).replace(" ", "\xa0"),
    "PEM in a second armor": f"-----BEGIN PRIVATE KEY-----\n{pkcs8_pem(rsa_key())}-----END PRIVATE KEY-----",
    "PEM without its last line": pkcs8_pem(rsa_key()).replace("-----END PRIVATE KEY-----", ""),
    "PEM twice, PKCS#8 and PKCS#1": pkcs8_pem(rsa_key()) + pkcs1_pem(rsa_key()),
    "PEM with a certificate before and a public key after": certificate()
    + pkcs8_pem(rsa_key())
    + public_key(),
    "PEM in an environment file": f"export KEY='{pkcs8_pem(rsa_key())}';",
    "PKCS#1 without armor": without_armour(pkcs1_pem(rsa_key())),
    "base64 of Walmart's form": base64.b64encode(walmart_form(rsa_key()).encode()).decode(),
    "base64 of PEM with a byte order mark": base64.b64encode(
        f"\ufeff{pkcs8_pem(rsa_key())}".encode()
    ).decode(),
    "slashes and signs escaped": walmart_form(rsa_key())
    .replace("/", "\\/")
    .replace("+", "\\u002b")
    .replace("=", "\\u003d"),
    "PEM indented": "\n".join(f"    {line}" for line in pkcs8_pem(rsa_key()).splitlines()),
}


@pytest.mark.parametrize("private_key", ACCEPTED.values(), ids=ACCEPTED.keys())
def test_a_key_signs_in_every_form_that_sellers_hold(private_key: str) -> None:
    assert signs_rightly(with_key(private_key))


@settings(deadline=None, max_examples=25)
@given(width=st.integers(1, 900), line_end=st.sampled_from(["\n", "\r\n", "\t", " ", " \n  ", "\\n"]))
def test_the_width_of_its_lines_makes_no_difference(width: int, line_end: str) -> None:
    assert signs_rightly(with_key(wrapped(rsa_key(), width, line_end)))


def certificate_request() -> str:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "seller.example")])
    request = x509.CertificateSigningRequestBuilder(name).sign(rsa_key(2048), SHA256())
    return request.public_bytes(Encoding.PEM).decode()


def openssh() -> str:
    return rsa_key().private_bytes(Encoding.PEM, PrivateFormat.OpenSSH, NoEncryption()).decode()


def pkcs12() -> str:
    return base64.b64encode(
        serialize_key_and_certificates(None, rsa_key(), None, None, NoEncryption())
    ).decode()


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
    "an EC key": of_another_kind(EC_KEY),
    "an EC key without armour": without_armour(of_another_kind(EC_KEY)),
    "an EC key in its own form": EC_KEY.private_bytes(
        Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()
    ).decode(),
    "an Ed25519 key": of_another_kind(ed25519.Ed25519PrivateKey.generate()),
    "an encrypted key": encrypted(PrivateFormat.PKCS8),
    "an encrypted key without armour": without_armour(encrypted(PrivateFormat.PKCS8)),
    "an encrypted key of the old kind": encrypted(PrivateFormat.TraditionalOpenSSL),
    "two keys in PEM": pkcs8_pem(rsa_key()) + pkcs8_pem(rsa_key(2048)),
    "a key and an encrypted one": pkcs8_pem(rsa_key()) + encrypted(PrivateFormat.PKCS8),
    "text that is too long": "A" * 65537,
    "a key cut short": base64.b64encode(pkcs8_der(rsa_key())[:-20]).decode(),
    "a line cut short": walmart_form(rsa_key())[:-3],
    "a key without its first line": "\n".join(wrapped(rsa_key(), 64).splitlines()[1:]),
    "a file's name": "/run/secrets/walmart-private-key.pem",
    "the whole secret": f'{{"privateKey": "{walmart_form(rsa_key())}"}}',
}


NAMED = {
    "a public key": (public_key(), "public key"),
    "a public key without armor": (without_armour(public_key()), "public key"),
    "a certificate": (certificate(), "a certificate"),
    "a certificate without armor": (without_armour(certificate()), "a certificate"),
    "a certificate in base64 of PEM": (base64.b64encode(certificate().encode()).decode(), "a certificate"),
    "a certificate request": (certificate_request(), "certificate request"),
    "a certificate request without armor": (without_armour(certificate_request()), "certificate request"),
    "an EC key": (of_another_kind(EC_KEY), "an EC key"),
    "an EC key without armor": (without_armour(of_another_kind(EC_KEY)), "an EC key"),
    "an EC key in its own form": (REFUSED["an EC key in its own form"], "an EC key"),
    "an Ed25519 key": (REFUSED["an Ed25519 key"], "another kind"),
    "an encrypted key": (encrypted(PrivateFormat.PKCS8), "encrypted"),
    "an encrypted key without armor": (without_armour(encrypted(PrivateFormat.PKCS8)), "encrypted"),
    "an encrypted key of the old kind": (encrypted(PrivateFormat.TraditionalOpenSSL), "encrypted"),
    "an OpenSSH key": (openssh(), "OpenSSH"),
    "an OpenSSH key without armor": (without_armour(openssh()), "OpenSSH"),
    "an OpenSSH public key": (
        rsa_key().public_key().public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH).decode(),
        "OpenSSH public key",
    ),
    "a PuTTY key": ("PuTTY-User-Key-File-2: ssh-rsa\nEncryption: none\n", "PuTTY"),
    "a PKCS#12 file": (pkcs12(), "PKCS#12"),
    "the whole secret": (REFUSED["the whole secret"], "JSON"),
    "another PEM": ("-----BEGIN DH PARAMETERS-----\nMAA=\n-----END DH PARAMETERS-----", "something else"),
    "two keys": (REFUSED["two keys in PEM"], "two different private keys"),
    "a key and an encrypted one": (REFUSED["a key and an encrypted one"], "two different private keys"),
    "a damaged first line": (pkcs8_pem(rsa_key()).replace("-----", "----"), "BEGIN or END line is damaged"),
    "a key cut short": (REFUSED["a key cut short"], "cut short"),
    "text that is too long": (REFUSED["text that is too long"], "more than 65536 characters"),
}


@pytest.mark.parametrize(("private_key", "named"), NAMED.values(), ids=NAMED.keys())
def test_what_is_no_usable_key_is_named_for_what_it_is(private_key: str, named: str) -> None:
    assert named in refusal(private_key).partition("; ")[2]


@pytest.mark.parametrize("private_key", REFUSED.values(), ids=REFUSED.keys())
def test_anything_else_is_refused_by_name_and_not_shown(private_key: str) -> None:
    message = refusal(private_key)

    assert not shows(message, private_key)


@pytest.mark.parametrize("private_key", ["", " ", "\n", "\t\r\n", None, 0, b"MIICdg==", ["MIICdg=="]])
def test_a_missing_key_is_refused_by_name(private_key: object) -> None:
    assert "empty" in refusal(private_key)


@pytest.mark.parametrize("private_key", REFUSED.values(), ids=REFUSED.keys())
def test_nothing_of_a_refused_key_is_kept_by_the_error(private_key: str) -> None:
    with pytest.raises(ValueError, match="private_key") as refused:
        with_key(private_key)

    assert not shows(texts_kept_by(refused.value), private_key)


def test_nothing_of_a_key_is_kept_by_an_error_about_another_value() -> None:
    with pytest.raises(ValueError, match="consumer_id") as refused:
        SignatureCredentials(consumer_id="", channel_type=CHANNEL_TYPE, private_key=walmart_form(rsa_key()))

    assert not shows(texts_kept_by(refused.value), walmart_form(rsa_key()))


def url_safe(text: str) -> str:
    return text.replace("+", "-").replace("/", "_")


FORMS = [
    walmart_form(rsa_key()),
    wrapped(rsa_key(), 64),
    url_safe(walmart_form(rsa_key())),
    walmart_form(rsa_key()).rstrip("="),
    pkcs8_pem(rsa_key()),
    pkcs1_pem(rsa_key()),
    f"Bag Attributes\n    localKeyID: 01 02\nKey Attributes: <No Attributes>\n{pkcs8_pem(rsa_key())}",
    pkcs8_pem(rsa_key()) + certificate(),
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


@settings(deadline=None, max_examples=150)
@given(
    form=st.sampled_from(FORMS),
    wrappings=st.lists(st.sampled_from(WRAPPINGS), max_size=5),
    packed=st.booleans(),
)
def test_what_pasting_makes_of_a_good_key_signs_all_the_same(
    form: str, wrappings: list[Callable[[str], str]], packed: bool
) -> None:
    private_key = functools.reduce(lambda text, wrap: wrap(text), wrappings, form)
    if packed and private_key.isascii():
        private_key = base64.b64encode(private_key.encode()).decode()

    assert signs_rightly(with_key(private_key))


@settings(deadline=None, max_examples=200)
@given(
    st.text(max_size=300) | st.lists(st.sampled_from([*FORMS, *REFUSED.values()]), max_size=3).map("".join)
)
def test_a_text_is_a_key_or_refused_by_name_without_being_shown(private_key: str) -> None:
    result = refusal_or_credentials(private_key)

    assert isinstance(result, SignatureCredentials) or result.startswith("private_key must be")
    assert isinstance(result, SignatureCredentials) or not shows(result, private_key)


@pytest.mark.parametrize(
    "piece", ["\\", "-", "-----BEGIN ", "\\n", '"', " ", "BEGIN ", "-----BEGIN A PRIVATE KEY-----A"]
)
def test_the_longest_key_is_refused_in_no_time_whatever_it_repeats(piece: str) -> None:
    begun = time.process_time()

    refusal(piece * (65536 // len(piece)))

    assert time.process_time() - begun < 1


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
    assert not shows(texts_kept_by(failed.value), private_key)


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
