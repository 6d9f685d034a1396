"""What the fuzzer begins with: an input of each kind that there is, and the words that they are made of."""

import base64
import gzip
from typing import Final

from tests.fuzz import keys
from tests.fuzz.answers import ANSWER, ID, write_answer
from tests.fuzz.events import SEPARATOR
from tests.support.documents import as_json, as_xml, error_shapes, line, order, page
from tests.support.paths import ROOT

_EVENTS: Final = ROOT / "events"
_CURSOR: Final = "?limit=200&hasMoreElements=true&soIndex=200&poIndex=1&createdStartDate=2026-11-23"
_DATES: Final = [
    "2026-11-24T14:01:52Z",
    "2026-11-24T09:01:52-05:00",
    "0001-01-01T00:00:00+14:00",
    "9999-12-31T23:59:59-14:00",
    "2026-W48-2",
    "1795528912000",
    1795528912,
    1e300,
    "1e999999999",
    "9" * 5000,
]


def order_events() -> list[bytes]:
    """Events, as they come over the bus and as somebody may write them."""
    told = [path.read_bytes() for path in sorted(_EVENTS.glob("*.json"))]
    detail = {"purchaseOrderId": ID, "origin": "sweep"}
    dated = [{"id": "e-1", "time": date, "detail": {**detail, "orderDate": date}} for date in _DATES]
    bare = [{}, {"detail": {}}, {"detail": {"purchaseOrderId": ID}}, {"detail": {"purchaseOrderId": 7}}, []]
    return [*told, *map(as_json, dated), *map(as_json, bare)]


def batches() -> list[bytes]:
    """Bodies of messages, alone and as a batch; and what somebody may invoke the function with."""
    by_hand = [
        {"Records": [{"messageId": "m", "receiptHandle": "r", "body": "{}", "attributes": {}}]},
        {"Records": [{"messageId": None, "receiptHandle": 7, "body": [], "attributes": "", "x": {}}]},
        {"Records": []},
        {"Records": [7]},
    ]
    return [*order_events(), SEPARATOR.join(["{}", "", "null"]).encode(), *map(as_json, by_hand)]


def secrets() -> list[bytes]:
    """Secrets for either door, good and not."""
    signing = [
        {"consumerId": "id", "channelType": "type", "privateKey": key}
        for key in [*keys.accepted(), *keys.unusable(), keys.inconsistent()]
    ]
    tokens = [
        {"clientId": "id", "clientSecret": "hunter2-hunter2"},
        {"clientId": "i:d", "clientSecret": "hunter2-hunter2", "market": "ca", "globalVersion": "3.1"},
        {"clientId": "id", "clientSecret": "hunter2 hunter2", "channelType": "type"},
        {"clientId": "id", "clientSecret": "hunter2-hunter2", "consumerId": "id"},
    ]
    return [b"hunter2-hunter2", *map(as_json, [*signing, *tokens])]


def private_keys() -> list[bytes]:
    """Keys in every armour: its number, then what goes into it."""
    pkcs8, pkcs1 = (base64.b64decode(text) for text in (keys.accepted()[0], keys.inconsistent()))
    written_out = [b"\0" + key.encode() for key in [*keys.accepted(), *keys.unusable()]]
    return [*written_out, *(bytes([armour]) + der for armour in range(1, 8) for der in (pkcs8, pkcs1))]


def answers() -> list[bytes]:
    """An answer of each kind, in every form."""
    orders = [
        order(line("1", ("Created", "1")), line("2", ("Shipped", "1.0"), ("Cancelled", "2"))),
        order(shipNode={"type": "WFSFulfilled"}, orderDate=1795528912000),
    ]
    listed = page(*orders, next_cursor=_CURSOR)
    entry = {
        "code": "INVALID_REQUEST_CONTENT.GMP_ORDER_API",
        "field": "data",
        "description": "Some or all qty in higher status",
        "severity": "ERROR",
        "causes": {"cause": [{"code": "7"}]},
    }
    tokens = [{"access_token": "token", "expires_in": seconds} for seconds in (900, "soon", 10**12)]
    hostile = {"code": "A\n\x1b[31m\u2028" + "B" * 200, "field": "\r\n", "severity": "\x00"}
    nothing_found = {"code": "CONTENT_NOT_FOUND", "severity": "INFO"}
    return [
        *(write_answer(200, as_json({"order": each})) for each in orders),
        *(write_answer(200, as_xml("order", each), "application/xml") for each in orders),
        write_answer(200, as_json({"list": listed})),
        write_answer(200, as_xml("list", listed, prefix=""), "application/xml"),
        *(write_answer(400, body, kind) for body, kind in error_shapes(entry).values()),
        *(write_answer(404, as_json({"error": [each]})) for each in (nothing_found, hostile)),
        *(write_answer(200, as_json(token)) for token in tokens),
        write_answer(200, b"<html>Maintenance</html>", "text/html"),
        write_answer(307, b"", Location="https://elsewhere.example/"),
        write_answer(429, b"", **{"x-next-replenishment-time": "1795532460000"}),
        write_answer(200, b'<?xml version="1.0" encoding="punycode"?><a>&#0;</a>', "application/xml"),
        write_answer(200, b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "application/xml"),
    ]


