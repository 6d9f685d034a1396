"""Private keys, good and no good, the same at each start. They are made of known numbers, and nobody's."""

import base64
import functools
import itertools
from typing import Final

from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from tests.support.keys import NUMBERS, numbers_of, pkcs1_pem, pkcs8_pem, walmart_form, written

_EXPONENT: Final = 65537


@functools.cache
def rsa_key() -> rsa.RSAPrivateKey:
    """A key of 1024 bits, of two primes that anybody can find."""
    p, q = _prime_from(7 << 509), _prime_from(13 << 508)
    d = pow(_EXPONENT, -1, (p - 1) * (q - 1))
    public = rsa.RSAPublicNumbers(_EXPONENT, p * q)
    return rsa.RSAPrivateNumbers(p, q, d, d % (p - 1), d % (q - 1), pow(q, -1, p), public).private_key()


def accepted() -> list[str]:
    """A good key as sellers hold it."""
    return [walmart_form(rsa_key()), pkcs8_pem(rsa_key()), pkcs1_pem(rsa_key())]


def unusable() -> list[str]:
    """One key for each reason to refuse it."""
    return [
        " ",
        "'",
        "!",
        "{",
        "A" * 65537,
        "ssh-",
        "PuTTY-User-Key-File-",
        "BEGIN PRIVATE KEY",
        *(
            _armored(label, "MAA=")
            for label in [
                "CERTIFICATE",
                "CERTIFICATE REQUEST",
                "PUBLIC KEY",
                "EC PRIVATE KEY",
                "OPENSSH PRIVATE KEY",
                "ENCRYPTED PRIVATE KEY",
                "ANY PRIVATE KEY",
                "ANY",
            ]
        ),
        _armored("PRIVATE KEY", "MAA=") + _armored("PRIVATE KEY", "MAE="),
        base64.b64encode(b"something else").decode(),
        base64.b64encode(b"\0\0\0\7ssh-rsa").decode(),
        base64.b64encode(b"\x30\x80\x02\x01\x03\x30").decode(),
        _of_another_kind(),
        _altered("n", 2),
        _altered("n", 1 << 8192),
    ]


def _armored(label: str, body: str) -> str:
    return f"-----BEGIN {label}-----\n{body}\n-----END {label}-----\n"


def inconsistent() -> str:
    """A key that signs rightly, although its numbers are not one."""
    return _altered("qInv", 2)


def _altered(name: str, change: int) -> str:
    numbers = numbers_of(rsa_key())
    numbers[NUMBERS.index(name)] += change
    return written(numbers)


def _of_another_kind() -> str:
    key = ec.derive_private_key(7, ec.SECP256R1())
    return base64.b64encode(key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())).decode()


def _prime_from(start: int) -> int:
    """The first number from `start` on that passes for a prime (Fermat), and goes with the exponent."""
    return next(
        number
        for number in itertools.count(start | 1, 2)
        if pow(2, number - 1, number) == 1 and number % _EXPONENT != 1
    )
