"""The secret, and the private key in it, as somebody pasted them."""

import base64
import functools
import itertools
import json
from collections.abc import Callable
from typing import Final

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256

from shared.credentials import SetupError, check_credentials, read_credentials
from shared.secret_text import read_members
from tests.fuzz import keys
from tests.fuzz.oracles import refusals, says_nothing_of_it
from walmart_ca import SignatureCredentials
from walmart_ca.private_key import read_private_key

_TEXTS: Final = [None, "", "a b", "id"]
"""What a member may be: left out, empty, unusable, good. What is no text is as good as empty."""
_MEMBERS: Final = (
    "consumerId",
    "channelType",
    "privateKey",
    "clientId",
    "clientSecret",
    "market",
    "globalVersion",
)
_GOOD: Final = [
    ({"consumerId": "id", "channelType": "id", "privateKey": keys.accepted()[0]}, _MEMBERS[:2]),
    ({"clientId": "id", "clientSecret": "id"}, ("clientId", "channelType", "market", "globalVersion")),
]
_NO_JSON: Final = ["", "[]", "null", "x", "-----BEGIN A", "clientId=", "{'", '{"a": [1,]}']
"""One text for each reason to refuse it before its members are known."""
_PEM_LINE: Final = 64


def secret(data: bytes) -> None:
    """A secret is read, or refused with one of the texts that harmless secrets are refused with."""
    text = data.decode("utf-8", "replace")
    try:
        credentials = read_credentials(text)
        check_credentials(credentials)
    except SetupError as error:
        says_nothing_of_it(error, _harmless_refusals())
        return
    shown = repr(credentials)
    members = read_members(text)
    assert isinstance(members, dict)
    for hidden in ("clientSecret", "privateKey"):
        if hidden in members:
            assert shown == repr(read_credentials(json.dumps({**members, hidden: _another(hidden)})))


def private_key(data: bytes) -> None:
    """A private key in any armour signs what its public key verifies, or is refused without being shown."""
    text = _ARMOURS[data[0] % len(_ARMOURS)](data[1:]) if data else ""
    try:
        credentials = _with_key(text)
    except ValueError as error:
        says_nothing_of_it(error, _harmless_key_refusals())
        return
    assert repr(credentials) == "SignatureCredentials(consumer_id='id')"
    signature = credentials.sign("GET", "https://marketplace.example/", "1795532400000")
    signed = b"id\nhttps://marketplace.example/\nGET\n1795532400000\n"
    _read_again(text).public_key().verify(base64.b64decode(signature), signed, PKCS1v15(), SHA256())
    try:
        credentials.check()
    except ValueError as error:
        says_nothing_of_it(error, _check_refusals())


def _as_it_is(data: bytes) -> str:
    return data.decode("utf-8", "replace")


def _armoured(name: str, line_break: str) -> Callable[[bytes], str]:
    def armour(data: bytes) -> str:
        text = base64.b64encode(data).decode()
        lines = (text[start : start + _PEM_LINE] for start in range(0, len(text), _PEM_LINE))
        return line_break.join([f"-----BEGIN {name}-----", *lines, f"-----END {name}-----", ""])

    return armour


_ARMOURS: Final[list[Callable[[bytes], str]]] = [
    _as_it_is,
    lambda data: base64.b64encode(data).decode(),
    _armoured("PRIVATE KEY", "\n"),
    _armoured("RSA PRIVATE KEY", "\n"),
    _armoured("PRIVATE KEY", "\\n"),
    _armoured("RSA PRIVATE KEY", "\r\n"),
    _armoured("ENCRYPTED PRIVATE KEY", "\n"),
    _armoured("EC PRIVATE KEY", "\n"),
]
"""How a key may be written; the bytes that are changed stay base64, and get as far as the parser."""


def _read_again(text: str) -> RSAPrivateKey:
    key = read_private_key(text)
    assert isinstance(key, RSAPrivateKey)
    return key


@functools.cache
def _harmless_refusals() -> frozenset[str]:
    """Every text that a secret without anything secret in it is refused with."""
    written = (
        {name: value for name, value in zip(_MEMBERS, values, strict=True) if value is not None}
        for values in itertools.product(_TEXTS, repeat=len(_MEMBERS))
    )
    signing = (
        {"consumerId": "id", "channelType": "id", "privateKey": key}
        for key in [*keys.unusable(), keys.inconsistent()]
    )
    colon = {"clientId": "a:b", "clientSecret": "id"}
    quoted = {"clientId": "id", "clientSecret": '"id"'}
    half_quoted = ({**good, name: '"id'} for good, names in _GOOD for name in names)
    misspelled = ({_misspelled(name): "id"} for name in ("consumerId", "clientId", "clientSecret"))
    misspelled_later = (
        {**dict.fromkeys(needed[:at], "id"), _misspelled(needed[at]): "id"}
        for needed in (_MEMBERS[:3], _MEMBERS[3:5])
        for at in range(len(needed))
    )
    objects = itertools.chain(written, signing, [colon, quoted], half_quoted, misspelled, misspelled_later)
    twice = (f'{{"{name}": 1, "{name}": 2}}' for name in _MEMBERS)
    harmless = itertools.chain(_NO_JSON, twice, map(json.dumps, objects))
    return refusals(lambda text: check_credentials(read_credentials(text)), harmless, SetupError)


@functools.cache
def _harmless_key_refusals() -> frozenset[str]:
    """The same of a private key alone."""
    return refusals(_with_key, keys.unusable(), ValueError)


@functools.cache
def _check_refusals() -> frozenset[str]:
    return refusals(SignatureCredentials.check, [_with_key(keys.inconsistent())], ValueError)


def _with_key(text: str) -> SignatureCredentials:
    return SignatureCredentials(consumer_id="id", channel_type="type", private_key=text)


def _misspelled(name: str) -> str:
    return name.upper()


def _another(member: str) -> str:
    return keys.accepted()[0] if member == "privateKey" else "another"
