"""One call and its response in progress."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

from .calls import Call
from .orders import Orders
from .quota import COUNT_HEADER, Allowance, Bucket
from .responses import Response, Style
from .server import Wire
from .variants import Form


@dataclass(slots=True)
class Exchange:
    """A call on its way to a response.

    The call is updated before the first byte is sent, so it is complete when the caller has its response.
    """

    call: Call
    respond: Callable[[Style], Response]
    orders: Orders
    style: Style
    wire: Wire
    clock: Callable[[], float]
    bucket: Bucket | None = None
    allowance: Allowance | None = None

    def take_from_bucket(self) -> bool:
        if self.bucket is None:
            return True
        self.allowance = self.bucket.take()
        return self.allowance.granted

    def right_response(self, form: Form | None = None) -> Response:
        """Do what the call asks for and return the response without sending it; ``form`` overrides Accept."""
        if form is not None:
            self.style = replace(self.style, form=form)
        response = self.respond(self.style)
        if self.call.action == "acknowledge" and response.status == HTTPStatus.OK:
            self.call.applied = True
        return response

    def send(self, response: Response) -> None:
        body = b"" if self.call.method == "HEAD" else response.body
        self.begin(response.status, self.head(response) + body)

    def head(self, response: Response, *framing: tuple[str, str]) -> bytes:
        """Return the head of a response, with the bucket's headers unless the response has its own."""
        headers = response.headers
        if self.bucket is not None and COUNT_HEADER not in dict(headers):
            headers += (self.allowance or self.bucket.peek()).headers
        return replace(response, headers=headers).head(self.clock(), *framing)

    def begin(self, status: int, data: bytes) -> None:
        """Log the status and send the first bytes; the caller sends the rest by ``wire``."""
        self.call.status = status
        self.wire.write(data)
