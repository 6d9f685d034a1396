"""Makes the client for the marketplace that the settings name."""

from typing import Final

from shared.credentials import SetupError
from shared.edges import Edges
from shared.settings import Settings
from walmart_ca import AsyncClient, Credentials, InvalidArgument

_SETTINGS: Final = {"base_url": "MARKETPLACE_URL", "service_name": "MARKETPLACE_SERVICE_NAME"}
"""The setting that the client has under another name."""


def connect(
    credentials: Credentials, *, settings: Settings, max_concurrency: int, edges: Edges
) -> AsyncClient:
    """Make a client; nothing is opened before its first call.

    Args:
        credentials: Who calls.
        settings: From the environment.
        max_concurrency: How many calls run side by side.
        edges: Of the execution environment.

    Raises:
        SetupError: The URL or the service name is unusable.
    """
    try:
        return AsyncClient(
            credentials,
            base_url=settings.marketplace_url,
            service_name=settings.marketplace_service_name,
            max_concurrency=max_concurrency,
            executor=edges.executor(max_concurrency, "walmart-ca"),
            transport=edges.transport(settings.marketplace_url) if edges.transport else None,
            clock=edges.clock,
            monotonic=edges.monotonic,
        )
    except InvalidArgument as error:
        setting = _SETTINGS.get(error.parameter, error.parameter)
        raise SetupError(f"{setting} {error.problem}") from None
