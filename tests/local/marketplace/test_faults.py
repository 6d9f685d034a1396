"""The faults that no test of the functions or of the client covers by name, and when a fault applies."""

import gzip
import http.client
import json
from typing import Any

import pytest

from tests.local.marketplace import Fault, Marketplace
from tests.local.marketplace.caller import ORDER, Caller, Response, TokenCaller, order_calls, statuses

NEWEST = "7400123456790"
SINCE = "?createdStartDate=2026-01-01"
LISTS = {"list", "released"}
ORDERS = {"acknowledge", "get"}
JSON = "application/json;charset=UTF-8"
XML = "application/xml;charset=UTF-8"
LATIN1 = "application/json;charset=ISO-8859-1"


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
@pytest.mark.parametrize("action", ["acknowledge", "released", "token"])
def test_a_fault_sends_its_response_and_changes_nothing(
    marketplace: Marketplace,
    bearer: TokenCaller,
    action: str,
    fault: Fault,
    details: dict[str, Any],
    status: int,
    text: str,
) -> None:
    send = {
        "acknowledge": bearer.acknowledge,
        "released": lambda: bearer.list(SINCE),
        "token": bearer.request_token,
    }
    bearer.get()
    marketplace.fail_all(fault, action=action, **details)

    response: Response = send[action]()

    assert (response.status, text in f"{response.headers}{response.body.decode()}") == (status, True)
    assert statuses(marketplace) == ["Created", "Created"]
    assert (marketplace.calls[-1].fault, marketplace.calls[-1].status) == (fault, status)


def test_interim_responses_precede_the_right_one(marketplace: Marketplace, signer: Caller) -> None:
    marketplace.fail(ORDER, Fault.EARLY_HINTS, status=103)
    connection = signer.connect()
    signer.begin_acknowledging(connection)
    reader = connection.sock.makefile("rb")

    assert reader.readline().startswith(b"HTTP/1.1 103 ")
    assert reader.readline().startswith(b"Link: ")
    assert reader.readline() == b"\r\n"
    assert reader.readline().startswith(b"HTTP/1.1 200 ")
    assert json.loads(reader.read(int(http.client.parse_headers(reader)["Content-Length"])))["order"]
    connection.close()


def test_a_response_can_be_compressed_unasked(marketplace: Marketplace, caller: Caller) -> None:
    right = caller.get()
    marketplace.fail_all(Fault.ENCODED_RESPONSE)

    response = caller.get()

    assert response.headers["Content-Encoding"] == "gzip"
    assert gzip.decompress(response.body) == right.body


@pytest.mark.parametrize(
    ("kind", "content_type", "odd"),
    [
        ("tab", JSON, b"Imaginaire\t"),
        ("line_feed", JSON, b"Imaginaire\n"),
        ("substitute", JSON, b"Imaginaire\x1a"),
        ("latin1", JSON, b"Imaginaire\xe9"),
        ("cut_utf8", JSON, b"Imaginaire\xc3"),
        ("byte_order_mark", JSON, b"\xef\xbb\xbf{"),
        ("wrong_content_type", XML, b'{"list'),
        ("no_content_type", None, b"\xef\xbb\xbf{"),
        ("wrong_charset", LATIN1, "émaillée".encode()),
        ("declared_latin1", LATIN1, "émaillée".encode("latin-1")),
        ("long_number", JSON, b'"size": 99999999'),
        ("ampersand", XML, b"Imaginaire & "),
        ("entity", XML, b"Imaginaire&eacute;"),
        ("forbidden_reference", XML, b"Imaginaire&#26;"),
        ("white_space_first", XML, b"\n<?xml"),
    ],
)
def test_a_response_can_be_odd_in_one_thing(
    marketplace: Marketplace, signer: Caller, kind: str, content_type: str | None, odd: bytes
) -> None:
    marketplace.fail_all(Fault.ODD_BYTES, kind=kind)

    response = signer.list(SINCE)

    assert (response.status, response.headers["Content-Type"]) == (200, content_type)
    assert odd in response.body
    assert all(order.encode() in response.body for order in (ORDER, NEWEST))


