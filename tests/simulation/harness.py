"""The test harness: the environment of the two functions, simulated in virtual time.

The functions, the client and the local marketplace are the real code. Simulated are the clock, randomness,
the network between client and marketplace, and AWS: queues, event bus, secret, schedule and execution
environments, which can end at any side effect.

The simulation is kinder than AWS in these respects: no message reaches the retention period of four days; all
environments share one clock, and only Walmart's differs; a blocking call has its effect when it starts, up to
some seconds early; Secrets Manager returns a new version at once; there are no direct invocations.
"""

import contextlib
import io
import json
import math
import random
import re
import warnings
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, Final

import acknowledge_orders.bootstrap
import sweep_orders.bootstrap
from acknowledge_orders.bootstrap import AwsClients
from acknowledge_orders.handler import AcknowledgeFunction
from acknowledge_orders.settings import AcknowledgeSettings
from shared.lazy_client import LazyClient
from shared.walmart.rate_limiter import LONGEST_PAUSE_S
from sweep_orders.handler import SweepFunction
from sweep_orders.settings import SweepSettings
from tests.local.marketplace import Call, Fault, Marketplace, Order, Scheme, Seller
from tests.local.marketplace.order_service import LISTS
from tests.local.marketplace.orders import SELLER_FULFILLED, customer_order_id
from tests.simulation.aws import Aws, SecretVersions
from tests.simulation.bus import Bus
from tests.simulation.environment import Environment, Function, Invocation, ObservedResponse
from tests.simulation.faults import LIST_FAULTS, FaultPlan, TimedFault
from tests.simulation.invariants import Invariants
from tests.simulation.lambda_service import EventSourceMapping, Fleet, Schedule
from tests.simulation.network import URL, action_of
from tests.simulation.queue import Message, Queue
from tests.simulation.record_checks import HARMLESS, order_of
from tests.simulation.timeline import Actor, Timeline, in_virtual_time
from tests.support.printed import reset_logger
from tests.support.settings import ACKNOWLEDGE, SWEEP
from walmart_ca.messages import Request
from walmart_ca.responses import Response

_ACKNOWLEDGE_TIMEOUT_S: Final = 60.0
_SWEEP_TIMEOUT_S: Final = 240.0
_THROTTLING: Final = frozenset({420, 423, 429})
_CORRECT: Final = HARMLESS | {Fault.DELAY, Fault.SLOW_DRIP, Fault.ECHO_CREATED}
"""The faults with which the response to a fetch, if it arrives, is correct."""
_SHOWS_ORDERS: Final = _CORRECT | LIST_FAULTS
"""The faults with which the response to a list call, if it arrives, shows its orders."""
_ENTRY: Final = re.compile(rb'customerOrderId(?:": "|>)58([0-9]+)["<]')
"""Identifies an order on a page, even if its order id is odd."""
_TIMESTAMP_TOLERANCE: Final = timedelta(hours=2)
"""Walmart accepts a timestamp from a wrong clock, so that it refuses no call for that."""
_FROM_ORDER_SERVICE: Final = re.compile(rb"GMP_ORDER_API|purchaseOrderId|\"elements\"|<elements")
_UNREADABLE: Final = b'Philippa "<Nonesuch'
_REFUSED_ORDERS: Final = {
    TimedFault.ORDER_FORBIDDEN: Fault.FORBIDDEN,
    TimedFault.ORDER_FAILING: Fault.INTERNAL_ERROR,
}


