"""The promise, and what watches over it while a world goes on.

*Every order event is acknowledged at Walmart, or waits in a queue, or is parked with a reason; never gone;
and no shipped or cancelled order is posted once we have seen that it is.*
"""

import json
from collections import Counter
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

from shared.metrics import metric_name
from shared.outcomes import Outcome
from tests.local_marketplace import Call
from tests.simulation.environment import Environment, Invocation
from tests.simulation.queue import Message
from walmart_ca.calls import Request

if TYPE_CHECKING:
    from tests.simulation.world import World

_OUTCOME_METRICS: Final = frozenset(metric_name(outcome) for outcome in Outcome)
_SECRET_HEADERS: Final = ("WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN", "Authorization")
_FRESH: Final = timedelta(minutes=15)
_SWEPT_FOR: Final = timedelta(hours=48)


@dataclass(slots=True)
class Promise:
    """Notes every breach, with the time and what is needed to find it.

    Attributes:
        breaches: What was broken; nothing, if all is well.
        records: How many outcome records there were, by outcome.
        posts_of_twins: Posts for an order that was seen to be final by an attempt at another event of the
            same order. A fresh event is posted without a look, and has no way to know of its twin; Walmart
            refuses such a post, and nothing comes of it. Counted, not forbidden.
    """

    world: "World"
    breaches: list[str] = field(default_factory=list)
    records: Counter[str] = field(default_factory=Counter)
    posts_of_twins: int = 0
    _final: set[str] = field(default_factory=set)
    _secrets: set[str] = field(default_factory=set)

    def breach(self, text: str) -> None:
        """Note a breach."""
        self.breaches.append(f"{self.world.timeline.elapsed:.3f} s: {text}")

    def watch_call(self, call: Call) -> None:
        """Watch a call that the marketplace has served."""
        if call.status == 429 and call.fault is None and self.world.sole_caller:
            self.breach(f"Walmart's bucket refused {call.action} of {call.purchase_order_id}")
        if call.refusal and not self.world.keys_change:
            self.breach(f"Walmart refused {call.action} of {call.purchase_order_id}: {call.refusal}")

    def watch_request(self, environment: Environment, request: Request) -> None:
        """Watch a call that is about to reach Walmart."""
        for header in _SECRET_HEADERS:
            if value := request.headers.get(header):
                self._secrets.add(value)
        if not request.url.endswith("/acknowledge"):
            return
        purchase_order_id = request.url.rsplit("/", 2)[1]
        if purchase_order_id not in self._final:
            return
        if any(self._may_be_posted(record) for record in self._in_hand(environment, purchase_order_id)):
            self.posts_of_twins += 1
        else:
            self.breach(f"{purchase_order_id} was posted although it was seen to be beyond acknowledging")

    def watch_look(self, request: Request) -> None:
        """Watch a right answer to a look that a function got."""
        purchase_order_id = request.url.rsplit("/", 1)[1]
        order = self.world.marketplace.order(purchase_order_id)
        statuses = {status.casefold() for line in order.lines for status in line.statuses}
        if not statuses <= {"created", "acknowledged"}:
            self._final.add(purchase_order_id)

    def _in_hand(self, environment: Environment, purchase_order_id: str) -> list[dict[str, Any]]:
        records = environment.invocation.event["Records"] if environment.invocation else []
        return [record for record in records if order_of(record["body"]) == purchase_order_id]

    def _may_be_posted(self, record: dict[str, Any]) -> bool:
        """Tell whether an event is posted without a look: it is new, young, and not from a sweep."""
        event = json.loads(record["body"])
        young = self.world.timeline.now() - datetime.fromisoformat(event["time"]) <= _FRESH
        first = record["attributes"]["ApproximateReceiveCount"] == "1" and not record["messageAttributes"]
        return young and first and not _is_of_sweep(record["body"])

    def watch_invocation(self, invocation: Invocation) -> None:
        """Watch a batch that was worked off, or in the midst of which its environment ended."""
        records = [line for line in invocation.lines if line.get("message") == "order outcome"]
        self._watch_output(invocation)
        attempts = Counter((record["message_id"], record["attempt"]) for record in records)
        handed_out = Counter(
            (record["messageId"], int(record["attributes"]["ApproximateReceiveCount"]))
            for record in invocation.event["Records"]
        )
        if invocation.answer is not None:
            if attempts != handed_out:
                self.breach(f"outcome records {attempts} for the messages {handed_out}")
            self._watch_metrics(records, invocation)
        elif not attempts <= handed_out:
            self.breach(f"an environment that ended wrote {attempts} for the messages {handed_out}")
        for record in records:
            self.records[record["outcome"]] += 1

    def _watch_metrics(self, records: list[dict[str, Any]], invocation: Invocation) -> None:
        measured = _measurements(invocation.lines)
        counted = Counter({name: len(values) for name, values in measured.items()})
        outcomes = Counter(metric_name(record["outcome"]) for record in records)
        if {name: counted[name] for name in counted if name in _OUTCOME_METRICS} != outcomes:
            self.breach(f"the metrics count {counted}, the records {outcomes}")
        if sorted(measured.get("Attempts", [])) != sorted(float(record["attempt"]) for record in records):
            self.breach("Attempts are not those of the records")
        latencies = [record["latency_ms"] for record in records if record.get("latency_ms") is not None]
        if sorted(measured.get("MarketplaceLatency", [])) != sorted(latencies):
            self.breach("MarketplaceLatency is not that of the records")
        acknowledged = [
            max(0.0, record["order_age_s"])
            for record in records
            if record["outcome"] == "acknowledged" and record.get("order_age_s") is not None
        ]
        if sorted(measured.get("OrderAgeAtAcknowledgement", [])) != sorted(acknowledged):
            self.breach("OrderAgeAtAcknowledgement is not that of the records")

    def watch_sweep(self, invocation: Invocation) -> None:
        """Watch a sweep that has ended."""
        self._watch_output(invocation)
        records = [line for line in invocation.lines if line.get("message") == "sweep outcome"]
        if invocation.answer is not None and len(records) != 1:
            self.breach(f"a sweep wrote {len(records)} records")

    def _watch_output(self, invocation: Invocation) -> None:
        text = json.dumps([invocation.lines, invocation.answer], ensure_ascii=False)
        for word in (*self.world.never_told, *self._secrets):
            if word in text:
                self.breach(f"the output tells {word[:12]}…")
        self._secrets.clear()
        failures = [line for line in invocation.lines if "exception" in line]
        if failures:
            self.breach(f"a mistake of the function's own: {failures[0]['exception'][-600:]}")

    def watch_deletion(self, message: Message) -> None:
        """Watch a message that is about to be deleted: what it tells of must be settled or kept elsewhere."""
        if self._is_settled(message.body) or self._is_parked(message.body) or self._is_swept(message.body):
            return
        self.breach(f"the event of {order_of(message.body)} is gone")

    def watch_end(self) -> None:
        """Watch what is left at the end: what was parked has its reason, and every event is somewhere."""
        for message in self.world.dead_letters.messages:
            if not message.attributes.get("outcome") or not message.attributes.get("reason"):
                self.breach(f"the event of {order_of(message.body)} is parked without a reason")
            text = json.dumps(dict(message.attributes), ensure_ascii=False)
            if any(word in text for word in self.world.never_told):
                self.breach("a reason tells what it must not")
        waiting = {message.body for message in self.world.orders.messages} | set(self.world.bus.on_their_way)
        for body in self.world.told:
            if body in waiting or self._is_settled(body) or self._is_parked(body):
                continue
            self.breach(f"the event of {order_of(body)} is nowhere")

    def watch_acknowledged(self, limit_s: float) -> None:
        """Watch that nothing waits which could be acknowledged, so long after the weather became fair."""
        parked = {order_of(message.body) for message in self.world.dead_letters.messages}
        told = {order_of(body) for body in self.world.told}
        for purchase_order_id in self.world.placed:
            order = self.world.marketplace.order(purchase_order_id)
            known = purchase_order_id in told or self.world.sweeping
            if known and order.acknowledgeable and order.released and purchase_order_id not in parked:
                self.breach(f"{purchase_order_id} is not acknowledged {limit_s:.0f} s later")

    def _is_settled(self, body: str) -> bool:
        order = self.world.order(order_of(body))
        return order is not None and not order.released

    def _is_parked(self, body: str) -> bool:
        return any(message.body == body for message in self.world.dead_letters.messages)

    def _is_swept(self, body: str) -> bool:
        """Tell whether the order of an event of a sweep is seen by the sweeps to come."""
        order = self.world.order(order_of(body))
        if order is None or not self.world.sweeping or not _is_of_sweep(body):
            return False
        return order.released and self.world.timeline.now() - order.order_date < _SWEPT_FOR


def _detail_of(body: str) -> dict[str, Any]:
    try:
        detail = json.loads(body)["detail"]
    except (ValueError, KeyError, TypeError):
        return {}
    return detail if isinstance(detail, dict) else {}


def order_of(body: str) -> str | None:
    """Return the id of the order that an event tells of, if it can be read."""
    found = _detail_of(body).get("purchaseOrderId")
    return found if isinstance(found, str) else None


def _is_of_sweep(body: str) -> bool:
    return _detail_of(body).get("origin") == "sweep"


def _measurements(lines: list[dict[str, Any]]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for line in lines:
        for directive in line.get("_aws", {}).get("CloudWatchMetrics", []):
            for metric in directive["Metrics"]:
                found = line[metric["Name"]]
                values.setdefault(metric["Name"], []).extend(found if isinstance(found, list) else [found])
    return values
