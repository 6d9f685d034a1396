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

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        async def run() -> list[str]:
            orders = await asyncio.gather(*map(self._client.orders.acknowledge, purchase_order_ids))
            return [each.purchase_order_id for each in orders]

        return self._runner.run(run())
