"""httpx and pydantic, as in generated SDKs."""

from collections.abc import Sequence

import httpx  # type: ignore[import-not-found]  # .venv/bench has it

from tests.tools.bench.contenders.models import OrderAnswer
from tests.tools.bench.contenders.signing import Signer


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        self._signer = Signer(secret)
        self._client = httpx.Client(base_url=url)

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        return [self._acknowledge(each) for each in purchase_order_ids]

    def _acknowledge(self, purchase_order_id: str) -> str:
        request = self._client.build_request("POST", f"/v3/ca/orders/{purchase_order_id}/acknowledge")
        request.headers.update(self._signer.headers("POST", str(request.url)))
        response = self._client.send(request)
        response.raise_for_status()
        return OrderAnswer.model_validate_json(response.content).order.purchase_order_id
