"""The faults that no test of the functions or of the client covers by name, and when a fault applies."""

import gzip
import http.client
import json
from typing import Any

import pytest

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.caller import ORDER, SINCE, Caller, TokenCaller, order_calls, statuses

NEWEST = "7400123456790"


@pytest.fixture
def marketplace(marketplace: Marketplace) -> Marketplace:
    """Two orders; the newest is the first of every list."""
    marketplace.add_order(NEWEST, ["Created", "Cancelled"])
    return marketplace


@pytest.mark.parametrize(
    ("fault", "details", "status", "text"),
    [
        (Fault.NO_SUCH_PATH, {"severity": "ERROR"}, 404, '"severity": "ERROR"'),
        (Fault.FIREWALL, {}, 403, "Reference&#32;&#35;18&#46;"),
        (Fault.EDGE_PAGE, {}, 404, "<h1>404 Not Found</h1>"),
        (Fault.EDGE_PAGE, {"status": 421, "kind": "text"}, 421, "misdirected request"),
        (Fault.EDGE_PAGE, {"status": 431, "kind": "empty"}, 431, "Content-Length: 0"),
        (Fault.EDGE_PAGE, {"status": 413, "kind": "mesh"}, 413, "no Route matched"),
        (Fault.EDGE_PAGE, {"status": 410, "kind": "spring"}, 410, '"error": "Gone"'),
        (Fault.PROBLEM_DOCUMENT, {"status": 406}, 406, "Content-Type: application/problem+json"),
        (Fault.PROBLEM_DOCUMENT, {"header": "WM_MARKET"}, 400, "'WM_MARKET'"),
        (Fault.THROTTLED, {"form": "iso"}, 429, "x-next-replenishment-time: 20"),
        (Fault.RETRY_AFTER_DATE, {"replenish_in": 9e9}, 429, "Retry-After: "),
    ],
)
def test_a_fault_sends_its_response_and_changes_nothing(
    marketplace: Marketplace,
    bearer: TokenCaller,
    fault: Fault,
    details: dict[str, Any],
    status: int,
    text: str,
) -> None:
    bearer.get()
    for action in ("acknowledge", "token"):
        marketplace.fail_all(fault, action=action, **details)

    for response in (bearer.acknowledge(), bearer.request_token()):
        assert (response.status, text in f"{response.headers}{response.body.decode()}") == (status, True)
        assert (marketplace.calls[-1].fault, marketplace.calls[-1].status) == (fault, status)
    assert statuses(marketplace) == ["Created", "Created"]


def test_interim_responses_precede_the_right_one(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.fail(ORDER, Fault.EARLY_HINTS, status=103)
    connection = signer.connect()
    signer.begin_acknowledging(connection)
    reader = connection.sock.makefile("rb")

    begins = [reader.readline()[:13] for _ in range(4)]
    assert begins == [b"HTTP/1.1 103 ", b"Link: </>; re", b"\r\n", b"HTTP/1.1 200 "]
    assert json.loads(reader.read(int(http.client.parse_headers(reader)["Content-Length"])))["order"]
    connection.close()


def test_a_response_can_be_compressed_unasked(marketplace: Marketplace, signer: Caller) -> None:
    right = signer.get()
    marketplace.fail_all(Fault.ENCODED_RESPONSE)

    response = signer.get()

    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.body) == right.body


@pytest.mark.parametrize(
    ("kind", "odd"),
    [
        ("tab", b"Imaginaire\t"),
        ("line_feed", b"Imaginaire\n"),
        ("substitute", b"Imaginaire\x1a"),
        ("latin1", b"Imaginaire\xe9"),
        ("cut_utf8", b"Imaginaire\xc3"),
        ("byte_order_mark", b"json;charset=UTF-8\xef\xbb\xbf{"),
        ("wrong_content_type", b'xml;charset=UTF-8{"list'),
        ("no_content_type", b"None\xef\xbb\xbf{"),
        ("wrong_charset", "émaillée".encode()),
        ("declared_latin1", "émaillée".encode("latin-1")),
        ("long_number", b'"size": 99999999'),
        ("ampersand", b"Imaginaire & "),
        ("entity", b"Imaginaire&eacute;"),
        ("forbidden_reference", b"Imaginaire&#26;"),
        ("white_space_first", b"xml;charset=UTF-8\n<?xml"),
    ],
)
def test_a_response_can_be_odd_in_one_thing(
    marketplace: Marketplace, signer: Caller, kind: str, odd: bytes
) -> None:
    marketplace.fail_all(Fault.ODD_BYTES, kind=kind)

    response = signer.list()

    content_type = str(response.headers["Content-Type"])
    assert odd in content_type.encode() + response.body
    assert content_type.endswith("ISO-8859-1") == (kind in {"wrong_charset", "declared_latin1"})
    assert all(order.encode() in response.body for order in (ORDER, NEWEST))


