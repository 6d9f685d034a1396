"""The record of an attempt and the record of a self-check, which are logged and returned."""

from typing import Final, NamedTuple

CHECKS: Final = (
    "secret_readable",
    "credentials_usable",
    "settings_usable",
    "host_reachable",
    "clock_right",
    "credentials_accepted",
)
"""The checks of the self-check, in their order."""


class OutcomeRecord(NamedTuple):
    """One for each received message or direct invocation; unknown values are None.

    Attributes:
        purchase_order_id: The order.
        outcome: A value of `shared.orders.outcome.Outcome`.
        reason: More about the outcome.
        disposition: A value of `policy.Disposition`: what happened to the message.
        http_status: The status of the last call to Walmart.
        attempt: How often the message was received; 1 for a direct invocation.
        order_age_s: Seconds since the order's date, or since the event's time if it has no date.
        deadline_remaining_s: Seconds left of Walmart's four hours; negative when they are over.
        latency_ms: The duration of the last call to Walmart.
        correlation_id: The id of the last call to Walmart, or of the request that a dry run built.
        event_id: EventBridge's id of the order event.
        message_id: The queue's id of the message.
        origin: `queue`; `sweep` when the event claims that the sweep published it; `manual` for a direct
            invocation.
        secret_version_id: The version of the secret that authenticated the last call.
    """

    purchase_order_id: str | None
    outcome: str
    reason: str | None
    disposition: str
    http_status: int | None
    attempt: int
    order_age_s: float | None
    deadline_remaining_s: float | None
    latency_ms: float | None
    correlation_id: str | None
    event_id: str | None
    message_id: str | None
    origin: str
    secret_version_id: str | None

    def as_dict(self) -> dict[str, object]:
        """Return the record for JSON, with its members in this order."""
        return self._asdict()


class SelfCheckRecord(NamedTuple):
    """The result of a self-check; unknown values are None.

    Attributes:
        self_check: `passed` or `failed`.
        failed: The first of `CHECKS` that failed.
        reason: Why it failed, in one word or sentence.
        what_to_do: What to do about it, in sentences.
        checks: The result of each check: `passed`, `failed` or `not reached`.
        http_status: The status of the call to Walmart.
        correlation_id: The id of the call to Walmart.
        clock_ahead_s: How far this machine's clock is ahead of Walmart's; negative when behind.
        secret_version_id: The version of the secret that was checked.
    """

    self_check: str
    failed: str | None
    reason: str | None
    what_to_do: str | None
    checks: dict[str, str]
    http_status: int | None
    correlation_id: str | None
    clock_ahead_s: float | None
    secret_version_id: str | None

    def as_dict(self) -> dict[str, object]:
        """Return the record for JSON, with its members in this order."""
        return self._asdict()
