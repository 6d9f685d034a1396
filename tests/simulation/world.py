"""The simulated world: everything around the two functions, in virtual time.

The functions and the client are the real ones. Exchanged are the clock and chance, the network between client
and marketplace, and AWS: the queue, the bus, the secret, the schedule, and the execution environments, which
may end at any point. The marketplace is the local one that all other tests have too.

What is kinder here than it can be outside: no message waits for four days, after which SQS deletes it; the
clocks of all environments are one, and only Walmart's is another; a blocking call is played through at once,
so that what it does at Walmart or in a queue is done when it begins, up to some seconds early; Secrets
Manager shows a new version at once (the function keeps the old one for minutes); and nobody invokes by hand.
"""

import contextlib
import io
import json
import math
import random
import re
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from http import HTTPStatus
from types import MappingProxyType
from typing import TYPE_CHECKING, Final, Literal, cast

import acknowledge_orders.bootstrap
import sweep_orders.bootstrap
from acknowledge_orders.handler import AcknowledgeFunction
from acknowledge_orders.settings import AcknowledgeSettings
from shared.walmart.rate_limiter import LONGEST_PAUSE_S
from sweep_orders.handler import SweepFunction
from sweep_orders.settings import SweepSettings
from tests.local.marketplace import Call, Fault, Marketplace, Order, Seller
from tests.local.marketplace.order_service import LISTS
from tests.local.marketplace.orders import SELLER_FULFILLED, customer_order_id
from tests.simulation.accounts import detail_of, order_of
from tests.simulation.aws import Events, SecretsManager, SecretVersions, Sqs
from tests.simulation.bus import DETAIL_TYPE, SOURCE, Bus
from tests.simulation.environment import Environment, Function, Invocation, Said
from tests.simulation.lambda_service import MAXIMUM_CONCURRENCY, EventSourceMapping, Schedule
from tests.simulation.network import URL, action_of
from tests.simulation.promise import Promise
from tests.simulation.queue import Message, Queue
from tests.simulation.timeline import Actor, Timeline, in_virtual_time
from tests.simulation.weather import OF_LISTS, Mishap, Weather
from tests.support.printed import reset_logger
from walmart_ca.messages import Request
from walmart_ca.responses import Response

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_secretsmanager import SecretsManagerClient
    from mypy_boto3_sqs import SQSClient

type Door = Literal["signature", "token"]

ACKNOWLEDGE_TIMEOUT_S: Final = 60.0
SWEEP_TIMEOUT_S: Final = 240.0
SWEEP_INTERVAL_S: Final = 900.0
BACKOFF_BASE_S: Final = 30.0
BACKOFF_CAP_S: Final = 600.0
HOLD_S: Final = 300.0
_CALLS_FOR_A_PAUSE: Final = frozenset({420, 423, 429})
_RIGHT: Final = frozenset(
    {
        None,
        Fault.DELAY,
        Fault.SLOW_DRIP,
        Fault.ECHO_CREATED,
        Fault.EARLY_HINTS,
        Fault.ODD_BYTES,
        Fault.FLAT_LINES,
        Fault.CANCELED_SPELLING,
    }
)
"""The faults of a look of which the answer is right, if it comes."""
_SHOWN_ON_A_PAGE: Final = _RIGHT | OF_LISTS
"""The faults of a call for a list whose answer shows what it has, if it comes."""
_ENTRY: Final = re.compile(rb'customerOrderId(?:": "|>)58([0-9]+)["<]')
"""What names an order on a page, whatever is odd about its other id."""
_MANY: Final = 10**6
_TIMESTAMPS_DIFFER: Final = timedelta(hours=2)
"""So far a signed timestamp may be off: Walmart is not to refuse what a wrong clock signed."""
_BY_THE_ORDER_SERVICE: Final = re.compile(rb"GMP_ORDER_API|purchaseOrderId|\"elements\"|<elements")
_UNREADABLE: Final = b'Philippa "<Nonesuch'


