"""Responses of any content: bytes that resemble a response, and documents with misplaced members."""

import re

from hypothesis import example, given, settings
from hypothesis import strategies as st

from tests.support.documents import ID, as_json, classify, classify_page, order, read_page
from walmart_ca import Order, OrderPage, WalmartError

CONTENT_TYPES = st.sampled_from(["application/json", "application/xml", "text/html", "", None]) | st.text(
    max_size=30
)
WORDS = re.findall(
    r"\S+",
    """
    { } [ ] : , " "order" "errors" "error" "list" "elements" "code" "orderLines" "orderDate" "amount"
    "statusQuantity" null 1e999 NaN - < > / <order> </order> <error> <list> </list> <elements>
    <?xml version='1.0' ?> <!-- &amp; &#0; <![CDATA[ ]]>
    """,
)
FRAGMENTS = st.sampled_from(
    [*(word.encode() for word in WORDS), b"\xef\xbb\xbf", b"\xff\xfe", b"\x00", b"9" * 50]
)
BODIES = st.binary(max_size=300) | st.lists(FRAGMENTS, max_size=30).map(b"".join)
MEMBERS = re.findall(
    r"\w+",
    """
    list meta nextCursor elements order purchaseOrderId orderDate orderLines orderLine lineNumber item sku
    orderLineStatuses orderLineStatus status statusQuantity amount shipNode type errors error code field
    description message causes cause
    """,
)
TREES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(MEMBERS), inner, max_size=4),
    max_leaves=20,
)


@settings(deadline=None, max_examples=200)
@given(body=BODIES, content_type=CONTENT_TYPES, status=st.integers(100, 999))
@example(body=b"<", content_type="", status=200)
@example(body=b"", content_type=None, status=999)
def test_any_bytes_become_a_result_or_a_walmart_error(
    body: bytes, content_type: str | None, status: int
) -> None:
    assert isinstance(classify(body, content_type, status=status), Order | WalmartError)
    assert isinstance(classify_page(body, content_type, status=status), OrderPage | WalmartError)


@settings(deadline=None, max_examples=100)
@given(tree=TREES, status=st.sampled_from([200, 400, 404, 429, 500]))
def test_any_document_becomes_a_result_or_a_walmart_error(tree: object, status: int) -> None:
    assert isinstance(classify(as_json(tree), status=status), Order | WalmartError)
    assert isinstance(classify_page(as_json(tree), status=status), OrderPage | WalmartError)


@settings(deadline=None, max_examples=50)
@given(tree=TREES, neighbor=TREES)
def test_an_order_is_read_among_arbitrary_members(tree: object, neighbor: object) -> None:
    document = order() | (tree if isinstance(tree, dict) else {}) | {"purchaseOrderId": ID}

    result = classify(as_json({"order": document}))
    found = read_page(as_json({"list": {"meta": tree, "elements": {"order": [neighbor, document]}}})).orders

    assert isinstance(result, Order)
    assert result.purchase_order_id == found[-1].purchase_order_id == ID
