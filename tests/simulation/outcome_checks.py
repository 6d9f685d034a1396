"""The invariants of outcome events.

*Every final outcome is published, in one call of its batch, before its message leaves the queue. Each
notification needs an admission of its own.*
"""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, Final

from tests.support.outcome_schema import check_outcome_event

if TYPE_CHECKING:
    from tests.simulation.environment import Invocation

SOURCE: Final = "walmart.ca.order-outcomes"
"""As `docs/reference.md` says."""
_HANDLED: Final = {"already_acknowledged", "already_shipped", "cancelled"}
_NOT_PUBLISHED: Final = "event_bus: "
_WITHOUT_ORDER: Final = "events without an order"


def outcome_violations(invocation: "Invocation", records: list[dict[str, Any]]) -> Iterator[str]:
    """Yield what is wrong with the outcome events of one invocation, at its end."""
    if len(invocation.outcome_calls) > 1:
        yield f"a batch published its outcomes in {len(invocation.outcome_calls)} calls"
    accepted = [event for call in invocation.outcome_calls for event in call]
    for detail_type, detail in accepted:
        check_outcome_event(detail_type, detail, SOURCE)
        if detail.get("notify"):
            order = detail["purchase_order_id"] or _WITHOUT_ORDER
            if order not in invocation.admitted:
                yield f"a notification about {order} was not admitted"
            else:
                invocation.admitted.remove(order)
    published = [(detail_type, detail["message_id"], detail["outcome"]) for detail_type, detail in accepted]
    for record in records:
        if record["disposition"] not in {"done", "parked"}:
            continue
        expected = (_detail_type(record), record["message_id"], record["outcome"])
        # After an hour without success the message is parked, and its outcome is in the dead letter only.
        given_up = record["disposition"] == "parked" and invocation.outcomes_refused
        if expected not in published and not given_up:
            yield f"{record['outcome']} of {record['message_id']} was not published as {expected[0]}"


def is_unpublished(record: dict[str, Any]) -> bool:
    """Return whether a record says that its outcome could not be published."""
    return str(record.get("reason")).startswith(_NOT_PUBLISHED)


def _detail_type(record: dict[str, Any]) -> str:
    if record["disposition"] == "parked":
        return "Order Parked"
    return "Order Already Handled" if record["outcome"] in _HANDLED else "Order Acknowledged"