class World:
    """One seller, from the first order to the last, with one seed for everything that is left to chance.

    Attributes:
        keys_change: Walmart may refuse a call for its credentials without anybody's fault.
        tokens_end_early: It may refuse one for its token.
        swept_until: When sweeps were turned off last, by the timeline; `turned_at` is when off or on.
        unreadable: The ids of the orders that no answer shows in readable form.
        forbidden: The ids of the orders of which each call is answered with 403.
        every_order_forbidden_since: From when on every call about orders is, by the timeline; None when not.
        clock_ahead_s: How far the clock of our machines is ahead of the true time.
        queued_by_others: Messages in the order queue that are none of the simulation's.
        cleared_up_at: When the weather cleared up for good, by the timeline.
        told: The bodies of the events that producers published.
    """

    def __init__(
        self,
        seed: int,
        private_keys: Sequence[str],
        *,
        door: Door = "signature",
        requests_per_minute: int = 60,
        sweeping: bool = True,
        walmart_ahead_s: float = 0.0,
    ) -> None:
        """Make a world in which nothing goes wrong yet. The same seed gives the same one.

        The seller has the first of the private keys: making one takes longer than a whole world.
        """
        self.seed = seed
        self.chance = random.Random(seed)
        self.timeline = Timeline()
        self.weather = Weather(random.Random(seed + 1))
        self.door = door
        self.requests_per_minute = requests_per_minute
        self.sweeping = sweeping
        self.swept_until = self.turned_at = -math.inf
        self.keys_change = False
        self.tokens_end_early = False
        self._shared_until = self._pause_until = -math.inf
        self._last_call: Call | None = None
        self.actors: dict[Actor, Environment] = {}
        self.placed: list[str] = []
        self.unreadable: set[str] = set()
        self.forbidden: set[str] = set()
        self.every_order_forbidden_since: float | None = None
        self.clock_ahead_s = 0.0
        self.queue_down = False
        self.queued_by_others = 0
        self.cleared_up_at = math.inf
        self._failing: set[str] = set()
        self.told: list[str] = []
        self.batches: list[Invocation] = []
        self.promise = Promise(self)
        self.marketplace = Marketplace(
            clock=lambda: self.timeline.clock() + walmart_ahead_s,
            timestamp_tolerance=_TIMESTAMPS_DIFFER,
            on_call=self._served,
            requests_per_minute=requests_per_minute,
            gets_per_minute=requests_per_minute,
            lists_per_minute=requests_per_minute,
        )
        self._private_keys = private_keys
        self._walmart_ahead = timedelta(seconds=walmart_ahead_s)
        self.seller = self.marketplace.register_seller(private_keys[0])
        self.secret = SecretVersions()
        self.never_told = list(self.marketplace.buyer_data)
        self.store_credentials(self.seller)
        self.dead_letters = Queue("dead-letters", self.timeline, self.chance)
        self.orders = Queue("orders", self.timeline, self.chance, redrives_to=self.dead_letters)
        self.undelivered = Queue("undelivered-events", self.timeline, self.chance)
        self.queues = {queue.name: queue for queue in (self.orders, self.dead_letters)}
        self.bus = Bus(self.timeline, self.weather, self.orders, self.undelivered)
        self.mapping = EventSourceMapping(
            self,
            self.orders,
            lambda: Environment(self, self._acknowledge_function, ACKNOWLEDGE_TIMEOUT_S),
            self._worked_off,
            self.promise.watch_deletion,
        )
        self.schedule = Schedule(
            self,
            lambda: Environment(self, self._sweep_function, SWEEP_TIMEOUT_S),
            self.promise.watch_sweep,
            SWEEP_INTERVAL_S,
        )
        self.schedule.enabled = sweeping

    # What happens in it

    def place_order(
        self,
        *,
        statuses: Sequence[str] = ("Created",),
        ship_node: str = SELLER_FULFILLED,
        told: bool = True,
        age: timedelta = timedelta(0),
    ) -> str:
        """Let a buyer place an order, and a producer tell of it, or nobody. Returns its id."""
        purchase_order_id = str(self.chance.randrange(10**12, 10**13))
        ordered_at = self.timeline.now() + self._walmart_ahead - age
        self.marketplace.add_order(purchase_order_id, statuses, ordered_at, ship_node)
        self.placed.append(purchase_order_id)
        if told:
            self.tell_of(purchase_order_id, ordered_at)
        return purchase_order_id

    def release(self, purchase_order_id: str, ordered_at: datetime) -> str:
        """Let Walmart know an order that an event told of before. Returns its id."""
        self.marketplace.add_order(purchase_order_id, order_date=ordered_at)
        self.placed.append(purchase_order_id)
        return purchase_order_id

    def tell_of(
        self,
        purchase_order_id: object,
        ordered_at: datetime | str | None,
        *,
        age: timedelta = timedelta(0),
        dry_run: bool = False,
        forged: Mapping[str, object] = MappingProxyType({}),
    ) -> None:
        """Publish an order event, or replay one of some age; order and date may be anything.

        An event of a negative age has a time that lies ahead. It has what is `forged` beside the rest.
        """
        date = ordered_at.isoformat() if isinstance(ordered_at, datetime) else ordered_at
        detail: dict[str, object] = {**forged, "purchaseOrderId": purchase_order_id}
        detail |= {"orderDate": date} if date is not None else {}
        detail |= {"dryRun": True} if dry_run else {}
        self.told.append(self.bus.publish(json.dumps(detail), age=age))

    def tell(self, body: str) -> None:
        """Let something come into the queue that is no order event."""
        self.bus.deliver(body)
        self.told.append(body)

    def withdraw_paths(self) -> None:
        """Let Walmart serve none of the paths that the seller calls for orders, until they are restored."""
        self.weather.struck[Mishap.PATH_WITHDRAWN] += 1
        self.marketplace.withdraw_api(self.door)

    def restore_paths(self) -> None:
        self.marketplace.restore_api(self.door)

    def make_unreadable(self, purchase_order_id: str) -> None:
        """Let no answer show an order in readable form."""
        self.weather.struck[Mishap.ENTRY_UNREADABLE] += 1
        self.unreadable.add(purchase_order_id)
        self.marketplace.make_unreadable(purchase_order_id)

    def make_readable(self, purchase_order_id: str) -> None:
        self.unreadable.discard(purchase_order_id)
        self.marketplace.make_unreadable(purchase_order_id, unreadable=False)

    def place_stuck(self, kind: Mishap, *, announced: bool = True, age: timedelta = timedelta(0)) -> str:
        """Let an order come in that cannot be acknowledged until the weather clears up, if ever."""
        self.weather.struck[kind] += 1
        refused = {Mishap.ORDER_FORBIDDEN: Fault.FORBIDDEN, Mishap.ORDER_FAILING: Fault.INTERNAL_ERROR}
        statuses = ("Created",) if kind in refused else ("Created", "Shipped")
        purchase_order_id = self.place_order(statuses=statuses, told=announced, age=age)
        if kind in refused:
            self.marketplace.fail(purchase_order_id, refused[kind], times=None)
            self._failing.add(purchase_order_id)
        if kind is Mishap.ORDER_FORBIDDEN:
            self.forbidden.add(purchase_order_id)
        if kind is Mishap.ORDER_UNDATED:
            self.marketplace.make_undated(purchase_order_id)
        return purchase_order_id

    def forbid_every_order(self) -> None:
        """Let Walmart answer every call about orders with 403, until it recovers."""
        self.weather.struck[Mishap.EVERY_ORDER_FORBIDDEN] += 1
        self.marketplace.recover_all()
        self.marketplace.fail_all(Fault.FORBIDDEN, times=None)
        self.every_order_forbidden_since = self.timeline.elapsed

    def take_lists_down(self) -> None:
        """Let Walmart answer no call for a list, until it recovers."""
        self.weather.struck[Mishap.LISTS_DOWN] += 1
        for action in sorted(LISTS):
            self.marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None, action=action)

    def recover_marketplace(self) -> None:
        self.marketplace.recover_all()
        self.every_order_forbidden_since = None

    def trouble_queue(self, kind: Mishap) -> None:
        """Let SQS refuse everything (`QUEUE_DOWN`), or tell of a queue full of messages (`QUEUE_FULL`)."""
        self.weather.struck[kind] += 1
        self.queue_down = kind is Mishap.QUEUE_DOWN
        self.queued_by_others = 0 if self.queue_down else _MANY

    def recover_queue(self) -> None:
        self.queue_down, self.queued_by_others = False, 0

    def set_clock(self, ahead_s: float) -> None:
        """Set the clock of the machines to the true time or to a wrong one, whatever they are doing."""
        self.weather.struck[Mishap.CLOCK_STEPPED] += ahead_s != self.clock_ahead_s
        self.clock_ahead_s = ahead_s
        for environment in self.actors.values():
            if environment.invocation:
                environment.invocation.clocks_ahead_s.add(ahead_s)

    def clocks_of(self, invocation: Invocation) -> list[datetime]:
        """Return the time by each clock that the machine had during an invocation."""
        now = self.timeline.now()
        return [now + timedelta(seconds=ahead_s) for ahead_s in sorted(invocation.clocks_ahead_s)]

    def released(self) -> frozenset[str]:
        return frozenset(each for each in self.placed if self.marketplace.order(each).released)

    def waiting_for(self, purchase_order_id: str | None) -> list[Message]:
        return [message for message in self.orders.messages if order_of(message.body) == purchase_order_id]

    def forge_mark(self, purchase_order_id: str, ordered_at: datetime, *, dry_run: bool = False) -> None:
        """Let somebody publish an event as if the sweep had found the order, with its mark of another one."""
        self.weather.struck[Mishap.MARK_FORGED] += 1
        copied = detail_of(self.chance.choice(list(self.promise.swept))) if self.promise.swept else {}
        of_another = copied if copied.get("purchaseOrderId") != purchase_order_id else {}
        self.tell_of(purchase_order_id, ordered_at, dry_run=dry_run, forged={**of_another, "origin": "sweep"})

    def forge_time(self, purchase_order_id: str, ordered_at: datetime, ahead: timedelta) -> None:
        self.weather.struck[Mishap.TIME_FORGED] += 1
        self.tell_of(purchase_order_id, ordered_at, age=-ahead)

    def store_credentials(self, seller: Seller) -> None:
        self.store_secret(seller.secret() if self.door == "signature" else seller.token_secret())
        self.never_told += [seller.private_key[40:100], seller.client_secret]

    def store_secret(self, text: str) -> None:
        self.secret.store(text)
        self.promise.secret_changed()

    def change_key(self) -> Seller:
        """Let the seller make new credentials at Walmart, which takes the old ones back. Returns the new."""
        self.keys_change = True
        if self.door == "token":
            self.marketplace.expire_tokens()
            self.seller = self.marketplace.change_client_secret(self.seller.consumer_id)
            return self.seller
        index = self._private_keys.index(self.seller.private_key)
        other = self._private_keys[(index + 1) % len(self._private_keys)]
        before = self.seller
        self.seller = self.marketplace.add_key(before.consumer_id, other)
        self.marketplace.revoke_key(before.consumer_id, before.private_key)
        return self.seller

    @property
    def is_to_pause(self) -> bool:
        """Whether Walmart may have called for a pause that is not over."""
        return self.timeline.elapsed < self._pause_until

    def end_tokens(self) -> None:
        """Let Walmart end every token before its time."""
        self.tokens_end_early = True
        self.marketplace.expire_tokens()

    def use_up_quota(self, action: str) -> None:
        """Let somebody else call Walmart until it takes no more; our own count of it is wrong for a while."""
        self.marketplace.use_up(action)
        self._shared_until = self.timeline.elapsed + LONGEST_PAUSE_S

    @property
    def sole_caller(self) -> bool:
        """Whether nobody else has used up Walmart's quota of late."""
        return self.timeline.elapsed > self._shared_until

    def apply_late(self, purchase_order_id: str) -> None:
        """Let Walmart acknowledge an order in some minutes, if it still can."""

        def apply() -> None:
            order = self.order(purchase_order_id)
            if order and order.acknowledgeable:
                self.marketplace.set_status(purchase_order_id, "Acknowledged")
                self.promise.applied.add(purchase_order_id)

        self.timeline.after(self.chance.uniform(20, 300), apply)

    def turn_sweeps(self, *, on: bool) -> None:
        """Let somebody turn the sweeps off or on, which changes a setting of the other function too."""
        if self.sweeping and not on:
            self.swept_until = self.timeline.elapsed
        self.sweeping = self.schedule.enabled = on
        self.turned_at = self.timeline.elapsed
        self.mapping.update()

    def redrive(self) -> None:
        for message in self.dead_letters.messages:
            if not self.weather.strikes(Mishap.DELETION_LOST):
                self.dead_letters.take(message)
            self.orders.send(message.body, message.attributes)

    def make_up(self) -> None:
        """Let the operator bring every event that was not delivered into the order queue."""
        for message in self.undelivered.messages:
            self.undelivered.take(message)
            self.orders.send(message.body, message.attributes)

    def let_hours_of_trouble_pass(self) -> None:
        """Let everything that waits have been received as often as after hours of an outage."""
        for message in self.orders.messages:
            message.receives = max(message.receives, self.chance.randint(80, 89))
            self.promise.excuse_parking(message.body)

    def pass_time(self, seconds: float) -> None:
        self.timeline.run(seconds)

    def later(self, seconds: float, do: Callable[[], None]) -> None:
        """Let somebody do something in so many seconds, unless the weather has cleared up by then."""
        self.timeline.after(seconds, lambda: None if self.cleared_up_at <= self.timeline.elapsed else do())

    @property
    def every_order(self) -> set[str]:
        """The id of every order that there is, and of those that were only told of."""
        return {*self.placed, *filter(None, map(order_of, self.told))}

    def clear_up(self) -> None:
        """Let nothing go wrong from now on, and nobody do anything."""
        self.cleared_up_at = self.timeline.elapsed
        self.weather.clear_up()
        self.recover_marketplace()
        for purchase_order_id in sorted(self._failing):
            self.marketplace.recover(purchase_order_id)
        self.forbidden.clear()
        self.recover_queue()
        self.set_clock(0.0)
        self.restore_paths()
        for purchase_order_id in sorted(self.unreadable):
            self.make_readable(purchase_order_id)
        self.secret.deny(denied=False)
        self.store_credentials(self.seller)
        self.mapping.pause(paused=False)
        self.make_up()

    def order(self, purchase_order_id: str | None) -> Order | None:
        try:
            return self.marketplace.order(str(purchase_order_id))
        except KeyError:
            return None

    # What the parts of it are told

    def answered(self, environment: Environment, request: Request, answer: Response) -> None:
        call = self._last_call
        if call is None:
            return
        shown = answer.body.count(_UNREADABLE) and {
            order for order in self.unreadable if customer_order_id(order).encode() in answer.body
        }
        said = Said(
            answer.status,
            bool(_BY_THE_ORDER_SERVICE.search(answer.body)),
            call.fault,
            frozenset(shown or ()),
        )
        if environment.invocation and action_of(request) != "token":
            environment.invocation.answers.setdefault(call.purchase_order_id, []).append(said)
            if call.action in LISTS and call.fault in _SHOWN_ON_A_PAGE:
                environment.invocation.pages |= {each.decode()[::-1] for each in _ENTRY.findall(answer.body)}
        refused = call.status in {401, 403} or (call.status == 400 and (call.fault or call.refusal))
        its_own = call.status == 403 and call.purchase_order_id in self.forbidden
        if refused and not its_own:
            environment.doubt_credentials()
        elif (
            answer.status == HTTPStatus.OK
            and said.by_order_service
            and call.fault in _SHOWN_ON_A_PAGE
            and not said.unreadable
        ):
            environment.credentials_in_doubt = False
        right = call.fault in _RIGHT and answer.status == HTTPStatus.OK
        if call.action == "get" and right and call.purchase_order_id not in self.unreadable:
            self.promise.watch_look(environment, request)

    def write(self, text: str) -> None:
        if self.timeline.running:
            self.actors[self.timeline.running].write(text)

    def _served(self, call: Call) -> None:
        self._last_call = call
        if call.fault:
            self.weather.struck[call.fault] += 1
        if call.status in _CALLS_FOR_A_PAUSE:
            self._pause_until = self.timeline.elapsed + LONGEST_PAUSE_S
        self.promise.watch_call(call)

    def _worked_off(self, invocation: Invocation) -> None:
        self.batches.append(invocation)
        self.promise.watch_invocation(invocation)

    def _acknowledge_function(self, environment: Environment) -> Function:
        reset_logger()
        components = acknowledge_orders.bootstrap.build(
            AcknowledgeSettings.from_environment(
                {
                    **self._settings(),
                    "DEAD_LETTER_QUEUE_URL": self.dead_letters.name,
                    "MAXIMUM_CONCURRENCY": str(MAXIMUM_CONCURRENCY),
                    "BACKOFF_BASE_SECONDS": str(BACKOFF_BASE_S),
                    "BACKOFF_CAP_SECONDS": str(BACKOFF_CAP_S),
                    "CREDENTIALS_HOLD_SECONDS": str(HOLD_S),
                    "SWEEP_ENABLED": "true" if self.sweeping else "false",
                }
            ),
            secrets_manager=cast("SecretsManagerClient", SecretsManager(environment)),
            connect_sqs=lambda: cast("SQSClient", Sqs(environment)),
            runtime=environment.edges(),
        )
        return AcknowledgeFunction(components)

    def _sweep_function(self, environment: Environment) -> Function:
        reset_logger()
        components = sweep_orders.bootstrap.build(
            SweepSettings.from_environment(
                {
                    **self._settings(),
                    "EVENT_BUS_NAME": "default",
                    "ORDER_EVENT_SOURCE": SOURCE,
                    "ORDER_EVENT_DETAIL_TYPE": DETAIL_TYPE,
                    "SWEEP_INTERVAL_MINUTES": str(SWEEP_INTERVAL_S / 60),
                }
            ),
            secrets_manager=cast("SecretsManagerClient", SecretsManager(environment)),
            sqs=cast("SQSClient", Sqs(environment)),
            events=cast("EventBridgeClient", Events(environment)),
            runtime=environment.edges(),
        )
        return SweepFunction(components)

    def _settings(self) -> dict[str, str]:
        return {
            # The default: the model of capacity measures the lines that have it.
            "POWERTOOLS_SERVICE_NAME": "walmart-order-acknowledgement",
            "CREDENTIALS_SECRET_ARN": "secret",
            "MARKETPLACE_URL": URL,
            "MARKETPLACE_SERVICE_NAME": "Walmart Marketplace",
            "ORDER_QUEUE_URL": self.orders.name,
            "REQUESTS_PER_MINUTE": str(self.requests_per_minute),
        }


class _Output(io.TextIOBase):
    def __init__(self, world: World) -> None:
        self._world = world
        self._line = ""

    def write(self, text: str, /) -> int:
        self._line += text
        if self._line.endswith("\n"):
            line, self._line = self._line, ""
            self._world.write(line)
        return len(text)


@contextlib.contextmanager
def going_on(world: World) -> Iterator[World]:
    """Let a world go on: what is printed is its functions' output, and who waits waits in virtual time."""
    with (
        in_virtual_time(world.timeline),
        contextlib.redirect_stdout(_Output(world)),
        warnings.catch_warnings(),
    ):
        # Of an environment that was killed: it has nothing to print, which Powertools warns of.
        warnings.filterwarnings("ignore", "No application metrics to publish")
        yield world
    reset_logger()
