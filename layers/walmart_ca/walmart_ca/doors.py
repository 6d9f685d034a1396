"""Walmart's ways in. Credentials open one for a client, and the client calls through it.

The digital signature goes with `/v3/ca/orders`, a token with the Global API's `/v3/orders`. What is called
there, what comes back and what can go wrong is the same.
"""

from collections.abc import Mapping
from typing import Protocol

from .answers import Answer
from .calls import Call, Request


class Channel(Protocol):
    """What a door may do through its client: make calls of its own to the same host."""

    def build(
        self, method: str, url: str, headers: Mapping[str, str], *, content_type: str, body: bytes
    ) -> Request:
        """Build a call with a fresh correlation id."""

    def url(self, path: str) -> str:
        """Return the URL of a path on the client's host."""

    def now(self) -> float:
        """Return the time, in epoch seconds."""

    def monotonic(self) -> float:
        """Return seconds since some moment, by a clock that nobody can set."""

    def send(self, request: Request, *, timeout: float) -> tuple[Answer, Call]:
        """Send a call, once. See `Client.send`."""


class Door(Protocol):
    """A way in, open for one client. Threads may share it."""

    @property
    def orders_path(self) -> str:
        """Where the orders lie below the host, without a slash at the end."""

    def headers(self, method: str, url: str, timeout: float) -> Mapping[str, str]:
        """Make the headers that authorise one call.

        Args:
            method: Upper case.
            url: The full URL, byte for byte as it will be sent.
            timeout: Seconds that getting them may take.

        Raises:
            WalmartError: They could not be got; nothing was sent of the call itself.
        """

    def renew(self, refused: Request) -> bool:
        """Tell whether a call that was refused may pass with headers made anew."""


class Credentials(Protocol):
    """Who calls. Their kind decides the door."""

    def open_door(self, channel: Channel) -> Door:
        """Open the door for one client; nothing is sent yet."""

    def check(self) -> None:
        """Check the credentials more thoroughly than using them needs; nothing is sent.

        Raises:
            ValueError: They are unusable. The text names what is, and does not show it.
        """
