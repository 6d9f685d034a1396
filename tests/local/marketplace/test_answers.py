"""Answers of the local marketplace that no caller waits for: of edges, of gateways, and odd in a byte."""

import contextlib
import gzip
import json
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import Any, get_args
from urllib.parse import urlsplit
from xml.etree import ElementTree as ET

import pytest

from tests.local.marketplace import Fault, Marketplace, Seller
from tests.local.marketplace.buyer import ADDRESS
from tests.local.marketplace.caller import GET, ORDER, Answer, Caller, TokenCaller, order_calls, statuses
from tests.local.marketplace.faults import OddBytes

ANOTHER = "7400123456790"
STREET = ADDRESS["address1"].encode()
LIST = "/released?createdStartDate="


@pytest.fixture
def marketplace(marketplace: Marketplace) -> Marketplace:
    """Two orders; the one that the tests are about is the older one, and the second on a page."""
    placed = datetime.now(UTC)
    marketplace.add_order(ORDER, ["Created", "Cancelled"], order_date=placed - timedelta(minutes=1))
    marketplace.add_order(ANOTHER, order_date=placed)
    return marketplace


@pytest.fixture
def seller(marketplace: Marketplace, private_key: str) -> Seller:
    return marketplace.register_seller(private_key)


def released(caller: Caller, form: str = "json") -> Answer:
    since = (datetime.now(UTC) - timedelta(days=1)).date()
    return caller.call("GET", f"{caller.orders}{LIST}{since}", {"Accept": f"application/{form}"})


def media_type(answer: Answer) -> str | None:
    return answer.headers["Content-Type"]


# --- Not from the order service ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "details", "status", "kind", "text"),
    [
        (Fault.FIREWALL, {}, 403, "text/html", b"Reference&#32;&#35;18&#46;"),
        (Fault.EDGE_PAGE, {}, 404, "text/html", b"<h1>404 Not Found</h1>"),
        (Fault.EDGE_PAGE, {"status": 421, "kind": "text"}, 421, "text/plain", b"misdirected request"),
        (Fault.EDGE_PAGE, {"status": 431, "kind": "empty"}, 431, None, b""),
        (Fault.EDGE_PAGE, {"status": 413, "kind": "mesh"}, 413, "application/json", b"no Route matched"),
        (Fault.EDGE_PAGE, {"status": 410, "kind": "spring"}, 410, "application/json", b'"error": "Gone"'),
        (Fault.NO_SUCH_PATH, {}, 404, "application/json;charset=UTF-8", b"No static resource v3/"),
        (Fault.PROBLEM_DOCUMENT, {"status": 406}, 406, "application/problem+json", b"Not Acceptable"),
        (Fault.PROBLEM_DOCUMENT, {"header": "WM_MARKET"}, 400, "application/problem+json", b"'WM_MARKET'"),
    ],
)
@pytest.mark.parametrize(
    ("action", "call"),
    [
        ("acknowledge", Caller.acknowledge),
        ("get", Caller.get),
        ("released", released),
        ("token", TokenCaller.ask),
    ],
)
def test_an_answer_that_no_order_service_wrote_has_done_nothing(
    marketplace: Marketplace,
    seller: Seller,
    action: str,
    call: Callable[[TokenCaller], Answer],
    fault: Fault,
    details: dict[str, Any],
    status: int,
    kind: str | None,
    text: bytes,
) -> None:
    marketplace.fail_all(fault, action=action, **details)

    answer = call(TokenCaller(marketplace.url, seller))

    assert (answer.status, media_type(answer)) == (status, kind)
    assert text in answer.body
    assert statuses(marketplace) == ["Created", "Cancelled"]
    assert marketplace.calls[-1].fault is fault


def test_a_fault_knows_the_numbers_that_it_can_have(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match="status of EDGE_PAGE is one of 400, 404"):
        marketplace.fail_all(Fault.EDGE_PAGE, status=500)


def test_a_date_can_say_until_when_calls_are_too_many(marketplace: Marketplace, caller: Caller) -> None:
    before = datetime.now(UTC)
    marketplace.fail_all(Fault.RETRY_AFTER_DATE, replenish_in=30.0)

    answer = caller.get()

    until = parsedate_to_datetime(answer.headers["Retry-After"])
    assert answer.status == 429
    assert timedelta(seconds=30) <= until - before < timedelta(seconds=40)


@pytest.mark.parametrize("status", [102, 103])
def test_interim_answers_come_before_the_right_one(
    marketplace: Marketplace, seller: Seller, status: int
) -> None:
    caller = Caller(marketplace.url, seller)
    marketplace.fail_all(Fault.EARLY_HINTS, status=status, times=1, count=2)
    head = [f"GET {GET} HTTP/1.1", "Host: " + urlsplit(marketplace.url).netloc, "Connection: close"]
    head += [f"{name}: {value}" for name, value in caller.headers("GET", GET).items()]

    with contextlib.closing(socket.create_connection(("127.0.0.1", urlsplit(marketplace.url).port))) as wire:
        wire.sendall("\r\n".join([*head, "", ""]).encode())
        answer = b"".join(iter(lambda: wire.recv(65536), b""))

    lines = [line for line in answer.split(b"\r\n") if line.startswith(b"HTTP/1.1 ")]
    assert [int(line.split()[1]) for line in lines] == [status, status, 200]
    assert json.loads(answer.rpartition(b"\r\n\r\n")[2])["order"]["purchaseOrderId"] == ORDER


# --- From the order service, and odd ----------------------------------------------------------------------


