"""The order event: what comes over the bus for each new order."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Final, Self

from shared.orders.foreign_events import name_foreign
from shared.orders.sweep_note import SWEEP, SweepNote
from walmart_ca import InvalidArgument, check_purchase_order_id, parse_instant

DEADLINE: Final = timedelta(hours=4)
"""Walmart wants an order acknowledged within four hours of its date."""

CLOCKS_APART: Final = timedelta(minutes=5)
"""The clocks of two machines may differ by so much. A time further ahead is no time."""

_NO_OBJECT: Final = "must be a JSON object"
_MAX_EVENT_ID: Final = 64
_EXACT_BELOW: Final = 2**53
"""Many JSON writers and readers keep numbers as floats, which lose digits of a larger integer."""


class InvalidEventError(Exception):
    """An event that no order can be acknowledged by; its text names the member and shows no value.

    Attributes:
        event_id: The event's own id, where it has one.
    """

    def __init__(self, reason: str, event_id: str | None = None) -> None:
        """Say which member is unusable, and of which event."""
        super().__init__(reason)
        self.event_id = event_id


@dataclass(frozen=True, slots=True)
class IgnoredDate:
    """A date of an event that is not used.

    Attributes:
        field: The member that it stands in.
        why: A constant text.
    """

    field: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class OrderEvent:
    """One order event, checked.

    Attributes:
        purchase_order_id: Safe in a path, a signature and a log.
        order_date: When the buyer ordered, aware; None when missing or ignored.
        event_time: When the event was published, aware; None when missing or ignored.
        ignored_dates: What stands in the event for either, and is not used.
        event_id: EventBridge's id of the event, or None.
        dry_run: Build the request and report it, without sending it.
        swept: The event says that the sweep published it. Any producer can say so.
        detail: As it came.
    """

    purchase_order_id: str
    order_date: datetime | None
    event_time: datetime | None
    ignored_dates: tuple[IgnoredDate, ...]
    event_id: str | None
    dry_run: bool
    swept: bool
    detail: Mapping[str, object] = field(repr=False, compare=False)

    @property
    def deadline_from(self) -> datetime | None:
        """The instant from which Walmart's four hours count, as far as the event says."""
        return self.order_date or self.event_time

    @classmethod
    def read(cls, event: object, now: datetime) -> Self:
        """Read an event as EventBridge delivers it. Unknown members are ignored.

        `detail.sellerId` is reserved, and unknown so far.

        Args:
            event: Parsed from JSON.
            now: Aware. A date more than `CLOCKS_APART` ahead of it is ignored: by it an order would stay
                young for as long.

        Raises:
            InvalidEventError: A member that is needed is missing or unusable.
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
        """Return what the sweep says in the event; None when it was not published by the sweep.

        Args:
            keys: By which an event of the sweep is known.
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
    """Refuse what asks for the self-check: by hand it is answered without reading it as an order event."""
    if _flag(detail, "selfCheck"):
        raise InvalidEventError("detail.selfCheck: is for direct invocation, and no order event may have it")


def _purchase_order_id(detail: Mapping[str, object]) -> str:
    """Read the id. A number, and white space around a text, can mean one order only."""
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
        raise InvalidEventError(f"detail.{error.parameter} {error.problem}") from None


def _flag(detail: Mapping[str, object], name: str) -> bool:
    value = detail.get(name)
    if value is None:
        return False
    if not isinstance(value, bool):
        # An event with "true" asks for it, and an order must not be acknowledged because of a spelling.
        raise InvalidEventError(f"detail.{name}: must be true or false")
    return value


def _date(field: str, value: object, now: datetime, ignored: list[IgnoredDate]) -> datetime | None:
    """Read a date of an event if it can be true, and otherwise add it to those that are ignored."""
    date = parse_instant(value)
    if date is None and value is not None:
        ignored.append(IgnoredDate(field, "unreadable"))
    elif date is not None and date - now > CLOCKS_APART:
        ignored.append(IgnoredDate(field, "more than five minutes ahead of the clock"))
        return None
    return date


def _event_id(value: object) -> str | None:
    """Take an event's id as it can be printed: UTF-8 has no half of a surrogate pair, and JSON does."""
    return value[:_MAX_EVENT_ID].encode("utf-8", "replace").decode() if isinstance(value, str) else None
