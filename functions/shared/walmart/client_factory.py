"""Makes the client for the host that the settings name."""

from typing import Final

from shared.runtime import Runtime
from shared.settings import Settings
from shared.walmart.credentials import SetupError
from walmart_ca import AsyncClient, Credentials, InvalidArgument

_SETTINGS: Final = {"base_url": "MARKETPLACE_URL", "service_name": "MARKETPLACE_SERVICE_NAME"}
"""The setting of each client parameter that has another name."""


def connect(
    credentials: Credentials, *, settings: Settings, max_concurrency: int, runtime: Runtime
) -> AsyncClient:
    """Make a client; nothing is opened before its first call.

    Args:
        credentials: The seller's.
        settings: From the environment.
        max_concurrency: How many calls run at the same time.
        runtime: The side effects of the execution environment.

    Raises:
        SetupError: The URL or the service name is unusable.
    """
    try:
        return AsyncClient(
            credentials,
            base_url=settings.marketplace_url,
            service_name=settings.marketplace_service_name,
            max_concurrency=max_concurrency,
            executor=runtime.executor(max_concurrency, "walmart-ca"),
            transport=runtime.transport(settings.marketplace_url) if runtime.transport else None,
            clock=runtime.clock,
            monotonic=runtime.monotonic,
        )
    except InvalidArgument as error:
        setting = _SETTINGS.get(error.parameter, error.parameter)
        raise SetupError(f"{setting} {error.problem}") from None
