"""One call and everything that can be done about it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from .answers import Answer, Style, unreadable
from .calls import Call, Ledger
from .faults import Fault
from .orders import Orders
from .quota import COUNT_HEADER, Allowance, Bucket
from .routes import Destination
from .server import Wire


@dataclass(slots=True)
class Exchange:
    """A call on its way to an answer, kept up to date in the ledger.

    Whatever a call leads to is entered before the first byte of it is sent: a caller that has its answer
    finds the ledger complete.
    """

    call: Call
    destination: Destination
    number: int
    ledger: Ledger
    orders: Orders
    style: Style
    wire: Wire
    clock: Callable[[], float]
    bucket: Bucket | None = None
    allowance: Allowance | None = None

    def take_from_bucket(self) -> bool:
        """Take a token out of the bucket for such calls, if there is one; tell whether the call may go on."""
        if self.bucket is None:
            return True
        self.allowance = self.bucket.take()
        return self.allowance.granted

    def enter_refusal(self, reason: str) -> None:
        """Enter why the gateway refuses the call."""
        self._amend(replace(self.call, refusal=reason))

    def enter_fault(self, fault: Fault) -> None:
        """Enter which fault the call meets."""
        self._amend(replace(self.call, fault=fault))

    def right_answer(self) -> Answer:
        """Do what the call asks for and give the answer to it, unsent."""
        answer = self.destination.answer(self.style)
        if self.call.action == "acknowledge" and answer.status == HTTPStatus.OK:
            self._amend(replace(self.call, applied=True))
        return self.garbled(answer)

    def garbled(self, answer: Answer) -> Answer:
        """Break what an answer has of the orders whose entry is to be unreadable."""
        for purchase_order_id in self.orders.unreadable:
            answer = unreadable(answer, purchase_order_id)
        return answer

    def send(self, answer: Answer) -> None:
        """Send an answer at once and as a whole."""
        body = b"" if self.call.method == "HEAD" else answer.body
        self.begin(answer.status, self.head(answer) + body)

    def head(self, answer: Answer, *framing: tuple[str, str]) -> bytes:
        """Write the head of an answer; it tells what the bucket holds unless the answer itself does."""
        headers = answer.headers
        if self.bucket is not None and COUNT_HEADER not in dict(headers):
            headers += (self.allowance or self.bucket.look()).headers
        return replace(answer, headers=headers).head(self.clock(), *framing)

    def begin(self, status: int, data: bytes) -> None:
        """Enter the status and send the first bytes; who begins sends the rest by ``wire``."""
        self._amend(replace(self.call, status=status))
        self.wire.write(data)

    def _amend(self, call: Call) -> None:
        self.call = call
        self.ledger.amend(self.number, call)
