"""The seller's credentials: read from a secret, cached, and turned into a marketplace client."""

import math
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from enum import Enum, auto
from typing import Any, Final

from shared.metrics import Metric
from shared.secret_text import misspelled_members, read_members
from shared.sweep_mark import mark_key_of
from walmart_ca import AsyncClient, Credentials, InvalidArgument, SignatureCredentials, TokenCredentials

CACHE_SECONDS: Final = 300.0
"""How long a secret that was read is used without asking again."""
FAILURE_SECONDS: Final = 10.0
"""How long a failure to read it stands: the orders of one batch do not ask one after the other."""
REFUSED_SECONDS: Final = 30.0
"""How long credentials that Walmart refused are left alone; then the secret is read again and one order
tries."""
ACCEPTED_SECONDS: Final = 900.0
"""So long after a call was accepted, a 403 to another one is that order's own affair."""
FORBIDDEN_ORDERS: Final = 3
"""So many orders that are answered with 403, and no call that is accepted, are no coincidence."""

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
    """A marketplace client, and the version of the secret that it signs with, chosen for one call.

    Attributes:
        client: The client.
        secret_version_id: Secrets Manager's id of the version.
        mark_key: What the sweep signs its events with; derived from the secret, and never printed.
        is_fallback: The previous version was chosen, because the current one was refused.
        is_repeat: The call repeats one of the same version that was refused.
    """

    client: AsyncClient
    secret_version_id: str
    mark_key: bytes = field(default=b"", repr=False)
    is_fallback: bool = False
    is_repeat: bool = False


type NoAccess = SetupError | SecretsUnavailableError | CredentialsPaused


class _Standing(Enum):
    """What Walmart's answers say of a version of the secret."""

    UNTRIED = auto()
    """No call was accepted yet, and none refused for good."""
    GOOD = auto()
    """A call was accepted since one was last refused for good."""
    REFUSED = auto()
    """A call was refused, and so was its repeat, with none accepted in between."""


@dataclass(slots=True, eq=False)
class _Version:
    """One version of the secret, and what is known of it. Times are monotonic.

    Attributes:
        access: Its client.
        standing: What Walmart's answers say of it.
        is_doubted: A call was refused since one was last accepted, which may be a mishap.
        left_alone_until: Until then nothing is sent with it, once it was refused.
        accepted_at: When a call was last accepted.
        forbidden: The orders that were answered with 403 since then; no more than are needed.
    """

    access: Access
    standing: _Standing = _Standing.UNTRIED
    is_doubted: bool = False
    left_alone_until: float = -math.inf
    accepted_at: float = -math.inf
    forbidden: set[str] = field(default_factory=set)

    @property
    def is_good(self) -> bool:
        """Whether it served well and can be fallen back on."""
        return self.standing is _Standing.GOOD

    def is_usable(self, now: float) -> bool:
        """Return whether a call may be made with it."""
        return self.standing is not _Standing.REFUSED or now >= self.left_alone_until

    def is_to_be_tried(self, now: float) -> bool:
        """Return whether it was refused, and left alone for long enough."""
        return self.standing is _Standing.REFUSED and now >= self.left_alone_until

    def choose(self, now: float, *, is_fallback: bool, is_repeat: bool) -> Access:
        """Return its client for one call. If it was refused, the others leave it alone meanwhile."""
        if self.standing is _Standing.REFUSED:
            self.left_alone_until = now + REFUSED_SECONDS
        return replace(self.access, is_fallback=is_fallback, is_repeat=is_repeat)

    def accept(self, now: float) -> None:
        """Take note that a call was accepted."""
        self.standing, self.is_doubted, self.accepted_at = _Standing.GOOD, False, now
        self.forbidden.clear()

    def refuse(self, now: float, *, is_repeat: bool, is_replaceable: bool) -> None:
        """Take note that a call was refused.

        The refusals of several orders that were sent side by side are one: each has its repeat.

        Args:
            now: Monotonic.
            is_repeat: The call repeated a refused one.
            is_replaceable: Another version is known to be good.
        """
        is_again = is_repeat and self.is_doubted
        is_worse = is_replaceable and not self.is_good
        if self.standing is _Standing.REFUSED or is_again or is_worse:
            self.standing, self.left_alone_until = _Standing.REFUSED, now + REFUSED_SECONDS
        self.is_doubted = True

    def forbid(self, now: float, purchase_order_id: str) -> bool:
        """Take note that an order was answered with 403; return whether that concerns every order."""
        if len(self.forbidden) < FORBIDDEN_ORDERS:
            self.forbidden.add(purchase_order_id)
        return len(self.forbidden) >= FORBIDDEN_ORDERS and now - self.accepted_at > ACCEPTED_SECONDS

    def pass_on(self, now: float) -> None:
        """Let the next order try it at once, if it was refused."""
        self.left_alone_until = min(self.left_alone_until, now)


