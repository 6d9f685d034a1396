"""Seeded bugs: mistakes that a developer could make, each of which the simulation must find."""

import sys
from collections.abc import Sequence
from typing import Final, NamedTuple

from tests.support.mutated import Mutated, path_of

_SEEDS: Final = 120
"""More than any bug needs."""


class SeededBug(NamedTuple):
    """One bug.

    Attributes:
        right: The correct code in the module.
        wrong: The code with the bug.
        found_as: A part of the violation that the simulation reports.
        first_seed: The first seed to run. It finds the bug at once; other seeds find it later.
    """

    name: str
    module: str
    right: str
    wrong: str
    found_as: str
    first_seed: int = 19
    orders: int = 30


def violations_with(bug: SeededBug, private_keys: Sequence[str]) -> list[str]:
    """Run scenarios with a bug until one finds it, in a process that has not imported the program yet."""
    source = path_of(bug.module).read_text()
    if source.count(bug.right) != 1:
        raise ValueError(f"{bug.module} has changed: update the seeded bug {bug.name!r}")
    sys.meta_path.insert(0, Mutated(bug.module, source.replace(bug.right, bug.wrong)))
    from tests.simulation.random_scenario import run_scenario  # noqa: PLC0415 - it imports the program with the bug

    found: list[str] = []
    for seed in range(bug.first_seed, bug.first_seed + _SEEDS):
        found += run_scenario(seed, private_keys, orders=bug.orders).violations
        if any(bug.found_as in violation for violation in found):
            break
    return found


_APPLICATION: Final = "acknowledge_orders.application"
_BOOTSTRAP: Final = "acknowledge_orders.bootstrap"
_HANDLER: Final = "acknowledge_orders.handler"
_POLICY: Final = "acknowledge_orders.policy"
_CREDENTIALS: Final = "shared.walmart.client_provider"
_QUEUE: Final = "acknowledge_orders.sqs_order_queue"
_CLASSIFICATION: Final = "walmart_ca.classification"
_RATE_LIMITER: Final = "shared.walmart.rate_limiter"