def headers() -> list[bytes]:
    """The headers that are read."""
    return [
        b"Date: Tue, 24 Nov 2026 15:00:00 GMT\nx-next-replenishment-time: 1795532460000",
        b"Date: 24 Nov 26 15:00 -0500\nx-next-replenish-time: 2026-11-24T15:00:00Z",
        b"Date: Tue, 31 Dec 9999 23:59:59 -9959\nx-current-token-count: 17",
        b"Retry-After: 120\nx-current-token-count: 99999999999\nDate: (comment) Tue",
        b"x-next-replenishment-time: " + b"9" * 500 + b"\nRetry-After: " + b"9" * 400,
    ]


def renderings() -> list[bytes]:
    """Bytes to draw orders from."""
    return [b"", bytes(range(256)), b"\1" * 300, b"7" * 500, "é&<>\u2028".encode() * 60]


def acknowledging() -> list[bytes]:
    """The number of an event; then the answers to its calls, the one that brings a token first."""
    first, *others = answers()
    looks = [bytes([event]) + ANSWER.join([b"", answer, first]) for event in range(2) for answer in others]
    lost = [bytes([event]) + ANSWER.join([b"", b"!", b"?", first]) for event in range(5)]
    return [*looks, *lost, *(b"\0" + answer for answer in others)]


def sweeping() -> list[bytes]:
    """The answers to a sweep's calls."""
    waiting = order(line("1", ("Created", "1")), orderDate="2026-11-24T10:00:00Z")
    pages = [
        write_answer(200, as_json({"list": page(waiting, order(), next_cursor=cursor)}))
        for cursor in (_CURSOR, _CURSOR.removeprefix("?") + "&x", "#", None)
    ]
    return [ANSWER.join([b"", *pages]), *(ANSWER + answer for answer in [*pages, *answers()])]


def raw_answers() -> list[bytes]:
    """Answers as they come over a connection."""
    body = as_json({"order": order()})
    packed = gzip.compress(body, mtime=0)
    return [
        b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n%b"
        % (len(body), body),
        b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: %d\r\n\r\n%b" % (len(packed), packed),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\n{}\r\n0\r\nTrailer: x\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-2\r\n{}\r\n0\r\n\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 204 No Content\r\n\r\n",
        b"HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n",
        b"HTTP/1.0 200\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Length: 99\r\n\r\n{}",
        b"HTTP/1.1 200 OK\r\nContent-Encoding: deflate\r\n\r\nx",
    ]


def environments() -> list[bytes]:
    """Changes to a good environment."""
    numbers = ["1", "0", "-1", "0.5", "1e3", "nan", "inf", " 7 ", "43200", "43201", "1e-9"]
    return [
        *(f"REQUESTS_PER_MINUTE={number}\nMAXIMUM_CONCURRENCY={number}".encode() for number in numbers),
        b"MARKETPLACE_URL=",
        b"SWEEP_INTERVAL_MINUTES=x\nBACKOFF_BASE_SECONDS=y",
    ]


def base_urls() -> list[bytes]:
    """URLs of a marketplace."""
    urls = [
        "https://marketplace.walmartapis.com",
        "HTTPS://Host:443/",
        "http://127.0.0.1:8080",
        "http://[::1]:1",
    ]
    return [*(url.encode() for url in urls), b"http://host", b"https://host/path", b"https://u:p@host", b""]


def pumped() -> list[bytes]:
    """The number of a reader; then beginning, piece and end, each after its length."""
    pieces = [
        (b"", b"[", b"]"),
        (b'{"detail":{"purchaseOrderId":"1","orderDate":', b"9", b"}}"),
        (b"<a>", b"<b>", b"</a>"),
        (b"Date: ", b"(", b""),
        (b"HTTP/1.1 200 OK\r\n", b"a: b\r\n", b"\r\n"),
        (b'{"privateKey":"', b"-----BEGIN ", b'"}'),
    ]
    return [
        bytes([reader]) + b"".join(bytes([len(piece)]) + piece for piece in some)
        for reader in range(9)
        for some in pieces
    ]
