"""`AsyncClient` over the wire; the unit tests cover how its calls wait."""

import asyncio

from tests.integration.walmart_ca.calls import HANGS_AFTER, START, credentials_of
from tests.local.marketplace import Fault, Marketplace, Seller
from walmart_ca import AsyncClient, Order, OrderRejected, OutcomeUnknown, Throttled

IDS = [f"74000000001{number:02}" for number in range(20)]


def test_concurrent_calls_share_few_connections(marketplace: Marketplace, seller: Seller) -> None:
    for purchase_order_id in IDS:
        marketplace.add_order(purchase_order_id)
    marketplace.fail(IDS[1], Fault.RESET_BEFORE_APPLYING)
    marketplace.fail(IDS[3], Fault.THROTTLED)
    marketplace.set_status(IDS[5], "Shipped")

    async def main() -> list[Order | BaseException]:
        async with asyncio.timeout(HANGS_AFTER):
            async with AsyncClient(
                credentials_of(seller), base_url=marketplace.url, max_concurrency=5
            ) as client:
                listed = [order async for order in client.orders.released(created_start_date=START)]
                assert len(listed) == len(IDS) - 1
                return await asyncio.gather(*map(client.orders.acknowledge, IDS), return_exceptions=True)

    kinds = {IDS[1]: OutcomeUnknown, IDS[3]: Throttled, IDS[5]: OrderRejected}
    assert [type(result) for result in asyncio.run(main())] == [kinds.get(each, Order) for each in IDS]
    assert len({call.headers["WM_QOS.CORRELATION_ID"] for call in marketplace.calls}) == len(IDS) + 1
    assert len({call.connection for call in marketplace.calls}) <= 6
