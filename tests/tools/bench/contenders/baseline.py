"""The baseline: one signature with a loaded key and one POST on a kept connection, without any checks."""

import json
from collections.abc import Sequence

from tests.tools.bench.baseline import baseline


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._seller = json.loads(secret)
        self._key = baseline.load(self._seller)
        self._connection = baseline.connect(url)

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        return [
            baseline.acknowledge(self._connection, self._url, self._seller, self._key, each)
            for each in purchase_order_ids
        ]
