"""The program, broken on purpose: each break is a mistake that somebody could make, and must be found."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Break:
    """One mistake.

    Attributes:
        name: What is done wrong.
        file: In which file.
        right: What stands there.
        wrong: What stands there instead.
        found_as: What the promise's watch says of it.
        first_seed: Where to begin, so that it is found soon; any seed would do in the end.
    """

    name: str
    file: str
    right: str
    wrong: str
    found_as: str
    first_seed: int = 0


_APPLICATION: Final = "functions/acknowledge_orders/application.py"
_FUNCTION: Final = "functions/acknowledge_orders/function.py"
_POLICY: Final = "functions/acknowledge_orders/policy.py"
_CREDENTIALS: Final = "functions/shared/credentials.py"
_QUEUE: Final = "functions/acknowledge_orders/order_queue.py"
_VERDICTS: Final = "layers/walmart_ca/walmart_ca/verdicts.py"
_PACING: Final = "functions/shared/pacing.py"

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
        "return state_of(seen) is OrderState.CREATED",
        "return True",
        "posted although it was seen to be beyond acknowledging",
    ),
    Break(
        "a message is deleted before its order is recorded",
        _APPLICATION,
        "        self._record(attempted, decision, message)\n        return decision.disposition",
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
        "    Outcome.OUTCOME_UNKNOWN: Consequence.BACK_OFF,",
        "    Outcome.OUTCOME_UNKNOWN: Consequence.DONE,",
        "is gone",
    ),
    Break(
        "an order whose credentials are refused is given up",
        _POLICY,
        "    Outcome.CREDENTIALS_REFUSED: Consequence.HOLD,",
        "    Outcome.CREDENTIALS_REFUSED: Consequence.DONE,",
        "is gone",
    ),
    Break(
        "what could not be parked is deleted",
        _APPLICATION,
        "            return Decision(decision.outcome, decision.reason, Disposition.LATER)\n",
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
        "min(waiting.cap_s, waiting.base_s + waited_s)",
        "waiting.cap_s * waiting.base_s",
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
        first_seed=21,
    ),
    Break(
        "an outcome is counted twice",
        "functions/acknowledge_orders/recorder.py",
        "        self.count_outcome(record.outcome)\n",
        "        self.count_outcome(record.outcome)\n        self.count_outcome(record.outcome)\n",
        "the metrics count",
    ),
    Break(
        "a record shows the secret",
        "functions/shared/credentials.py",
        "Access(client, secret.version_id, mark_key_of(secret.text))",
        "Access(client, secret.text, mark_key_of(secret.text))",
        "the output tells",
    ),
    Break(
        "the sweep publishes nothing",
        "functions/sweep_orders/selection.py",
        "    return sorted(found, key=urgency)",
        "    return sorted(found, key=urgency)[:0]",
        "is not acknowledged",
    ),
    Break(
        "an order is parked at its first trouble",
        _POLICY,
        "circumstances.receive_count >= LAST_RECEIVE:",
        "circumstances.receive_count >= 1:",
        "gives up too early",
    ),
    Break(
        "an order that Walmart refuses is given up at once",
        _POLICY,
        "    young = circumstances.now - _published(circumstances) <= GIVE_UP_AFTER",
        "    young = False",
        "gives up too early",
    ),
    Break(
        "an order that Walmart does not know yet is given up at once",
        _POLICY,
        "    young = circumstances.now - known_since <= UNKNOWN_UNTIL",
        "    young = False",
        "gives up too early",
    ),
    Break(
        "a cancelled order is told to be shipped",
        _POLICY,
        "            return Outcome.CANCELLED, None, Consequence.DONE",
        "            return Outcome.ALREADY_SHIPPED, None, Consequence.DONE",
        "is not true",
    ),
    Break(
        "an unknown status counts as a final one",
        "functions/shared/order_state.py",
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
        "functions/acknowledge_orders/ports.py",
        "return self.was_parked or self.receive_count > 1",
        "return self.receive_count > 1",
        "without a look",
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
        "functions/shared/order_event.py",
        "return self.order_date or self.event_time",
        "return self.event_time or self.order_date",
        "is told to be",
    ),
    Break(
        "the age of an order that is left to the sweep is measured",
        "functions/acknowledge_orders/recorder.py",
        "            return  # The sweep itself measures it",
        "            pass  # The sweep itself measures it",
        "OrderAge is not that of the records",
    ),
    Break(
        "a sweep counts what the bus refused",
        "functions/sweep_orders/publishing.py",
        "published += len(some) - len(refused)",
        "published += len(some)",
        "tells of more",
        first_seed=38,
    ),
    Break(
        "an order is left to sweeps that are off",
        _APPLICATION,
        "if event and self._sweeping else None",
        "if event else None",
        "is gone",
    ),
    Break(
        "nothing is parked before SQS moves it",
        _POLICY,
        "LAST_RECEIVE: Final = 90",
        "LAST_RECEIVE: Final = 1000",
        "parked without a reason",
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
        first_seed=10,
    ),
    Break(
        "a list on a path that is gone is empty",
        _VERDICTS,
        'said == {("CONTENT_NOT_FOUND", ORDER_SERVICE, True)}',
        '{code for code, _, _ in said} == {"CONTENT_NOT_FOUND"}',
        "a sweep completed although the order service did not list the orders",
    ),
    Break(
        "a sweep completes without an entry that it could not read",
        "functions/sweep_orders/listing.py",
        "        elif listing.unread:",
        "        elif False:",
        "a sweep completed although an entry could not be read",
        first_seed=7,
    ),
    Break(
        "a mark of the sweep is believed, whatever it was made for",
        "functions/shared/sweep_mark.py",
        "return note if is_genuine else None",
        "return note",
        "leaves what no sweep published",
    ),
    Break(
        "a sweep's message outlives the next sweep",
        _POLICY,
        "if note and circumstances.now + timedelta(seconds=delay.at_most_s) >= note.next_sweep_at:",
        "if False:",
        "messages waiting",
    ),
    Break(
        "every sweep parks an order that needs a person",
        _POLICY,
        "if consequence is Consequence.PARK and note and not note.park_if_stuck:",
        "if False:",
        "several dead letters of sweeps",
    ),
    Break(
        "an order is left that no sweep sees again",
        "functions/sweep_orders/selection.py",
        "LONG_LOOK_BACK: Final = timedelta(days=30)",
        "LONG_LOOK_BACK: Final = timedelta(hours=72)",
        "was left, and no sweep got it",
        first_seed=24,
    ),
    Break(
        "Walmart's count of a list is not compared with what was seen",
        "functions/sweep_orders/listing.py",
        "        return max(0, self.counted - len(self.dates) - self.unusable - self.unread)",
        "        return 0",
        "a sweep completed without",
        first_seed=60,
    ),
    Break(
        "one order's 403 is every order's",
        _CREDENTIALS,
        "concerns_all = version.forbid(now, purchase_order_id)",
        "concerns_all = version.forbid(now, purchase_order_id) or True",
        "comes of a refusal that concerns another order alone",
    ),
    Break(
        "a 403 of every order is each one's own",
        _CREDENTIALS,
        "concerns_all = version.forbid(now, purchase_order_id)",
        "concerns_all = version.forbid(now, purchase_order_id) and False",
        "is given up for a 403 that every order gets",
    ),
    Break(
        "turns are counted by a clock that somebody sets",
        "functions/acknowledge_orders/composition.py",
        "            monotonic=edges.monotonic,",
        "            monotonic=edges.clock,",
        "is not acknowledged",
        first_seed=7,
    ),
    Break(
        "a time ahead of the clock is believed",
        "functions/shared/order_event.py",
        "CLOCKS_APART: Final = timedelta(minutes=5)",
        "CLOCKS_APART: Final = timedelta(days=5000)",
        "without a look",
    ),
)
