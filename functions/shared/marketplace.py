"""Puts together what every function needs of the marketplace."""

from collections.abc import Callable
from typing import TYPE_CHECKING

from shared.credentials import MarketplaceAccess, SetupError
from shared.metrics import Metric
from shared.secrets_manager import SecretsManagerStore
from shared.settings import Settings
from walmart_ca import AsyncClient, Credentials

if TYPE_CHECKING:
    from mypy_boto3_secretsmanager import SecretsManagerClient


def connect(
    credentials: Credentials, settings: Settings, *, max_concurrency: int, clock: Callable[[], float]
) -> AsyncClient:
    """Make a client for the marketplace that the settings name.

    Raises:
        SetupError: The URL or the service name is unusable.
    """
    try:
        return AsyncClient(
            credentials,
            base_url=settings.marketplace_url,
            service_name=settings.marketplace_service_name,
            max_concurrency=max_concurrency,
            clock=clock,
        )
    except ValueError as error:
        # The client names its own parameter; the operator knows the setting.
        problem = str(error).replace("base_url", "MARKETPLACE_URL")
        raise SetupError(problem.replace("service_name", "MARKETPLACE_SERVICE_NAME")) from None


def marketplace_access(
    settings: Settings,
    secrets_manager: "SecretsManagerClient",
    *,
    max_concurrency: int,
    clock: Callable[[], float],
    count: Callable[[Metric], None],
) -> MarketplaceAccess:
    """Give access to the marketplace, with the credentials that the secret holds.

    Args:
        settings: From the environment.
        secrets_manager: Where the credentials are.
        max_concurrency: How many calls run side by side.
        clock: Epoch seconds.
        count: Counts a metric.
    """
    return MarketplaceAccess(
        SecretsManagerStore(secrets_manager, settings.credentials_secret_arn).read,
        lambda credentials: connect(credentials, settings, max_concurrency=max_concurrency, clock=clock),
        clock,
        count,
    )