SEEDED_BUGS: Final = (
    SeededBug(
        "the fetch before the acknowledgement is skipped",
        _POLICY,
        "return tried_before or event.swept or old",
        "return False",
        "acknowledged although its status was final",
        first_seed=0,
    ),
    SeededBug(
        "an order with a final status may be acknowledged",
        _POLICY,
        "return state_of(fetched) is OrderState.CREATED",
        "return True",
        "acknowledged although its status was final",
    ),
    SeededBug(
        "a message is deleted before its order is recorded",
        _APPLICATION,
        "        self._recorder.record(\n            replace(attempt.record, reason=decision.reason,",
        "        (\n            replace(attempt.record, reason=decision.reason,",
        "outcome records",
    ),
    SeededBug(
        "a message that is to be retried is deleted",
        _HANDLER,
        "if not is_done]",
        "if is_done is None]",
        "is lost",
    ),
    SeededBug(
        "a lost response counts as an acknowledgement",
        _POLICY,
        "    Outcome.OUTCOME_UNKNOWN: Action.BACK_OFF,",
        "    Outcome.OUTCOME_UNKNOWN: Action.DONE,",
        "is lost",
        first_seed=26,
    ),
    SeededBug(
        "an order whose credentials are refused counts as done",
        _POLICY,
        "    Outcome.CREDENTIALS_REFUSED: Action.HOLD,",
        "    Outcome.CREDENTIALS_REFUSED: Action.DONE,",
        "is lost",
    ),
    SeededBug(
        "a message that could not be parked is deleted",
        _APPLICATION,
        "            return Decision(decision.outcome, decision.reason, Disposition.RETRY)\n",
        "            return decision\n",
        "is lost",
    ),
    SeededBug(
        "a parked body loses its white space",
        _QUEUE,
        "MessageBody=message.body,",
        "MessageBody=message.body.strip(),",
        "is lost",
    ),
    SeededBug(
        "jitter is drawn from a wrong base",
        _POLICY,
        "min(backoff.cap_s, backoff.base_s + waited_s)",
        "backoff.cap_s * backoff.base_s",
        "is not acknowledged",
    ),
    SeededBug(
        "the rate limiter never waits",
        _RATE_LIMITER,
        "        now = self._monotonic()\n        full_at",
        "        return True\n        now = self._monotonic()\n        full_at",
        "the rate limit refused",
        first_seed=0,
    ),
    SeededBug(
        "every new environment sends a burst",
        _RATE_LIMITER,
        "self._full_at = monotonic() + (self._burst - 1) * self._interval_s",
        "self._full_at = monotonic()",
        "the rate limit refused",
        first_seed=22,
        orders=100,
    ),
    SeededBug(
        "an outcome is counted twice",
        "acknowledge_orders.powertools_recorder",
        "        self.count_outcome(record.outcome)\n",
        "        self.count_outcome(record.outcome)\n        self.count_outcome(record.outcome)\n",
        "the metrics count",
    ),
    SeededBug(
        "a record shows the secret",
        "shared.walmart.client_provider",
        "ProvidedClient(client, secret.version_id, secret.mark_key)",
        "ProvidedClient(client, secret.text, secret.mark_key)",
        "the output contains a secret",
    ),
    SeededBug(
        "the sweep publishes nothing",
        "sweep_orders.selection",
        "    return sorted(found, key=urgency)",
        "    return sorted(found, key=urgency)[:0]",
        "is not acknowledged",
        first_seed=11,
    ),
    SeededBug(
        "an order is parked at its first failure",
        _POLICY,
        "context.receive_count >= MAX_RECEIVES:",
        "context.receive_count >= 1:",
        "is parked too early",
    ),
    SeededBug(
        "an order that Walmart rejects is parked at once",
        _POLICY,
        "    young = context.now - _age_counts_from(context) <= REJECTED_GRACE",
        "    young = False",
        "is parked too early",
    ),
    SeededBug(
        "an order that Walmart does not know yet is parked at once",
        _POLICY,
        "    young = context.now - known_since <= NOT_FOUND_GRACE",
        "    young = False",
        "is parked too early",
    ),
    SeededBug(
        "a cancelled order is recorded as shipped",
        _POLICY,
        "            return Outcome.CANCELLED, None, Action.DONE",
        "            return Outcome.ALREADY_SHIPPED, None, Action.DONE",
        "is not true",
    ),
    SeededBug(
        "an unknown status counts as a final one",
        "shared.orders.status",
        "    if not statuses or statuses - _KNOWN or not all(line.statuses for line in order.lines):",
        "    if not statuses or not all(line.statuses for line in order.lines):",
        "is lost",
    ),
    SeededBug(
        "a dry run acknowledges the order",
        _APPLICATION,
        "        if order_event.dry_run:",
        "        if False:",
        "acknowledged without an event",
    ),
    SeededBug(
        "a retried order is acknowledged without a fetch",
        _POLICY,
        "return tried_before or event.swept or old",
        "return event.swept or old",
        "without a fetch",
        first_seed=0,
    ),
    SeededBug(
        "a redriven event counts as a new one",
        "acknowledge_orders.ports",
        "return self.was_parked or self.receive_count > 1",
        "return self.receive_count > 1",
        "without a fetch",
        first_seed=0,
        orders=15,
    ),
    SeededBug(
        "the function returns nothing",
        _HANDLER,
        "                return asyncio.run(self._handle_batch(",
        "                return None and asyncio.run(self._handle_batch(",
        "is lost",
    ),
    SeededBug(
        "a message is parked with another reason than the recorded one",
        _APPLICATION,
        "reason = decision.reason or decision.outcome",
        "reason = str(decision.outcome)",
        "was parked with other attributes",
    ),
    SeededBug(
        "the age of an order counts from its event",
        "shared.orders.event",
        "return self.order_date or self.event_time",
        "return self.event_time or self.order_date",
        "the recorded age is",
    ),
    SeededBug(
        "the age of an order that is left to the sweep is measured",
        "acknowledge_orders.powertools_recorder",
        "            return  # The sweep measures it",
        "            pass  # The sweep measures it",
        "OrderAge differs from the records",
        first_seed=11,
    ),
    SeededBug(
        "a sweep counts events that the bus refused",
        "sweep_orders.publishing",
        "published += len(some) - len(refused)",
        "published += len(some)",
        "recorded more",
        first_seed=39,
        orders=100,
    ),
    SeededBug(
        "an order is left to sweeps that are turned off",
        _BOOTSTRAP,
        "mark_keys=clients.mark_keys if settings.sweep_enabled else tuple",
        "mark_keys=clients.mark_keys",
        "is lost",
        first_seed=26,
    ),
    SeededBug(
        "nothing is parked before SQS moves it",
        _POLICY,
        "MAX_RECEIVES: Final = 90",
        "MAX_RECEIVES: Final = 1000",
        "parked without a reason",
        first_seed=0,
        orders=100,
    ),
    SeededBug(
        "any 404 means that the order does not exist",
        _CLASSIFICATION,
        "        said = _services(entries) == {ORDER_SERVICE} and not path_unknown",
        "        said = not path_unknown",
        "did not come from the order service",
    ),
    SeededBug(
        "a page of a proxy rejects an order",
        _CLASSIFICATION,
        'return OrderRejected if walmarts and _services(entries) <= {ORDER_SERVICE, ""} else Unavailable',
        "return OrderRejected",
        "did not come from the order service",
        first_seed=38,
    ),
    SeededBug(
        "a list on a withdrawn path counts as empty",
        _CLASSIFICATION,
        'said == {("CONTENT_NOT_FOUND", ORDER_SERVICE, True)}',
        '{code for code, _, _ in said} == {"CONTENT_NOT_FOUND"}',
        "a sweep completed although the order service did not list the orders",
        first_seed=38,
    ),
    SeededBug(
        "a sweep completes without an unreadable entry",
        "sweep_orders.listing",
        "        elif listing.unread:",
        "        elif False:",
        "a sweep completed although an entry could not be read",
        first_seed=20,
    ),
    SeededBug(
        "a sweep note for another order is accepted",
        "shared.orders.sweep_note",
        "return note if is_genuine else None",
        "return note",
        "no sweep published it",
        first_seed=11,
    ),
    SeededBug(
        "a sweep's message outlives the next sweep",
        _POLICY,
        "if note and context.now + timedelta(seconds=delay.at_most_s) >= note.next_sweep_at:",
        "if False:",
        "messages in the queue",
        first_seed=26,
    ),
    SeededBug(
        "every sweep parks an order that needs a person",
        _POLICY,
        "if action is Action.PARK and note and not note.park_if_stuck:",
        "if False:",
        "several dead letters of sweeps",
        first_seed=11,
    ),
    SeededBug(
        "an order is left that no later sweep finds",
        "sweep_orders.selection",
        "LONG_LOOKBACK: Final = timedelta(days=30)",
        "LONG_LOOKBACK: Final = timedelta(hours=72)",
        "no sweep found it",
        first_seed=36,
    ),
    SeededBug(
        "Walmart's count of a list is not compared with its entries",
        "sweep_orders.listing",
        "        return max(0, self.counted - len(self.dates) - self.unusable - self.unread)",
        "        return 0",
        "a sweep completed without",
        first_seed=62,
        orders=100,
    ),
    SeededBug(
        "a 403 for one order stops all orders",
        _CREDENTIALS,
        "concerns_all = version.record_forbidden(now, purchase_order_id)",
        "concerns_all = version.record_forbidden(now, purchase_order_id) or True",
        "is due to a refusal that concerns another order alone",
        first_seed=29,
    ),
    SeededBug(
        "a 403 for every order parks each of them",
        _CREDENTIALS,
        "concerns_all = version.record_forbidden(now, purchase_order_id)",
        "concerns_all = version.record_forbidden(now, purchase_order_id) and False",
        "is parked for a 403 that every order gets",
        first_seed=15,
    ),
    SeededBug(
        "the rate limiter uses the wall clock",
        "acknowledge_orders.bootstrap",
        "            monotonic=runtime.monotonic,",
        "            monotonic=runtime.clock,",
        "is not acknowledged",
        first_seed=13,
    ),
    SeededBug(
        "a time in the future is accepted",
        "shared.orders.event",
        "CLOCKS_APART: Final = timedelta(minutes=5)",
        "CLOCKS_APART: Final = timedelta(days=5000)",
        "without a fetch",
    ),
)
