"""Bytes on a real connection, where an answer of Walmart's should be."""

import contextlib
import functools
import socket
import threading
from typing import Final

from tests.fuzz.oracles import printed, shows_none
from walmart_ca.calls import Request
from walmart_ca.transport import ONE_ORDER, NoAnswerError, Transport

SECRET: Final = "token-on-the-wire-31c9"
_HEAD_END: Final = b"\r\n\r\n"
_TIMEOUT_S: Final = 5.0
_PIECE: Final = 65536


class _Server:
    """Answers every call with the same bytes, whatever they are, and hangs up."""

    def __init__(self) -> None:
        self.bytes = b""
        self._listener = socket.create_server(("127.0.0.1", 0), backlog=64)
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            connection, _ = self._listener.accept()
            # An OSError says that the caller has hung up first, as it may.
            with contextlib.suppress(OSError), connection:
                head = b""
                while not head.endswith(_HEAD_END):
                    head += connection.recv(_PIECE)
                connection.sendall(self.bytes)
                connection.shutdown(socket.SHUT_WR)
                # Hanging up on unread bytes would reset the connection.
                while connection.recv(_PIECE):
                    pass


@functools.cache
def _server() -> _Server:
    return _Server()


def raw_answer(data: bytes) -> None:
    """Any bytes are read into an answer, or said to be none; never that nothing was sent, for it was."""
    server = _server()
    server.bytes = data
    transport = Transport(server.url, max_connections=1, ssl_context=None)
    headers = {"WM_SEC.ACCESS_TOKEN": SECRET}
    request = Request("GET", f"{server.url}/v3/orders/1", headers, "correlation-id")
    try:
        answer = transport.send(request, _TIMEOUT_S, ONE_ORDER)
    except NoAnswerError as error:
        assert str(error) in {"connection_lost", "answer_timeout", "answer_too_large"}
        shows_none(printed(error), [SECRET])
    else:
        assert 100 < answer.status <= 999, f"{answer.status} is no status"
        assert len(answer.body) <= ONE_ORDER.size
        answer.read()
    finally:
        transport.close()
