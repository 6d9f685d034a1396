"""A stand-in for the credentials, for tests of what calls with them."""

from shared.walmart.client_provider import CredentialsPaused, NoClient, ProvidedClient

_PAUSED = CredentialsPaused()


class Accesses:
    """Offers accesses in their order, each until another one is asked for, and remembers what it is told.

    Attributes:
        told: What it was told of which version of the secret.
        a_403_concerns_all: What it answers when it is told of a 403.
    """

    def __init__(self, *accesses: ProvidedClient, otherwise: NoClient = _PAUSED) -> None:
        """Offer these, and when none is left the reason why."""
        self.told: list[str] = []
        self.a_403_concerns_all = True
        self._accesses = list(accesses)
        self._otherwise = otherwise

    def lose(self) -> None:
        """Have none any more."""
        self._accesses.clear()

    def peek(self) -> ProvidedClient | NoClient:
        return self._accesses[0] if self._accesses else self._otherwise

    def get(self) -> ProvidedClient | NoClient:
        return self.peek()

    def report_refused(self, access: ProvidedClient) -> None:
        self.told.append(f"refused {access.secret_version_id}")

    def get_alternative(self, refused: ProvidedClient) -> ProvidedClient | None:
        while self._accesses and self._accesses.pop(0) != refused:
            pass
        return self._accesses[0] if self._accesses else None

    def report_accepted(self, access: ProvidedClient) -> None:
        self.told.append(f"accepted {access.secret_version_id}")

    def report_forbidden(self, access: ProvidedClient, purchase_order_id: str | None) -> bool:
        self.told.append(f"forbidden {access.secret_version_id} {purchase_order_id}")
        return self.a_403_concerns_all

    def report_unknown_path(self) -> None:
        self.told.append("path unknown")
