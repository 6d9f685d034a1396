"""`walmart_ca.AsyncClient`."""

import asyncio
import json
from collections.abc import Sequence

from walmart_ca import AsyncClient, SignatureCredentials


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        seller = json.loads(secret)
        credentials = SignatureCredentials(
            consumer_id=seller["consumerId"],
            channel_type=seller["channelType"],
            private_key=seller["privateKey"],
        )
        self._runner = asyncio.Runner()
        self._client = AsyncClient(credentials, base_url=url)

    def one_by_one(self, purchase_order_ids: Sequence[str]) -> list[str]:
        async def run() -> list[str]:
            return [await self._acknowledge(each) for each in purchase_order_ids]

        return self._runner.run(run())

    def side_by_side(self, purchase_order_ids: Sequence[str]) -> list[str]:
        async def run() -> list[str]:
            return await asyncio.gather(*map(self._acknowledge, purchase_order_ids))

        return self._runner.run(run())

    async def _acknowledge(self, purchase_order_id: str) -> str:
        return (await self._client.orders.acknowledge(purchase_order_id)).purchase_order_id
