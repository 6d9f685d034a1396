"""Start the local AWS behind a guard that lets no page in a browser in.

The local AWS allows every origin and takes any signature, so a page could run code in a function, as the
user. The local AWS's own interpreter runs this file, and imports nothing else of the project.
"""

from collections.abc import Awaitable, Callable
from typing import Any, Final

from ministack import app as ministack  # type: ignore[import-not-found]  # it is in the local AWS's environment alone

type Send = Callable[[dict[str, Any]], Awaitable[None]]
type Receive = Callable[[], Awaitable[dict[str, Any]]]

_OF_BROWSERS: Final = frozenset({b"origin", b"sec-fetch-site"})
"""A browser sends one of them with every request that a page makes; the AWS SDKs and the CLI send neither."""
_HOSTS: Final = frozenset({b"127.0.0.1", b"localhost"})
"""A page whose own host name was made to lead here may send neither of the two, but sends that name."""

_local_aws: Final = ministack.app


async def guard(scope: dict[str, Any], receive: Receive, send: Send) -> None:
    """Refuse what a page in a browser sent, and pass everything else on. This is an ASGI application."""
    if scope["type"] == "lifespan" or _is_welcome(scope["headers"]):
        await _local_aws(scope, receive, send)
    elif scope["type"] == "websocket":
        await send({"type": "websocket.close", "code": 1008})
    else:
        await send({"type": "http.response.start", "status": 403, "headers": [(b"content-length", b"0")]})
        await send({"type": "http.response.body"})


def _is_welcome(headers: list[tuple[bytes, bytes]]) -> bool:
    names = {name.lower() for name, _ in headers}
    hosts = {value.rpartition(b":")[0] or value for name, value in headers if name.lower() == b"host"}
    return not names & _OF_BROWSERS and hosts <= _HOSTS


if __name__ == "__main__":
    ministack.app = guard
    ministack.main()
