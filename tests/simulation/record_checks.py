"""Record checks: compare the records, metrics and response of a batch with what happened."""

import functools
import json
import re
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Final

from shared.metrics import metric_name
from shared.orders.outcome import Outcome
from tests.local.marketplace import Fault
from tests.local.marketplace.orders import WALMART_FULFILLED
from tests.simulation.environment import Invocation, ObservedResponse
from tests.simulation.lambda_service import failed_ids
from tests.simulation.outcome_checks import is_unpublished, outcome_violations
from tests.support.printed import measurements_of, records_of

if TYPE_CHECKING:
    from tests.simulation.harness import Simulation

NOT_ACKNOWLEDGEABLE: Final = frozenset({"shipped", "delivered", "refund", "cancelled"})
"""The final statuses: an order that has one cannot be acknowledged any more."""
_SHIPPED: Final = NOT_ACKNOWLEDGEABLE - {"cancelled"}
_NOTHING_AT_RISK: Final = frozenset({"already_acknowledged", "already_shipped", "cancelled", "dry_run"})
_DONE: Final = _NOTHING_AT_RISK - {"dry_run"} | {"acknowledged"}
HARMLESS: Final = frozenset(
    {None, Fault.ODD_BYTES, Fault.EARLY_HINTS, Fault.FLAT_LINES, Fault.CANCELED_SPELLING}
)
"""The faults that must change nothing: the response has everything that is needed."""
_OUTCOME_METRICS: Final = frozenset(metric_name(outcome) for outcome in Outcome)
MAX_RECEIVES: Final = 90
_GRACE: Final = {"rejected": timedelta(hours=1), "not_found": timedelta(minutes=30)}
"""The least age of an event whose order is parked for one of these outcomes."""
_DEADLINE_S: Final = 4 * 3600.0
_LONGEST_INVOCATION_S: Final = 61.0
"""A record may be older than the end of its invocation by this much."""
_USABLE_ID: Final = re.compile(r"(?=.*[0-9])[A-Za-z0-9_-]{1,64}")
_EARLIEST: Final = datetime(2001, 1, 1, tzinfo=UTC)
_CLOCK_TOLERANCE: Final = timedelta(minutes=5)
_REFUSALS_OF_CALLER: Final = 3
"""Walmart refuses the caller only if at least this many orders are answered with 403."""
_REASONS_ON_LINES: Final = frozenset({"mixed_lines", "unclear_status", "walmart_fulfilled"})
"""The reasons to reject an order that the order itself shows, without a 4xx response."""


def detail_of(body: str) -> dict[str, Any]:
    """Return the detail of an event; an empty one if the event cannot be parsed."""
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return detail if isinstance(detail, dict) else {}


@functools.lru_cache(maxsize=100_000)
def order_of(body: str) -> str | None:
    """Return the order id in an event, if it has one. The id may be an integer."""
    found = detail_of(body).get("purchaseOrderId")
    if isinstance(found, int) and not isinstance(found, bool):
        return str(found)
    return found.strip() if isinstance(found, str) else None


def claims_sweep_origin(body: str) -> bool:
    """Return whether an event claims that a sweep published it. A forged event claims it too."""
    return detail_of(body).get("origin") == "sweep"


def is_dry_run(body: str) -> bool:
    return detail_of(body).get("dryRun") is True


def event_time(body: str) -> datetime | None:
    """Return the `time` of an event, which may be forged."""
    try:
        return datetime.fromisoformat(json.loads(body)["time"])
    except (ValueError, KeyError, TypeError, RecursionError):
        return None


def is_plausible(instant: datetime | None, now: datetime) -> bool:
    """Return whether the functions may use an instant: it is neither in the future nor a default value."""
    return instant is not None and instant >= _EARLIEST and instant - now <= _CLOCK_TOLERANCE


def is_harmless(response: ObservedResponse) -> bool:
    return response.fault in HARMLESS and not response.unreadable


def receives_of(message: dict[str, Any]) -> int:
    return int(message["attributes"]["ApproximateReceiveCount"])


def messages_of(invocation: Invocation, order: str) -> list[dict[str, Any]]:
    """Return the messages of a batch that are about an order."""
    return [message for message in invocation.event["Records"] if order_of(message["body"]) == order]