def test_lines_can_be_flat_and_a_status_spelled_otherwise(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.fail(NEWEST, Fault.FLAT_LINES)
    marketplace.fail_all(Fault.FLAT_LINES, action="list")
    marketplace.fail_all(Fault.CANCELED_SPELLING, action="released")

    one = signer.get(order=NEWEST).json()["order"]
    [listed, _] = signer.list(path="").json()["list"]["elements"]["order"]

    assert [line["orderLineStatus"][0]["status"] for line in one["orderLines"]] == ["Created", "Cancelled"]
    assert listed == one
    assert b'"Canceled"' in signer.list().body


def test_a_cursor_can_be_opaque(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.fail_all(Fault.OPAQUE_CURSOR)

    cursor = signer.list(f"{SINCE}&limit=1").json()["list"]["meta"]["nextCursor"]

    assert not set(cursor) & set("=?&")


# --- When faults apply ------------------------------------------------------------------------------------


def met(caller: Caller, *orders: str) -> list[int]:
    return [caller.get(order=order).status for order in orders]


def test_faults_apply_in_order_and_those_of_the_order_first(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.fail_all(Fault.CONFLICT, times=2)
    marketplace.fail(ORDER, Fault.THROTTLED, times=2)
    marketplace.fail(ORDER, Fault.GONE, action="get")
    refused = signer.get(signer.bad_credentials).status  # which uses up no fault

    assert (refused, met(signer, ORDER, NEWEST, ORDER, ORDER)) == (401, [429, 409, 429, 410])
    assert met(signer, ORDER, ORDER) == [409, 200]
    assert [call.fault for call in marketplace.calls[:2]] == [None, Fault.THROTTLED]


def test_faults_last_until_recovery_of_their_order_or_of_all(
    marketplace: Marketplace, signer: Caller
) -> None:
    marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)
    marketplace.fail(ORDER, Fault.GONE, times=None)
    first = met(signer, NEWEST, ORDER, NEWEST)
    marketplace.recover_all()
    between = met(signer, NEWEST, ORDER)

    marketplace.recover(ORDER)

    assert (first, between, met(signer, ORDER)) == ([503, 410, 503], [200, 410], [200])


def test_a_fault_for_one_action_applies_to_no_other(marketplace: Marketplace, bearer: Caller) -> None:
    for action in ("acknowledge", "released"):
        marketplace.fail_all(Fault.INTERNAL_ERROR, action=action)
    marketplace.fail_all(Fault.GONE)  # it applies to no request for a token

    responses = [bearer.get(), bearer.acknowledge(), bearer.list(path=""), bearer.list()]

    assert [response.status for response in responses] == [410, 500, 200, 500]
    assert [call.fault for call in order_calls(marketplace)][2] is None


@pytest.mark.parametrize(
    ("fault", "details", "problem"),
    [
        (Fault.ECHO_CREATED, {"action": "released"}, "action of ECHO_CREATED is one of acknowledge, get"),
        (Fault.BARE_CURSOR, {"action": "get"}, "action of BARE_CURSOR is one of list, released"),
        (Fault.CONFLICT, {"action": "token"}, "is one of acknowledge, get, list, released"),
        (Fault.DELAY, {"action": "ship"}, "is one of acknowledge, get, list, released, token"),
        (Fault.DELAY, {"action": "token"}, "fail_all"),
        (Fault.MISSING_CURSOR, {}, "fail_all"),
        (Fault.DELAY, {"second": 1.0}, "details of DELAY are: seconds"),
        (Fault.DELAY, {"times": 0}, "at least once"),
    ],
)
def test_a_fault_that_no_call_can_meet_is_refused(
    fault: Fault, details: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        Marketplace().fail(ORDER, fault, **details)
