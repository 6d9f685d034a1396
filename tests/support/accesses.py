"""A stand-in for the credentials, for tests of what calls with them."""

from shared.credentials import Access, CredentialsPaused, NoAccess

_PAUSED = CredentialsPaused()


class Accesses:
    """Offers accesses in their order, each until another one is asked for, and remembers what it is told.

    Attributes:
        told: What it was told of which version of the secret.
        a_403_concerns_all: What it answers when it is told of a 403.
    """

    def __init__(self, *accesses: Access, otherwise: NoAccess = _PAUSED) -> None:
        """Offer these, and when none is left the reason why."""
        self.told: list[str] = []
        self.a_403_concerns_all = True
        self._accesses = list(accesses)
        self._otherwise = otherwise

    def lose(self) -> None:
        """Have none any more."""
        self._accesses.clear()

    def peek(self) -> Access | NoAccess:
        return self._accesses[0] if self._accesses else self._otherwise

    def current(self) -> Access | NoAccess:
        return self.peek()

    def refused(self, access: Access) -> None:
        self.told.append(f"refused {access.secret_version_id}")

    def another(self, refused: Access) -> Access | None:
        while self._accesses and self._accesses.pop(0) != refused:
            pass
        return self._accesses[0] if self._accesses else None

    def accepted(self, access: Access) -> None:
        self.told.append(f"accepted {access.secret_version_id}")

    def forbidden(self, access: Access, purchase_order_id: str | None) -> bool:
        self.told.append(f"forbidden {access.secret_version_id} {purchase_order_id}")
        return self.a_403_concerns_all

    def path_unknown(self) -> None:
        self.told.append("path unknown")
