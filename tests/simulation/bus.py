"""The event bus with its rule, which sends every order event to the order queue at least once."""

import json
from collections import Counter
from datetime import timedelta
from typing import TYPE_CHECKING

from tests.simulation.faults import SystemFault
from tests.support.settings import SWEEP

if TYPE_CHECKING:
    from tests.simulation.harness import Simulation


class Bus:
    """The event bus.

    Attributes:
        on_their_way: The bodies of events that are published but not delivered yet.
        last_arrives_at: When every published event has arrived.
    """

    def __init__(self, simulation: "Simulation") -> None:
        self._simulation = simulation
        self._timeline = simulation.timeline
        self._faults = simulation.faults
        self._published = 0
        self.on_their_way: Counter[str] = Counter()
        self.last_arrives_at = 0.0

    def publish(self, detail: str, *, age: timedelta = timedelta(0)) -> str:
        """Publish an event, or replay one of the given age. Returns its body."""
        self._published += 1
        event = {
            "version": "0",
            "id": f"event-{self._published}",
            "detail-type": SWEEP["ORDER_EVENT_DETAIL_TYPE"],
            "source": SWEEP["ORDER_EVENT_SOURCE"],
            "account": "000000000000",
            "time": f"{self._timeline.now() - age:%Y-%m-%dT%H:%M:%SZ}",
            "region": "ca-central-1",
            "resources": [],
            "detail": json.loads(detail),
        }
        body = json.dumps(event)
        self.deliver(body)
        if self._faults.occurs(SystemFault.EVENT_TWICE):
            self.deliver(body, late=self._faults.rng.random() < 0.5)
        return body

    def deliver(self, body: str, *, late: bool = False) -> None:
        """Deliver a body to the queue unchanged."""
        seconds = self._faults.rng.uniform(0.05, 2.0)
        if late or self._faults.occurs(SystemFault.EVENT_LATE):
            seconds += self._faults.rng.uniform(60.0, 3600.0)
        self.on_their_way[body] += 1
        self.last_arrives_at = max(self.last_arrives_at, self._timeline.elapsed + seconds)

        def arrive() -> None:
            self.on_their_way -= Counter([body])
            if self._faults.occurs(SystemFault.EVENT_UNDELIVERED):
                self._simulation.undelivered.send(body, {"ERROR_CODE": "NO_PERMISSIONS"})
            else:
                self._simulation.orders.send(body)

        self._timeline.after(seconds, arrive)
