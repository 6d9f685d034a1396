"""Whether what a function tells of a batch is what truly happened: its records, its metrics, its answer."""

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from shared.metrics import metric_name
from shared.orders.outcome import Outcome
from tests.local.marketplace import Fault
from tests.local.marketplace.orders import WALMART_FULFILLED
from tests.simulation.environment import Invocation
from tests.simulation.lambda_service import failed_ids
from tests.support.printed import measurements_of, records_of

if TYPE_CHECKING:
    from tests.simulation.world import World

BEYOND: Final = frozenset({"shipped", "delivered", "refund", "cancelled"})
"""The statuses that no acknowledgement leads back from."""
_GONE_OUT: Final = BEYOND - {"cancelled"}
_DONE: Final = frozenset({"acknowledged", "already_acknowledged", "already_shipped", "cancelled"})
_NOTHING_AT_RISK: Final = frozenset({"already_acknowledged", "already_shipped", "cancelled", "dry_run"})
HARMLESS: Final = frozenset(
    {None, Fault.ODD_BYTES, Fault.EARLY_HINTS, Fault.FLAT_LINES, Fault.CANCELED_SPELLING}
)
"""The faults that must not matter: the answer has all that is needed."""
_OUTCOME_METRICS: Final = frozenset(metric_name(outcome) for outcome in Outcome)
_LAST_RECEIVE: Final = 90
_PATIENCE: Final = {"rejected": timedelta(hours=1), "not_found": timedelta(minutes=30)}
"""So old an event is at least when its order is given up for one of these."""
_DEADLINE_S: Final = 4 * 3600.0
_LASTS_S: Final = 61.0
"""How long an invocation lasts at most, and a record may be older than its end."""
_USABLE_ID: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9_-]{1,64}")
_NO_TIME_BEFORE: Final = datetime(2001, 1, 1, tzinfo=UTC)
_NO_TIME_AFTER: Final = timedelta(minutes=5)
"""A time that lies further ahead is none."""
_LONE: Final = 3
"""Fewer orders than this with a 403 of their own are no sign that Walmart refuses the caller."""
_OF_LINES: Final = frozenset({"mixed_lines", "unclear_status", "walmart_fulfilled"})
"""The reasons to reject an order that are seen on it, and that no refusal has to tell."""


def detail_of(body: str) -> dict[str, Any]:
    """Return the detail of an event; nothing, if it cannot be read."""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return detail if isinstance(detail, dict) else {}


@functools.lru_cache(maxsize=100_000)
def order_of(body: str) -> str | None:
    """Return the id of the order that an event tells of, if it can be read. An integer is one too."""
    found = detail_of(body).get("purchaseOrderId")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found.strip() if isinstance(found, str) else None


def claims_sweep(body: str) -> bool:
    """Return whether an event says that a sweep published it, which anybody can write."""
    return detail_of(body).get("origin") == "sweep"


def is_rehearsal(body: str) -> bool:
    return detail_of(body).get("dryRun") is True


