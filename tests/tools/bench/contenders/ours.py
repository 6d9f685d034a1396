"""`walmart_ca.Client`."""

import json
from collections.abc import Sequence

from walmart_ca import Client, SignatureCredentials


def credentials_of(secret: str) -> SignatureCredentials:
    seller = json.loads(secret)
    return SignatureCredentials(
        consumer_id=seller["consumerId"],
        channel_type=seller["channelType"],
        private_key=seller["privateKey"],
    )


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        self._client = Client(credentials_of(secret), base_url=url)

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        return [self._client.orders.acknowledge(each).purchase_order_id for each in purchase_order_ids]