def test_lines_can_be_flat_and_a_status_spelled_otherwise(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(NEWEST, Fault.FLAT_LINES)
    marketplace.fail_all(Fault.FLAT_LINES, action="list")
    marketplace.fail_all(Fault.CANCELED_SPELLING, action="released")

    one = caller.get(order=NEWEST).json()["order"]
    [listed, _] = caller.list(SINCE, path="").json()["list"]["elements"]["order"]

    assert [line["orderLineStatus"][0]["status"] for line in one["orderLines"]] == ["Created", "Cancelled"]
    assert listed == one
    assert b'"Canceled"' in caller.list(SINCE).body


def test_a_cursor_can_be_opaque(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail_all(Fault.OPAQUE_CURSOR)

    cursor = caller.list(f"{SINCE}&limit=1").json()["list"]["meta"]["nextCursor"]

    assert not set(cursor) & set("=?&")


# --- When faults apply ------------------------------------------------------------------------------------


def met(caller: Caller, *orders: str) -> list[int]:
    return [caller.get(order=order).status for order in orders]


def test_faults_apply_in_order_and_those_of_the_order_first(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail_all(Fault.CONFLICT, times=2)
    marketplace.fail(ORDER, Fault.THROTTLED, times=2)
    marketplace.fail(ORDER, Fault.GONE, action="get")

    assert met(caller, ORDER, NEWEST, ORDER, ORDER, ORDER, ORDER) == [429, 409, 429, 410, 409, 200]


def test_faults_last_until_recovery_of_their_order_or_of_all(
    marketplace: Marketplace, caller: Caller
) -> None:
    marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None)
    marketplace.fail(ORDER, Fault.GONE, times=None)
    first = met(caller, NEWEST, ORDER, NEWEST)
    marketplace.recover_all()
    between = met(caller, NEWEST, ORDER)

    marketplace.recover(ORDER)

    assert (first, between, met(caller, ORDER)) == ([503, 410, 503], [200, 410], [200])


def test_a_fault_for_one_action_applies_to_no_other(marketplace: Marketplace, bearer: Caller) -> None:
    for action in ("acknowledge", "released"):
        marketplace.fail_all(Fault.INTERNAL_ERROR, action=action)
    marketplace.fail_all(Fault.GONE)  # it applies to no request for a token

    responses = [bearer.get(), bearer.acknowledge(), bearer.list(SINCE, path=""), bearer.list(SINCE)]

    assert [response.status for response in responses] == [410, 500, 200, 500]


def test_a_refused_call_does_not_use_up_a_fault(marketplace: Marketplace, caller: Caller) -> None:
    marketplace.fail(ORDER, Fault.GONE)

    assert (caller.get(caller.bad_credentials).status, caller.get().status) == (401, 410)
    assert [call.fault for call in order_calls(marketplace)] == [None, Fault.GONE]


@pytest.mark.parametrize(
    ("faults", "possible"),
    [
        ([Fault.FOREIGN_SUCCESS, Fault.ECHO_CREATED], ORDERS),
        ([fault for fault in Fault if "CURSOR" in fault.name], LISTS),
        ([Fault.REPEATED_ORDER, Fault.INCOMPLETE_ORDER, Fault.HOSTILE_ORDER_ID], LISTS),
        ([Fault.NOT_FOUND, Fault.LOCKED, Fault.CONFLICT, Fault.BROKEN_XML], LISTS | ORDERS),
        ([Fault.DELAY, Fault.UNAUTHORIZED, Fault.BROKEN_JSON], LISTS | ORDERS | {"token"}),
    ],
)
@pytest.mark.parametrize("action", [*sorted(LISTS | ORDERS), "token", "ship"])
def test_a_fault_is_planned_only_for_actions_that_can_meet_it(
    marketplace: Marketplace, faults: list[Fault], possible: set[str], action: str
) -> None:
    for fault in faults:
        if action in possible:
            marketplace.fail_all(fault, action=action)
        else:
            with pytest.raises(ValueError, match=f"action of {fault.name} is one of"):
                marketplace.fail_all(fault, action=action)
        if action not in ORDERS:
            with pytest.raises(ValueError, match=r"fail_all|is one of"):
                marketplace.fail(ORDER, fault, action=action)


@pytest.mark.parametrize(
    ("details", "problem"),
    [({"second": 1.0}, "details of DELAY are: seconds"), ({"times": 0}, "at least once")],
)
def test_unknown_details_of_a_fault_are_refused(
    marketplace: Marketplace, details: dict[str, Any], problem: str
) -> None:
    with pytest.raises(ValueError, match=problem):
        marketplace.fail(ORDER, Fault.DELAY, **details)