class RecordChecks:
    """Compares what one invocation reported with what happened in it, at its end."""

    def __init__(self, simulation: "Simulation", invocation: Invocation) -> None:
        self._simulation = simulation
        self._invocation = invocation
        self._received = {message["messageId"]: message for message in invocation.event["Records"]}
        self.records = records_of(invocation.lines)

    def violations(self) -> Iterator[str]:
        invocation = self._invocation
        recorded = Counter((record["message_id"], record["attempt"]) for record in self.records)
        delivered = Counter((each["messageId"], receives_of(each)) for each in invocation.event["Records"])
        if not recorded <= delivered or (invocation.returned and recorded != delivered):
            yield f"outcome records {recorded} for the messages {delivered}"
        if not recorded <= delivered:
            return
        for record in self.records:
            yield from self._check_record(record)
        if invocation.returned:
            retried = {record["message_id"] for record in self.records if record["disposition"] == "retry"}
            kept = failed_ids(invocation.result, set(self._received))
            if kept != retried:
                yield f"the response keeps {kept}, the records say {retried}"
            yield from self._check_metrics()
        yield from outcome_violations(invocation, self.records)

    def _check_record(self, record: dict[str, Any]) -> Iterator[str]:
        received, invariants = self._received[record["message_id"]], self._simulation.invariants
        body, order = received["body"], order_of(received["body"])
        outcome, reason, disposition = record["outcome"], record.get("reason"), record["disposition"]
        what = f"{outcome}, {reason}, {disposition} of {order}"
        recorded_for = record.get("purchase_order_id")
        if recorded_for != order and (recorded_for is not None or outcome != "invalid_event"):
            yield f"{what} is recorded for {recorded_for}"
        if (outcome in _DONE) != (disposition == "done") and not is_unpublished(record):
            yield f"{what} is inconsistent"
        if outcome in _DONE and not self._is_true(outcome, str(order)):
            yield f"{what} is not true"
        if disposition == "parked":
            if not self._may_be_parked(record, received):
                yield f"{what} is parked too early"
            if {"outcome": outcome, "reason": reason or outcome} not in invariants.parked.get(body, []):
                yield f"{what} was parked with other attributes"
        if disposition == "left_to_sweep" and body not in invariants.sweep_events:
            yield f"{what} is left to the sweep, but no sweep published it"
        # Walmart may refuse calls about a few other orders alone.
        forbidden = self._simulation.forbidden
        in_doubt = self._invocation.credentials_in_doubt or len(forbidden) >= _REFUSALS_OF_CALLER
        paused = outcome == "credentials_refused" or reason == "credentials_paused"
        if paused and order not in forbidden and not in_doubt:
            yield f"{what} is due to a refusal that concerns another order alone"
        yield from self._check_evidence(record, str(order), what)
        yield from self._check_age(record, body)

    def _check_evidence(self, record: dict[str, Any], order: str, what: str) -> Iterator[str]:
        """Check that the order service's own responses justify the outcome."""
        responses = self._invocation.responses[order]
        # The gateway, not the order service, writes the 403 that concerns one order alone.
        statuses = {
            response.status
            for response in responses
            if response.by_order_service or response.fault is Fault.FORBIDDEN
        }
        outcome, reason = record["outcome"], record.get("reason")
        if outcome == "not_found" and HTTPStatus.NOT_FOUND not in statuses:
            yield f"{what} did not come from the order service"
        # An order whose response stays unreadable is rejected too.
        shown = reason in _REASONS_ON_LINES or (reason == "unreadable_response" and HTTPStatus.OK in statuses)
        shown |= is_unpublished(record)
        if outcome == "rejected" and not shown and not {*range(400, 500)} & statuses:
            yield f"{what} did not come from the order service"
        if reason == "unreadable_response" and responses and all(map(is_harmless, responses)):
            yield f"{what} is due to a harmless fault"

    def _is_true(self, outcome: str, order: str) -> bool:
        """Return whether Walmart did what an outcome says, or showed it in a fetch of this invocation."""
        fetched = self._invocation.fetched[order]
        match outcome:
            case "acknowledged":
                applied = order in self._simulation.invariants.applied
                return applied or any("acknowledged" in seen for seen in fetched)
            case "already_acknowledged":
                return any("acknowledged" in seen and "created" not in seen for seen in fetched)
            case "already_shipped":
                return any(seen & _SHIPPED and seen <= NOT_ACKNOWLEDGEABLE for seen in fetched)
            case _:
                return any(seen == {"cancelled"} for seen in fetched)

    def _may_be_parked(self, record: dict[str, Any], received: dict[str, Any]) -> bool:
        """Return whether the order needs a person, or its message reached the last receive."""
        body, order = received["body"], str(order_of(received["body"]))
        match record["outcome"], record.get("reason"):
            case "invalid_event", _:
                dry_run = detail_of(body).get("dryRun") or False
                return not _USABLE_ID.fullmatch(order_of(body) or "") or not isinstance(dry_run, bool)
            case "dry_run", _:
                return is_dry_run(body)
            case "rejected", "mixed_lines":
                fetched = self._invocation.fetched[order]
                return any("created" in seen and seen & NOT_ACKNOWLEDGEABLE for seen in fetched)
            case "rejected", "walmart_fulfilled":
                known = self._simulation.order(order)
                return known is not None and known.ship_node == WALMART_FULFILLED
            case outcome, _:
                grace = _GRACE.get(outcome, timedelta.max)
                return int(record["attempt"]) >= MAX_RECEIVES or self._is_older(body, order, grace)

    def _is_older(self, body: str, order: str, grace: timedelta) -> bool:
        """Return whether an order may be older than this for the functions."""
        since = event_time(body)
        if since and body in self._simulation.invariants.sweep_events:
            # An earlier message may have attempted it: the order's date counts, which the sweep saw.
            since = min(since, self._simulation.marketplace.order(order).order_date)
        # Without a plausible time the functions count from the first receive, which is not known here.
        return any(
            since is None or not is_plausible(since, now) or now - since > grace
            for now in self._simulation.clocks_of(self._invocation)
        )

    def _check_age(self, record: dict[str, Any], body: str) -> Iterator[str]:
        age_s = record.get("order_age_s")
        nows = self._simulation.clocks_of(self._invocation)
        date = detail_of(body).get("orderDate")
        try:
            since = datetime.fromisoformat(date) if date is not None else event_time(body)
        except (ValueError, TypeError):
            return  # The functions may use the event's time instead.
        if age_s is None or since is None or since.tzinfo is None:
            return
        lasted = timedelta(seconds=self._invocation.took_s)
        if not all(is_plausible(since, now - lasted) for now in nows):
            return  # The same applies to a date that is not plausible.
        true_s = [(now - since).total_seconds() for now in nows]
        if not any(-0.1 <= each - age_s <= _LONGEST_INVOCATION_S for each in true_s):
            yield f"the recorded age is {age_s} s, the true age {true_s[0]} s"
        if abs(age_s + record["deadline_remaining_s"] - _DEADLINE_S) > 0.2:
            yield f"{record['deadline_remaining_s']} s remain for an order that is {age_s} s old"

    def _check_metrics(self) -> Iterator[str]:
        measured, records = measurements_of(self._invocation.lines), self.records
        counted = {name: len(values) for name, values in measured.items() if name in _OUTCOME_METRICS}
        outcomes = Counter(metric_name(record["outcome"]) for record in records)
        if counted != outcomes:
            yield f"the metrics count {counted}, the records {outcomes}"
        aged = [record for record in records if record.get("order_age_s") is not None]
        at_risk = [
            record
            for record in aged
            if record["outcome"] not in _NOTHING_AT_RISK and record["disposition"] != "left_to_sweep"
        ]
        acknowledged = [record for record in aged if record["outcome"] == "acknowledged"]
        latencies = [record.get("latency_ms") for record in records]
        expected = {
            "MarketplaceLatency": [latency for latency in latencies if latency is not None],
            "OrderAge": [max(0.0, record["order_age_s"]) for record in at_risk],
            "OrderAgeAtAcknowledgement": [max(0.0, record["order_age_s"]) for record in acknowledged],
            "LeftToSweep": [1.0 for record in records if record["disposition"] == "left_to_sweep"],
        }
        for name, values in expected.items():
            if sorted(measured.get(name, [])) != sorted(values):
                yield f"the metric {name} differs from the records"
