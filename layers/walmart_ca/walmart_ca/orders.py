"""The calls about purchase orders."""

import functools
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import Final, Required, TypedDict, Unpack

from .auth import Auth
from .classification import order_or_error, page_or_error
from .dates import write_instant
from .errors import CredentialsRefused, OutcomeUnknown, WalmartError
from .messages import CallInfo, Request
from .models import ALL, RELEASED, Order, OrderPage
from .responses import Response
from .session import Session
from .transport import MANY_ORDERS, ONE_ORDER, TOO_LARGE
from .validation import InvalidArgument, check_purchase_order_id

LARGEST_PAGE: Final = 200
"""The most orders on a page (the maximum of `limit` in Walmart's Canadian OpenAPI)."""

_QUERY: Final = r"[\x21\x22\x24-\x7e]{1,4096}"
"""A query that can be sent: visible ASCII, without the `#` that would end it."""
_PARAMETERS: Final = r"[^=&]+=[^=]|.*=.*&|.*&.*="
"""A cursor that is a query with named parameters. In Chile the cursor is a bare value, which may end in the
`=` of base64; sent as a query, it would request another list."""
_LIMIT: Final = r"(?<![^&])limit=\d+"
LIST_PATHS: Final = {RELEASED: "/released", ALL: ""}
"""The paths of Walmart's lists, relative to the path of the orders."""


class ListOptions(TypedDict, total=False):
    """Which orders to list, and how many on a page.

    Attributes:
        created_start_date: The earliest order date, an aware datetime. Walmart accepts whole seconds, so
            fractions are dropped.
        created_end_date: The latest order date, likewise; the current time when None or omitted.
        limit: Orders on a page, 1 to 200; 200 when omitted.
        ship_node_type: Who ships the orders: `SellerFulfilled`, `WFSFulfilled` or `3PLFulfilled`. When None
            or omitted, Walmart decides: with an access token it lists the orders that the seller ships.
    """

    created_start_date: Required[datetime]
    created_end_date: datetime | None
    limit: int
    ship_node_type: str | None


def released_query(
    *,
    created_start_date: datetime,
    created_end_date: datetime | None = None,
    limit: int = LARGEST_PAGE,
    ship_node_type: str | None = None,
) -> str:
    """Return the query of a first page, which has no character with two encodings.

    The start is optional in Walmart's OpenAPI of 2023 and required in that of 2025; a page without a limit
    has ten orders. `ListOptions` describes the arguments.

    Raises:
        InvalidArgument: An argument cannot be used.
    """
    _check_limit(limit)
    if ship_node_type is not None and not re.fullmatch(r"[A-Za-z0-9]{1,32}", ship_node_type):
        raise InvalidArgument(
            "ship_node_type", "must be 1 to 32 ASCII letters and digits, such as 3PLFulfilled"
        )
    query = f"createdStartDate={write_instant('created_start_date', created_start_date)}"
    if created_end_date is not None:
        query += f"&createdEndDate={write_instant('created_end_date', created_end_date)}"
    if ship_node_type is not None:
        query += f"&shipNodeType={ship_node_type}"
    return f"{query}&limit={limit}"


def _check_limit(limit: object) -> None:
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= LARGEST_PAGE:
        raise InvalidArgument("limit", f"must be a whole number between 1 and {LARGEST_PAGE}")


class FollowedCursors:
    """The cursors that one listing has followed; if they repeat, the list would never end."""

    def __init__(self) -> None:
        """Begin a listing."""
        self._followed: set[str] = set()

    def follow(self, page: OrderPage) -> None:
        """Record that the page after `page` will be requested.

        Args:
            page: A page with a `next_cursor`.

        Raises:
            OutcomeUnknown: This listing has followed that cursor before (`repeated_cursor`).
        """
        cursor = _as_query(page.next_cursor or "")
        if cursor in self._followed:
            raise OutcomeUnknown("repeated_cursor", page.call)
        self._followed.add(cursor)


def _as_query(cursor: str) -> str:
    """Return a cursor without its leading `?`, which Walmart sometimes omits."""
    return cursor.removeprefix("?")


