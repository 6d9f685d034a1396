"""Chooses the version of the secret, and provides the client for each call."""

import math
from collections.abc import Callable
from enum import Enum, auto
from typing import Final, NamedTuple

from shared.metrics import Metric
from shared.walmart.credentials import (
    CURRENT,
    PREVIOUS,
    Secret,
    SecretsUnavailableError,
    SetupError,
    read_credentials,
)
from walmart_ca import AsyncClient, Credentials

CACHE_SECONDS: Final = 300.0
"""Seconds for which a secret that was read is used."""
FAILURE_SECONDS: Final = 10.0
"""Seconds for which a failure to read it is reported without a new attempt."""
REFUSED_SECONDS: Final = 30.0
"""Seconds for which refused credentials are not used. Then the secret is read again for one order."""
ACCEPTED_SECONDS: Final = 900.0
"""Seconds after an accepted call in which a 403 to another call concerns that order alone."""
FORBIDDEN_ORDERS: Final = 3
"""Different orders with a 403, without an accepted call, after which the 403 concerns every order."""


class CredentialsPaused:
    """Walmart just refused all available credentials: no call is made with them for now."""


class ProvidedClient(NamedTuple):
    """A client, and the version of the secret that it authenticates with, chosen for one call.

    Attributes:
        client: The client.
        secret_version_id: Secrets Manager's id of the version.
        is_fallback: The previous version was chosen, because the current one was refused.
        is_repeat: A refusal of this call refuses the version: the call repeats a refused one.
    """

    client: AsyncClient
    secret_version_id: str
    is_fallback: bool = False
    is_repeat: bool = False


type NoClient = SetupError | SecretsUnavailableError | CredentialsPaused


class _Standing(Enum):
    """What Walmart's responses show about a version of the secret."""

    UNTRIED = auto()
    """No call was accepted yet, and the version is not refused."""
    GOOD = auto()
    """A call was accepted, and the version was not refused since."""
    REFUSED = auto()
    """A call and its repeat were refused; or one call of a version that was never good, while another is."""


class _Version:
    """One version of the secret, and what is known of it. Times are monotonic.

    Attributes:
        provided: Its client, as it is handed out.
        mark_key: What the sweep signs its events with; derived from the secret, and never printed.
        standing: What Walmart's responses show about it.
        is_doubted: A call was refused after the last accepted one. That may be an accident.
        blocked_until: After a refusal, no call is made with it until then.
        accepted_at: When a call was last accepted.
        forbidden: The orders that got a 403 since then; `FORBIDDEN_ORDERS` at most.
    """

    def __init__(self, provided: ProvidedClient, mark_key: bytes) -> None:
        self.provided = provided
        self.mark_key = mark_key
        self.standing = _Standing.UNTRIED
        self.is_doubted = False
        self.blocked_until = -math.inf
        self.accepted_at = -math.inf
        self.forbidden: set[str] = set()

    @property
    def is_good(self) -> bool:
        """Whether it can serve as the fallback."""
        return self.standing is _Standing.GOOD

    def is_usable(self, now: float) -> bool:
        """Return whether a call may be made with it."""
        return self.standing is not _Standing.REFUSED or now >= self.blocked_until

    def is_due_for_a_try(self, now: float) -> bool:
        """Return whether it was refused, and blocked for long enough."""
        return self.standing is _Standing.REFUSED and now >= self.blocked_until

    def hand_out(self, now: float, *, is_fallback: bool, is_repeat: bool) -> ProvidedClient:
        """Return its client for one call. If it was refused, block it for the other calls."""
        if self.standing is _Standing.REFUSED:
            self.blocked_until = now + REFUSED_SECONDS
        return self.provided._replace(is_fallback=is_fallback, is_repeat=is_repeat)

    def record_accepted(self, now: float) -> None:
        """Record that a call was accepted."""
        self.standing, self.is_doubted, self.accepted_at = _Standing.GOOD, False, now
        self.forbidden.clear()

    def record_refused(self, now: float, *, is_repeat: bool, is_replaceable: bool) -> None:
        """Record that a call was refused.

        When several orders are refused at the same time, each has its own repeat: that counts as one refusal.

        Args:
            now: Monotonic.
            is_repeat: The call repeated a refused one.
            is_replaceable: Another version is known to be good.
        """
        is_again = is_repeat and self.is_doubted
        is_worse = is_replaceable and not self.is_good
        if self.standing is _Standing.REFUSED or is_again or is_worse:
            self.standing, self.blocked_until = _Standing.REFUSED, now + REFUSED_SECONDS
        self.is_doubted = True

    def record_forbidden(self, now: float, purchase_order_id: str) -> bool:
        """Record that an order got a 403; return whether that concerns every order."""
        if len(self.forbidden) < FORBIDDEN_ORDERS:
            self.forbidden.add(purchase_order_id)
        return len(self.forbidden) >= FORBIDDEN_ORDERS and now - self.accepted_at > ACCEPTED_SECONDS

    def unblock(self, now: float) -> None:
        """Unblock it: the next order tries it at once."""
        self.blocked_until = min(self.blocked_until, now)