class Simulation:
    """One seller with its stack and its marketplace. One seed decides all random choices.

    Attributes:
        credentials_rotated: Whether Walmart may rightly refuse the credentials of a call.
        tokens_expire_early: Whether Walmart may rightly refuse a token.
        throttled_until: Until when a pause that Walmart asked for may last.
        sweeps_stopped_at: When sweeps were last turned off; `sweeps_changed_at`: off or on.
        unreadable: The ids of the orders that no response shows in readable form.
        forbidden: The ids of the orders about which each call gets a 403.
        every_order_forbidden_since: Since when every call about orders gets a 403, or None.
        clock_ahead_s: How far the clock of the functions is ahead of the true time.
        queued_by_others: Further messages that SQS counts in the order queue.
        event_bodies: The bodies of the events that producers published.
        notified: For each day, the orders that the limit of notifications counted.
    """

    def __init__(
        self,
        seed: int,
        private_keys: Sequence[str],
        *,
        scheme: Scheme = "signature",
        requests_per_minute: int = 60,
        sweeping: bool = True,
        walmart_ahead_s: float = 0.0,
    ) -> None:
        """Set up a simulation without faults. The seller uses the first of the private keys."""
        self.seed = seed
        self.rng = random.Random(seed)
        self.timeline = Timeline()
        self.pass_time = self.timeline.run
        self.faults = FaultPlan(random.Random(seed + 1))
        self.scheme = scheme
        self.requests_per_minute = requests_per_minute
        self.sweeping = sweeping
        self.sweeps_stopped_at = self.sweeps_changed_at = -math.inf
        self.credentials_rotated = False
        self.tokens_expire_early = False
        self._shared_until = self.throttled_until = -math.inf
        self._last_call: Call | None = None
        self.actors: dict[Actor, Environment] = {}
        self.placed: list[str] = []
        self.unreadable: set[str] = set()
        self.forbidden: set[str] = set()
        self.every_order_forbidden_since: float | None = None
        self.clock_ahead_s = 0.0
        self.queue_down = False
        self.queued_by_others = 0
        self.faults_stopped_at = math.inf
        self._failing: set[str] = set()
        self.event_bodies: list[str] = []
        self.notified: defaultdict[str, set[str]] = defaultdict(set)
        self.invariants = Invariants(self)
        self.marketplace = Marketplace(
            clock=lambda: self.timeline.clock() + walmart_ahead_s,
            timestamp_tolerance=_TIMESTAMP_TOLERANCE,
            on_call=self._on_call,
            requests_per_minute=requests_per_minute,
            gets_per_minute=requests_per_minute,
            lists_per_minute=requests_per_minute,
        )
        self.private_keys = private_keys
        self._walmart_ahead = timedelta(seconds=walmart_ahead_s)
        self.seller = self.marketplace.register_seller(private_keys[0])
        self.secret = SecretVersions()
        self.confidential = list(self.marketplace.buyer_data)
        self.store_credentials(self.seller)
        self.dead_letters = Queue(ACKNOWLEDGE["DEAD_LETTER_QUEUE_URL"], self.timeline, self.rng)
        self.orders = Queue(ACKNOWLEDGE["ORDER_QUEUE_URL"], self.timeline, self.rng, self.dead_letters)
        self.undelivered = Queue("undelivered-events", self.timeline, self.rng)
        self.queues = {queue.name: queue for queue in (self.orders, self.dead_letters)}
        self.bus = Bus(self)
        acknowledge_function = Fleet(self, self._acknowledge_function, _ACKNOWLEDGE_TIMEOUT_S)
        self.mapping = EventSourceMapping(self, self.orders, acknowledge_function)
        self.schedule = Schedule(self, Fleet(self, self._sweep_function, _SWEEP_TIMEOUT_S))

    def place_order(
        self,
        *,
        statuses: Sequence[str] = ("Created",),
        ship_node: str = SELLER_FULFILLED,
        announced: bool = True,
        age: timedelta = timedelta(0),
    ) -> str:
        """Place an order and, if it is announced, publish its event. Returns its id."""
        purchase_order_id = str(self.rng.randrange(10**12, 10**13))
        ordered_at = self.timeline.now() + self._walmart_ahead - age
        self.marketplace.add_order(purchase_order_id, statuses, ordered_at, ship_node)
        self.placed.append(purchase_order_id)
        if announced:
            self.publish_event(purchase_order_id, ordered_at)
        return purchase_order_id

    def publish_event(
        self,
        purchase_order_id: object,
        ordered_at: datetime | str | None,
        *,
        age: timedelta = timedelta(0),
        dry_run: bool = False,
        forged: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Publish an order event, or replay an old one. A negative age puts its time in the future.

        The detail has the `forged` fields in addition.
        """
        date = ordered_at.isoformat() if isinstance(ordered_at, datetime) else ordered_at
        detail: dict[str, object] = {**forged, "purchaseOrderId": purchase_order_id}
        detail |= {"orderDate": date} if date is not None else {}
        detail |= {"dryRun": True} if dry_run else {}
        self.event_bodies.append(self.bus.publish(json.dumps(detail), age=age))

    def acknowledged_at(self) -> dict[str | None, float]:
        """Return when Walmart acknowledged each order, in epoch seconds; the first call about it counts."""
        calls = self.marketplace.calls
        return {call.purchase_order_id: call.received_at for call in reversed(calls) if call.applied}

    def make_readable(self, purchase_order_id: str) -> None:
        self.unreadable.discard(purchase_order_id)
        self.marketplace.make_unreadable(purchase_order_id, unreadable=False)

    def place_stuck(self, kind: TimedFault, *, announced: bool = True, age: timedelta = timedelta(0)) -> str:
        """Place an order that cannot be acknowledged before the faults stop, if ever."""
        self.faults.occurred[kind] += 1
        statuses = ("Created",) if kind in _REFUSED_ORDERS else ("Created", "Shipped")
        purchase_order_id = self.place_order(statuses=statuses, announced=announced, age=age)
        if kind in _REFUSED_ORDERS:
            self.marketplace.fail(purchase_order_id, _REFUSED_ORDERS[kind], times=None)
            self._failing.add(purchase_order_id)
        if kind is TimedFault.ORDER_FORBIDDEN:
            self.forbidden.add(purchase_order_id)
        if kind is TimedFault.ORDER_UNDATED:
            self.marketplace.make_undated(purchase_order_id)
        return purchase_order_id

    def recover_marketplace(self) -> None:
        self.marketplace.recover_all()
        self.every_order_forbidden_since = None

    def recover_queue(self) -> None:
        self.queue_down, self.queued_by_others = False, 0

    def set_clock(self, ahead_s: float) -> None:
        """Set the clock of the functions, also during an invocation."""
        self.faults.occurred[TimedFault.CLOCK_STEPPED] += ahead_s != self.clock_ahead_s
        self.clock_ahead_s = ahead_s
        for environment in self.actors.values():
            if environment.invocation:
                environment.invocation.clocks_ahead_s.add(ahead_s)

    def clocks_of(self, invocation: Invocation) -> list[datetime]:
        """Return the time by each clock setting during an invocation."""
        now = self.timeline.now()
        return [now + timedelta(seconds=ahead_s) for ahead_s in sorted(invocation.clocks_ahead_s)]

    def queued_messages(self, purchase_order_id: str | None) -> list[Message]:
        return [message for message in self.orders.messages if order_of(message.body) == purchase_order_id]

    def store_credentials(self, seller: Seller) -> None:
        self.store_secret(seller.secret() if self.scheme == "signature" else seller.token_secret())
        self.confidential += [seller.private_key[40:100], seller.client_secret]

    def store_secret(self, text: str) -> None:
        self.secret.store(text)
        self.invariants.secret_changed()

    def use_up_quota(self, action: str) -> None:
        """Let another caller use up the quota, so that our count of it is wrong for a while."""
        self.marketplace.use_up(action)
        self._shared_until = self.timeline.elapsed + LONGEST_PAUSE_S

    @property
    def sole_caller(self) -> bool:
        """Whether no other caller has used up the quota lately."""
        return self.timeline.elapsed > self._shared_until

    def apply_late(self, purchase_order_id: str) -> None:
        """Acknowledge an order some minutes later, if Walmart still can."""

        def apply() -> None:
            order = self.order(purchase_order_id)
            if order and order.acknowledgeable:
                self.marketplace.set_status(purchase_order_id, "Acknowledged")
                self.invariants.applied.add(purchase_order_id)

        self.timeline.after(self.rng.uniform(20, 300), apply)

    def redeliver_events(self) -> None:
        """Move the undelivered events into the order queue, as an operator does."""
        for message in self.undelivered.messages:
            self.undelivered.take(message)
            self.orders.send(message.body, message.attributes)

    def stop_faults(self) -> None:
        """Stop all faults and operator actions, and undo those that last."""
        self.faults_stopped_at = self.timeline.elapsed
        self.faults.probabilities = {}
        self.recover_marketplace()
        for purchase_order_id in sorted(self._failing):
            self.marketplace.recover(purchase_order_id)
        self.forbidden.clear()
        self.recover_queue()
        self.set_clock(0.0)
        self.marketplace.restore_api(self.scheme)
        for purchase_order_id in sorted(self.unreadable):
            self.make_readable(purchase_order_id)
        self.secret.allow()
        self.store_credentials(self.seller)
        self.mapping.resume()
        self.redeliver_events()

    def order(self, purchase_order_id: str | None) -> Order | None:
        try:
            return self.marketplace.order(str(purchase_order_id))
        except KeyError:
            return None

    def on_response(self, environment: Environment, request: Request, response: Response) -> None:
        call = self._last_call
        if call is None:
            return
        unreadable = set[str]()
        if _UNREADABLE in response.body:
            unreadable = {
                each for each in self.unreadable if customer_order_id(each).encode() in response.body
            }
        by_order_service = bool(_FROM_ORDER_SERVICE.search(response.body))
        if environment.invocation and action_of(request) != "token":
            observed = ObservedResponse(response.status, by_order_service, call.fault, unreadable)
            environment.invocation.responses[call.purchase_order_id].append(observed)
            if call.action in LISTS and call.fault in _SHOWS_ORDERS:
                entries = _ENTRY.findall(response.body)
                environment.invocation.pages.update(each.decode()[::-1] for each in entries)
        ok = response.status == HTTPStatus.OK
        refused = call.status in {401, 403} or (call.status == 400 and (call.fault or call.refusal))
        its_own = call.status == 403 and call.purchase_order_id in self.forbidden
        if refused and not its_own:
            environment.credentials_in_doubt = True
            if environment.invocation:
                environment.invocation.credentials_in_doubt = True
        elif ok and by_order_service and call.fault in _SHOWS_ORDERS and not unreadable:
            environment.credentials_in_doubt = False
        shown = call.fault in _CORRECT and call.purchase_order_id not in self.unreadable
        if ok and call.action == "get" and shown:
            self.invariants.note_fetch(environment, request)

    def _on_call(self, call: Call) -> None:
        self._last_call = call
        if call.fault:
            self.faults.occurred[call.fault] += 1
        if call.status in _THROTTLING:
            self.throttled_until = self.timeline.elapsed + LONGEST_PAUSE_S
        self.invariants.check_call(call)

    def _acknowledge_function(self, environment: Environment) -> Function:
        reset_logger()
        aws: Any = Aws(environment)
        client: LazyClient[Any] = LazyClient(lambda: aws)
        settings = AcknowledgeSettings.from_environment(self._variables(ACKNOWLEDGE))
        return AcknowledgeFunction(
            acknowledge_orders.bootstrap.build(
                settings,
                secrets_manager=aws,
                aws=AwsClients(sqs=client, events=client, dynamodb=client),
                runtime=environment.runtime(),
            )
        )

    def _sweep_function(self, environment: Environment) -> Function:
        reset_logger()
        aws: Any = Aws(environment)
        settings = SweepSettings.from_environment(self._variables(SWEEP))
        return SweepFunction(
            sweep_orders.bootstrap.build(
                settings, secrets_manager=aws, sqs=aws, events=aws, runtime=environment.runtime()
            )
        )

    def _variables(self, usual: Mapping[str, str]) -> dict[str, str]:
        return {
            **usual,
            "MARKETPLACE_URL": URL,
            "REQUESTS_PER_MINUTE": str(self.requests_per_minute),
            "SWEEP_ENABLED": str(self.sweeping).lower(),
            "OUTCOME_EVENTS": "all",
        }


class _Output(io.TextIOBase):
    """Standard output, which belongs to the environment that is running."""

    def __init__(self, simulation: Simulation) -> None:
        self._simulation = simulation

    def write(self, text: str, /) -> int:
        if actor := self._simulation.timeline.running:
            self._simulation.actors[actor].write(text)
        return len(text)


@contextlib.contextmanager
def running(simulation: Simulation) -> Iterator[Simulation]:
    """Run functions in a simulation: capture their output and let them wait in virtual time."""
    with (
        in_virtual_time(simulation.timeline),
        contextlib.redirect_stdout(_Output(simulation)),
        warnings.catch_warnings(),
    ):
        # Powertools warns of the missing metrics of an environment that was killed.
        warnings.filterwarnings("ignore", "No application metrics to publish")
        yield simulation
    reset_logger()
