"""Input as large as it may be: whatever reads it is done in the time that the fuzzer allows one input."""

import gzip
import zlib
from collections.abc import Callable
from typing import Final

from tests.fuzz import answers, events, secrets, wire
from tests.fuzz.draws import Draws

_KIB: Final = 1024
_MIB: Final = 1024 * _KIB


def pumped(data: bytes) -> None:
    """A beginning, a piece again and again, and an end, up to the size that each reader can be given."""
    draws = Draws(data)
    size, read = draws.choose(_READERS)
    begin, piece, end = (draws.piece(40) for _ in range(3))
    times = (size - len(begin) - len(end)) // len(piece) if piece else 0
    read(begin + piece * times + end)


def _over_the_wire(encoding: str, encode: Callable[[bytes], bytes]) -> Callable[[bytes], None]:
    def read(body: bytes) -> None:
        encoded = encode(body)
        head = f"HTTP/1.1 200 OK\r\nContent-Encoding: {encoding}\r\nContent-Length: {len(encoded)}\r\n\r\n"
        wire.raw_answer(head.encode() + encoded)

    return read


def _read_alone(data: bytes) -> None:
    for content_type in (b"application/json", b"application/xml"):
        answers.read_answer(b"200\nContent-Type: " + content_type + b"\n\n" + data).read()


_READERS: Final[list[tuple[int, Callable[[bytes], None]]]] = [
    (1 * _MIB, events.order_event),  # what EventBridge takes
    (1 * _MIB, events.events),  # what SQS takes
    (64 * _KIB, secrets.secret),  # what Secrets Manager takes
    (64 * _KIB, secrets.private_key),
    (1 * _MIB, _read_alone),  # what the client reads of an answer about one order
    (64 * _KIB, answers.headers),  # what http.client reads of one header
    (2 * _MIB, wire.raw_answer),
    (16 * _MIB, _over_the_wire("gzip", gzip.compress)),
    (16 * _MIB, _over_the_wire("deflate", zlib.compress)),
]
