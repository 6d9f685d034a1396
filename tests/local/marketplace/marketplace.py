"""The marketplace as a whole."""

import ssl
import time
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Literal, Self

from urllib3 import HTTPHeaderDict

from . import order_service, problems
from .answers import ErrorShape, Form, Style
from .buyer import BUYER_DATA
from .calls import Call, Door, Ledger
from .exchange import Exchange
from .faults import Detail, Fault, FaultPlan, PlannedFault
from .gateways import ClientGateway, Gateway, SignatureGateway, TokenGateway
from .listing import Cursors, Listing
from .order_service import OrderService
from .orders import SELLER_FULFILLED, Order, Orders, new_order
from .problems import Severity
from .quota import Bucket
from .routes import Routes
from .sellers import Seller, Sellers
from .server import HOST, Request, Server, Wire
from .tokens import TOKEN_ACTION, Tokens


class Marketplace:
    """Walmart Canada's order API on the loopback address, between ``start()`` and ``stop()``.

    It has two doors to the same orders: the Canadian API, whose calls are signed, and the Global API, whose
    calls bring a token. Faults and quotas are the same behind either.

    Args:
        port: where to listen; 0 lets the system choose.
        tls: serve HTTPS with this context, see ``issue_certificate``; plain HTTP without it.
        clock: tells the marketplace's time in epoch seconds: timestamps are judged and answers dated by it.
        timestamp_tolerance: how far a call's timestamp may be from the clock. Walmart publishes no figure for
            Canada; fifteen minutes is the one it gives for a programme with the same signature.
        on_call: told of every call when it has been served, in the thread that served it.
        requests_per_minute: how many acknowledgements a minute are let through; None is no limit. Walmart's
            figure for the United States is 60. The clock refills the bucket, and every answer to an
            acknowledgement tells what is left in it.
        looks_per_minute: the same limit for looking at orders, whose bucket is another.
        lists_per_minute: the same limit for each list of orders; each list has a bucket of its own.
    """

    buyer_data: tuple[str, ...] = BUYER_DATA
    """What the orders tell about their buyer: strings that must never appear in a log."""

    def __init__(
        self,
        port: int = 0,
        tls: ssl.SSLContext | None = None,
        clock: Callable[[], float] = time.time,
        timestamp_tolerance: timedelta = timedelta(minutes=15),
        *,
        on_call: Callable[[Call], None] | None = None,
        requests_per_minute: int | None = None,
        looks_per_minute: int | None = None,
        lists_per_minute: int | None = None,
    ) -> None:
        self._port = port
        self._tls = tls
        self._scheme = "https" if tls else "http"
        self.clock = clock
        self._on_call = on_call
        self._sellers = Sellers()
        self._orders = Orders(clock)
        self._tokens = Tokens(clock)
        self._faults = FaultPlan()
        self._ledger = Ledger()
        self._token_gateway = TokenGateway(self._tokens)
        gateways: dict[Door, Gateway] = {
            "signature": SignatureGateway(self._sellers, self._scheme, timestamp_tolerance),
            "token": self._token_gateway,
        }
        self._services: dict[Door, OrderService] = {
            "signature": OrderService(self._orders, Listing(self._orders)),
            "token": OrderService(self._orders, Listing(self._orders, by_ship_node=True)),
        }
        self._routes = Routes(self._services, gateways, ClientGateway(self._sellers), self._tokens)
        per_minute = {"acknowledge": requests_per_minute, "get": looks_per_minute}
        per_minute |= dict.fromkeys(order_service.LISTS, lists_per_minute)
        self._buckets = {
            action: Bucket(limit, clock) for action, limit in per_minute.items() if limit is not None
        }
        # What is done with sellers, tokens and orders is described where it is done.
        self.add_key = self._sellers.add_key
        self.revoke_key = self._sellers.revoke_key
        self.change_client_secret = self._sellers.change_client_secret
        self.expire_tokens = self._tokens.expire
        self.order = self._orders.get
        self.set_status = self._orders.set_status
        self.make_undated = self._orders.make_undated
        self._forced_form: Form | None = None
        self._forced_error_shape: ErrorShape | None = None
        self._server: Server | None = None

    def start(self) -> None:
        """Listen and serve, in threads of its own."""
        if self._server is not None:
            raise RuntimeError("the marketplace is open already")
        self._server = Server(self._port, self._tls, self.serve)

    def stop(self) -> None:
        """End every connection and thread at once, whatever fault is going on; harmless when stopped."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        """Start."""
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        """Stop."""
        self.stop()

    @property
    def url(self) -> str:
        """The base URL, without a slash at its end."""
        if self._server is None:
            raise RuntimeError("the marketplace is not open")
        host = "localhost" if self._tls else HOST
        return f"{self._scheme}://{host}:{self._server.port}"

    def register_seller(
        self,
        private_key: str | None = None,
        *,
        key_bits: int = 2048,
        consumer_id: str | None = None,
        channel_type: str | None = None,
    ) -> Seller:
        """Register a seller with a key in Walmart's form, or with a new one of ``key_bits``.

        Every seller is given a client id and secret for the door with tokens too. Registering a consumer id
        again replaces its keys and its client: the old ones are refused from then on.
        """
        return self._sellers.register(private_key, key_bits, consumer_id, channel_type)

    @property
    def tokens_issued(self) -> int:
        """How many tokens there were so far, expired or not."""
        return self._tokens.issued

    def expired_tokens_as(self, status: Literal[400, 401]) -> None:
        """Refuse an expired token with this status; 401 unless told otherwise.

        Both are reported of the United States: python-walmart of fulfilio was written for 400 and
        INVALID_TOKEN, and a user of it got 401 (its pull request 19).
        """
        self._token_gateway.expired = problems.UNAUTHORIZED if status == 401 else problems.INVALID_TOKEN

    def empty_lists_as(self, status: Literal[200, 404]) -> None:
        """Answer an empty list with this status; 404 unless told otherwise. Sellers report both."""
        for service in self._services.values():
            service.empty_list_status = status

    def cursors_as(self, cursors: Cursors) -> None:
        """Let the cursors of all lists keep their place, as at first, or count the orders before it.

        By cursors that count, orders are on no page when others leave the list while its pages are read.
        """
        for service in self._services.values():
            service.listing.cursors = cursors

    def fail_released_by_token(self, *, fails: bool = True) -> None:
        """Answer 520 to each call with a token for the list of released orders, or the list again.

        The one live Canadian seller that tells of it got 520. The list of all orders answers all the same.
        """
        self._services["token"].released_fails = fails

    def unknown_paths_as(self, severity: Severity) -> None:
        """Say with this severity that a path is not served, or without any; INFO unless told otherwise."""
        self._routes.severity = severity

    def make_unreadable(self, purchase_order_id: str, *, unreadable: bool = True) -> None:
        """Break the text of one order's entry on every page and in every answer, or mend it.

        No leniency can read the entry. Everything around it stays valid.
        """
        if unreadable:
            self._orders.unreadable.add(purchase_order_id)
        else:
            self._orders.unreadable.discard(purchase_order_id)

    def close_door(self, door: Door) -> None:
        """Let nothing be found behind a door, as when Walmart withdraws an API. Both are open at first.

        Each path of the door is answered as one that was never served.
        """
        self._routes.closed.add(door)

    def open_door(self, door: Door) -> None:
        """Open a door again."""
        self._routes.closed.discard(door)

    def add_order(
        self,
        purchase_order_id: str,
        statuses: Sequence[str | Sequence[str]] = ("Created",),
        order_date: datetime | None = None,
        ship_node: str = SELLER_FULFILLED,
    ) -> Order:
        """Add an order with one line per entry of ``statuses``, placed now unless told otherwise.

        An entry is a status, or several of them for a line whose quantity is split. Any text is a status.
        """
        order = new_order(purchase_order_id, statuses, order_date or self._orders.now(), ship_node)
        self._orders.add(order)
        return order

    def fail(
        self,
        purchase_order_id: str,
        fault: Fault,
        times: int | None = 1,
        action: str | None = None,
        **details: Detail,
    ) -> None:
        """Let the next calls for an order meet a fault; several faults are met in the order of these calls.

        Only a call that the gateway has let through meets a fault and uses it up: no fault hides a wrong
        signature.

        Args:
            purchase_order_id: the order, which need not exist.
            fault: what to meet.
            times: how many calls; None is all of them, until ``recover``.
            action: only calls of this kind, "acknowledge" or "get"; any kind by default.
            details: the fault's own, see the functions in ``faults``.
        """
        planned = PlannedFault(fault, times, action, details)
        if planned.actions <= order_service.LISTS | {TOKEN_ACTION}:
            raise ValueError("a call for a list or a token is for no order: fail_all plans what it meets")
        self._faults.add(purchase_order_id, planned)

    def recover(self, purchase_order_id: str) -> None:
        """Forget the faults that wait for an order."""
        self._faults.clear(purchase_order_id)

    def fail_all(
        self, fault: Fault, times: int | None = 1, action: str | None = None, **details: Detail
    ) -> None:
        """Let the next calls meet a fault, whatever their order, known or not; otherwise like ``fail``.

        A call meets a fault that was planned for its own order first. ``times`` counts calls, not orders.
        Calls for lists, whose actions are "released" and "list", are for no order: they meet no faults but
        these.
        Calls for a token meet only what is planned for the action "token": without an action this is about
        calls about orders.
        """
        self._faults.add(None, PlannedFault(fault, times, action, details))

    def recover_all(self) -> None:
        """Forget the faults of ``fail_all``; those planned for an order of their own still wait for it."""
        self._faults.clear(None)

    def answer_as(self, form: Form | None) -> None:
        """Answer everything in one form, the gateway's errors too; None follows ``Accept``, or else XML.

        Through the door with tokens all is JSON, whatever is asked for and whatever is said here.
        """
        self._forced_form = form

    def errors_as(self, shape: ErrorShape | None) -> None:
        """Put every JSON error in one of Walmart's three shapes; None lets each origin have its own."""
        self._forced_error_shape = shape

    def use_up(self, action: str) -> None:
        """Let somebody else who calls for the seller take all that is left for a kind of call, if limited."""
        bucket = self._buckets.get(action)
        while bucket is not None and bucket.take().granted:
            pass

    @property
    def calls(self) -> list[Call]:
        """Every call to the order API so far, in order of arrival."""
        return self._ledger.calls()

    def calls_for(self, purchase_order_id: str) -> list[Call]:
        """Every call for one order so far, in order of arrival."""
        return [call for call in self.calls if call.purchase_order_id == purchase_order_id]

    def serve(self, request: Request, wire: Wire) -> None:
        """Serve one request, as the server does for each: whoever brings its own wire needs no socket."""
        exchange = self._receive(request, wire)
        try:
            self._settle(exchange)
        finally:
            if self._on_call is not None:
                self._on_call(exchange.call)

    def _receive(self, request: Request, wire: Wire) -> Exchange:
        destination = self._routes.find(request.method, request.target)
        call = Call(
            method=request.method,
            path=request.target,
            headers=HTTPHeaderDict(request.headers),
            body=request.body,
            received_at=self.clock(),
            connection=request.connection,
            door=destination.door,
            purchase_order_id=destination.purchase_order_id,
            action=destination.action,
        )
        style = Style(
            call.headers.get("Accept", ""), destination.form or self._forced_form, self._forced_error_shape
        )
        number = self._ledger.open(call)
        bucket = self._buckets.get(call.action or "")
        return Exchange(
            call, destination, number, self._ledger, self._orders, style, wire, self.clock, bucket
        )

    def _settle(self, exchange: Exchange) -> None:
        call = exchange.call
        gateway = exchange.destination.gateway
        if gateway is None:
            exchange.send(exchange.right_answer())
        elif refusal := gateway.check(call):
            exchange.amend(replace(call, refusal=refusal.reason))
            exchange.send(exchange.style.problem(refusal.problem))
        elif not exchange.take_from_bucket():
            exchange.send(exchange.style.problem(problems.THROTTLED))
        elif planned := self._faults.next(call.purchase_order_id, call.action):
            exchange.amend(replace(call, fault=planned.fault))
            planned.strike(exchange)
        else:
            exchange.send(exchange.right_answer())
