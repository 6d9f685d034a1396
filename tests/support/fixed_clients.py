"""A stand-in for the credentials, for tests of what calls with them."""

from shared.walmart.client_provider import ClientProvider, CredentialsPaused, NoClient, ProvidedClient

_PAUSED = CredentialsPaused()


class FixedClients(ClientProvider):
    """Offers accesses in their order, each until another one is asked for, and remembers what it is told.

    Attributes:
        told: What it was told of which version of the secret.
        a_403_concerns_all: What it answers when it is told of a 403.
    """

    def __init__(self, *clients: ProvidedClient, otherwise: NoClient = _PAUSED) -> None:
        """Offer these, and when none is left the reason why."""
        # Everything that would read a secret is replaced, so the base class is not initialized.
        self.reports: list[str] = []
        self.forbidden_concerns_all_calls = True
        self._clients = list(clients)
        self._otherwise = otherwise

    def remove_all(self) -> None:
        """Have none any more."""
        self._clients.clear()

    def peek(self) -> ProvidedClient | NoClient:
        return self._clients[0] if self._clients else self._otherwise

    def get(self) -> ProvidedClient | NoClient:
        return self.peek()

    def report_refused(self, client: ProvidedClient) -> None:
        self.reports.append(f"refused {client.secret_version_id}")

    def get_alternative(self, refused: ProvidedClient) -> ProvidedClient | None:
        while self._clients and self._clients.pop(0) != refused:
            pass
        return self._clients[0] if self._clients else None

    def report_accepted(self, client: ProvidedClient) -> None:
        self.reports.append(f"accepted {client.secret_version_id}")

    def report_forbidden(self, client: ProvidedClient, purchase_order_id: str | None) -> bool:
        self.reports.append(f"forbidden {client.secret_version_id} {purchase_order_id}")
        return self.forbidden_concerns_all_calls

    def report_unknown_path(self) -> None:
        self.reports.append("path unknown")
