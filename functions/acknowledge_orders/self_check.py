"""The self-check: checks whether an order could be acknowledged now, without changing any."""

from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from http import HTTPStatus
from typing import Final

from acknowledge_orders.records import CHECKS, SelfCheckRecord
from shared.walmart.caller import CLOCK_MAY_DIFFER_S, clock_ahead_s, is_unknown_path, try_list_of_all_orders
from shared.walmart.credentials import (
    Secret,
    SecretsUnavailableError,
    SetupError,
    check_credentials,
    read_credentials,
)
from walmart_ca import (
    AsyncClient,
    CallInfo,
    Credentials,
    CredentialsRefused,
    Misconfigured,
    NotSent,
    OrderPage,
    OrderRejected,
    OutcomeUnknown,
    SignatureCredentials,
    TokenCredentials,
    Unavailable,
    WalmartError,
)

CALL_TIMEOUT_S: Final = 20.0
_A_LITTLE: Final = timedelta(minutes=1)


def asks_for_self_check(event: object) -> bool:
    """Return whether a direct invocation asks for the self-check: `{"detail": {"selfCheck": true}}`."""
    detail = event.get("detail") if isinstance(event, dict) else None
    return isinstance(detail, dict) and detail.get("selfCheck") is True


class _FailedError(Exception):
    """A check failed."""

    def __init__(self, check: str, reason: str, what_to_do: str) -> None:
        super().__init__(check, reason, what_to_do)
        self.check = check
        self.reason = reason
        self.what_to_do = what_to_do


class SelfCheck:
    """Checks what an acknowledgement needs, in that order, and stops at the first failure."""

    def __init__(
        self,
        *,
        read_secret: Callable[[], Secret],
        connect: Callable[[Credentials], AsyncClient],
        record: Callable[[SelfCheckRecord], None],
        now: Callable[[], datetime],
    ) -> None:
        """Check through the given parts.

        Args:
            read_secret: Reads the current version, now; may raise `SetupError` and `SecretsUnavailableError`.
            connect: Makes a client; may raise `SetupError`.
            record: Logs the record.
            now: Returns the time, aware.
        """
        self._read_secret = read_secret
        self._connect = connect
        self._record = record
        self._now = now

    async def run(self) -> SelfCheckRecord:
        """Check everything. The call to Walmart asks for the orders of the last minute, as a sweep does."""
        secret: Secret | None = None
        call: CallInfo | None = None
        ahead_s: float | None = None
        failed: _FailedError | None = None
        try:
            secret = self._secret()
            credentials, client = self._client(secret)
            result = await self._ask(client)
            call, ahead_s = result.call, clock_ahead_s(self._now(), result.call)
            _check_host(result)
            _check_clock(ahead_s)
            _check_credentials(result, credentials)
        except _FailedError as error:
            failed = error
        record = SelfCheckRecord(
            self_check="failed" if failed else "passed",
            failed=failed.check if failed else None,
            reason=failed.reason if failed else None,
            what_to_do=failed.what_to_do if failed else None,
            checks=_checks(failed.check if failed else None),
            http_status=call.status if call else None,
            correlation_id=call.correlation_id if call else None,
            clock_ahead_s=ahead_s,
            secret_version_id=secret.version_id if secret else None,
        )
        self._record(record)
        return record

    def _secret(self) -> Secret:
        try:
            return self._read_secret()
        except SetupError as error:
            raise _FailedError("secret_readable", str(error), "Correct what the reason names.") from error
        except SecretsUnavailableError as error:
            what_to_do = "Secrets Manager did not answer: wait a minute and run the self-check again."
            raise _FailedError("secret_readable", str(error), what_to_do) from error

    def _client(self, secret: Secret) -> tuple[Credentials, AsyncClient]:
        try:
            credentials = read_credentials(secret.text)
            check_credentials(credentials)
        except SetupError as error:
            what_to_do = (
                "Store the secret again, with the values as Walmart's Developer Portal (access token) or"
                " Developer Center (digital signature) shows them."
            )
            raise _FailedError("credentials_usable", str(error), what_to_do) from error
        try:
            return credentials, self._connect(credentials)
        except SetupError as error:
            what_to_do = "Deploy again with the parameter corrected."
            raise _FailedError("settings_usable", str(error), what_to_do) from error

    async def _ask(self, client: AsyncClient) -> OrderPage | WalmartError:
        since = self._now() - _A_LITTLE
        try:
            result = await self._list(client.orders.released_page, since)
            if try_list_of_all_orders(result):
                other = await self._list(client.orders.created_page, since)
                result = result if is_unknown_path(other) else other
            return result
        finally:
            await client.aclose()

    async def _list(
        self, page: Callable[..., Awaitable[OrderPage]], since: datetime
    ) -> OrderPage | WalmartError:
        try:
            return await page(created_start_date=since, limit=1, timeout=CALL_TIMEOUT_S)
        except WalmartError as error:
            return error


