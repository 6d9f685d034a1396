r"""Parses a private key in the forms that sellers paste, or says what a value is instead.

The parser repairs damage that has only one possible meaning: text around the PEM block, such as Bag
Attributes; a certificate in the same text; quotes around the key and a comma after it; escaped line breaks
(`\n`, also doubled); invisible characters; URL-safe or unpadded base64; base64 of the whole text.

Functions return a problem and never raise it: a parser's exception may quote the key, and keeps the frames
that contain it.
"""

import base64
import binascii
import re
from typing import Final

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicNumbers
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_der_private_key, load_der_public_key

from .pasted import QUOTES, cleaned

_PROBLEM: Final = "must be an RSA private key: base64 of PKCS#8 as Walmart issues it, or PEM"
_MAX_CHARACTERS: Final = 65536
"""A longer text is refused without parsing it."""
_MAX_BITS: Final = 8192
"""Walmart issues 1024. The largest key that fits into such a text takes over half a minute per signature."""

_AROUND: Final = f"{QUOTES},; \t\r\n\v\f"
_BACKSLASHES: Final = re.compile(r"\\+")
_ESCAPE: Final = re.compile(r"\\(?:u00(2[bBdDfF]|3[dD]|5[fF])|[nrt]|(?=[/\"'\s]|\Z))")
_ARMOR: Final = re.compile(r"-----(BEGIN|END) ([A-Z0-9 ]{1,64})-----")
_DAMAGED_ARMOR: Final = r"(?:BEGIN|END) (?:[A-Z0-9]{1,16} ){0,3}PRIVATE KEY"  # compiled when first needed

_ENCRYPTED: Final = "this key is encrypted: decrypt it first"
_CERTIFICATE: Final = "this is a certificate"
_CERTIFICATE_REQUEST: Final = "this is a certificate request"
_PUBLIC: Final = "this is a public key"
_OPENSSH: Final = "this is an OpenSSH key: convert it to PEM"
_EC: Final = "this is an EC key"
_OTHER_KIND: Final = "this is a private key of another kind"
_NOT_BASE64: Final = "this is not base64"
_SOMETHING_ELSE: Final = "this is base64 of something else, or a key that was cut short or damaged"

_LABELS: Final = {
    "PRIVATE KEY": "",
    "RSA PRIVATE KEY": "",
    "ENCRYPTED PRIVATE KEY": _ENCRYPTED,
    "EC PRIVATE KEY": _EC,
    "OPENSSH PRIVATE KEY": _OPENSSH,
    "CERTIFICATE": _CERTIFICATE,
    "X509 CERTIFICATE": _CERTIFICATE,
    "TRUSTED CERTIFICATE": _CERTIFICATE,
    "CERTIFICATE REQUEST": _CERTIFICATE_REQUEST,
    "NEW CERTIFICATE REQUEST": _CERTIFICATE_REQUEST,
    "PUBLIC KEY": _PUBLIC,
    "RSA PUBLIC KEY": _PUBLIC,
}
_BEGINNINGS: Final = {
    "{": "this is JSON: use only its private key",
    "ssh-": "this is an OpenSSH public key",
    "PuTTY-User-Key-File-": "this is a PuTTY key: convert it to PEM",
}
_DER_BEGINNINGS: Final = {
    b"openssh-key-v1\0": _OPENSSH,
    b"\0\0\0\7ssh-rsa": "this is an OpenSSH public key",
}
_ENCRYPTION: Final = (b"\x2a\x86\x48\x86\xf7\x0d\x01\x05", b"\x2a\x86\x48\x86\xf7\x0d\x01\x0c\x01")
"""The object identifiers of PKCS#5 and PKCS#12, which occur at the start of an encrypted key."""
_PKCS12: Final = rb"(?s)\x30(?:\x82..|\x83...|\x80)\x02\x01\x03\x30"


def read_private_key(pasted: object) -> RSAPrivateKey | str:
    """Parse a private key in any of the forms that sellers have.

    The key is not fully validated, which costs tens of milliseconds at every cold start and several times
    that on a small Lambda function. Instead, one signature is made and verified: it proves that the private
    and the public numbers match.

    Args:
        pasted: The text that the seller stored: base64 of PKCS#8, or PEM (PKCS#8 or PKCS#1).

    Returns:
        The key, or a text for `InvalidArgument.problem`, which shows no part of the key.
    """
    if not isinstance(pasted, str):
        return f"{_PROBLEM}; it is empty"
    if len(pasted) > _MAX_CHARACTERS:
        return f"{_PROBLEM}; this text has more than {_MAX_CHARACTERS} characters"
    key = _key_in(_typed(pasted))
    if isinstance(key, str):
        return f"{_PROBLEM}; {key}"
    if key.key_size > _MAX_BITS:
        return f"{_PROBLEM}; this key has more than {_MAX_BITS} bits"
    try:
        key.public_key().verify(key.sign(b"proof", PKCS1v15(), SHA256()), b"proof", PKCS1v15(), SHA256())
    except (ValueError, InvalidSignature):
        return f"{_PROBLEM}; the numbers in this key do not match"
    return key


def _typed(pasted: str) -> str:
    """Undo escapes and remove invisible characters; neither base64 nor PEM has a backslash."""
    text = _BACKSLASHES.sub(r"\\", cleaned(pasted))
    return _ESCAPE.sub(lambda escape: chr(int(escape[1], 16)) if escape[1] else "\n", text)


