"""One call and everything that can be done about it."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from .answers import Answer, Form, Style, unreadable
from .calls import Call, Ledger
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
        """Take a token out of the bucket, if such calls have one; return whether the call may go on."""
        if self.bucket is None:
            return True
        self.allowance = self.bucket.take()
        return self.allowance.granted

    def amend(self, call: Call) -> None:
        """Enter what has become of the call."""
        self.call = call
        self.ledger.amend(self.number, call)

    def right_answer(self, form: Form | None = None) -> Answer:
        """Do what the call asks for and give the answer to it, unsent, and in one form if it is given."""
        if form is not None:
            self.style = replace(self.style, forced_form=form)
        answer = self.destination.answer(self.style)
        if self.call.action == "acknowledge" and answer.status == HTTPStatus.OK:
            self.amend(replace(self.call, applied=True))
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
        self.amend(replace(self.call, status=status))
        self.wire.write(data)
