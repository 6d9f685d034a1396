"""The program, broken on purpose: each break is a mistake that somebody could make, and must be found."""

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.support.mutated import Mutated, path_of

_SEEDS: Final = 120
"""More than any of them needs."""


class Break(NamedTuple):
    """One mistake.

    Attributes:
        name: What is done wrong.
        module: In which module.
        right: What stands there.
        wrong: What stands there instead.
        found_as: What the promise's watch says of it.
        first_seed: Where to begin, so that it is found at once; any seed would do in the end.
        orders: How many orders there are in each storm.
    """

    name: str
    module: str
    right: str
    wrong: str
    found_as: str
    first_seed: int = 19
    orders: int = 30


def breaches_beside(mistake: Break, private_keys: Sequence[str]) -> list[str]:
    """Make a mistake in this process, which has not imported the program yet; tell what storms find.

    They end with the first one in which the mistake is found.
    """
    source = path_of(mistake.module).read_text()
    if source.count(mistake.right) != 1:
        raise ValueError(f"{mistake.module} has changed: say anew where {mistake.name}")
    sys.meta_path.insert(0, Mutated(mistake.module, source.replace(mistake.right, mistake.wrong)))
    from tests.simulation.storm import rage  # noqa: PLC0415 - it imports the program, with the mistake

    found: list[str] = []
    for seed in range(mistake.first_seed, mistake.first_seed + _SEEDS):
        found += rage(seed, private_keys, orders=mistake.orders).breaches
        if any(mistake.found_as in breach for breach in found):
            break
    return found


_APPLICATION: Final = "acknowledge_orders.application"
_FUNCTION: Final = "acknowledge_orders.handler"
_POLICY: Final = "acknowledge_orders.policy"
_CREDENTIALS: Final = "shared.walmart.client_provider"
_QUEUE: Final = "acknowledge_orders.sqs_order_queue"
_VERDICTS: Final = "walmart_ca.classification"
_PACING: Final = "shared.walmart.rate_limiter"

