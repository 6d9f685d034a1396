"""The baseline in as many threads as there are orders, each with a connection of its own."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor

from tests.tools.bench.contenders.baseline import Contender as Baseline

_ORDERS = 10


class Contender:
    def __init__(self, url: str, secret: str) -> None:
        self._pool = ThreadPoolExecutor(_ORDERS)
        self._baselines = [Baseline(url, secret) for _ in range(_ORDERS)]

    def acknowledge(self, purchase_order_ids: Sequence[str]) -> list[str]:
        orders = [[purchase_order_id] for purchase_order_id in purchase_order_ids]
        return [each for (each,) in self._pool.map(Baseline.acknowledge, self._baselines, orders)]
