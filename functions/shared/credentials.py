"""The seller's credentials: read from a secret, cached, and turned into a marketplace client."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

from shared.metrics import Metric
from shared.secret_text import misspelled_members, read_members
from shared.sweep_mark import mark_key_of
from walmart_ca import AsyncClient, Credentials, SignatureCredentials, TokenCredentials

CACHE_SECONDS: Final = 300.0
"""How long a secret that was read is used without asking again."""
FAILURE_SECONDS: Final = 10.0
"""How long a failure to read it stands: the orders of one batch do not ask one after the other."""
REFUSED_SECONDS: Final = 30.0
"""How long credentials that Walmart refused are left alone; then the secret is read again and one order
tries."""

CURRENT: Final = "AWSCURRENT"
PREVIOUS: Final = "AWSPREVIOUS"


class SetupError(Exception):
    """Somebody has to correct the secret or a setting; the text names which and shows no value."""


class SecretsUnavailableError(Exception):
    """Secrets Manager did not answer; the text is one word that says how."""


@dataclass(frozen=True, slots=True)
class CredentialsPaused:
    """Every credential at hand was refused a moment ago: nothing is sent with any of them for now."""


@dataclass(frozen=True, slots=True)
class Secret:
    """One version of the secret.

    Attributes:
        text: What it holds. Never printed.
        version_id: Secrets Manager's id of this version.
    """

    text: str
    version_id: str

    def __repr__(self) -> str:
        """Name the version and show nothing of the secret."""
        return f"Secret(version_id={self.version_id!r})"


@dataclass(frozen=True, slots=True)
class Access:
    """A marketplace client, and the version of the secret that it signs with.

    Attributes:
        client: The client.
        secret_version_id: Secrets Manager's id of the version.
        mark_key: What the sweep signs its events with; derived from the secret, and never printed.
    """

    client: AsyncClient
    secret_version_id: str
    mark_key: bytes = field(default=b"", repr=False)


type NoAccess = SetupError | SecretsUnavailableError | CredentialsPaused


class MarketplaceAccess:
    """Which marketplace client to use: one for each version of the secret, made when first needed.

    A rotation may take its two steps in either order. While the secret is ahead of Walmart, the previous
    version serves; while Walmart is ahead of the secret, orders wait, and the secret is read again.
    Reading it blocks: no order could go on without it. For one thread.
    """

    def __init__(
        self,
        read_secret: Callable[[str], Secret],
        connect: Callable[[Credentials], AsyncClient],
        clock: Callable[[], float],
        count: Callable[[Metric], None],
    ) -> None:
        """Keep what `connect` makes of what `read_secret` reads.

        Args:
            read_secret: Reads the version with a staging label; may raise `SetupError` and
                `SecretsUnavailableError`.
            connect: May raise `SetupError`.
            clock: Seconds.
            count: Counts `StaleCredentials` when a version serves on because the secret cannot be read,
                and `CredentialFallback` when the previous version serves.
        """
        self._read_secret = read_secret
        self._connect = connect
        self._clock = clock
        self._count = count
        self._current: Access | SetupError | SecretsUnavailableError | None = None
        self._previous: Access | None = None
        self._good_until = 0.0
        self._current_read_at = self._previous_read_at = -math.inf
        self._left_alone_until: dict[str, float] = {}

    def peek(self) -> Access | NoAccess:
        """Return the client that would be used, or why there is none; no order is to be sent with it."""
        now = self._clock()
        tried_again = self._is_over(self._current) and now - self._current_read_at >= REFUSED_SECONDS
        if self._current is None or now >= self._good_until or tried_again:
            self._read_current()
        if isinstance(self._current, SetupError | SecretsUnavailableError):
            return self._current
        return self._usable() or CredentialsPaused()

    def current(self) -> Access | NoAccess:
        """Return the client to send a call with, now, or why there is none: an order then has to wait.

        The first to ask for a version whose time to be left alone has run out tries it; the others leave it
        alone until it is known what came of that.
        """
        chosen = self.peek()
        return self._chosen(chosen) if isinstance(chosen, Access) else chosen

    def refused(self, access: Access) -> None:
        """Take note that Walmart refused a call of this version."""
        self._left_alone_until[access.secret_version_id] = self._clock() + REFUSED_SECONDS

    def another(self) -> Access | None:
        """Return the client to repeat a refused call with, now, or None when there is none.

        That is the current version, read again, even when it did not change: one refusal may be a mishap,
        and the repeat is signed anew. Where it was read again a moment ago, it is another version than the
        refused one: the current, or the previous.
        """
        if self._clock() - self._current_read_at >= REFUSED_SECONDS:
            self._read_current()
            if isinstance(self._current, Access):
                return self._chosen(self._current)
        usable = self._usable()
        if usable is None and self._clock() - self._previous_read_at >= REFUSED_SECONDS:
            self._read_previous()
            usable = self._usable()
        return self._chosen(usable) if usable else None

    def accepted(self, access: Access) -> None:
        """Take note that Walmart accepted a call of this version."""
        self._left_alone_until.pop(access.secret_version_id, None)
        if access is self._previous:
            self._count(Metric.CREDENTIAL_FALLBACK)

    def mark_keys(self) -> tuple[bytes, ...]:
        """Return the keys of the versions at hand, that of the current one first; nothing is read for it."""
        return tuple(known.mark_key for known in (self._current, self._previous) if isinstance(known, Access))

    def _is_over(self, known: object) -> bool:
        """Tell whether a version was refused, and the time it is left alone for has run out."""
        if not isinstance(known, Access):
            return False
        left_alone_until = self._left_alone_until.get(known.secret_version_id)
        return left_alone_until is not None and self._clock() >= left_alone_until

    def _usable(self) -> Access | None:
        for access in (self._current, self._previous):
            if isinstance(access, Access) and (
                access.secret_version_id not in self._left_alone_until or self._is_over(access)
            ):
                return access
        return None

    def _chosen(self, access: Access) -> Access:
        if access.secret_version_id in self._left_alone_until:
            self._left_alone_until[access.secret_version_id] = self._clock() + REFUSED_SECONDS
        return access

    def _read_current(self) -> None:
        known = self._current if isinstance(self._current, Access) else None
        secret: Secret | SetupError | SecretsUnavailableError
        try:
            secret = self._read_secret(CURRENT)
        except (SetupError, SecretsUnavailableError) as error:
            secret = _to_keep(error)
        # Only now: reading may have taken longer than a failure stands.
        self._current_read_at = self._clock()
        self._good_until = self._current_read_at + FAILURE_SECONDS
        if isinstance(secret, SetupError):
            # Whoever took the secret away meant it.
            self._current = secret
        elif isinstance(secret, SecretsUnavailableError):
            self._serve_stale(known, secret)
        elif known and known.secret_version_id == secret.version_id:
            self._good_until = self._current_read_at + CACHE_SECONDS
        else:
            try:
                self._current = self._open(secret)
            except SetupError as error:
                self._serve_stale(known, _to_keep(error))
            else:
                self._good_until = self._current_read_at + CACHE_SECONDS
                # What served until now is known to have been good.
                self._previous = known or self._previous

    def _serve_stale(self, known: Access | None, error: SetupError | SecretsUnavailableError) -> None:
        """Go on with the version that served until now: an outage or a slip must not stop the orders."""
        self._current = known or error
        if known:
            self._count(Metric.STALE_CREDENTIALS)

    def _read_previous(self) -> None:
        try:
            secret = self._read_secret(PREVIOUS)
            if not (self._previous and self._previous.secret_version_id == secret.version_id):
                self._previous = self._open(secret)
        except (SetupError, SecretsUnavailableError):
            pass  # There is none, or it is of no use: what was known of it stays.
        self._previous_read_at = self._clock()

    def _open(self, secret: Secret) -> Access:
        client = self._connect(read_credentials(secret.text))
        return Access(client, secret.version_id, mark_key_of(secret.text))


_SIGNING: Final = ("consumerId", "channelType", "privateKey")
_WITH_TOKENS: Final = ("clientId", "clientSecret")
_OF_TOKENS: Final = (*_WITH_TOKENS, "market", "globalVersion")


def _to_keep[E: Exception](error: E) -> E:
    """Let go of the frames that an error passed through: their variables hold the secret."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)