BREAKS: Final = (
    Break(
        "the look before posting is skipped",
        _POLICY,
        "return tried_before or event.swept or old",
        "return False",
        "posted although it was seen to be beyond acknowledging",
    ),
    Break(
        "an order beyond acknowledging may be posted",
        _POLICY,
        "return state_of(fetched) is OrderState.CREATED",
        "return True",
        "posted although it was seen to be beyond acknowledging",
    ),
    Break(
        "a message is deleted before its order is recorded",
        _APPLICATION,
        "        self._record(attempt, decision, message)\n        return decision.disposition",
        "        return decision.disposition",
        "outcome records",
    ),
    Break(
        "a message that is to come again is deleted",
        _FUNCTION,
        "if not is_done]",
        "if is_done is None]",
        "is gone",
    ),
    Break(
        "a lost answer counts as an acknowledgement",
        _POLICY,
        "    Outcome.OUTCOME_UNKNOWN: Action.BACK_OFF,",
        "    Outcome.OUTCOME_UNKNOWN: Action.DONE,",
        "is gone",
        first_seed=26,
    ),
    Break(
        "an order whose credentials are refused is given up",
        _POLICY,
        "    Outcome.CREDENTIALS_REFUSED: Action.HOLD,",
        "    Outcome.CREDENTIALS_REFUSED: Action.DONE,",
        "is gone",
    ),
    Break(
        "what could not be parked is deleted",
        _APPLICATION,
        "            return Decision(decision.outcome, decision.reason, Disposition.RETRY)\n",
        "            return decision\n",
        "is gone",
    ),
    Break(
        "a parked body is tidied up",
        _QUEUE,
        "MessageBody=message.body,",
        "MessageBody=message.body.strip(),",
        "is gone",
    ),
    Break(
        "jitter is drawn from a wrong base",
        _POLICY,
        "min(backoff.cap_s, backoff.base_s + waited_s)",
        "backoff.cap_s * backoff.base_s",
        "is not acknowledged",
    ),
    Break(
        "nobody waits for a turn",
        _PACING,
        "        now = self._monotonic()\n        full_at",
        "        return True\n        now = self._monotonic()\n        full_at",
        "bucket refused",
    ),
    Break(
        "every new environment sends a burst of its own",
        _PACING,
        "self._full_at = monotonic() + (self._burst - 1) * self._interval_s",
        "self._full_at = monotonic()",
        "bucket refused",
        first_seed=22,
        orders=100,
    ),
    Break(
        "an outcome is counted twice",
        "acknowledge_orders.powertools_recorder",
        "        self.count_outcome(record.outcome)\n",
        "        self.count_outcome(record.outcome)\n        self.count_outcome(record.outcome)\n",
        "the metrics count",
    ),
    Break(
        "a record shows the secret",
        "shared.walmart.client_provider",
        "ProvidedClient(client, secret.version_id, secret.mark_key)",
        "ProvidedClient(client, secret.text, secret.mark_key)",
        "the output tells",
    ),
    Break(
        "the sweep publishes nothing",
        "sweep_orders.selection",
        "    return sorted(found, key=urgency)",
        "    return sorted(found, key=urgency)[:0]",
        "is not acknowledged",
        first_seed=11,
    ),
    Break(
        "an order is parked at its first trouble",
        _POLICY,
        "context.receive_count >= MAX_RECEIVES:",
        "context.receive_count >= 1:",
        "gives up too early",
    ),
    Break(
        "an order that Walmart refuses is given up at once",
        _POLICY,
        "    young = context.now - _published_at(context) <= REJECTED_GRACE",
        "    young = False",
        "gives up too early",
    ),
    Break(
        "an order that Walmart does not know yet is given up at once",
        _POLICY,
        "    young = context.now - known_since <= NOT_FOUND_GRACE",
        "    young = False",
        "gives up too early",
    ),
    Break(
        "a cancelled order is told to be shipped",
        _POLICY,
        "            return Outcome.CANCELLED, None, Action.DONE",
        "            return Outcome.ALREADY_SHIPPED, None, Action.DONE",
        "is not true",
    ),
    Break(
        "an unknown status counts as a final one",
        "shared.orders.status",
        "    if not statuses or statuses - _KNOWN or not all(line.statuses for line in order.lines):",
        "    if not statuses or not all(line.statuses for line in order.lines):",
        "is gone",
    ),
    Break(
        "a rehearsal is posted",
        _APPLICATION,
        "        if order_event.dry_run:",
        "        if False:",
        "no event asks for it",
    ),
    Break(
        "an order that was tried before is posted without a look",
        _POLICY,
        "return tried_before or event.swept or old",
        "return event.swept or old",
        "without a look",
    ),
    Break(
        "a redriven event is taken for a new one",
        "acknowledge_orders.ports",
        "return self.was_parked or self.receive_count > 1",
        "return self.receive_count > 1",
        "without a look",
        first_seed=0,
        orders=100,
    ),
    Break(
        "the function answers nothing",
        _FUNCTION,
        "                return asyncio.run(self._handle_batch(",
        "                return None and asyncio.run(self._handle_batch(",
        "is gone",
    ),
    Break(
        "a message is parked with another reason than is recorded",
        _APPLICATION,
        "reason = decision.reason or decision.outcome",
        "reason = str(decision.outcome)",
        "was not parked so",
    ),
    Break(
        "an order's age is counted from its event",
        "shared.orders.event",
        "return self.order_date or self.event_time",
        "return self.event_time or self.order_date",
        "is told to be",
    ),
    Break(
        "the age of an order that is left to the sweep is measured",
        "acknowledge_orders.powertools_recorder",
        "            return  # The sweep measures it",
        "            pass  # The sweep measures it",
        "OrderAge is not that of the records",
        first_seed=11,
    ),
    Break(
        "a sweep counts what the bus refused",
        "sweep_orders.publishing",
        "published += len(some) - len(refused)",
        "published += len(some)",
        "tells of more",
        first_seed=39,
        orders=100,
    ),
    Break(
        "an order is left to sweeps that are off",
        _APPLICATION,
        "if event and self._sweep_enabled else None",
        "if event else None",
        "is gone",
        first_seed=26,
    ),
    Break(
        "nothing is parked before SQS moves it",
        _POLICY,
        "MAX_RECEIVES: Final = 90",
        "MAX_RECEIVES: Final = 1000",
        "parked without a reason",
        first_seed=0,
        orders=100,
    ),
    Break(
        "whoever answers 404 says that there is no such order",
        _VERDICTS,
        "        said = _services(entries) == {ORDER_SERVICE} and not path_unknown",
        "        said = not path_unknown",
        "is said by nobody who knows",
    ),
    Break(
        "a page of a proxy refuses an order",
        _VERDICTS,
        'return OrderRejected if walmarts and _services(entries) <= {ORDER_SERVICE, ""} else Unavailable',
        "return OrderRejected",
        "is said by nobody who knows",
        first_seed=38,
    ),
    Break(
        "a list on a path that is gone is empty",
        _VERDICTS,
        'said == {("CONTENT_NOT_FOUND", ORDER_SERVICE, True)}',
        '{code for code, _, _ in said} == {"CONTENT_NOT_FOUND"}',
        "a sweep completed although the order service did not list the orders",
        first_seed=38,
    ),
    Break(
        "a sweep completes without an entry that it could not read",
        "sweep_orders.listing",
        "        elif listing.unread:",
        "        elif False:",
        "a sweep completed although an entry could not be read",
        first_seed=20,
    ),
    Break(
        "a mark of the sweep is believed, whatever it was made for",
        "shared.orders.sweep_note",
        "return note if is_genuine else None",
        "return note",
        "leaves what no sweep published",
        first_seed=11,
    ),
    Break(
        "a sweep's message outlives the next sweep",
        _POLICY,
        "if note and context.now + timedelta(seconds=delay.at_most_s) >= note.next_sweep_at:",
        "if False:",
        "messages waiting",
        first_seed=26,
    ),
    Break(
        "every sweep parks an order that needs a person",
        _POLICY,
        "if action is Action.PARK and note and not note.park_if_stuck:",
        "if False:",
        "several dead letters of sweeps",
        first_seed=11,
    ),
    Break(
        "an order is left that no sweep sees again",
        "sweep_orders.selection",
        "LONG_LOOKBACK: Final = timedelta(days=30)",
        "LONG_LOOKBACK: Final = timedelta(hours=72)",
        "was left, and no sweep got it",
        first_seed=36,
    ),
    Break(
        "Walmart's count of a list is not compared with what was seen",
        "sweep_orders.listing",
        "        return max(0, self.counted - len(self.dates) - self.unusable - self.unread)",
        "        return 0",
        "a sweep completed without",
        first_seed=62,
        orders=100,
    ),
    Break(
        "one order's 403 is every order's",
        _CREDENTIALS,
        "concerns_all = version.forbid(now, purchase_order_id)",
        "concerns_all = version.forbid(now, purchase_order_id) or True",
        "comes of a refusal that concerns another order alone",
        first_seed=29,
    ),
    Break(
        "a 403 of every order is each one's own",
        _CREDENTIALS,
        "concerns_all = version.forbid(now, purchase_order_id)",
        "concerns_all = version.forbid(now, purchase_order_id) and False",
        "is given up for a 403 that every order gets",
        first_seed=15,
    ),
    Break(
        "turns are counted by a clock that somebody sets",
        "acknowledge_orders.bootstrap",
        "            monotonic=runtime.monotonic,",
        "            monotonic=runtime.clock,",
        "is not acknowledged",
        first_seed=13,
    ),
    Break(
        "a time ahead of the clock is believed",
        "shared.orders.event",
        "CLOCKS_APART: Final = timedelta(minutes=5)",
        "CLOCKS_APART: Final = timedelta(days=5000)",
        "without a look",
    ),
)
