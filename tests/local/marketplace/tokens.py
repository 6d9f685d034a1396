"""Access tokens: who has one may call for a while."""

import math
import secrets
import threading
from collections.abc import Callable

TOKEN_ACTION = "token"
"""What the ledger calls a call for a token."""
SECONDS = 900
"""How long a token is valid by the clock."""
_RANDOM_BYTES = 600  # Walmart's tokens have hundreds of characters, and these have eight hundred


class Tokens:
    """Every token that was issued. A new one takes nothing from those before it."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._valid_until: dict[str, float] = {}

    @property
    def issued(self) -> int:
        """How many there are, expired or not."""
        with self._lock:
            return len(self._valid_until)

    def issue(self) -> str:
        """Make a new token, which is nothing but random."""
        token = secrets.token_urlsafe(_RANDOM_BYTES)
        with self._lock:
            self._valid_until[token] = self._clock() + SECONDS
        return token

    def expire(self) -> None:
        """Let every token expire that was issued until now, whatever the clock says."""
        with self._lock:
            self._valid_until = dict.fromkeys(self._valid_until, -math.inf)

    def valid_until(self, token: str) -> float | None:
        """Give the time at which a token expires or expired, or None if it is no token."""
        with self._lock:
            return self._valid_until.get(token)