class ClientProvider:
    """Provides one client for each version of the secret, made when first needed.

    A rotation may change the secret or Walmart first. If the secret changes first, the previous version
    serves until Walmart follows. If Walmart changes first, orders wait, and the secret is read again. At most
    two versions are kept: the current one and the fallback. Reading the secret blocks the event loop, because
    no order can proceed without it. Not thread-safe.
    """

    def __init__(
        self,
        read_secret: Callable[[str], Secret],
        connect: Callable[[Credentials], AsyncClient],
        monotonic: Callable[[], float],
        count: Callable[[Metric], None],
    ) -> None:
        """Provide the clients that `connect` makes from the secret that `read_secret` reads.

        Args:
            read_secret: Reads the version with a staging label; may raise `SetupError` and
                `SecretsUnavailableError`.
            connect: May raise `SetupError`.
            monotonic: Seconds since an arbitrary moment, by a clock that cannot be set.
            count: Counts `StaleCredentials` when a version stays in use because the secret cannot be read or
                used, and `CredentialFallback` when the previous version serves.
        """
        self._read_secret = read_secret
        self._connect = connect
        self._monotonic = monotonic
        self._count = count
        self._current: _Version | SetupError | SecretsUnavailableError | None = None
        self._fallback: _Version | None = None
        self._replaced: list[AsyncClient] = []
        self._current_read_at = self._previous_read_at = self._read_again_at = -math.inf

    def peek(self) -> ProvidedClient | NoClient:
        """Return the client that `get` would return, or why there is none. Send no order with it."""
        selected = self._select()
        return selected.provided if isinstance(selected, _Version) else selected

    def get(self) -> ProvidedClient | NoClient:
        """Return the client for a call that is made now, or why there is none and the order has to wait.

        The first call after a refused version was blocked for long enough tries it. The version stays blocked
        for the other calls until the result is known.
        """
        selected = self._select()
        return self._hand_out(selected) if isinstance(selected, _Version) else selected

    def report_refused(self, client: ProvidedClient) -> None:
        """Record that Walmart refused a call of this version."""
        if version := self._known(client.secret_version_id):
            version.record_refused(
                self._monotonic(),
                is_repeat=client.is_repeat,
                is_replaceable=self._is_replaceable(version),
            )

    def get_alternative(self, refused: ProvidedClient) -> ProvidedClient | None:
        """Return the client to repeat a refused call with, now, or None when there is none.

        That is the current version, which is read again unless it was just read; or the same version once
        more, because a single refusal may be an accident and the repeat has a new signature; or the previous
        version.
        """
        now = self._monotonic()
        if now - self._current_read_at >= REFUSED_SECONDS:
            self._read_current()
        same = self._known(refused.secret_version_id)
        is_over = same and (refused.is_repeat or same.standing is _Standing.REFUSED)
        usable = self._first_usable(but=same if is_over else None)
        if usable is None:
            return None
        return self._hand_out(usable, is_repeat=usable is same or usable.is_doubted)

    def report_accepted(self, client: ProvidedClient) -> None:
        """Record that Walmart accepted a call of this version."""
        if version := self._known(client.secret_version_id):
            version.record_accepted(self._monotonic())
        if client.is_fallback:
            self._count(Metric.CREDENTIAL_FALLBACK)

    def report_forbidden(self, client: ProvidedClient, purchase_order_id: str | None) -> bool:
        """Record a 403, and return whether it concerns every order: then the version is refused.

        A 403 to a list concerns every order. Otherwise it concerns one order alone while the version is known
        to be good, or while too few orders got a 403 to decide. If no other version can replace it, the next
        order tries the version at once, one order at a time, so that an accepted call can clear it.

        Args:
            client: What the call was sent with.
            purchase_order_id: The order that the call was about, or None for a list.
        """
        now, version = self._monotonic(), self._known(client.secret_version_id)
        if purchase_order_id is None or version is None:
            self.report_refused(client)
            return True
        concerns_all = version.record_forbidden(now, purchase_order_id)
        if concerns_all:
            self.report_refused(client)
        if not self._is_replaceable(version):
            version.unblock(now)
        return concerns_all

    def report_unknown_path(self) -> None:
        """Record that Walmart does not serve a path: the seller may have moved to access tokens.

        The secret is read again soon. Until then nothing changes, because one odd order may be the cause.
        """
        self._read_again_at = min(self._read_again_at, self._current_read_at + REFUSED_SECONDS)

    def mark_keys(self) -> tuple[bytes, ...]:
        """Return the mark keys of the kept versions, the current one first. The secret is not read."""
        return tuple(version.mark_key for version in self._versions())

    async def close_replaced(self) -> None:
        """Close the clients of the versions that were dropped. No call may be in progress."""
        replaced, self._replaced = self._replaced, []
        for client in replaced:
            await client.aclose(wait=False)

    def _versions(self) -> list[_Version]:
        return [version for version in (self._current, self._fallback) if isinstance(version, _Version)]

    def _is_replaceable(self, version: _Version) -> bool:
        return any(other.is_good for other in self._versions() if other is not version)

    def _known(self, version_id: str) -> _Version | None:
        found = (each for each in self._versions() if each.provided.secret_version_id == version_id)
        return next(found, None)

    def _select(self) -> _Version | NoClient:
        now, current = self._monotonic(), self._current
        tries = isinstance(current, _Version) and current.is_due_for_a_try(now)
        if now >= self._read_again_at or (tries and now - self._current_read_at >= REFUSED_SECONDS):
            self._read_current()
        if isinstance(self._current, SetupError | SecretsUnavailableError):
            return self._current
        return self._first_usable() or CredentialsPaused()

    def _first_usable(self, but: _Version | None = None) -> _Version | None:
        """Return the first version that may be used; read AWSPREVIOUS when none is known to be good."""
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

    def _hand_out(self, version: _Version, *, is_repeat: bool = False) -> ProvidedClient:
        return version.hand_out(self._monotonic(), is_fallback=version is self._fallback, is_repeat=is_repeat)

    def _read_current(self) -> None:
        stands_s = FAILURE_SECONDS
        try:
            secret = self._read_secret(CURRENT)
        except SetupError as error:
            # The secret was deleted, or access to it removed, on purpose.
            self._keep(_to_keep(error))
        except SecretsUnavailableError as error:
            self._serve_stale(_to_keep(error))
        else:
            stands_s = self._take(secret)
        # Take the time after reading, which may take longer than `FAILURE_SECONDS`.
        self._current_read_at = self._monotonic()
        self._read_again_at = self._current_read_at + stands_s

    def _take(self, secret: Secret) -> float:
        """Make the version that was read the current one; return for how many seconds it is used."""
        known = self._current if isinstance(self._current, _Version) else None
        try:
            current = self._known(secret.version_id) or self._open(secret)
        except SetupError as error:
            # The new version has a mistake in it.
            mistake = _to_keep(error)
            if known is None and (previous := self._read_previous()):
                self._keep(previous)
            self._serve_stale(mistake)
            return FAILURE_SECONDS
        if current is not known:
            others = [version for version in self._versions() if version is not current]
            # A version that was refused, or never used, does not replace one that is known to be good.
            good = [version for version in others if version.is_good]
            self._keep(current, next(iter(good + others), None))
        return CACHE_SECONDS

    def _serve_stale(self, error: SetupError | SecretsUnavailableError) -> None:
        """Keep the version that is in use: an outage or a mistake must not stop the orders."""
        if isinstance(self._current, _Version):
            self._count(Metric.STALE_CREDENTIALS)
        else:
            self._current = error

    def _read_previous(self) -> _Version | None:
        """Read the previous version; return None when there is none, or it cannot be used."""
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
        self._replaced += [version.provided.client for version in before if version not in self._versions()]

    def _open(self, secret: Secret) -> _Version:
        client = self._connect(read_credentials(secret.text))
        return _Version(ProvidedClient(client, secret.version_id), secret.mark_key)


def _to_keep[E: Exception](error: E) -> E:
    """Remove the frames from an error: their variables hold the secret."""
    error.__cause__ = error.__context__ = None
    return error.with_traceback(None)
