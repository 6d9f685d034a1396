"""The floor: one signature with a loaded key, one POST on a connection that is kept; no care taken."""

import json
from collections.abc import Sequence

from tests.tools.bench.floor import floor


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        self._url = url
        self._seller = json.loads(secret)
        self._key = floor.load(self._seller)
        self._connection = floor.connect(url)

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        return [
            floor.post(self._connection, self._url, self._seller, self._key, each)
            for each in purchase_order_ids
        ]
