"""A program that uses a client before and after `fork()`, and prints the results of both processes.

It runs in a separate process, because pytest's process has threads.
"""

import asyncio
import json
import os
import sys
import threading
import uuid
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from tests.support.keys import credentials
from walmart_ca import AsyncClient, Client, TokenCredentials, WalmartError
from walmart_ca.transport import Transport

type Act = Callable[[], object]
"""Makes a call."""


def a_shared_client(url: str) -> tuple[Act, Act]:
    client = Client(credentials(), base_url=url, timeout=5)
    return lambda: client.orders.get("1"), lambda: client.orders.get(str(os.getpid()))


def an_async_client(url: str) -> tuple[Act, Act]:
    client = AsyncClient(credentials(), base_url=url, timeout=5)
    return lambda: asyncio.run(client.orders.get("1")), lambda: asyncio.run(client.orders.get("1"))


def a_client_that_requests_a_token(url: str) -> tuple[Act, Act]:
    requested = threading.Event()

    def new_correlation_id() -> str:
        requested.set()
        return str(uuid.uuid4())

    secrets = TokenCredentials(client_id="x", client_secret="y")  # noqa: S106 - not a real secret
    client = Client(secrets, base_url=url, timeout=10, new_correlation_id=new_correlation_id)
    thread = threading.Thread(target=client.orders.get, args=("1",))

    def before() -> None:
        thread.start()
        requested.wait()

    def after() -> None:
        thread.join()
        client.orders.get("1")

    return before, after


def a_client_with_a_transport(url: str) -> tuple[Act, Act]:
    client = Client(
        credentials(), transport=Transport(url, max_connections=1, ssl_context=None), base_url=url
    )
    return lambda: client.orders.get("1"), lambda: client.orders.get("1")


def a_client_with_an_executor(url: str) -> tuple[Act, Act]:
    client = AsyncClient(credentials(), base_url=url, timeout=5, executor=ThreadPoolExecutor(1))
    return lambda: asyncio.run(client.orders.get("1")), lambda: asyncio.run(client.orders.get("1"))


USABLE = {case.__name__: case for case in (a_shared_client, an_async_client, a_client_that_requests_a_token)}
UNUSABLE = {case.__name__: case for case in (a_client_with_a_transport, a_client_with_an_executor)}
"""The transport and the executor belong to the process that passed them."""


def main(name: str, url: str) -> None:
    before, after = (USABLE | UNUSABLE)[name](url)
    before()
    child = os.fork()
    if child:
        os.waitpid(child, 0)
    got: set[str] = set()
    for _ in range(3):
        try:
            after()
            got.add("an order")
        except WalmartError as error:
            got.add(error.reason)
    sys.stdout.write(f"{json.dumps({'parent' if child else 'child': sorted(got)})}\n")
    sys.stdout.flush()
    if not child:
        os._exit(0)


if __name__ == "__main__":
    main(*sys.argv[1:])