def _check_host(result: OrderPage | WalmartError) -> None:
    if isinstance(result, NotSent):
        what_to_do = "Check MarketplaceUrl, and that no VPC or proxy keeps the function from reaching it."
        raise _FailedError("host_reachable", result.reason, what_to_do)
    if isinstance(result, OutcomeUnknown) and result.status is None:
        raise _FailedError(
            "host_reachable",
            result.reason,
            "The host received the call and did not answer: run the self-check again.",
        )
    if isinstance(result, Unavailable) and result.status == HTTPStatus.FORBIDDEN:
        what_to_do = (
            "A firewall between this function and Walmart's gateway blocks the calls. It did not check the"
            " credentials: keep them. Run the self-check again later. If it fails again, check"
            " MarketplaceUrl, send calls from another address, or give Walmart's support the correlation id."
        )
        raise _FailedError("host_reachable", result.reason, what_to_do)


def _check_clock(ahead_s: float | None) -> None:
    if ahead_s is None or abs(ahead_s) <= CLOCK_MAY_DIFFER_S:
        return
    side = "ahead of" if ahead_s > 0 else "behind"
    raise _FailedError(
        "clock_right",
        f"{abs(ahead_s):.0f} s {side} Walmart's",
        "Set the clock of this machine: signatures and the expiry of tokens depend on it.",
    )


def _check_credentials(result: OrderPage | WalmartError, credentials: Credentials) -> None:
    # If the order service rejects the request itself, the credentials were accepted.
    if isinstance(result, OrderPage | OrderRejected):
        return
    if isinstance(result, CredentialsRefused):
        what_to_do = _about_refusal(result, credentials)
    elif isinstance(result, Misconfigured):
        what_to_do = _about_settings(result, credentials)
    else:
        what_to_do = "Walmart has a problem and did not validate the credentials: check again later."
    raise _FailedError("credentials_accepted", result.reason, what_to_do)


def _about_refusal(refused: CredentialsRefused, credentials: Credentials) -> str:
    client = credentials if isinstance(credentials, TokenCredentials) else None
    if client and refused.status == HTTPStatus.FORBIDDEN and client.channel_type is None:
        return (
            "Walmart knows the client and does not allow its call. The secret has no channelType: add that"
            " member with the value from Walmart's Developer Portal. If that does not help, ask Walmart to"
            " give this client access to orders."
        )
    what_to_do = (
        "The secret is well formed and the clock is right, so Walmart has other values: compare consumerId"
        " and channelType, or clientId, with its Developer Center or Developer Portal, and store the private"
        " key, or the client secret, that was created last."
    )
    also = " Check the member market, too: a client id of another market is refused in the same way."
    return what_to_do + (also if client else "")


def _about_settings(wrong: Misconfigured, credentials: Credentials) -> str:
    blamed = ", ".join(sorted({entry.field for entry in wrong.entries if entry.field}))
    if blamed:
        return (
            f"Walmart rejects {blamed}: check channelType, market and globalVersion in the secret, and"
            " MarketplaceServiceName."
        )
    check_url = (
        "Check MarketplaceUrl: this host does not serve Walmart's API for Canada at the expected path."
    )
    if wrong.status == HTTPStatus.NOT_FOUND and isinstance(credentials, SignatureCredentials):
        return (
            f"{check_url} If it is Walmart's host, Walmart has withdrawn the API for the digital signature"
            " (/v3/ca): move to tokens. Create a client id and a client secret in Walmart's Developer"
            ' Portal, and store {"clientId": "...", "clientSecret": "..."} as the new value of the secret.'
            " Until then, orders stay in the queue."
        )
    return check_url


def _checks(failed: str | None) -> dict[str, str]:
    """Return the result of each check."""
    reached = CHECKS.index(failed) if failed else len(CHECKS)
    return {
        check: "passed" if place < reached else "failed" if place == reached else "not reached"
        for place, check in enumerate(CHECKS)
    }
