"""The calls about purchase orders."""

import functools
import re
from collections.abc import Callable, Iterator
from datetime import datetime
from http import HTTPStatus
from typing import TYPE_CHECKING, Final, Required, TypedDict, Unpack

from .answers import Answer
from .calls import Call, Request
from .dates import write_instant
from .errors import CredentialsRefused, OutcomeUnknown, WalmartError
from .orders import ALL, RELEASED, Order, OrderPage, check_purchase_order_id
from .transport import MANY_ORDERS, ONE_ORDER, TOO_LARGE, Limits
from .verdicts import order_or_error, page_or_error

if TYPE_CHECKING:
    from .client import Client

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
        ValueError: An argument is unusable; the text names which.
    """
    _check_limit(limit)
    if ship_node_type is not None and not re.fullmatch(r"[A-Za-z0-9]{1,32}", ship_node_type):
        raise ValueError("ship_node_type must be 1 to 32 ASCII letters and digits, such as 3PLFulfilled")
    query = f"createdStartDate={write_instant('created_start_date', created_start_date)}"
    if created_end_date is not None:
        query += f"&createdEndDate={write_instant('created_end_date', created_end_date)}"
    if ship_node_type is not None:
        query += f"&shipNodeType={ship_node_type}"
    return f"{query}&limit={limit}"


def _check_limit(limit: object) -> None:
    if not isinstance(limit, int) or isinstance(limit, bool) or not 1 <= limit <= LARGEST_PAGE:
        raise ValueError(f"limit must be a whole number between 1 and {LARGEST_PAGE}")


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
        ValueError: The id is unusable.
    """
    return f"/{check_purchase_order_id(purchase_order_id)}{action}"


class Orders:
    """The calls about purchase orders."""

    def __init__(self, client: "Client") -> None:
        """Use `client` for every call."""
        self._client = client

    def acknowledge(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Acknowledge every line of an order.

        Allowed while its lines are Created or Acknowledged, so repeating it does no harm then; Walmart
        wants it within four hours of the order's date.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds for this call; the client's own when None.

        Returns:
            The order as Walmart answered. A line may still say `Created`: a production client saw the
            answer echo the order as it was. The answer itself is the success.

        Raises:
            ValueError: The id is unusable; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        return self._order_call("POST", purchase_order_id, "/acknowledge", timeout)

    def build_acknowledgement(self, purchase_order_id: str, *, timeout: float | None = None) -> Request:
        """Build and authorise what `acknowledge` would send, and send nothing of it.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds that getting a token may take, where one is needed; the client's own when None.

        Raises:
            ValueError: The id is unusable.
            WalmartError: A token was needed and could not be got.
        """
        path = order_path(purchase_order_id, "/acknowledge")
        return self._client.build_request("POST", path, timeout=timeout)

    def get(self, purchase_order_id: str, *, timeout: float | None = None) -> Order:
        """Look at an order.

        Args:
            purchase_order_id: As Walmart gave it.
            timeout: Seconds for this call; the client's own when None.

        Raises:
            ValueError: The id is unusable; nothing was sent.
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
            ValueError: An argument is unusable; it is raised at once, and nothing was sent.
            WalmartError: One of its kinds, by what can be done about it. `OutcomeUnknown` (`repeated_cursor`)
                when Walmart's cursors lead in a circle.
        """
        self._client.seconds(timeout)
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

        It is for when `released_page` does not answer: behind a token, the one Canadian seller whose code is
        public got 520 from that list, and uses this one. Walmart's reference has the same envelope and
        cursor for both.

        Raises:
            ValueError: An argument is unusable; nothing was sent.
            WalmartError: One of its kinds, by what can be done about it.
        """
        return self._page(ALL, f"status=Created&{released_query(**which)}", None, timeout)

    def next_page(
        self, page: OrderPage, *, limit: int | None = None, timeout: float | None = None
    ) -> OrderPage:
        """Fetch the page of the same list after another.

        Its cursor is a query, and sent as Walmart gave it: decoded and encoded anew, it was refused with
        401. In Canada it lacks its leading `?` at times.

        Args:
            page: The page before.
            limit: Orders on a page, 1 to 200, in place of what the cursor says, if any.
            timeout: Seconds for this call; the client's own when None.

        Raises:
            ValueError: It is the last page, or `limit` is unusable.
            WalmartError: One of its kinds, by what can be done about it. `OutcomeUnknown` without a call
                of its own when the cursor cannot be sent, or is the one that led to this very page.
        """
        cursor = page.next_cursor
        if cursor is None:
            raise ValueError("page must have a next one; this is the last")
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
        judge = functools.partial(page_or_error, listed_by=listed_by, cursor=cursor)
        try:
            return self._call("GET", f"{LIST_PATHS[listed_by]}?{query}", judge, timeout, MANY_ORDERS)
        except OutcomeUnknown as error:
            if error.reason == TOO_LARGE:
                error.unread = OrderPage((), cursor, None, error.call, listed_by)
            raise

    def _order_call(self, method: str, purchase_order_id: str, action: str, timeout: float | None) -> Order:
        path = order_path(purchase_order_id, action)
        judge = functools.partial(order_or_error, purchase_order_id=purchase_order_id)
        return self._call(method, path, judge, timeout, ONE_ORDER)

    def _call[T: (Order, OrderPage)](
        self,
        method: str,
        path: str,
        judge: Callable[[Answer, Call], T | WalmartError],
        timeout: float | None,
        limits: Limits,
    ) -> T:
        """Make a call; and once more, built anew, when it was refused and its token may have been the reason.

        A refused call was not carried out, so that this repeats nothing. Getting a token takes half of the
        time at most: a call that is sent with next to none left has no outcome that anybody could know.
        """
        client = self._client
        deadline = client.monotonic() + client.seconds(timeout)
        renewed = False
        while True:
            request = client.build_request(method, path, timeout=(deadline - client.monotonic()) / 2)
            answer, call = client.send(request, timeout=deadline - client.monotonic(), limits=limits)
            verdict = judge(answer, call)
            if not isinstance(verdict, WalmartError):
                return verdict
            if renewed or not _not_recognised(verdict) or not client.renew(request):
                raise verdict
            renewed = True


def _not_recognised(error: WalmartError) -> bool:
    """Tell whether Walmart did not recognise the caller. With 403 it did, and a new token changes nothing."""
    return isinstance(error, CredentialsRefused) and error.status != HTTPStatus.FORBIDDEN
