"""Answers of any content: bytes that look like an answer, and documents with Walmart's members misplaced."""

from hypothesis import strategies as st

CONTENT_TYPES = st.sampled_from(["application/json", "application/xml", "text/html", "", None]) | st.text(
    max_size=30
)
FRAGMENTS = st.sampled_from(
    [
        b"{",
        b"}",
        b"[",
        b"]",
        b":",
        b",",
        b'"',
        b'"order"',
        b'"errors"',
        b'"error"',
        b'"list"',
        b'"elements"',
        b'"code"',
        b"null",
        b"1e999",
        b"NaN",
        b"-",
        b"<",
        b">",
        b"/",
        b"<order>",
        b"</order>",
        b"<error>",
        b"<list>",
        b"</list>",
        b"<elements>",
        b"<?xml version='1.0'",
        b"?>",
        b"<!--",
        b"&amp;",
        b"&#0;",
        b"<![CDATA[",
        b"]]>",
        b"\xef\xbb\xbf",
        b"\xff\xfe",
        b"\x00",
        b"9" * 50,
        b'"orderLines"',
        b'"orderDate"',
        b'"statusQuantity"',
        b'"amount"',
    ]
)  # fmt: skip - one a line would fill a page
BODIES = st.binary(max_size=300) | st.lists(FRAGMENTS, max_size=30).map(b"".join)

LEAVES = st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20)
TREES = st.recursive(
    LEAVES,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                [
                    "list",
                    "meta",
                    "nextCursor",
                    "elements",
                    "order",
                    "purchaseOrderId",
                    "orderDate",
                    "orderLines",
                    "orderLine",
                    "lineNumber",
                    "item",
                    "sku",
                    "orderLineStatuses",
                    "orderLineStatus",
                    "status",
                    "statusQuantity",
                    "amount",
                    "shipNode",
                    "type",
                    "errors",
                    "error",
                    "code",
                    "field",
                    "description",
                    "message",
                    "causes",
                    "cause",
                ]
            ),  # fmt: skip - one a line would fill a page
            inner,
            max_size=4,
        )
    ),
    max_leaves=20,
)
