"""The order event, which arrives over the event bus for each new order."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self

from shared.orders.foreign_events import name_foreign
from shared.orders.sweep_note import SWEEP, SweepNote
from walmart_ca import InvalidArgument, check_purchase_order_id, parse_instant

DEADLINE: Final = timedelta(hours=4)
"""Walmart wants an order acknowledged within four hours of its date."""

CLOCKS_APART: Final = timedelta(minutes=5)
"""How far the clocks of two machines may differ. A time further ahead is ignored."""

_NO_OBJECT: Final = "must be a JSON object"
_MAX_EVENT_ID: Final = 64
_EXACT_BELOW: Final = 2**53
"""Many JSON writers and readers keep numbers as floats, which lose digits of a larger integer."""


class InvalidEventError(Exception):
    """No order can be acknowledged from the event. The text names the member and shows no value.

    Attributes:
        event_id: EventBridge's id of the event, or None.
    """

    def __init__(self, reason: str, event_id: str | None = None) -> None:
        """Name the unusable member, and the event."""
        super().__init__(reason)
        self.event_id = event_id


class IgnoredDate(NamedTuple):
    """A date of an event that is not used.

    Attributes:
        field: The member that holds it.
        why: The reason, a constant text.
    """

    field: str
    why: str


class OrderEvent(NamedTuple):
    """One valid order event.

    Attributes:
        purchase_order_id: Safe in a path, a signature and a log.
        order_date: When the buyer ordered, aware; None when missing or ignored.
        event_time: When the event was published, aware; None when missing or ignored.
        ignored_dates: The dates that are in the event and are not used.
        event_id: EventBridge's id of the event, or None.
        dry_run: Build the request and report it, without sending it.
        swept: The event claims that the sweep published it. Any producer can claim that.
        detail: The member `detail`, unchanged.
    """

    purchase_order_id: str
    order_date: datetime | None
    event_time: datetime | None
    ignored_dates: tuple[IgnoredDate, ...]
    event_id: str | None
    dry_run: bool
    swept: bool
    detail: Mapping[str, object]

    def __repr__(self) -> str:
        """Name the order, and show nothing else of what a producer wrote."""
        return f"OrderEvent(purchase_order_id={self.purchase_order_id!r})"

    @property
    def deadline_from(self) -> datetime | None:
        """The instant from which Walmart's four hours count; None when the event has no date."""
        return self.order_date or self.event_time

    @classmethod
    def read(cls, event: object, now: datetime) -> Self:
        """Read an event as EventBridge delivers it. Unknown members are ignored.

        Args:
            event: Parsed from JSON.
            now: Aware. A date more than `CLOCKS_APART` ahead of it is ignored: the order would seem too young
                until then.

        Raises:
            InvalidEventError: A required member is missing or unusable.
        """
        if not isinstance(event, Mapping):
            raise InvalidEventError(f"event: {name_foreign(event) or _NO_OBJECT}")
        event_id = _event_id(event.get("id"))
        try:
            detail = _detail(event)
            _refuse_self_check(detail)
            purchase_order_id = _purchase_order_id(detail)
            dry_run = _flag(detail, "dryRun")
        except InvalidEventError as error:
            raise InvalidEventError(str(error), event_id) from None
        ignored: list[IgnoredDate] = []
        return cls(
            purchase_order_id=purchase_order_id,
            order_date=_date("detail.orderDate", detail.get("orderDate"), now, ignored),
            event_time=_date("time", event.get("time"), now, ignored),
            ignored_dates=tuple(ignored),
            event_id=event_id,
            dry_run=dry_run,
            swept=detail.get("origin") == SWEEP,
            detail=detail,
        )

    def note_by_sweep(self, keys: Iterable[bytes]) -> SweepNote | None:
        """Return the sweep's note in the event; None when the sweep did not publish it.

        Args:
            keys: The keys with which the sweep may have signed it.
        """
        return SweepNote.read(self.detail, keys) if self.swept else None


def _detail(event: Mapping[str, object]) -> Mapping[str, object]:
    detail = event.get("detail")
    if isinstance(detail, Mapping):
        return detail
    if foreign := name_foreign(event):
        raise InvalidEventError(f"event: {foreign}")
    raise InvalidEventError(f"detail: {name_foreign(detail) or _NO_OBJECT}")


def _refuse_self_check(detail: Mapping[str, object]) -> None:
    """Refuse a request for the self-check: a direct invocation answers it before it reads an order event."""
    if _flag(detail, "selfCheck"):
        raise InvalidEventError(
            "detail.selfCheck: is for a direct invocation only; an order event must not have it"
        )


def _purchase_order_id(detail: Mapping[str, object]) -> str:
    """Read the id. A number, or a text with white space around it, is accepted: its meaning is certain."""
    if "purchaseOrderId" not in detail:
        foreign = name_foreign(detail)
        raise InvalidEventError(f"detail: {foreign}" if foreign else "detail.purchaseOrderId: missing")
    value = detail["purchaseOrderId"]
    if isinstance(value, int) and not isinstance(value, bool) and value > 0:
        if value >= _EXACT_BELOW:
            raise InvalidEventError(
                "detail.purchaseOrderId: is too large a number to keep every digit; write it as a string"
            )
        value = str(value)
    try:
        return check_purchase_order_id(value.strip() if isinstance(value, str) else value)
    except InvalidArgument as error:
        raise InvalidEventError(f"detail.purchaseOrderId {error.problem}") from None


def _flag(detail: Mapping[str, object], name: str) -> bool:
    value = detail.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        # A text such as "true" asks for it too, and a misspelled dry run must not acknowledge an order.
        raise InvalidEventError(f"detail.{name}: must be true or false")
    return value


def _date(field: str, value: object, now: datetime, ignored: list[IgnoredDate]) -> datetime | None:
    """Read a date of an event; add a date that is unreadable or implausible to `ignored`."""
    date = parse_instant(value)
    if date is None and value is not None:
        ignored.append(IgnoredDate(field, "unreadable"))
    elif date is not None and date - now > CLOCKS_APART:
        ignored.append(IgnoredDate(field, "more than five minutes ahead of the clock"))
        return None
    return date


def _event_id(value: object) -> str | None:
    return printable(value[:_MAX_EVENT_ID]) if isinstance(value, str) else None


def printable(text: str) -> str:
    """Make a text of another's JSON printable: JSON allows half of a surrogate pair, and UTF-8 does not."""
    return text.encode("utf-8", "replace").decode()
