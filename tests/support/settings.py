"""The environment variables of both functions, with usable values."""

from typing import Final

_SHARED: Final = {
    "POWERTOOLS_SERVICE_NAME": "walmart-order-acknowledgement",
    "CREDENTIALS_SECRET_ARN": "secret",
    "MARKETPLACE_URL": "https://marketplace.example",
    "MARKETPLACE_SERVICE_NAME": "Walmart Marketplace",
    "ORDER_QUEUE_URL": "order-queue",
    "REQUESTS_PER_MINUTE": "60",
}
ACKNOWLEDGE: Final = _SHARED | {
    "DEAD_LETTER_QUEUE_URL": "dead-letter-queue",
    "MAXIMUM_CONCURRENCY": "2",
    "BACKOFF_BASE_SECONDS": "30",
    "BACKOFF_CAP_SECONDS": "600",
    "CREDENTIALS_HOLD_SECONDS": "300",
    "SWEEP_ENABLED": "true",
    "OUTCOME_EVENTS": "none",
    "EVENT_BUS_NAME": "default",
    "NOTIFICATIONS_TABLE": "notifications",
}
SWEEP: Final = _SHARED | {
    "EVENT_BUS_NAME": "default",
    "ORDER_EVENT_SOURCE": "walmart.ca.orders",
    "ORDER_EVENT_DETAIL_TYPE": "Order Created",
    "SWEEP_INTERVAL_MINUTES": "15",
}
