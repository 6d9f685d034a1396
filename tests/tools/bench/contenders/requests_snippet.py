"""requests without a session, with a key that is loaded for every call, as in snippets."""

from collections.abc import Sequence

import requests  # type: ignore[import-untyped]  # no stubs, for this alone

from tests.tools.bench.contenders.signing import Signer


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._secret = secret

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        return [self._acknowledge(each) for each in purchase_order_ids]

    def _acknowledge(self, purchase_order_id: str) -> str:
        url = f"{self._url}/v3/ca/orders/{purchase_order_id}/acknowledge"
        response = requests.post(url, headers=Signer(self._secret).headers("POST", url), timeout=30)
        response.raise_for_status()
        order: str = response.json()["order"]["purchaseOrderId"]
        return order
