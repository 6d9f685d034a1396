"""A client of an AWS service that is made when it is needed: most invocations need only some."""

import threading
from collections.abc import Callable
from typing import Protocol


class _Closable(Protocol):
    def close(self) -> None: ...


class LazyClient[Client: _Closable]:
    """Makes a client on first use, and returns the same one from then on."""

    _connecting = threading.Lock()
    """For all clients, because a session of boto3 cannot make two at the same time."""

    def __init__(self, connect: Callable[[], Client]) -> None:
        """Make the client with `connect`."""
        self._connect = connect
        self._client: Client | None = None

    def get(self) -> Client:
        """Return the client."""
        with self._connecting:
            if self._client is None:
                self._client = self._connect()
            return self._client

    def close(self) -> None:
        """Close the connections, if there are any; the next call opens new ones."""
        if self._client is not None:
            self._client.close()
