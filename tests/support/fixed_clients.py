"""A client provider for tests, with a fixed list of clients."""

from shared.walmart.client_provider import ClientProvider, CredentialsPaused, NoClient, ProvidedClient

_PAUSED = CredentialsPaused()


class FixedClients(ClientProvider):
    """Provides the first of its clients until an alternative is requested, and records the reports.

    Attributes:
        reports: The reports, each with the secret version that it is about.
        forbidden_concerns_all_calls: The return value of `report_forbidden`.
    """

    def __init__(self, *clients: ProvidedClient, otherwise: NoClient = _PAUSED) -> None:
        """Provide these clients, and `otherwise` when none is left."""
        # The base class is not initialized: no method of it that reads a secret is left.
        self.reports: list[str] = []
        self.forbidden_concerns_all_calls = True
        self._clients = list(clients)
        self._otherwise = otherwise

    def remove_all(self) -> None:
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