def event_time(body: str) -> datetime | None:
    """Return when an event was published, as EventBridge says, or as somebody forged it."""
    try:
        return datetime.fromisoformat(json.loads(body)["time"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def is_believed(instant: datetime | None, now: datetime) -> bool:
    """Return whether something can have been at an instant.

    What lies ahead by minutes was not yet, and what lies before Walmart sold there is a default.
    """
    return instant is not None and instant >= _NO_TIME_BEFORE and instant - now <= _NO_TIME_AFTER


class Accounts:
    """Holds what was told of one invocation against what happened in it."""

    def __init__(
        self,
        world: "World",
        invocation: Invocation,
        applied: set[str],
        parked: Mapping[str, list[Mapping[str, str]]],
    ) -> None:
        """Take the world at the end of the invocation of a batch.

        `applied` has the ids of the orders that Walmart has ever acknowledged for us, and `parked` the
        attributes by which a body was ever parked.
        """
        self._world = world
        self._invocation = invocation
        self._applied = applied
        self._parked = parked
        self._received = {record["messageId"]: record for record in invocation.event["Records"]}
        self.records = records_of(invocation.lines)

    def complaints(self) -> Iterator[str]:
        invocation = self._invocation
        told = Counter((record["message_id"], record["attempt"]) for record in self.records)
        handed_out = Counter(
            (record["messageId"], int(record["attributes"]["ApproximateReceiveCount"]))
            for record in invocation.event["Records"]
        )
        if not told <= handed_out:
            yield f"outcome records {told} for the messages {handed_out}"
            return
        for record in self.records:
            yield from self._complaints_of(record)
        if invocation.returned:
            if told != handed_out:
                yield f"outcome records {told} for the messages {handed_out}"
            later = {record["message_id"] for record in self.records if record["disposition"] == "retry"}
            kept = failed_ids(invocation.answer, set(self._received))
            if kept != later:
                yield f"the answer keeps {kept}, the records {later}"
            yield from self._complaints_of_metrics()

    def _complaints_of(self, record: dict[str, Any]) -> Iterator[str]:
        received = self._received[record["message_id"]]
        body, order = received["body"], order_of(received["body"])
        outcome, disposition = record["outcome"], record["disposition"]
        what = f"{outcome}, {record.get('reason')}, {disposition} of {order}"
        if record.get("purchase_order_id") not in {order, None} or (
            record.get("purchase_order_id") is None and outcome != "invalid_event"
        ):
            yield f"{what} is told of {record.get('purchase_order_id')}"
        if (outcome in _DONE) != (disposition == "done"):
            yield f"{what} makes no sense"
        if outcome in _DONE and not self._came_true(outcome, str(order)):
            yield f"{what} is not true"
        if disposition == "parked" and not self._may_be_given_up(record, received):
            yield f"{what} gives up too early"
        if disposition == "left_to_sweep" and body not in self._world.promise.swept:
            yield f"{what} leaves what no sweep published"
        if outcome == "credentials_refused" or record.get("reason") == "credentials_paused":
            yield from self._complaints_of_pause(str(order), what)
        yield from self._complaints_of_evidence(record, str(order), what)
        attributes = {"outcome": outcome, "reason": record.get("reason") or outcome}
        if disposition == "parked" and attributes not in self._parked.get(body, []):
            yield f"{what} was not parked so"
        yield from self._complaints_of_age(record, body)

    def _complaints_of_evidence(self, record: dict[str, Any], order: str, what: str) -> Iterator[str]:
        """Say where an order is judged by an answer that its service did not write, or by an odd byte."""
        answers = self._invocation.answers.get(order, [])
        # The gateway writes the 403 that is one order's own affair.
        said = {
            answer.status for answer in answers if answer.by_order_service or answer.fault is Fault.FORBIDDEN
        }
        outcome, reason = record["outcome"], record.get("reason")
        if outcome == "not_found" and HTTPStatus.NOT_FOUND not in said:
            yield f"{what} is said by nobody who knows"
        # What the order service shows can be rejected too, where it cannot be read even after a while.
        shown = reason in _OF_LINES or (reason == "unreadable_response" and HTTPStatus.OK in said)
        if outcome == "rejected" and not shown and not {*range(400, 500)} & said:
            yield f"{what} is said by nobody who knows"
        harmless = all(answer.fault in HARMLESS and not answer.unreadable for answer in answers)
        if reason == "unreadable_response" and answers and harmless:
            yield f"{what} comes of a byte that nobody needs"

    def _complaints_of_pause(self, order: str, what: str) -> Iterator[str]:
        """Say where an order suffers from a refusal that concerns only another one."""
        world = self._world
        alone = order not in world.forbidden and len(world.forbidden) < _LONE
        if alone and not self._invocation.credentials_in_doubt:
            yield f"{what} comes of a refusal that concerns another order alone"

    def _came_true(self, outcome: str, order: str) -> bool:
        """Tell whether Walmart has done, or has shown in a look of this invocation, what an outcome says."""
        looks = self._invocation.looks.get(order, [])
        match outcome:
            case "acknowledged":
                return order in self._applied or any("acknowledged" in seen for seen in looks)
            case "already_acknowledged":
                return any("acknowledged" in seen and "created" not in seen for seen in looks)
            case "already_shipped":
                return any(seen & _GONE_OUT and not seen - BEYOND for seen in looks)
            case _:
                return any(seen == {"cancelled"} for seen in looks)

    def _may_be_given_up(self, record: dict[str, Any], received: dict[str, Any]) -> bool:
        """Tell whether it is for a person: nothing else may be parked before its 90th receive."""
        body, order = received["body"], str(order_of(received["body"]))
        since = event_time(body)
        if since and body in self._world.promise.swept:
            # An earlier message may have tried it: the order's own date counts, which the sweep saw.
            since = min(since, self._world.marketplace.order(order).order_date)
        # Where no time is believed, the age counts from when the message came, which is not known here.
        ages = [
            now - since if since and is_believed(since, now) else None
            for now in self._world.clocks_of(self._invocation)
        ]
        last_receive = int(record["attempt"]) >= _LAST_RECEIVE and record["disposition"] == "parked"
        match record["outcome"], record.get("reason"):
            case "invalid_event", _:
                dry_run = detail_of(body).get("dryRun") or False
                return not _USABLE_ID.fullmatch(order_of(body) or "") or not isinstance(dry_run, bool)
            case "dry_run", _:
                return is_rehearsal(body)
            case "rejected", "mixed_lines":
                return any("created" in seen and seen & BEYOND for seen in self._looks(order))
            case "rejected", "walmart_fulfilled":
                known = self._world.order(order)
                return known is not None and known.ship_node == WALMART_FULFILLED
            case outcome, _:
                patience = _PATIENCE.get(outcome, timedelta.max)
                return last_receive or any(age is None or age > patience for age in ages)

    def _looks(self, order: str) -> list[frozenset[str]]:
        return self._invocation.looks.get(order, [])

    def _complaints_of_age(self, record: dict[str, Any], body: str) -> Iterator[str]:
        age_s = record.get("order_age_s")
        nows = self._world.clocks_of(self._invocation)
        date = detail_of(body).get("orderDate")
        try:
            since = datetime.fromisoformat(date) if date is not None else event_time(body)
        except (ValueError, TypeError):
            return  # Whatever it is, the event's time may stand in for it.
        if age_s is None or since is None or since.tzinfo is None:
            return
        lasted = timedelta(seconds=self._invocation.took_s)
        if not all(is_believed(since, now - lasted) for now in nows):
            return  # So may it for a date that is not believed.
        true_s = [(now - since).total_seconds() for now in nows]
        if not any(-0.1 <= each - age_s <= _LASTS_S for each in true_s):
            yield f"an order is told to be {age_s} s old, and is {true_s[0]}"
        if abs(age_s + record["deadline_remaining_s"] - _DEADLINE_S) > 0.2:
            yield f"{record['deadline_remaining_s']} s are told to be left of an order of {age_s} s"

    def _complaints_of_metrics(self) -> Iterator[str]:
        measured = measurements_of(self._invocation.lines)
        records = self.records
        counted = {name: len(values) for name, values in measured.items() if name in _OUTCOME_METRICS}
        outcomes = Counter(metric_name(record["outcome"]) for record in records)
        if counted != outcomes:
            yield f"the metrics count {counted}, the records {outcomes}"
        ages = [record for record in records if record.get("order_age_s") is not None]
        expected = {
            "Attempts": [float(record["attempt"]) for record in records],
            "MarketplaceLatency": [
                record["latency_ms"] for record in records if record.get("latency_ms") is not None
            ],
            "OrderAge": [
                max(0.0, record["order_age_s"])
                for record in ages
                if record["outcome"] not in _NOTHING_AT_RISK and record["disposition"] != "left_to_sweep"
            ],
            "OrderAgeAtAcknowledgement": [
                max(0.0, record["order_age_s"]) for record in ages if record["outcome"] == "acknowledged"
            ],
        }
        for name, values in expected.items():
            if sorted(measured.get(name, [])) != sorted(values):
                yield f"{name} is not that of the records"
