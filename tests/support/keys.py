"""RSA keys, which are made once per test run, and the formats in which sellers store them."""

import base64
import functools
import textwrap

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.asymmetric.types import PrivateKeyTypes
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from walmart_ca import SignatureCredentials

CONSUMER_ID = "0b1f7c52-6f0a-4f1c-9d7e-3a2b1c0d9e8f"
CHANNEL_TYPE = "7e6d5c4b-3a29-4817-a605-f4e3d2c1b0a9"


def rsa_key(bits: int = 1024, exponent: int = 65537) -> rsa.RSAPrivateKey:
    """Return a key; by default of 1024 bits, like Walmart's keys."""
    return _generate_once(bits, exponent)


@functools.cache
def _generate_once(bits: int, exponent: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def pkcs8_der(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def walmart_form(key: PrivateKeyTypes) -> str:
    """Return base64 of PKCS#8 on one line, without BEGIN and END lines."""
    return base64.b64encode(pkcs8_der(key)).decode()


def wrapped(key: rsa.RSAPrivateKey, width: int, line_end: str = "\n") -> str:
    return line_end.join(textwrap.wrap(walmart_form(key), width))


def pkcs8_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def pkcs1_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def numbers_of(key: rsa.RSAPrivateKey) -> list[int]:
    """Return the numbers of a key in the order of PKCS#1: n, e, d, p, q, dP, dQ, qInv."""
    key_numbers = key.private_numbers()
    public = key_numbers.public_numbers
    private = (
        key_numbers.d,
        key_numbers.p,
        key_numbers.q,
        key_numbers.dmp1,
        key_numbers.dmq1,
        key_numbers.iqmp,
    )
    return [public.n, public.e, *private]


def key_of_numbers(numbers: list[int]) -> str:
    """Return a key with any numbers: base64 of PKCS#1."""
    return base64.b64encode(sequence(*map(integer, [0, *numbers]))).decode()


def integer(number: int) -> bytes:
    return tagged(0x02, number.to_bytes(number.bit_length() // 8 + 1, "big"))


def sequence(*parts: bytes) -> bytes:
    return tagged(0x30, b"".join(parts))


def tagged(tag: int, content: bytes) -> bytes:
    length = len(content)
    size = length.to_bytes((length.bit_length() + 7) // 8 or 1, "big")
    return bytes([tag, *([] if length < 0x80 else [0x80 | len(size)]), *size]) + content


def credentials(bits: int = 1024) -> SignatureCredentials:
    return SignatureCredentials(
        consumer_id=CONSUMER_ID, channel_type=CHANNEL_TYPE, private_key=walmart_form(rsa_key(bits))
    )
