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
from .transport import MANY_ORDERS, ONE_ORDER, TOO_LARGE, Limits
from .validation import InvalidArgument, check_purchase_order_id

LARGEST_PAGE: Final = 200
"""How many orders Walmart puts on a page at most (the `limit` of its Canadian OpenAPI)."""

_QUERY: Final = re.compile(r"[\x21\x22\x24-\x7e]{1,4096}")
"""What can be sent as a query: visible ASCII, without the `#` that would end it."""
_PARAMETERS: Final = re.compile(r"[^=&]+=[^=]|.*=.*&|.*&.*=")
"""What is a query at all. In Chile the cursor is a value without a name; sent as a query it would ask another
question. The padding of base64 makes no name of it."""
_LIMIT: Final = re.compile(r"(?<![^&])limit=\d+")
LIST_PATHS: Final = {RELEASED: "/released", ALL: ""}
"""Where Walmart's lists lie below the orders' path."""


class Released(TypedDict, total=False):
    """Which orders to list.

    Attributes:
        created_start_date: The earliest order date, aware. Walmart takes whole seconds, so fractions of
            one are dropped.
        created_end_date: The latest, likewise; now when None or left out.
        limit: Orders on a page, 1 to 200, which is also what is asked for when left out.
        ship_node_type: Who ships them: `SellerFulfilled`, `WFSFulfilled` or `3PLFulfilled`. When None or left
            out, Walmart decides: behind a token it lists what the seller ships.
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
    """Write the query of a first page. Nothing in it could be encoded in two ways.

    Walmart's OpenAPI of 2023 has the start as optional, that of 2025 as required; without a limit there
    are ten orders on a page.

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
    """The cursors that one listing has followed. Where they lead in a circle, the list would never end."""

    def __init__(self) -> None:
        """Begin a listing."""
        self._followed: set[str] = set()

    def follow(self, page: OrderPage) -> None:
        """Take note that the page after `page` will be asked for.

        Raises:
            OutcomeUnknown: This listing has followed its cursor before (`repeated_cursor`).
        """
        cursor = _as_query(page.next_cursor or "")
        if cursor in self._followed:
            raise OutcomeUnknown("repeated_cursor", page.call)
        self._followed.add(cursor)


def _as_query(cursor: str) -> str:
    """Return a cursor without its `?`, which Walmart leaves out at times."""
    return cursor.removeprefix("?")