def test_an_answer_can_be_compressed_unasked(marketplace: Marketplace, caller: Caller) -> None:
    right = caller.get()
    marketplace.fail_all(Fault.ENCODED_ANSWER)

    answer = caller.get()

    assert answer.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(answer.body) == right.body


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize(
    ("kind", "odd"),
    [
        ("tab", b"\t"),
        ("line_feed", b"\n"),
        ("substitute", b"\x1a"),
        ("latin1", b"\xe9"),
        ("cut_utf8", b"\xc3"),
        ("ampersand", b" & "),
        ("entity", b"&eacute;"),
        ("forbidden_reference", b"&#26;"),
    ],
)
def test_the_street_of_one_order_of_a_page_can_be_odd(
    marketplace: Marketplace, caller: Caller, form: str, kind: str, odd: bytes
) -> None:
    marketplace.fail_all(Fault.ODD_BYTES, kind=kind)

    body = released(caller, form).body

    assert body.count(STREET + odd) == 1
    assert body.count(STREET) == 2


@pytest.mark.parametrize(
    ("kind", "content_type", "start"),
    [
        ("byte_order_mark", "application/json;charset=UTF-8", b"\xef\xbb\xbf{"),
        ("no_content_type", None, b"\xef\xbb\xbf{"),
        ("wrong_content_type", "application/xml;charset=UTF-8", b"{"),
        ("wrong_charset", "application/json;charset=ISO-8859-1", b"{"),
        ("declared_latin1", "application/json;charset=ISO-8859-1", b"{"),
        ("white_space_first", "application/xml;charset=UTF-8", b"\n<?xml"),
        ("long_number", "application/json;charset=UTF-8", b"{"),
    ],
)
def test_a_whole_answer_can_be_odd(
    marketplace: Marketplace, caller: Caller, kind: str, content_type: str | None, start: bytes
) -> None:
    marketplace.fail_all(Fault.ODD_BYTES, kind=kind)

    answer = caller.acknowledge(order=ANOTHER)

    assert (answer.status, media_type(answer)) == (200, content_type)
    assert answer.body.startswith(start)
    assert ("é".encode("latin-1") in answer.body.replace("é".encode(), b"")) == (kind == "declared_latin1")
    assert (b"9" * 5000 in answer.body) == (kind == "long_number")
    assert order_calls(marketplace)[0].applied


@pytest.mark.parametrize("kind", get_args(OddBytes))
def test_an_odd_byte_changes_nothing_else(marketplace: Marketplace, caller: Caller, kind: str) -> None:
    marketplace.fail_all(Fault.ODD_BYTES, kind=kind)

    answer = released(caller)

    assert answer.status == 200
    assert all(order.encode() in answer.body for order in (ORDER, ANOTHER))


@pytest.mark.parametrize(("form", "error"), [("json", ValueError), ("xml", ET.ParseError)])
def test_an_entry_can_be_unreadable_on_every_page_and_in_every_answer(
    marketplace: Marketplace, signer: Caller, form: str, error: type[Exception]
) -> None:
    marketplace.make_unreadable(ORDER)
    accept = {"Accept": f"application/{form}"}
    parse = Answer.json if form == "json" else Answer.xml

    for answer in (released(signer, form), signer.get(accept), signer.call("GET", GET, accept)):
        assert answer.status == 200
        with pytest.raises(error):
            parse(answer)
    assert parse(signer.get(accept, order=ANOTHER)) is not None
    marketplace.make_unreadable(ORDER, unreadable=False)
    assert parse(released(signer, form)) is not None


@pytest.mark.parametrize(("form", "member"), [("json", b'"orderDate"'), ("xml", b"orderDate>")])
def test_an_order_can_lack_its_date_on_every_page_and_in_every_answer(
    marketplace: Marketplace, signer: Caller, form: str, member: bytes
) -> None:
    dated = released(signer, form).body.count(member)

    marketplace.make_undated(ORDER)

    assert released(signer, form).body.count(member) == dated / 2
    assert member not in signer.call("GET", GET, {"Accept": f"application/{form}"}).body


def test_only_the_entry_itself_is_unreadable(marketplace: Marketplace, caller: Caller) -> None:
    right = released(caller).body
    marketplace.fail_all(Fault.UNREADABLE_ENTRY, order=ORDER)

    body = released(caller).body

    assert body.count(b'Philippa "<Nonesuch') == 1
    before, broken, after = body.rpartition(b'Philippa "<Nonesuch')
    assert before + broken.replace(b'"<', b"") + after == right
    assert body.index(ANOTHER.encode()) < body.index(ORDER.encode()) < len(before)


def test_the_lines_can_be_flat(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail_all(Fault.FLAT_LINES, times=2)

    one = caller.get().json()["order"]
    listed = released(caller).json()["list"]["elements"]["order"]

    assert [line["orderLineStatus"][0]["status"] for line in one["orderLines"]] == ["Created", "Cancelled"]
    assert listed[1] == one


@pytest.mark.parametrize("accept", ["application/json", "application/xml"])
def test_a_canceled_line_can_be_spelled_as_in_an_overview(
    marketplace: Marketplace, signer: Caller, accept: str
) -> None:
    marketplace.fail_all(Fault.CANCELED_SPELLING)

    answer = signer.get({"Accept": accept})

    assert (b"Canceled" in answer.body, b"Cancelled" in answer.body) == (True, False)


def test_a_cursor_can_be_opaque(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail_all(Fault.OPAQUE_CURSOR)

    page = caller.call("GET", f"{caller.orders}?createdStartDate=2026-01-01&limit=1").json()

    assert set(page["list"]["meta"]["nextCursor"]) & set("=?&") == set()
