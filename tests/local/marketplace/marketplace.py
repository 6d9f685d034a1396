"""The marketplace as a whole."""

import time
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from typing import Self

from urllib3 import HTTPHeaderDict

from . import problems
from .buyer import BUYER_DATA
from .calls import Call
from .exchange import Exchange
from .faults import Detail, Fault, FaultPlan, PlannedFault
from .gateways import Gateways
from .order_service import LISTS, Services
from .orders import SELLER_FULFILLED, Order, Orders, new_order
from .quota import Bucket
from .responses import Style, asked_form
from .sellers import Sellers
from .server import HOST, Request, Server, Wire
from .tokens import TOKEN_ACTION, Tokens
from .variants import Form, Market, Variants


class Marketplace:
    """Walmart Canada's order API on the loopback address, between ``start()`` and ``stop()``.

    Where reports about Walmart differ, it behaves as its ``variants`` say, which a test may change.

    Two APIs share the orders, faults and quotas: the Canadian API, whose calls are signed, and the Global
    API, whose calls have an access token.

    Args:
        port: Where to listen; 0 lets the system choose.
        clock: The marketplace's time in epoch seconds.
        timestamp_tolerance: How far a call's timestamp may be from the clock. Walmart publishes no figure for
            Canada; fifteen minutes is its figure for a program with the same signature.
        market: The market of the sellers, see ``Variants``.
        on_call: Called with every call after it was served, in the thread that served it.
        requests_per_minute: How many acknowledgements a minute are accepted; None is no limit. Walmart's
            figure for the United States is 60.
        gets_per_minute: The same limit for GET of an order, with its own bucket.
        lists_per_minute: The same limit for each list of orders, each with its own bucket.
    """

    buyer_data: tuple[str, ...] = BUYER_DATA
    """The personal data in every order, which must never appear in a log."""

    def __init__(
        self,
        port: int = 0,
        clock: Callable[[], float] = time.time,
        timestamp_tolerance: timedelta = timedelta(minutes=15),
        *,
        market: Market = "ca",
        on_call: Callable[[Call], None] | None = None,
        requests_per_minute: int | None = None,
        gets_per_minute: int | None = None,
        lists_per_minute: int | None = None,
    ) -> None:
        self.clock = clock
        self.variants = Variants(market)
        self._port = port
        self._on_call = on_call
        self._sellers = Sellers(market)
        self._orders = Orders(clock)
        self._tokens = Tokens(clock)
        self._faults = FaultPlan()
        self._calls: list[Call] = []
        self._services = Services(self._orders, self._tokens, self.variants)
        self._gateways = Gateways(self._sellers, self._tokens, self.variants, timestamp_tolerance)
        per_minute = {"acknowledge": requests_per_minute, "get": gets_per_minute}
        per_minute |= dict.fromkeys(LISTS, lists_per_minute)
        self._buckets = {
            action: Bucket(limit, clock) for action, limit in per_minute.items() if limit is not None
        }
        self._server: Server | None = None
        # Documented where they are defined.
        self.register_seller = self._sellers.register
        self.add_key = self._sellers.add_key
        self.revoke_key = self._sellers.revoke_key
        self.change_client_secret = self._sellers.change_client_secret
        self.expire_tokens = self._tokens.expire
        self.order = self._orders.get
        self.set_status = self._orders.set_status
        self.make_undated = self._orders.make_undated
        self.withdraw_api = self.variants.withdrawn.add
        self.restore_api = self.variants.withdrawn.discard

    def start(self) -> None:
        if self._server is not None:
            raise RuntimeError("the marketplace is open already")
        self._server = Server(self._port, self.serve)

    def stop(self) -> None:
        """End every connection and thread at once, during any fault; does nothing when stopped."""
        if self._server is not None:
            self._server.stop()
            self._server = None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(self, *_exception: object) -> None:
        self.stop()

    @property
    def url(self) -> str:
        if self._server is None:
            raise RuntimeError("the marketplace is not open")
        return f"http://{HOST}:{self._server.port}"

    @property
    def tokens_issued(self) -> int:
        return self._tokens.issued

    def make_unreadable(self, purchase_order_id: str, *, unreadable: bool = True) -> None:
        """Break one order's entry in every response, or repair it; everything around it stays valid."""
        broken = self.variants.unreadable
        (broken.add if unreadable else broken.discard)(purchase_order_id)

    def add_order(
        self,
        purchase_order_id: str,
        statuses: Sequence[str | Sequence[str]] = ("Created",),
        order_date: datetime | None = None,
        ship_node: str = SELLER_FULFILLED,
    ) -> Order:
        """Add an order with one line per entry of ``statuses``, placed now by default.

        An entry is a status, or several for a line whose quantity is split. Any text is a status.
        """
        order = new_order(purchase_order_id, statuses, order_date or self._orders.now(), ship_node)
        self._orders.add(order)
        return order

    def all_orders(self) -> list[Order]:
        """Return every order, the newest first."""
        return self._orders.select(datetime.min.replace(tzinfo=UTC), None, status=None, ship_node=None)

    def fail(
        self,
        purchase_order_id: str,
        fault: Fault,
        times: int | None = 1,
        action: str | None = None,
        **details: Detail,
    ) -> None:
        """Plan a fault for the next calls for an order; several faults follow one another.

        A fault applies only to a call that the gateway has accepted: no fault hides a wrong signature.

        Args:
            purchase_order_id: The order, which need not exist.
            fault: The fault.
            times: How many calls; None is every call until ``recover``.
            action: Only calls of this kind, "acknowledge" or "get"; any kind by default.
            details: The fault's own, see the functions in ``behaviors``.
        """
        planned = PlannedFault(fault, times, action, details)
        if planned.actions <= LISTS | {TOKEN_ACTION}:
            raise ValueError("a call for a list or a token names no order: use fail_all")
        self._faults.add(purchase_order_id, planned)

    def recover(self, purchase_order_id: str) -> None:
        self._faults.clear(purchase_order_id)

    def fail_all(
        self, fault: Fault, times: int | None = 1, action: str | None = None, **details: Detail
    ) -> None:
        """Plan a fault for the next calls for any order or list; otherwise like ``fail``.

        A fault of the call's own order comes first. The actions of lists are "released" and "list". A request
        for a token meets only a fault that is planned for the action "token".
        """
        self._faults.add(None, PlannedFault(fault, times, action, details))

    def recover_all(self) -> None:
        """Forget the faults of ``fail_all``, and keep those of single orders."""
        self._faults.clear(None)

    def use_up(self, action: str) -> None:
        """Use up the quota of one kind of call, if it has one, as another program of the seller does."""
        bucket = self._buckets.get(action)
        while bucket is not None and bucket.take().granted:
            pass

    @property
    def calls(self) -> list[Call]:
        return self._calls.copy()

    def calls_for(self, purchase_order_id: str) -> list[Call]:
        return [call for call in self.calls if call.purchase_order_id == purchase_order_id]

    def serve(self, request: Request, wire: Wire) -> None:
        """Serve one request; a caller with its own wire needs no socket."""
        exchange = self._receive(request, wire)
        try:
            self._settle(exchange)
        finally:
            if self._on_call is not None:
                self._on_call(exchange.call)

    def _receive(self, request: Request, wire: Wire) -> Exchange:
        destination = self._services.find(request.method, request.target)
        call = Call(
            method=request.method,
            path=request.target,
            headers=HTTPHeaderDict(request.headers),
            body=request.body,
            received_at=self.clock(),
            connection=request.connection,
            scheme=destination.scheme,
            purchase_order_id=destination.purchase_order_id,
            action=destination.action,
        )
        self._calls.append(call)
        # The Global API has only JSON.
        form: Form = "json" if call.scheme == "token" else asked_form(call.headers.get("Accept", ""))
        return Exchange(
            call,
            destination.respond,
            self._orders,
            Style(form, self.variants),
            wire,
            self.clock,
            self._buckets.get(call.action or ""),
        )

    def _settle(self, exchange: Exchange) -> None:
        call = exchange.call
        if call.action is None:
            exchange.send(exchange.right_response())
        elif refusal := self._gateways.check(call):
            call.refusal = refusal.reason
            exchange.send(exchange.style.problem(refusal.problem))
        elif not exchange.take_from_bucket():
            exchange.send(exchange.style.problem(problems.THROTTLED))
        elif planned := self._faults.next(call.purchase_order_id, call.action):
            call.fault = planned.fault
            planned.apply_to(exchange)
        else:
            exchange.send(exchange.right_response())
