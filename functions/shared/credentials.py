"""The seller's credentials: read from a secret, cached, and turned into a marketplace client."""

import json
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final

from walmart_ca import AsyncClient, Credentials, SignatureCredentials

CACHE_SECONDS: Final = 300.0
"""How long a secret that was read is used without asking again."""
FAILURE_SECONDS: Final = 10.0
"""How long a failure to read it stands: the orders of one batch do not ask one after the other."""


class SetupError(Exception):
    """Somebody has to correct the secret or a setting; the text names which and shows no value."""


class SecretsUnavailableError(Exception):
    """Secrets Manager did not answer; the text is one word that says how."""


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
    """A marketplace client, and the version of the secret that it signs with."""

    client: AsyncClient
    secret_version_id: str


class MarketplaceAccess:
    """The marketplace client of the moment: one for each version of the secret, made when first needed.

    Threads may share it. Reading the secret blocks: no order could go on without it.
    """

    def __init__(
        self,
        read_secret: Callable[[], Secret],
        connect: Callable[[Credentials], AsyncClient],
        clock: Callable[[], float],
    ) -> None:
        """Keep what `connect` makes of what `read_secret` reads; `clock` is in seconds.

        Both may raise `SetupError`, and `read_secret` `SecretsUnavailableError`.
        """
        self._read_secret = read_secret
        self._connect = connect
        self._clock = clock
        self._lock = threading.Lock()
        self._known: Access | SetupError | SecretsUnavailableError | None = None
        self._good_until = 0.0

    def current(self) -> Access | SetupError | SecretsUnavailableError:
        """Return the client to use now, or why there is none: an order then has to wait for it."""
        with self._lock:
            now = self._clock()
            if self._known is None or now >= self._good_until:
                self._known = self._renew()
                known_for = CACHE_SECONDS if isinstance(self._known, Access) else FAILURE_SECONDS
                self._good_until = now + known_for
            return self._known

    def _renew(self) -> Access | SetupError | SecretsUnavailableError:
        try:
            secret = self._read_secret()
            if isinstance(self._known, Access) and self._known.secret_version_id == secret.version_id:
                return self._known
            return Access(self._connect(read_credentials(secret.text)), secret.version_id)
        except (SetupError, SecretsUnavailableError) as error:
            return error


def read_credentials(secret: str) -> Credentials:
    """Read the secret's text: `{"consumerId": …, "channelType": …, "privateKey": …}`.

    Raises:
        SetupError: It is not JSON, lacks a member, or one is unusable. The text names the member and
            shows no value.
    """
    try:
        members = json.loads(secret)
    except (ValueError, RecursionError):
        # `from None`: the parser's message quotes what it read.
        raise SetupError("secret: must be JSON") from None
    if not isinstance(members, dict):
        raise SetupError("secret: must be a JSON object")
    for name in ("consumerId", "channelType", "privateKey"):
        if not isinstance(members.get(name), str) or not members[name].strip():
            raise SetupError(f"secret.{name}: missing")
    try:
        return SignatureCredentials(
            consumer_id=members["consumerId"],
            channel_type=members["channelType"],
            private_key=members["privateKey"],
        )
    except ValueError as error:
        parameter, _, problem = str(error).partition(" ")
        first, _, second = parameter.partition("_")
        raise SetupError(f"secret.{first}{second.capitalize()}: {problem}") from None
