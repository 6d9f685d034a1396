"""Puts off making what an invocation may never need."""

import threading
from collections.abc import Callable
from typing import Protocol


class Closeable(Protocol):
    """Something with connections, which it opens again when it is used again."""

    def close(self) -> None:
        """Close the connections."""


class WhenNeeded:
    """Stands for something that is made when one of its members is first asked for.

    Made once, whichever thread asks first: making two clients of AWS at a time is not safe.
    """

    def __init__(self, make: Callable[[], Closeable]) -> None:
        """Stand for what `make` makes. What it raises, whoever asked gets; the next to ask tries again."""
        self._make = make
        self._made: Closeable | None = None
        self._making = threading.Lock()

    def __getattr__(self, name: str) -> object:
        """Return a member of what this stands for."""
        with self._making:
            if self._made is None:
                self._made = self._make()
        return getattr(self._made, name)

    def close(self) -> None:
        """Close what was made; nothing is made for it."""
        if self._made is not None:
            self._made.close()
