"""Access tokens, which expire."""

import math
import secrets
import threading
from collections.abc import Callable

TOKEN_ACTION = "token"
"""The action, in the call log, of a request for a token."""
SECONDS = 900
"""How long a token is valid."""
_RANDOM_BYTES = 600  # 800 characters: Walmart's tokens have hundreds


class Tokens:
    """Every token that was issued. A new token does not invalidate the earlier ones."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self._lock = threading.Lock()
        self._valid_until: dict[str, float] = {}

    @property
    def issued(self) -> int:
        return len(self._valid_until)

    def issue(self) -> str:
        token = secrets.token_urlsafe(_RANDOM_BYTES)
        with self._lock:
            self._valid_until[token] = self._clock() + SECONDS
        return token

    def expire(self) -> None:
        """Expire every token that was issued until now, whatever the clock says."""
        with self._lock:
            self._valid_until = dict.fromkeys(self._valid_until, -math.inf)

    def valid_until(self, token: str) -> float | None:
        return self._valid_until.get(token)
