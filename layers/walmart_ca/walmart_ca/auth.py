"""The interface of an authentication scheme; `signature` and `tokens` implement the two of Walmart.

The digital signature belongs to the API below `/v3/ca/orders`, an access token to the Global API below
`/v3/orders`. Both APIs have the same calls and the same responses.
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
        """Return the headers that authenticate one request.

        Args:
            method: The HTTP method in upper case.
            url: The full URL, byte for byte as it is sent.
            timeout: Seconds that this may take.

        Raises:
            WalmartError: The access token that the request needs could not be fetched; the request itself
                was not sent.
        """

    def refresh(self, refused: Request) -> bool:
        """Return whether a refused request may be accepted with new headers."""


class Credentials(Protocol):
    """A seller's credentials. Their class selects the authentication scheme."""

    def auth(self, session: Session) -> Auth:
        """Return the authentication of one session's requests; nothing is sent yet."""

    def check(self) -> None:
        """Check the credentials more thoroughly than the constructor does; nothing is sent.

        Raises:
            InvalidArgument: They cannot be used.
        """
