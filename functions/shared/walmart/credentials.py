"""The seller's credentials, as a version of the secret holds them."""

import hashlib
import hmac
from typing import Any, Final

from shared.walmart.secret_text import misspelled_members, read_members
from walmart_ca import Credentials, InvalidArgument, SignatureCredentials, TokenCredentials

CURRENT: Final = "AWSCURRENT"
PREVIOUS: Final = "AWSPREVIOUS"


class SetupError(Exception):
    """The secret or a setting must be corrected. The text names it and shows no value."""


class SecretsUnavailableError(Exception):
    """Secrets Manager did not answer. The text is one word that says how."""


class Secret:
    """One version of the secret.

    Attributes:
        text: Its content. Never printed.
        version_id: Secrets Manager's id of this version.
    """

    def __init__(self, text: str, version_id: str) -> None:
        self.text = text
        self.version_id = version_id

    @property
    def mark_key(self) -> bytes:
        """The key with which the sweep marks its events. It and its marks reveal nothing of the secret."""
        text = self.text.encode("utf-8", "surrogatepass")
        return hmac.digest(text, b"mark of the sweep", hashlib.sha256)

    def __repr__(self) -> str:
        """Name the version and show nothing of the secret."""
        return f"Secret(version_id={self.version_id!r})"


_SIGNING: Final = ("consumerId", "channelType", "privateKey")
_WITH_TOKENS: Final = ("clientId", "clientSecret")
_OF_TOKENS: Final = (*_WITH_TOKENS, "channelType", "market", "globalVersion")
_KNOWN: Final = tuple(dict.fromkeys((*_SIGNING, *_OF_TOKENS)))


def read_credentials(secret: str) -> Credentials:
    """Read the secret's text; its members decide the authentication scheme.

    `{"consumerId": …, "channelType": …, "privateKey": …}` is for the digital signature. `{"clientId": …,
    "clientSecret": …}` is for access tokens, and may have `channelType`, `market` and `globalVersion`.

    Raises:
        SetupError: It is not JSON, lacks a member, has members of both schemes, or has one that cannot be
            used. The text names the member and shows no value.
    """
    credentials = _credentials_in(secret)
    # An error keeps the variables of each frame that it leaves.
    del secret
    if isinstance(credentials, str):
        raise SetupError(credentials)
    return credentials


def _credentials_in(secret: str) -> Credentials | str:
    """Return the credentials, or a text that says what is wrong with the secret and shows no value."""
    members = read_members(secret, _KNOWN)
    if isinstance(members, str):
        return members
    signing = [name for name in ("consumerId", "privateKey") if name in members]
    tokens = [name for name in _WITH_TOKENS if name in members]
    if signing and tokens:
        return (
            f"secret: has {' and '.join(signing)} for the digital signature, and {' and '.join(tokens)} for"
            " access tokens: keep one of the two"
        )
    misspelled = misspelled_members(members, _KNOWN)
    needed = _WITH_TOKENS if tokens or (not signing and misspelled.intersection(_WITH_TOKENS)) else _SIGNING
    for name in needed:
        value = members.get(name)
        if not isinstance(value, str) or not value.strip():
            return f"secret.{name}: missing{_spelling(name) if name in misspelled else ''}"
    allowed = _OF_TOKENS if tokens else _SIGNING
    for name in allowed:
        if name in misspelled:
            return f"secret.{name}: missing{_spelling(name)}"
    # The client refuses a value that is not a string, and names it.
    parameters: dict[str, Any] = {_parameter(name): members[name] for name in allowed if name in members}
    try:
        return TokenCredentials(**parameters) if tokens else SignatureCredentials(**parameters)
    except InvalidArgument as error:
        return _in_secret(error)


def _spelling(member: str) -> str:
    return f"; a member differs from it in capital letters or punctuation only: spell it {member}"


def _parameter(member: str) -> str:
    """Return the client's name of a member: `client_id` of `clientId`."""
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in member)


def check_credentials(credentials: Credentials) -> None:
    """Check credentials as thoroughly as their client can, without sending anything.

    Raises:
        SetupError: They are unusable. The text names the secret's member and shows no value.
    """
    problem = _problem_of(credentials)
    if problem:
        raise SetupError(problem)


def _problem_of(credentials: Credentials) -> str | None:
    try:
        credentials.check()
    except InvalidArgument as error:
        return _in_secret(error)
    return None


def _in_secret(error: InvalidArgument) -> str:
    """Name the secret's member in place of the client's parameter: `clientId` of `client_id`."""
    first, *others = error.parameter.split("_")
    return f"secret.{first}{''.join(map(str.capitalize, others))}: {error.problem}"