def read_credentials(secret: str) -> Credentials:
    """Read the secret's text; its members choose the door.

    `{"consumerId": …, "channelType": …, "privateKey": …}` signs; `{"clientId": …, "clientSecret": …}` takes
    tokens, with `channelType`, `market` and `globalVersion` where the client's defaults are not right.

    Raises:
        SetupError: It is not JSON, lacks a member, has members of both doors, or one is unusable. The text
            names the member and shows no value.
    """
    credentials = _credentials_in(secret)
    # An error keeps the variables of the frames it passed through.
    del secret
    if isinstance(credentials, str):
        raise SetupError(credentials)
    return credentials


def _credentials_in(secret: str) -> Credentials | str:
    """Return the credentials, or a text that says what is wrong with the secret, and shows no value."""
    members = read_members(secret)
    if isinstance(members, str):
        return members
    signing = [name for name in ("consumerId", "privateKey") if name in members]
    tokens = [name for name in _WITH_TOKENS if name in members]
    if signing and tokens:
        return (
            f"secret: has {' and '.join(signing)}, which sign, and {' and '.join(tokens)}, which take tokens:"
            " keep one kind"
        )
    misspelled = misspelled_members(members, (*_SIGNING, *_WITH_TOKENS))
    needed = _WITH_TOKENS if tokens or (not signing and misspelled.intersection(_WITH_TOKENS)) else _SIGNING
    for name in needed:
        value = members.get(name)
        if not isinstance(value, str) or not value.strip():
            return f"secret.{name}: missing{_spelling(name) if name in misspelled else ''}"
    known = (*_OF_TOKENS, "channelType") if tokens else _SIGNING
    # Whatever stands there instead of a text, the client refuses it by name.
    parameters: dict[str, Any] = {_parameter(name): members[name] for name in known if name in members}
    try:
        return TokenCredentials(**parameters) if tokens else SignatureCredentials(**parameters)
    except ValueError as error:
        return _in_secret(error)


def _spelling(member: str) -> str:
    return f"; a member differs from it in capital letters or underscores only: spell it {member}"


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
    except ValueError as error:
        return _in_secret(error)
    return None


def _in_secret(error: ValueError) -> str:
    """Name the secret's member where the client names its own parameter."""
    parameter, _, problem = str(error).partition(" ")
    first, _, second = parameter.partition("_")
    return f"secret.{first}{second.capitalize()}: {problem}"