def _key_in(text: str, *, unpacked: bool = False) -> RSAPrivateKey | str:
    """Return the key in a text, or the problem with it.

    Args:
        text: A key with or without the BEGIN and END lines of PEM.
        unpacked: Whether the whole text was decoded from base64, which is done only once.
    """
    blocks, labels = _blocks(text)
    private = [(label, body) for label, body in blocks if label.endswith("PRIVATE KEY")]
    if private:
        # The same block twice is one key.
        unique = {"".join(body.split()): (label, body) for label, body in private}
        return _one_of([_key_in_block(label, body, unpacked) for label, body in unique.values()])
    if labels:
        named = [problem for label in labels if (problem := _LABELS.get(label))]
        return named[0] if named else "this PEM is something else, or empty"
    if re.search(_DAMAGED_ARMOR, text):
        return "its BEGIN or END line is damaged"
    bare = text.strip(_AROUND)
    if not bare:
        return "it is empty"
    for beginning, problem in _BEGINNINGS.items():
        if bare.startswith(beginning):
            return problem
    return _key_in_base64(bare, unpacked)


def _blocks(text: str) -> tuple[list[tuple[str, str]], list[str]]:
    """Return the PEM blocks as label and body, and the labels of all BEGIN and END lines.

    A second pair of these lines around the first, or a missing one, does not change the body.
    """
    blocks = []
    armor = list(_ARMOR.finditer(text))
    if armor and armor[0][1] == "END":
        blocks.append((armor[0][2], text[: armor[0].start()]))
    ends = [*(line.start() for line in armor[1:]), len(text)]
    for line, end in zip(armor, ends, strict=False):
        if line[1] == "BEGIN":
            blocks.append((line[2], text[line.end() : end]))
    return [(label, body) for label, body in blocks if body.strip()], [line[2] for line in armor]


def _key_in_block(label: str, body: str, unpacked: bool) -> RSAPrivateKey | str:  # noqa: FBT001 - passed on
    problem = _LABELS.get(label, _OTHER_KIND)
    if problem:
        return problem
    if "Proc-Type:" in body and "ENCRYPTED" in body:
        return _ENCRYPTED
    return _key_in_base64(body, unpacked)


def _one_of(keys: list[RSAPrivateKey | str]) -> RSAPrivateKey | str:
    """Return the key if all of these are the same one; with two keys, it is not clear which one is meant."""
    first, *others = keys
    for other in others:
        if isinstance(first, str) or isinstance(other, str) or _public(first) != _public(other):
            return "these are two different private keys: keep one"
    return first


def _public(key: RSAPrivateKey) -> RSAPublicNumbers:
    return key.public_key().public_numbers()


def _key_in_base64(encoded: str, unpacked: bool) -> RSAPrivateKey | str:  # noqa: FBT001 - passed on
    der = _decoded("".join(encoded.split()))
    if der is None:
        return _NOT_BASE64
    try:
        key = load_der_private_key(der, password=None, unsafe_skip_rsa_key_validation=True)
    except TypeError:
        return _ENCRYPTED
    except UnsupportedAlgorithm:
        return _OTHER_KIND
    except ValueError:
        return _named(der) or _packed(der, unpacked) or _SOMETHING_ELSE
    if isinstance(key, EllipticCurvePrivateKey):
        return _EC
    return key if isinstance(key, RSAPrivateKey) else _OTHER_KIND


def _decoded(encoded: str) -> bytes | None:
    unpadded = encoded.rstrip("=")
    if not ("+" in encoded or "/" in encoded):
        # URL-safe base64 replaces these two characters; a text with both alphabets is not base64.
        unpadded = unpadded.replace("-", "+").replace("_", "/")
    try:
        return base64.b64decode(unpadded + "=" * (-len(unpadded) % 4), validate=True)
    except (binascii.Error, ValueError):
        return None


def _packed(der: bytes, unpacked: bool) -> RSAPrivateKey | str | None:  # noqa: FBT001 - passed on
    """Return the key in a text that was encoded once more in base64; None if it is no such text."""
    # A key in DER starts with bytes that are not ASCII.
    if unpacked or not der.removeprefix(b"\xef\xbb\xbf").isascii():
        return None
    text = _typed(der.decode("utf-8-sig"))
    if not _ARMOR.search(text) and not text.lstrip(_AROUND).startswith("MI"):
        return None
    return _key_in(text, unpacked=True)


def _named(der: bytes) -> str | None:
    """Return the problem with a known format that is not an unencrypted private key; None if unknown."""
    for beginning, problem in _DER_BEGINNINGS.items():
        if der.startswith(beginning):
            return problem
    if any(identifier in der[:48] for identifier in _ENCRYPTION):
        return _ENCRYPTED
    if re.match(_PKCS12, der):
        return "this is a PKCS#12 file: convert it to PEM"
    # This module is large, and a valid key does not need it.
    from cryptography.x509 import load_der_x509_certificate, load_der_x509_csr  # noqa: PLC0415

    for load, problem in (
        (load_der_public_key, _PUBLIC),
        (load_der_x509_certificate, _CERTIFICATE),
        (load_der_x509_csr, _CERTIFICATE_REQUEST),
    ):
        try:
            load(der)
        except (ValueError, UnsupportedAlgorithm):
            continue
        return problem
    return None
