"""The largest response that is read, with the content that needs the most memory."""

import gc
import tracemalloc

import pytest

from tests.support.documents import classify_page
from walmart_ca import WalmartError

MIB = 1024 * 1024
HOSTILE = {
    "empty orders": (b'{"list":{"meta":{},"elements":{"order":[', b"{},", b"{}]}}}"),
    "empty lists": (b'{"list":{"meta":{},"elements":{"order":[', b"[],", b"[]]}}}"),
    "numbers": (b'{"list":{"meta":{},"elements":{"order":[', b"1,", b"1]}}}"),
    "empty elements": (b"<list><meta/><elements>", b"<order/>", b"</elements></list>"),
    "errors": (b'{"error":[', b'{"code":"X"},', b"{}]}"),
    "ampersands": (b"<list><meta/><elements>", b"&", b"</elements></list>"),
    "beginnings": (b"", b"<!--", b""),
}


@pytest.mark.parametrize(("before", "piece", "after"), HOSTILE.values(), ids=HOSTILE.keys())
def test_the_largest_response_takes_limited_memory(before: bytes, piece: bytes, after: bytes) -> None:
    body = before + piece * ((16 * MIB - len(before) - len(after)) // len(piece)) + after
    gc.collect()
    tracemalloc.start()
    try:
        result = classify_page(body, "", status=400 if b"error" in before else 200)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()

    assert isinstance(result, WalmartError)
    assert len(result.entries) <= 20
    assert peak < 160 * MIB
