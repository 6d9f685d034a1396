"""Makes the client for the marketplace that the settings name."""

from shared.credentials import SetupError
from shared.edges import Edges
from shared.settings import Settings
from walmart_ca import AsyncClient, Credentials


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
    except ValueError as error:
        # The client names its own parameter; the operator knows the setting.
        problem = str(error).replace("base_url", "MARKETPLACE_URL")
        raise SetupError(problem.replace("service_name", "MARKETPLACE_SERVICE_NAME")) from None
