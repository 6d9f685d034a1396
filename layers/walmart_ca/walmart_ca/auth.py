"""What an authentication scheme is. `signature` and `tokens` have the two that Walmart knows.

The digital signature goes with `/v3/ca/orders`, an access token with `/v3/orders` of the Global API. The same
calls can be made there, and the same responses come back.
"""

from collections.abc import Mapping
from typing import Protocol

from .messages import Request
from .session import Session


class Auth(Protocol):
    """Authenticates the requests of one client. Threads may share it."""

    @property
    def orders_path(self) -> str:
        """The path of the orders, without a slash at the end."""

    def headers(self, method: str, url: str, timeout: float) -> Mapping[str, str]:
        """Make the headers that authenticate one request.

        Args:
            method: Upper case.
            url: The full URL, byte for byte as it is sent.
            timeout: Seconds that this may take.

        Raises:
            WalmartError: No access token could be had; nothing was sent of the request itself.
        """

    def refresh(self, refused: Request) -> bool:
        """Return whether a refused request may pass with new headers."""


class Credentials(Protocol):
    """Who calls. Their kind decides the authentication scheme."""

    def auth(self, session: Session) -> Auth:
        """Return what authenticates the requests of one session; nothing is sent yet."""

    def check(self) -> None:
        """Check the credentials more thoroughly than using them needs; nothing is sent.

        Raises:
            InvalidArgument: They cannot be used.
        """