def order_path(purchase_order_id: str, action: str = "") -> str:
    """Return where an order, or an action on it, lies below the orders' path.

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

        Walmart allows it while the lines are Created or Acknowledged, so a repeat does no harm then. It must
        happen within four hours of the order's date.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds for this call; the client's own when None.

        Returns:
            The order as Walmart answered. A line may still say `Created`: a production client saw the
            response echo the order as it was. The response itself is the success.

        Raises:
            InvalidArgument: The id cannot be used; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        return self._order_call("POST", purchase_order_id, "/acknowledge", timeout)

    def build_acknowledgement(self, purchase_order_id: str, *, timeout: float | None = None) -> Request:
        """Build and authorise what `acknowledge` would send, and send nothing of it.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds that getting a token may take, where one is needed; the client's own when None.

        Raises:
            InvalidArgument: The id cannot be used.
            WalmartError: A token was needed and could not be got.
        """
        path = order_path(purchase_order_id, "/acknowledge")
        return self._build("POST", path, self._session.timeout_of(timeout))

    def get(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Fetch an order.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds for this call; the client's own when None.

        Raises:
            InvalidArgument: The id cannot be used; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        return self._order_call("GET", purchase_order_id, "", timeout)

    def released(self, *, timeout: float | None = None, **which: Unpack[Released]) -> Iterator[Order]:
        """List the released orders, those with lines in Created, page by page as far as they are asked for.

        Args:
            timeout: Seconds for each page; the client's own when None.
            **which: See `Released`.

        Yields:
            The orders in Walmart's order. One that changes while pages are read may come twice, and an
            entry may lack anything, its purchase order id too.

        Raises:
            InvalidArgument: An argument cannot be used. It is raised at once; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it. `OutcomeUnknown` (`repeated_cursor`)
                when Walmart's cursors lead in a circle.
        """
        self._session.timeout_of(timeout)
        return self._released(released_query(**which), timeout)

    def _released(self, query: str, timeout: float | None) -> Iterator[Order]:
        page = self._page(RELEASED, query, None, timeout)
        yield from page.orders
        cursors = FollowedCursors()
        while page.next_cursor is not None:
            cursors.follow(page)
            page = self.next_page(page, timeout=timeout)
            yield from page.orders

    def released_page(self, *, timeout: float | None = None, **which: Unpack[Released]) -> OrderPage:
        """Fetch the first page of the released orders. See `released`."""
        return self._page(RELEASED, released_query(**which), None, timeout)

    def created_page(self, *, timeout: float | None = None, **which: Unpack[Released]) -> OrderPage:
        """Fetch the first page of the orders with a line in Created, from the list of all orders.

        Use it when `released_page` fails: with an access token, the one Canadian seller whose code is public
        got 520 from that list, and uses this one. Walmart's reference has the same envelope and cursor for
        both.

        Raises:
            InvalidArgument: An argument cannot be used; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        return self._page(ALL, f"status=Created&{released_query(**which)}", None, timeout)

    def next_page(
        self, page: OrderPage, *, limit: int | None = None, timeout: float | None = None
    ) -> OrderPage:
        """Fetch the page of the same list after another.

        Its cursor is a query, and sent as Walmart gave it: decoded and encoded again, it was refused with
        401. In Canada it lacks its leading `?` at times.

        Args:
            page: The page before.
            limit: Orders on a page, 1 to 200, in place of what the cursor says, if any.
            timeout: Seconds for this call; the client's own when None.

        Raises:
            InvalidArgument: It is the last page, or `limit` cannot be used.
            WalmartError: One of its kinds, by what can be done about it. `OutcomeUnknown` without a call
                of its own when the cursor cannot be sent, or is the one that led to this very page.
        """
        cursor = page.next_cursor
        if cursor is None:
            raise InvalidArgument("page", "must have a next one; this is the last")
        query = _as_query(cursor)
        if not _QUERY.fullmatch(query) or not _PARAMETERS.match(query):
            raise OutcomeUnknown("unusable_cursor", page.call)
        if page.cursor is not None and query == _as_query(page.cursor):
            raise OutcomeUnknown("repeated_cursor", page.call)
        if limit is not None:
            _check_limit(limit)
            query = _LIMIT.sub(f"limit={limit}", query, count=1)
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
        limits: Limits,
    ) -> T:
        """Make a call, and repeat it once with a new access token when Walmart did not recognize the caller.

        Walmart did not carry out a refused call, so the repeat is safe. Getting a token takes half of the
        time at most: a call sent with almost no time left would end without a known outcome.
        """
        session = self._session
        deadline = session.monotonic() + session.timeout_of(timeout)
        refreshed = False
        while True:
            request = self._build(method, path, (deadline - session.monotonic()) / 2)
            response, call = session.send(request, timeout=deadline - session.monotonic(), limits=limits)
            result = classify(response, call)
            if not isinstance(result, WalmartError):
                return result
            if refreshed or not _not_recognized(result) or not self._auth.refresh(request):
                raise result
            refreshed = True

    def _build(self, method: str, path: str, timeout: float) -> Request:
        """Build and authenticate a request. A signature is bound to its timestamp: send it at once."""
        url = self._session.url(f"{self._auth.orders_path}{path}")
        headers = self._auth.headers(method, url, timeout)
        # A POST without a content type failed with 500 or 520 and no hint, though it has no content
        # (partnerapi_sdk_dotnet #11, #16).
        content_type = "application/json" if method == "POST" else None
        return self._session.build(method, url, headers, content_type=content_type)


def _not_recognized(error: WalmartError) -> bool:
    """Return whether Walmart did not recognize the caller. A new token does not help against a 403."""
    return isinstance(error, CredentialsRefused) and error.status != HTTPStatus.FORBIDDEN
