"""The settings of SweepFunction."""

from dataclasses import dataclass

from shared.settings import Settings


@dataclass(frozen=True, kw_only=True, eq=False)
class SweepSettings(Settings):
    """The settings of SweepFunction.

    Attributes:
        event_bus_name: The event bus.
        order_event_source: The `source` of order events.
        order_event_detail_type: The `detail-type` of order events.
        sweep_interval_minutes: Minutes between two sweeps.
    """

    event_bus_name: str
    order_event_source: str
    order_event_detail_type: str
    sweep_interval_minutes: float
