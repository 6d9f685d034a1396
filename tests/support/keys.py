"""RSA keys, made once per test run, and the forms in which sellers hold them."""

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
    """Walmart hands out 1024 bits, which are also the quickest to make."""
    return _made_once(bits, exponent)


@functools.cache
def _made_once(bits: int, exponent: int) -> rsa.RSAPrivateKey:
    return rsa.generate_private_key(exponent, bits)


def pkcs8_der(key: PrivateKeyTypes) -> bytes:
    return key.private_bytes(Encoding.DER, PrivateFormat.PKCS8, NoEncryption())


def walmart_form(key: PrivateKeyTypes) -> str:
    """PKCS#8, base64, one line, no armour."""
    return base64.b64encode(pkcs8_der(key)).decode()


def wrapped(key: rsa.RSAPrivateKey, width: int, line_end: str = "\n") -> str:
    return line_end.join(textwrap.wrap(walmart_form(key), width))


def pkcs8_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()


def pkcs1_pem(key: rsa.RSAPrivateKey) -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


def numbers_of(key: rsa.RSAPrivateKey) -> list[int]:
    """The numbers of a key in the order in which its form has them; see `NUMBERS`."""
    private = key.private_numbers()
    return [
        private.public_numbers.n,
        private.public_numbers.e,
        private.d,
        private.p,
        private.q,
        private.dmp1,
        private.dmq1,
        private.iqmp,
    ]


NUMBERS = ["n", "e", "d", "p", "q", "dP", "dQ", "qInv"]


def written(numbers: list[int]) -> str:
    """A key of any numbers, PKCS#1 without armour."""
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