class MarketplaceAccess:
    """Which marketplace client to use: one for each version of the secret, made when first needed.

    A rotation may take its two steps in either order. While the secret is ahead of Walmart, the previous
    version serves; while Walmart is ahead of the secret, orders wait, and the secret is read again.
    At most two versions are kept: the current one, and the one to fall back on. Reading the secret blocks:
    no order could go on without it. For one thread.
    """

    def __init__(
        self,
        read_secret: Callable[[str], Secret],
        connect: Callable[[Credentials], AsyncClient],
        monotonic: Callable[[], float],
        count: Callable[[Metric], None],
    ) -> None:
        """Keep what `connect` makes of what `read_secret` reads.

        Args:
            read_secret: Reads the version with a staging label; may raise `SetupError` and
                `SecretsUnavailableError`.
            connect: May raise `SetupError`.
            monotonic: Seconds since some moment, by a clock that nobody can set.
            count: Counts `StaleCredentials` when a version serves on because the secret cannot be read or
                used, and `CredentialFallback` when the previous version serves.
        """
        self._read_secret = read_secret
        self._connect = connect
        self._monotonic = monotonic
        self._count = count
        self._current: _Version | SetupError | SecretsUnavailableError | None = None
        self._fallback: _Version | None = None
        self._replaced: list[AsyncClient] = []
        self._current_read_at = self._previous_read_at = self._good_until = -math.inf

    def peek(self) -> Access | NoAccess:
        """Return the client that would be used, or why there is none; no order is to be sent with it."""
        chosen = self._choose()
        return chosen.access if isinstance(chosen, _Version) else chosen

    def current(self) -> Access | NoAccess:
        """Return the client to send a call with, now, or why there is none: an order then has to wait.

        The first to ask for a version whose time to be left alone has run out tries it; the others leave it
        alone until it is known what came of that.
        """
        chosen = self._choose()
        return self._chosen(chosen) if isinstance(chosen, _Version) else chosen

    def refused(self, access: Access) -> None:
        """Take note that Walmart refused a call of this version."""
        if version := self._known(access.secret_version_id):
            version.refuse(
                self._monotonic(),
                is_repeat=access.is_repeat,
                is_replaceable=self._is_replaceable(version),
            )

    def another(self, refused: Access) -> Access | None:
        """Return the client to repeat a refused call with, now, or None when there is none.

        That is the current version, read again unless that was done a moment ago; or the same version once
        more, because one refusal may be a mishap, and the repeat is signed anew; or the previous version.
        """
        now = self._monotonic()
        if now - self._current_read_at >= REFUSED_SECONDS:
            self._read_current()
        same = self._known(refused.secret_version_id)
        is_over = same and (refused.is_repeat or same.standing is _Standing.REFUSED)
        usable = self._usable(but=same if is_over else None)
        if usable is None:
            return None
        return self._chosen(usable, is_repeat=usable is same or usable.is_doubted)

    def accepted(self, access: Access) -> None:
        """Take note that Walmart accepted a call of this version."""
        if version := self._known(access.secret_version_id):
            version.accept(self._monotonic())
        if access.is_fallback:
            self._count(Metric.CREDENTIAL_FALLBACK)

    def forbidden(self, access: Access, purchase_order_id: str | None) -> bool:
        """Take note that Walmart answered 403, and return whether that concerns every order: it is refused.

        A list concerns them all. Otherwise it is the order's own affair while the version is known to be
        good for others, or while too few orders met it to tell. Even then it may be: without another version
        the next order tries at once, one at a time, so that a good one shows that the version is.

        Args:
            access: What the call was sent with.
            purchase_order_id: The order that the call was about, or None for a list.
        """
        now, version = self._monotonic(), self._known(access.secret_version_id)
        if purchase_order_id is None or version is None:
            self.refused(access)
            return True
        concerns_all = version.forbid(now, purchase_order_id)
        if concerns_all:
            self.refused(access)
        if not self._is_replaceable(version):
            version.pass_on(now)
        return concerns_all

    def path_unknown(self) -> None:
        """Take note that Walmart does not serve a path: the seller may have moved to tokens.

        The secret is soon read again, and until then nothing changes: it may be one odd order.
        """
        self._good_until = min(self._good_until, self._current_read_at + REFUSED_SECONDS)

    def mark_keys(self) -> tuple[bytes, ...]:
        """Return the keys of the versions at hand, that of the current one first; nothing is read for it."""
        return tuple(version.access.mark_key for version in self._versions())

    async def close_replaced(self) -> None:
        """Close the clients of the versions that were dropped, while no call is under way."""
        replaced, self._replaced = self._replaced, []
        for client in replaced:
            await client.aclose(wait=False)

    def _versions(self) -> list[_Version]:
        return [version for version in (self._current, self._fallback) if isinstance(version, _Version)]

    def _is_replaceable(self, version: _Version) -> bool:
        return any(other.is_good for other in self._versions() if other is not version)

    def _known(self, version_id: str) -> _Version | None:
        found = (each for each in self._versions() if each.access.secret_version_id == version_id)
        return next(found, None)

    def _choose(self) -> _Version | NoAccess:
        now, current = self._monotonic(), self._current
        tries = isinstance(current, _Version) and current.is_to_be_tried(now)
        if now >= self._good_until or (tries and now - self._current_read_at >= REFUSED_SECONDS):
            self._read_current()
        if isinstance(self._current, SetupError | SecretsUnavailableError):
            return self._current
        return self._usable() or CredentialsPaused()

    def _usable(self, but: _Version | None = None) -> _Version | None:
        """Return the first version that may be used; where that is not known, AWSPREVIOUS is looked at."""
        now = self._monotonic()
        usable = [version for version in self._versions() if version is not but and version.is_usable(now)]
        if usable and (usable[0] is self._current or usable[0].is_good):
            return usable[0]
        if isinstance(self._current, _Version) and now - self._previous_read_at >= REFUSED_SECONDS:
            found = self._read_previous()
            if found and found not in self._versions():
                self._keep(self._current, found)
                return found
        return next(iter(usable), None)

    def _chosen(self, version: _Version, *, is_repeat: bool = False) -> Access:
        return version.choose(self._monotonic(), is_fallback=version is self._fallback, is_repeat=is_repeat)

    def _read_current(self) -> None:
        stands_s = FAILURE_SECONDS
        try:
            secret = self._read_secret(CURRENT)
        except SetupError as error:
            # Whoever took the secret away meant it.
            self._keep(_to_keep(error))
        except SecretsUnavailableError as error:
            self._serve_stale(_to_keep(error))
        else:
            stands_s = self._take(secret)
        # Only now: reading may have taken longer than a failure stands.
        self._current_read_at = self._monotonic()
        self._good_until = self._current_read_at + stands_s

    def _take(self, secret: Secret) -> float:
        """Make a version that was read the current one; return for how many seconds that stands."""
        known = self._current if isinstance(self._current, _Version) else None
        try:
            current = self._known(secret.version_id) or self._open(secret)
        except SetupError as error:
            # Whoever stored it made a slip.
            slip = _to_keep(error)
            if known is None and (previous := self._read_previous()):
                self._keep(previous)
            self._serve_stale(slip)
            return FAILURE_SECONDS
        if current is not known:
            others = [version for version in self._versions() if version is not current]
            # What was refused, or served nobody yet, does not replace what is known to be good.
            good = [version for version in others if version.is_good]
            self._keep(current, next(iter(good + others), None))
        return CACHE_SECONDS

    def _serve_stale(self, error: SetupError | SecretsUnavailableError) -> None:
        """Go on with the version that served until now: an outage or a slip must not stop the orders."""
        if isinstance(self._current, _Version):
            self._count(Metric.STALE_CREDENTIALS)
        else:
            self._current = error

    def _read_previous(self) -> _Version | None:
        """Read the previous version; return None when there is none, or it is of no use."""
        try:
            secret = self._read_secret(PREVIOUS)
            return self._known(secret.version_id) or self._open(secret)
        except (SetupError, SecretsUnavailableError):
            return None
        finally:
            self._previous_read_at = self._monotonic()

    def _keep(
        self,
        current: _Version | SetupError | SecretsUnavailableError | None,
        fallback: _Version | None = None,
    ) -> None:
        """Keep these versions and drop all others."""
        before = self._versions()
        self._current, self._fallback = current, fallback
        self._replaced += [version.access.client for version in before if version not in self._versions()]

    def _open(self, secret: Secret) -> _Version:
        client = self._connect(read_credentials(secret.text))
        return _Version(Access(client, secret.version_id, mark_key_of(secret.text)))


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
    except InvalidArgument as error:
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
    except InvalidArgument as error:
        return _in_secret(error)
    return None


def _in_secret(error: InvalidArgument) -> str:
    """Name the secret's member in place of the client's parameter: `clientId` of `client_id`."""
    first, *others = error.parameter.split("_")
    return f"secret.{first}{''.join(map(str.capitalize, others))}: {error.problem}"
