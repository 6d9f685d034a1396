"""The lists of orders of both APIs: their content, their parameters and their pages."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Literal
from urllib.parse import quote, unquote

import pytest

from tests.local.marketplace import Marketplace
from tests.local.marketplace.caller import Caller, Response, TokenCaller, order_calls
from tests.local.marketplace.variants import Cursors

PLACED = datetime(2026, 3, 16, 10, 30, 15, tzinfo=UTC)
SINCE = "?createdStartDate=2026-03-16"
NOW = PLACED + timedelta(days=1)
MINUTE = timedelta(minutes=1)

in_every_form = pytest.mark.parametrize(
    ("caller", "form"), [(Caller, "json"), (Caller, "xml"), (TokenCaller, "json")], indirect=["caller"]
)
with_both_cursors = pytest.mark.parametrize("cursors", ["keeping", "counting"])


@pytest.fixture
def marketplace() -> Iterator[Marketplace]:
    with Marketplace(clock=NOW.timestamp) as marketplace:
        yield marketplace


def place(marketplace: Marketplace, number: int = 5) -> list[str]:
    """Add released orders, a minute apart, and return their ids, the newest first."""
    ids = [str(7_400_000_000_000 + minute) for minute in range(number)]
    for minute, purchase_order_id in enumerate(ids):
        marketplace.add_order(purchase_order_id, order_date=PLACED + minute * MINUTE)
    return ids[::-1]


def pages(caller: Caller, query: str, form: str = "json") -> Iterator[Response]:
    """Every page, each by the unchanged cursor of the page before."""
    following: str | None = query
    while following is not None:
        page = caller.list(following, form)
        following = meta(page).get("nextCursor")
        yield page


def listed(page: Response) -> list[Any]:
    if page.form == "xml":
        return [order.findtext("purchaseOrderId") for order in page.xml().findall("elements/order")]
    return [order.get("purchaseOrderId") for order in page.json()["list"]["elements"]["order"]]


def meta(page: Response) -> dict[str, Any]:
    if page.form == "xml":
        return {entry.tag: entry.text for entry in page.xml().findall("meta/*")}
    members: dict[str, Any] = page.json()["list"]["meta"]
    return members


# --- What is listed ---------------------------------------------------------------------------------------


STATUSES: list[list[Any]] = [
    ["Created"],
    ["Acknowledged"],
    ["Shipped", "CREATED"],
    ["Shipped", "Cancelled"],
    [("Shipped", "Created")],
]


@in_every_form
@pytest.mark.parametrize(
    ("path", "query", "shown"),
    [
        ("/released", "&status=Shipped", ["4", "2", "of the same moment", "0"]),
        ("", "", ["4", "3", "2", "1", "of the same moment", "0"]),
        ("", "&status=Created", ["4", "2", "of the same moment", "0"]),
        ("", "&status=shipped", ["4", "3", "2"]),
        ("", "&status=ACKNOWLEDGED&createdEndDate=2026-03-17", ["1"]),
    ],
)
def test_released_orders_are_listed_or_those_in_a_status(
    marketplace: Marketplace, caller: Caller, path: str, query: str, shown: list[str], form: str
) -> None:
    for minute, statuses in enumerate(STATUSES):
        marketplace.add_order(str(minute), statuses, order_date=PLACED + minute * MINUTE)
    marketplace.add_order("of the same moment", order_date=PLACED)

    response = caller.list(f"{SINCE}{query}", form, path=path)

    assert (response.status, response.form, listed(response)) == (200, form, shown)
    [call] = order_calls(marketplace)
    action = path.removeprefix("/") or "list"
    assert (call.action, call.purchase_order_id, call.applied) == (action, None, False)


@pytest.mark.parametrize("ship_node", ["SellerFulfilled", "WFSFulfilled"])
def test_a_list_shows_an_order_as_a_get_does_in_both_forms(
    marketplace: Marketplace, caller: Caller, ship_node: str
) -> None:
    marketplace.add_order("7", order_date=PLACED, ship_node=ship_node)
    query = f"{SINCE}&shipNodeType={ship_node}"

    [order] = caller.list(query).json()["list"]["elements"]["order"]

    assert order == caller.get(order="7").json()["order"]
    assert order["shipNode"] == {"type": ship_node}
    if not isinstance(caller, TokenCaller):
        in_xml = caller.list(query, "xml")
        assert in_xml.texts("type") == [ship_node]
        assert in_xml.texts("productName") == [order["orderLines"]["orderLine"][0]["item"]["productName"]]
        assert [element.tag for element in in_xml.xml().iter() if "}" in element.tag] == []


@in_every_form
@pytest.mark.parametrize("status", [404, 200])
def test_an_empty_list_is_not_found_or_an_empty_page(
    marketplace: Marketplace, caller: Caller, form: str, status: Literal[200, 404]
) -> None:
    marketplace.variants.empty_list_status = status

    for response in (caller.list(SINCE, form), caller.list(SINCE, form, path="")):
        assert (response.status, response.form) == (status, form)
        if status == 200:
            assert (listed(response), int(meta(response)["totalCount"])) == ([], 0)
        else:
            assert response.refusal() == (404, "CONTENT_NOT_FOUND.GMP_ORDER_API", None)


@pytest.mark.parametrize(
    ("query", "found"),
    [("", ["SellerFulfilled"]), ("&shipNodeType=3PLFulfilled", ["3PLFulfilled"]), ("&shipNodeType=us", None)],
)
@pytest.mark.parametrize("path", ["/released", ""])
def test_a_list_by_token_has_the_orders_of_one_ship_node(
    marketplace: Marketplace, caller: Caller, path: str, query: str, found: list[str] | None
) -> None:
    every = ["WFSFulfilled", "SellerFulfilled", "3PLFulfilled"]
    for ship_node in every:
        marketplace.add_order(ship_node, order_date=PLACED, ship_node=ship_node)

    response = caller.list(SINCE + query, path=path)

    if not isinstance(caller, TokenCaller):
        assert listed(response) == every
    elif found:
        assert listed(response) == found
    else:
        assert response.refusal() == (400, "INVALID_REQUEST_PARAM.GMP_ORDER_API", "shipNodeType")


def test_released_orders_by_token_are_recent_and_can_fail(marketplace: Marketplace, caller: Caller) -> None:
    by_token = isinstance(caller, TokenCaller)
    since = "?createdStartDate=2025-01-01"
    marketplace.add_order("old", order_date=NOW - timedelta(days=181))
    before = caller.list(since).status

    marketplace.variants.released_by_token_fails = True

    assert (before, caller.list(since).status) == ((404, 520) if by_token else (200, 200))
    assert caller.list(since, path="").status == 200


# --- Parameters -------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("?createdStartDate=2026-03-16T10:30:15Z&createdEndDate=2026-03-16T10:34:15Z", slice(0, 5)),
        ("?createdStartDate=2026-03-16T10:30:16Z&createdEndDate=2026-03-16T10:34:14Z", slice(1, 4)),
        ("?createdStartDate=2026-03-16T10%3a34%3A15Z", slice(0, 1)),
        ("?createdStartDate=2026-03-16T10:34:15", slice(0, 1)),
        ("?createdStartDate=2026-03-16T06:34:15-04:00", slice(0, 1)),
        ("?createdStartDate=2026-03-16T16:04:15%2B05:30", slice(0, 1)),
        ("?createdStartDate=2026-03-16&createdEndDate=2026-03-17", slice(0, 5)),
        ("?createdStartDate=2026-03-16&createdEndDate=2026-03-16", None),
        (f"{SINCE}&limit=2", slice(0, 2)),
        (f"{SINCE}&limit=200&productInfo=true&sku=none&flag", slice(0, 5)),
        (f"{SINCE}&poIndex=7400000000003", slice(2, 5)),
    ],
)
def test_a_list_is_of_the_orders_placed_from_start_to_end(
    marketplace: Marketplace, caller: Caller, query: str, found: slice | None
) -> None:
    placed = place(marketplace)

    response = caller.list(query)

    assert response.status == 404 if found is None else listed(response) == placed[found]


BAD_DATES = [
    "2026-03-16T10:30:15.000Z",
    "2026-03-16T10:30:15,5Z",
    "2026-13-16",
    "2026-03-16T25:30:15Z",
    "2026-03-16T10:30:15+05:30",  # a bare plus sign is a blank
    "1773657015",
]


@in_every_form
@pytest.mark.parametrize(
    ("query", "code", "field"),
    [
        *[(query, "MISSING_REQUEST_PARAM", "createdStartDate") for query in ("", "?limit=1", SINCE[:-10])],
        *[(f"{SINCE}&createdEndDate={date}", "INVALID_REQUEST", "data") for date in BAD_DATES],
        (f"?createdStartDate={BAD_DATES[0]}", "INVALID_REQUEST", "data"),
        *[
            (f"{SINCE}&limit={limit}", "INVALID_REQUEST_PARAM", "limit")
            for limit in ("0", "201", "-1", "1e2", "%D9%A3", "9" * 5000)
        ],
        *[
            (f"{SINCE}&poIndex={index}", "INVALID_REQUEST_PARAM", "poIndex")
            for index in ("7400000000404", "-1", "1.5", "%D9%A3", "9" * 5000)
        ],
    ],
)
def test_a_missing_or_invalid_parameter_is_refused(
    marketplace: Marketplace, caller: Caller, query: str, code: str, field: str, form: str
) -> None:
    keeping = caller.list(query, form)
    marketplace.variants.cursors = "counting"
    counting = caller.list(query, form)

    assert keeping.refusal() == counting.refusal() == (400, f"{code}.GMP_ORDER_API", field)
    # Only the cause distinguishes a bad date from an outage.
    assert (b"The date is not in ISO 8601" in keeping.body) == (code == "INVALID_REQUEST")


# --- Pages ------------------------------------------------------------------------------------------------


@with_both_cursors
@in_every_form
def test_cursors_lead_through_every_page(
    marketplace: Marketplace, caller: Caller, form: str, cursors: Cursors
) -> None:
    marketplace.variants.cursors = cursors
    placed = place(marketplace, 23)

    read = list(pages(caller, SINCE, form))

    assert [listed(page) for page in read] == [placed[:10], placed[10:20], placed[20:]]
    assert {(int(meta(page)["totalCount"]), int(meta(page)["limit"])) for page in read} == {(23, 10)}


@pytest.mark.parametrize(("cursors", "index"), [("keeping", "7400000000003"), ("counting", "2")])
def test_a_cursor_is_a_query_in_an_unusual_spelling(
    marketplace: Marketplace, caller: Caller, cursors: Cursors, index: str
) -> None:
    marketplace.variants.cursors = cursors
    place(marketplace)
    since, until = "createdStartDate=2026-03-16T10%3A30%3A15Z", "createdEndDate=2026-03-16T16:04:15%2B05:30"

    assert meta(caller.list(f"?{until}&limit=2&{since}&sku=x"))["nextCursor"] == (
        f"?limit=2&hasMoreElements=true&soIndex=5&poIndex={index}&sellerId=ca%3a801&status=Created"
        "&createdStartDate=2026-03-16T10%3a30%3a15Z&createdEndDate=2026-03-16T16%3a04%3a15%2b05%3a30"
    )


def test_a_signature_over_the_cursor_does_not_cover_it_reencoded(
    marketplace: Marketplace, signer: Caller
) -> None:
    place(marketplace)
    received = str(meta(signer.list(f"{SINCE}&limit=2"))["nextCursor"])
    again = quote(unquote(received), safe="?&=")
    path = f"{signer.orders}/released"
    signed = signer.headers("GET", f"{path}{received}")

    responses = [signer.call("GET", f"{path}{query}", signed).status for query in (received, again)]

    assert (received == again, responses) == (False, [200, 401])


@pytest.mark.parametrize(
    ("cursors", "shown", "counted"),
    [
        ("keeping", [range(3), range(3, 6), range(6, 7)], [7, 4, 1]),
        ("counting", [range(3), range(6, 7)], [7, 4]),
    ],
)
def test_acknowledged_orders_shift_pages_of_counting_cursors(
    marketplace: Marketplace, caller: Caller, cursors: Cursors, shown: list[range], counted: list[int]
) -> None:
    marketplace.variants.cursors = cursors
    placed = place(marketplace, 7)

    read = []
    for page in pages(caller, f"{SINCE}&limit=3"):
        read.append((listed(page), meta(page)["totalCount"]))
        for purchase_order_id in listed(page):
            assert caller.acknowledge(order=purchase_order_id).status == 200

    ids = [[placed[place] for place in places] for places in shown]
    assert read == list(zip(ids, counted, strict=True))


@pytest.mark.parametrize(("cursors", "begins_at"), [("keeping", 3), ("counting", 2)])
def test_a_cursor_leads_on_when_orders_are_new_or_gone(
    marketplace: Marketplace, caller: Caller, cursors: Cursors, begins_at: int
) -> None:
    marketplace.variants.cursors = cursors
    placed = place(marketplace)
    cursor = str(meta(caller.list(f"{SINCE}&limit=3"))["nextCursor"])
    marketplace.add_order("new", order_date=PLACED + 10 * MINUTE)

    assert listed(caller.list(cursor)) == placed[begins_at:]
    for purchase_order_id in placed[begins_at:]:
        caller.acknowledge(order=purchase_order_id)
    assert caller.list(cursor).status == 404
