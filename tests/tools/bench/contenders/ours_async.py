"""`walmart_ca.AsyncClient`."""

import asyncio
from collections.abc import Sequence

from tests.tools.bench.contenders.ours import credentials_of
from walmart_ca import AsyncClient


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        self._runner = asyncio.Runner()
        self._client = AsyncClient(credentials_of(secret), base_url=url)

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        async def run() -> list[str]:
            orders = await asyncio.gather(*map(self._client.orders.acknowledge, purchase_order_ids))
            return [each.purchase_order_id for each in orders]

        return self._runner.run(run())