def order_path(purchase_order_id: str, action: str = "") -> str:
    """Return the path of an order, or of an action on it, relative to the path of the orders.

    Raises:
        InvalidArgument: The id cannot be used.
    """
    return f"/{check_purchase_order_id(purchase_order_id)}{action}"


class Orders:
    """The calls about purchase orders."""

    def __init__(self, session: Session, auth: Auth) -> None:
        """Send every request through `session`, authenticated by `auth`."""
        self._session = session
        self._auth = auth

    def acknowledge(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Acknowledge every line of an order.

        Walmart accepts it while the lines are Created or Acknowledged, so a repeat is safe. Walmart requires
        it within four hours of the order's receipt.

        Args:
            purchase_order_id: Walmart's id: 1 to 64 ASCII letters, digits, `_` or `-`, with at least one
                digit.
            timeout: Seconds for this call; the client's `timeout` when None.

        Returns:
            The order as Walmart returned it. A line may still say `Created`: a production client (makanaleu)
            saw the response echo the old status. The response itself means success.

        Raises:
            InvalidArgument: The id or `timeout` cannot be used; nothing was sent.
            WalmartError: A subclass, by what the caller can do; see `errors`.
        """
        return self._order_call("POST", purchase_order_id, "/acknowledge", timeout)

    def build_acknowledgement(self, purchase_order_id: str, *, timeout: float | None = None) -> Request:
        """Build and authenticate the request of `acknowledge` without sending it.

        Args:
            purchase_order_id: As for `acknowledge`.
            timeout: Seconds to fetch an access token if one is needed; the client's `timeout` when None.

        Returns:
            The request. A signature is valid for a short time after its timestamp.

        Raises:
            InvalidArgument: The id or `timeout` cannot be used.
            WalmartError: The access token that the request needs could not be fetched.
        """
        path = order_path(purchase_order_id, "/acknowledge")
        return self._build("POST", path, self._session.timeout_of(timeout))

    def get(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Fetch an order.

        Args:
            purchase_order_id: As for `acknowledge`.
            timeout: Seconds for this call; the client's `timeout` when None.

        Raises:
            InvalidArgument: The id or `timeout` cannot be used; nothing was sent.
            WalmartError: A subclass, by what the caller can do; see `errors`.
        """
        return self._order_call("GET", purchase_order_id, "", timeout)

    def released(self, *, timeout: float | None = None, **options: Unpack[ListOptions]) -> Iterator[Order]:
        """List the released orders, which have lines in Created. Each page is fetched when it is needed.

        Args:
            timeout: Seconds for each page; the client's `timeout` when None.
            **options: See `ListOptions`.

        Yields:
            The orders in Walmart's sequence. An order that changes during the listing may come twice, and
            any member of an order may be empty, even its id.

        Raises:
            InvalidArgument: An argument cannot be used. The call itself raises it; nothing was sent.
            WalmartError: A subclass, by what the caller can do; see `errors`. `OutcomeUnknown`
                (`repeated_cursor`) when Walmart's cursors repeat.
        """
        self._session.timeout_of(timeout)
        return self._released(released_query(**options), timeout)

    def _released(self, query: str, timeout: float | None) -> Iterator[Order]:
        page = self._page(RELEASED, query, None, timeout)
        yield from page.orders
        cursors = FollowedCursors()
        while page.next_cursor is not None:
            cursors.follow(page)
            page = self.next_page(page, timeout=timeout)
            yield from page.orders

    def released_page(self, *, timeout: float | None = None, **options: Unpack[ListOptions]) -> OrderPage:
        """Fetch the first page of the released orders. `released` describes the arguments and the errors."""
        return self._page(RELEASED, released_query(**options), None, timeout)

    def created_page(self, *, timeout: float | None = None, **options: Unpack[ListOptions]) -> OrderPage:
        """Fetch the first page of the orders with a line in Created, from the list of all orders.

        Use it when `released_page` fails: the one Canadian seller whose code is public got 520 from the list
        of released orders with an access token, and uses this list. Walmart's reference has the same response
        and cursor for both lists. `released` describes the arguments and the errors.
        """
        return self._page(ALL, f"status=Created&{released_query(**options)}", None, timeout)

    def next_page(
        self, page: OrderPage, *, limit: int | None = None, timeout: float | None = None
    ) -> OrderPage:
        """Fetch the page after another page of the same list.

        The cursor is a query, which is sent as Walmart wrote it: Walmart refused a decoded and encoded copy
        with 401 (fillup's SDK, issue #37). In Canada it sometimes lacks its leading `?` (Ventmere, commit
        1ef3547).

        Args:
            page: The previous page.
            limit: Orders on a page, 1 to 200, which replaces the limit in the cursor.
            timeout: Seconds for this call; the client's `timeout` when None.

        Raises:
            InvalidArgument: `page` is the last one, or `limit` or `timeout` cannot be used.
            WalmartError: A subclass, by what the caller can do; see `errors`. `OutcomeUnknown` without a new
                call when the cursor cannot be sent (`unusable_cursor`) or is the cursor of `page` itself
                (`repeated_cursor`).
        """
        cursor = page.next_cursor
        if cursor is None:
            raise InvalidArgument("page", "must have a next page; this is the last one")
        query = _as_query(cursor)
        if not re.fullmatch(_QUERY, query) or not re.match(_PARAMETERS, query):
            raise OutcomeUnknown("unusable_cursor", page.call)
        if page.cursor is not None and query == _as_query(page.cursor):
            raise OutcomeUnknown("repeated_cursor", page.call)
        if limit is not None:
            _check_limit(limit)
            query = re.sub(_LIMIT, f"limit={limit}", query, count=1)
        return self._page(page.listed_by, query, cursor, timeout)

    def _page(self, listed_by: str, query: str, cursor: str | None, timeout: float | None) -> OrderPage:
        classify = functools.partial(page_or_error, listed_by=listed_by, cursor=cursor)
        try:
            return self._call("GET", f"{LIST_PATHS[listed_by]}?{query}", classify, timeout, MANY_ORDERS)
        except OutcomeUnknown as error:
            if error.reason == TOO_LARGE:
                error.unread = OrderPage((), cursor, None, error.call, listed_by)
            raise

    def _order_call(self, method: str, purchase_order_id: str, action: str, timeout: float | None) -> Order:
        path = order_path(purchase_order_id, action)
        classify = functools.partial(order_or_error, purchase_order_id=purchase_order_id)
        return self._call(method, path, classify, timeout, ONE_ORDER)

    def _call[T: (Order, OrderPage)](
        self,
        method: str,
        path: str,
        classify: Callable[[Response, CallInfo], T | WalmartError],
        timeout: float | None,
        max_bytes: int,
    ) -> T:
        """Make a call, and repeat it once with a new access token if Walmart did not recognize the caller.

        Walmart did not apply a refused call, so the repeat is safe. A token may take at most half of the
        time: a call that is sent with almost no time left would end with an unknown outcome.
        """
        session = self._session
        deadline = session.monotonic() + session.timeout_of(timeout)
        refreshed = False
        while True:
            request = self._build(method, path, (deadline - session.monotonic()) / 2)
            response, call = session.send(
                request, timeout=deadline - session.monotonic(), max_bytes=max_bytes
            )
            result = classify(response, call)
            if not isinstance(result, WalmartError):
                return result
            if refreshed or not _not_recognized(result) or not self._auth.refresh(request):
                raise result
            refreshed = True

    def _build(self, method: str, path: str, timeout: float) -> Request:
        """Build and authenticate a request. Send it at once: a signature is bound to its timestamp."""
        url = self._session.url(f"{self._auth.orders_path}{path}")
        headers = self._auth.headers(method, url, timeout)
        # A POST without a content type failed with 500 or 520, although it has no body
        # (partnerapi_sdk_dotnet #11, #16).
        content_type = "application/json" if method == "POST" else None
        return self._session.build(method, url, headers, content_type=content_type)


def _not_recognized(error: WalmartError) -> bool:
    """Return whether Walmart did not recognize the caller. A new token does not help against a 403."""
    return isinstance(error, CredentialsRefused) and error.status != HTTPStatus.FORBIDDEN
