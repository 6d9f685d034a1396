"""The local marketplace's second door: the Global API, whose calls bring a token."""

import base64
import json
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any, Literal

import pytest

from tests.local.marketplace import Door, Fault, Marketplace, Seller
from tests.local.marketplace.caller import (
    NOTHING,
    NOW,
    ORDER,
    TOKEN,
    Answer,
    Caller,
    Clock,
    TokenCaller,
    basic,
    control,
    in_an_odd_way,
    milliseconds,
    order_calls,
    statuses,
    told,
)
from tests.local.marketplace.marketplace import TokenRefusal


@pytest.fixture
def marketplace(marketplace: Marketplace) -> Marketplace:
    marketplace.add_order(ORDER, statuses=["Created", "Created"])
    return marketplace


@pytest.fixture
def seller(marketplace: Marketplace, private_key: str) -> Seller:
    return marketplace.register_seller(private_key)


@pytest.fixture
def caller(marketplace: Marketplace, seller: Seller) -> TokenCaller:
    return TokenCaller(marketplace.url, seller)


@pytest.fixture
def signer(marketplace: Marketplace, seller: Seller) -> Caller:
    return Caller(marketplace.url, seller)


@pytest.fixture
def clock() -> Clock:
    return Clock()


def released(caller: Caller, changed: Mapping[str, str] = NOTHING) -> Answer:
    return caller.call("GET", f"{caller.orders}/released?createdStartDate=2026-01-01", changed)


def refusal(answer: Answer) -> tuple[int, str, str]:
    """The status, code and field of the gateway's refusal."""
    [error] = answer.json()["error"]
    return answer.status, error["code"], error["field"]


UNAUTHORIZED = (401, "UNAUTHORIZED.GMP_GATEWAY_API", "UNAUTHORIZED")


def bad_header(name: str) -> tuple[int, str, str]:
    return 400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", name


# --- Asking for a token -----------------------------------------------------------------------------------


def test_a_client_is_given_a_token_for_fifteen_minutes(marketplace: Marketplace, caller: TokenCaller) -> None:
    answer = caller.ask()

    document = answer.json()
    assert (answer.status, answer.headers.get_content_type()) == (200, "application/json")
    assert (document["token_type"], document["expires_in"]) == ("Bearer", 900)
    assert len(document["access_token"]) > 500
    assert marketplace.tokens_issued == 1


def test_every_token_is_another_and_takes_nothing_from_those_before(caller: TokenCaller) -> None:
    first, second = (caller.ask().json()["access_token"] for _ in range(2))

    assert first != second
    assert [caller.get({"WM_SEC.ACCESS_TOKEN": token}).status for token in (first, second)] == [200, 200]


def test_a_call_for_a_token_is_kept_as_one_for_no_order(
    marketplace: Marketplace, caller: TokenCaller
) -> None:
    caller.ask()

    [call] = marketplace.calls
    assert (call.door, call.action, call.purchase_order_id) == ("token", "token", None)
    assert (call.method, call.path, call.body) == ("POST", TOKEN, b"grant_type=client_credentials")
    assert (call.status, call.applied) == (200, False)


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (lambda _: "", "missing or not Basic"),
        (lambda seller: f"Bearer {seller.client_secret}", "not Basic"),
        (lambda seller: f"Basic {seller.client_id}:{seller.client_secret}", "not base64"),
        (lambda _: f"Basic {base64.b64encode(b'\xff:\xff').decode()}", "not base64"),
        (lambda seller: f"Basic {base64.b64encode(seller.client_id.encode()).decode()}", "not base64"),
        (lambda seller: basic("nobody", seller.client_secret), "id is unknown"),
        (lambda seller: basic(seller.consumer_id, seller.client_secret), "id is unknown"),
        (lambda seller: basic(seller.client_id, "guessed"), "secret is wrong"),
        (lambda seller: basic(seller.client_id, ""), "secret is wrong"),
    ],
)
def test_whoever_is_no_client_is_given_no_token_and_the_reason_is_kept(
    marketplace: Marketplace, caller: TokenCaller, authorization: Callable[[Seller], str], reason: str
) -> None:
    answer = caller.ask({"Authorization": authorization(caller.seller)})

    assert refusal(answer) == UNAUTHORIZED
    assert reason in str(marketplace.calls[0].refusal)
    assert reason.encode() not in answer.body
    assert marketplace.tokens_issued == 0


def test_without_authorization_there_is_no_token(caller: TokenCaller) -> None:
    assert refusal(caller.ask(without="Authorization")) == UNAUTHORIZED


def test_who_asks_is_checked_before_what_is_asked_for(caller: TokenCaller) -> None:
    assert refusal(caller.ask({"Authorization": "", "WM_MARKET": ""}, body="")) == UNAUTHORIZED


def test_another_clients_secret_is_refused(marketplace: Marketplace, caller: TokenCaller) -> None:
    other = marketplace.register_seller(caller.seller.private_key)

    assert caller.ask({"Authorization": basic(caller.seller.client_id, other.client_secret)}).status == 401


@pytest.mark.parametrize(
    ("form", "status", "document"),
    [
        (401, 401, {"code": "UNAUTHORIZED.GMP_GATEWAY_API", "field": "UNAUTHORIZED"}),
        (400, 400, {"code": "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", "field": "Authorization"}),
        ("no field", 400, {"code": "INVALID_REQUEST_HEADER.GMP_GATEWAY_API"}),
        ("invalid_client", 400, "invalid_client"),
    ],
)
def test_a_wrong_client_is_refused_in_each_form_that_was_seen(
    marketplace: Marketplace, caller: TokenCaller, form: TokenRefusal, status: int, document: object
) -> None:
    marketplace.token_refusals_as(form)

    answer = caller.ask({"Authorization": basic(caller.seller.client_id, "guessed")})

    error = answer.json()["error"]
    told = (
        error
        if isinstance(error, str)
        else {name: error[0][name] for name in ("code", "field") if name in error[0]}
    )
    assert (answer.status, told) == (status, document)


@pytest.mark.parametrize(
    ("market", "blamed"),
    [(None, "Authorization"), ("", "Authorization"), ("us", "Authorization"), ("CA", "WM_MARKET")],
)
def test_a_token_is_for_the_market_of_the_client_and_without_a_market_for_the_united_states(
    caller: TokenCaller, market: str | None, blamed: str
) -> None:
    answer = caller.ask(without="WM_MARKET") if market is None else caller.ask({"WM_MARKET": market})

    assert refusal(answer) == bad_header(blamed)


def test_a_client_of_another_market_is_given_a_token_for_that_one(marketplace: Marketplace) -> None:
    caller = TokenCaller(marketplace.url, marketplace.register_seller(market="us"))

    assert refusal(caller.ask()) == bad_header("Authorization")
    assert caller.ask(without="WM_MARKET").status == 200


@pytest.mark.parametrize(
    ("status", "code"), [(400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API"), (403, "FORBIDDEN.GMP_GATEWAY_API")]
)
def test_a_call_with_a_token_can_need_a_channel_type(
    marketplace: Marketplace, caller: TokenCaller, status: Literal[400, 403], code: str
) -> None:
    marketplace.refuse_token_without_channel_type(status)

    answer = caller.get()

    assert (answer.status, answer.json()["error"][0]["code"]) == (status, code)
    assert caller.get({"WM_CONSUMER.CHANNEL.TYPE": caller.seller.channel_type}).status == 200


@pytest.mark.parametrize("header", ["WM_SVC.NAME", "WM_QOS.CORRELATION_ID"])
def test_a_call_for_a_token_needs_every_header(caller: TokenCaller, header: str) -> None:
    answer = caller.ask(without=header)

    [error] = answer.json()["errors"]["error"]
    assert (answer.status, error["code"]) == (400, "INVALID_REQUEST_HEADER.GMP_ORDER_API")
    assert error["field"] == header


@pytest.mark.parametrize("content_type", ["", "application/json", "multipart/form-data"])
def test_a_token_is_asked_for_by_a_form(caller: TokenCaller, content_type: str) -> None:
    assert refusal(caller.ask({"Content-Type": content_type})) == bad_header("Content-Type")


def test_a_form_may_tell_its_charset(caller: TokenCaller) -> None:
    content_type = "application/x-www-form-urlencoded; charset=UTF-8"

    assert caller.ask({"Content-Type": content_type}).status == 200


@pytest.mark.parametrize(
    "body", ["", "grant_type=password", "grant_type=client_credentials&scope=all", "grant_type"]
)
def test_a_form_asks_for_client_credentials_and_nothing_else(caller: TokenCaller, body: str) -> None:
    assert refusal(caller.ask(body=body)) == (400, "INVALID_REQUEST_PARAM.GMP_GATEWAY_API", "grant_type")


@pytest.mark.parametrize("method", ["GET", "DELETE"])
def test_a_token_is_asked_for_by_post(caller: TokenCaller, method: str) -> None:
    answer = caller.call(method, TOKEN)

    assert (answer.status, answer.json()["error"][0]["code"]) == (405, "METHOD_NOT_ALLOWED.GMP_GATEWAY_API")


# --- How long a token is good -----------------------------------------------------------------------------


@pytest.mark.parametrize("seconds", [900, 60])
def test_a_token_is_valid_until_its_time_is_over(clock: Clock, private_key: str, seconds: int) -> None:
    with Marketplace(clock=clock, token_seconds=seconds) as marketplace:
        marketplace.add_order(ORDER)
        caller = TokenCaller(marketplace.url, marketplace.register_seller(private_key))
        answer = caller.ask()
        token = {"WM_SEC.ACCESS_TOKEN": answer.json()["access_token"]}

        clock.now = NOW + seconds - 0.25
        before = caller.get(token).status
        clock.now = NOW + seconds
        after = caller.get(token)

        assert (answer.json()["expires_in"], before) == (seconds, 200)
        assert refusal(after) == UNAUTHORIZED
        assert marketplace.calls[-1].refusal == "token has expired"


def test_every_token_can_expire_before_its_time(marketplace: Marketplace, caller: TokenCaller) -> None:
    tokens = [{"WM_SEC.ACCESS_TOKEN": caller.ask().json()["access_token"]} for _ in range(2)]

    marketplace.expire_tokens()

    assert [refusal(caller.get(token)) for token in tokens] == [UNAUTHORIZED] * 2
    assert TokenCaller(marketplace.url, caller.seller).get().status == 200


def test_an_expired_token_can_be_a_bad_request(marketplace: Marketplace, caller: TokenCaller) -> None:
    caller.get()
    marketplace.expire_tokens()

    marketplace.expired_tokens_as(400)
    as_told, unknown = caller.get(), caller.get(caller.wrong)
    marketplace.expired_tokens_as(401)

    assert refusal(as_told) == (400, "INVALID_TOKEN.GMP_GATEWAY_API", "INVALID_TOKEN")
    assert refusal(unknown) == UNAUTHORIZED
    assert refusal(caller.get()) == UNAUTHORIZED


# --- Calls with a token -----------------------------------------------------------------------------------


def test_an_unknown_token_is_refused(marketplace: Marketplace, caller: TokenCaller) -> None:
    assert refusal(caller.acknowledge(caller.wrong)) == UNAUTHORIZED
    assert statuses(marketplace) == ["Created", "Created"]
    assert order_calls(marketplace)[0].refusal == "token is unknown"


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        ({}, "is missing"),
        ({"Authorization": "Bearer {token}"}, "Authorization is no place for a token"),
        ({"WM_SEC.AUTH_SIGNATURE": "c2lnbmF0dXJl"}, "a signature is no credential here"),
    ],
)
def test_a_call_without_a_token_is_refused_and_the_mistake_is_named(
    marketplace: Marketplace, caller: TokenCaller, instead: dict[str, str], reason: str
) -> None:
    token = caller.ask().json()["access_token"]
    headers = {name: value.format(token=token) for name, value in instead.items()}

    answer = caller.call("GET", f"{caller.orders}/{ORDER}", headers, without="WM_SEC.ACCESS_TOKEN")

    assert refusal(answer) == UNAUTHORIZED
    assert str(order_calls(marketplace)[0].refusal).endswith(reason)


def test_a_signed_call_is_refused_at_the_door_with_tokens(signer: Caller) -> None:
    target = f"{TokenCaller.orders}/{ORDER}"

    assert refusal(signer.call("GET", target)) == UNAUTHORIZED


def test_a_token_is_no_credential_at_the_door_with_signatures(caller: TokenCaller, signer: Caller) -> None:
    target = f"{Caller.orders}/{ORDER}"
    channel_type = {"WM_CONSUMER.CHANNEL.TYPE": caller.seller.channel_type}

    assert refusal(caller.call("GET", target)) == bad_header("WM_CONSUMER.CHANNEL.TYPE")
    [error] = caller.call("GET", target, channel_type).json()["errors"]["error"]
    assert error["field"] == "WM_CONSUMER.ID"
    assert signer.get({"WM_SEC.AUTH_SIGNATURE": caller.token}).status == 401


@pytest.mark.parametrize("market", [None, "", "us", "CA"])
def test_a_call_is_for_the_canadian_market(caller: TokenCaller, market: str | None) -> None:
    if market is None:
        answer = caller.acknowledge(without="WM_MARKET")
    else:
        answer = caller.acknowledge({"WM_MARKET": market})

    assert refusal(answer) == bad_header("WM_MARKET")


def test_a_call_tells_the_version_of_the_api(caller: TokenCaller) -> None:
    assert refusal(caller.acknowledge(without="WM_GLOBAL_VERSION")) == bad_header("WM_GLOBAL_VERSION")


@pytest.mark.parametrize("header", ["WM_SVC.NAME", "WM_QOS.CORRELATION_ID"])
def test_a_call_with_a_token_needs_every_header(caller: TokenCaller, header: str) -> None:
    answer = caller.acknowledge(without=header)

    [error] = answer.json()["errors"]["error"]
    assert (answer.status, error["code"]) == (400, "INVALID_REQUEST_HEADER.GMP_ORDER_API")
    assert error["field"] == header


def test_a_post_with_a_token_needs_a_content_type(marketplace: Marketplace, caller: TokenCaller) -> None:
    answer = caller.acknowledge(without="Content-Type")

    assert (answer.status, answer.json()["error"][0]["code"]) == (500, "SYSTEM_ERROR.GMP_GATEWAY_API")
    assert statuses(marketplace) == ["Created", "Created"]


def test_a_get_with_a_token_needs_no_content_type(caller: TokenCaller) -> None:
    assert caller.call("GET", f"{caller.orders}/{ORDER}", without="Content-Type").status == 200


def test_the_token_is_checked_first_and_then_the_market_and_the_version(caller: TokenCaller) -> None:
    checked = ["WM_SEC.ACCESS_TOKEN", "WM_MARKET", "WM_GLOBAL_VERSION"]

    blamed = [refusal(caller.get(dict.fromkeys(checked[number:], "")))[2] for number in range(3)]

    assert blamed == ["UNAUTHORIZED", "WM_MARKET", "WM_GLOBAL_VERSION"]


def test_whose_channel_it_is_makes_no_difference(caller: TokenCaller) -> None:
    assert caller.get({"WM_CONSUMER.CHANNEL.TYPE": "nobody's"}).status == 200


# --- Forms ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("form", [None, "xml"])
def test_everything_behind_the_door_with_tokens_is_json(
    marketplace: Marketplace, caller: TokenCaller, form: str | None
) -> None:
    marketplace.answer_as("xml" if form else None)
    in_xml = {"Accept": "application/xml"}
    answers = [
        caller.ask(in_xml),
        caller.ask({**in_xml, "Authorization": ""}),
        caller.ask({**in_xml, "WM_SVC.NAME": ""}),
        released(caller, in_xml),
        caller.acknowledge(in_xml),
        caller.get(in_xml),
        caller.get(in_xml, order="7400000000404"),
        caller.get({**in_xml, "WM_SVC.NAME": ""}),
        caller.get({**in_xml, **caller.wrong}),
        caller.call("DELETE", f"{caller.orders}/{ORDER}", in_xml),
    ]

    assert [answer.status for answer in answers] == [200, 401, 400, 200, 200, 200, 404, 400, 401, 405]
    assert {answer.headers.get_content_type() for answer in answers} == {"application/json"}


def test_errors_take_the_shape_of_the_newer_documentation_at_this_door_too(
    marketplace: Marketplace, caller: TokenCaller
) -> None:
    marketplace.errors_as("flat")

    [error] = caller.ask({"Authorization": ""}).json()["errors"]

    assert (error["code"], error["message"]) == ("UNAUTHORIZED.GMP_GATEWAY_API", "Unauthorized")


# --- One marketplace behind both doors --------------------------------------------------------------------


def test_both_doors_lead_to_the_same_orders_and_the_ledger_tells_which_it_was(
    marketplace: Marketplace, caller: TokenCaller, signer: Caller
) -> None:
    assert caller.acknowledge().status == 200

    assert signer.get().json() == caller.get().json()
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]
    assert [(call.door, call.action, call.purchase_order_id) for call in marketplace.calls] == [
        ("token", "token", None),
        ("token", "acknowledge", ORDER),
        ("signature", "get", ORDER),
        ("token", "get", ORDER),
    ]


def test_where_there_is_nothing_there_is_no_door(marketplace: Marketplace, caller: TokenCaller) -> None:
    assert caller.call("GET", "/v3/ca/token").status == 404
    assert order_calls(marketplace)[0].door is None


def test_an_order_that_arrives_acknowledged_is_not_released_and_can_be_acknowledged(
    marketplace: Marketplace, caller: TokenCaller
) -> None:
    marketplace.add_order("7400000000011", statuses=("Acknowledged",))

    [listed] = released(caller).json()["list"]["elements"]["order"]
    answer = caller.acknowledge(order="7400000000011")

    assert listed["purchaseOrderId"] == ORDER
    assert answer.status == 200
    assert marketplace.calls_for("7400000000011")[0].applied


def test_a_fault_is_met_once_whichever_door_a_call_comes_by(
    marketplace: Marketplace, caller: TokenCaller, signer: Caller
) -> None:
    marketplace.fail(ORDER, Fault.CONFLICT, times=2)

    assert [caller.get().status, signer.get().status, caller.get().status] == [409, 409, 200]


def test_both_doors_share_a_bucket(clock: Clock, private_key: str) -> None:
    with Marketplace(clock=clock, requests_per_minute=2) as marketplace:
        marketplace.add_order(ORDER)
        seller = marketplace.register_seller(private_key)
        caller, signer = TokenCaller(marketplace.url, seller), Caller(marketplace.url, seller, now=clock)

        answers = [caller.acknowledge(), signer.acknowledge(), caller.acknowledge()]

    assert [told(answer)[:2] for answer in answers] == [(200, "1"), (200, "0"), (429, "0")]


# --- Closed doors -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(("door", "closed"), [("signature", Caller), ("token", TokenCaller)])
def test_behind_a_closed_door_nothing_is_found(
    marketplace: Marketplace, seller: Seller, door: Door, closed: type[Caller]
) -> None:
    caller = closed(marketplace.url, seller)
    before = caller.get().status

    marketplace.close_door(door)
    answers = [caller.acknowledge(), caller.get(), released(caller)]
    calls = marketplace.calls[-3:]
    marketplace.open_door(door)

    assert [(answer.status, answer.json()["error"][0]["code"]) for answer in answers] == [
        (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API")
    ] * 3
    assert [(call.door, call.action, call.status) for call in calls] == [(door, None, 404)] * 3
    assert statuses(marketplace) == ["Created", "Created"]
    assert (before, caller.acknowledge().status) == (200, 200)


def test_a_closed_door_gives_no_token(marketplace: Marketplace, caller: TokenCaller) -> None:
    marketplace.close_door("token")

    answer = caller.ask()

    assert (answer.status, answer.json()["error"][0]["code"]) == (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API")
    assert marketplace.tokens_issued == 0


def test_a_closed_door_leaves_the_other_open(
    marketplace: Marketplace, caller: TokenCaller, signer: Caller
) -> None:
    marketplace.close_door("token")
    signed = signer.get().status
    marketplace.open_door("token")
    marketplace.close_door("signature")

    assert (signed, caller.get().status) == (200, 200)


# --- Sellers ----------------------------------------------------------------------------------------------


def test_a_sellers_token_secret_is_what_secrets_manager_holds(seller: Seller) -> None:
    assert json.loads(seller.token_secret()) == {
        "clientId": seller.client_id,
        "clientSecret": seller.client_secret,
    }
    assert seller.client_secret not in repr(seller)


def test_a_changed_client_secret_retires_the_old_one_and_no_token(
    marketplace: Marketplace, caller: TokenCaller
) -> None:
    caller.get()

    changed = marketplace.change_client_secret(caller.seller.consumer_id)

    assert changed == replace(caller.seller, client_secret=changed.client_secret)
    assert (caller.ask().status, TokenCaller(marketplace.url, changed).ask().status) == (401, 200)
    assert caller.get().status == 200


def test_a_changed_client_secret_changes_no_key(marketplace: Marketplace, signer: Caller) -> None:
    signer.seller = marketplace.change_client_secret(signer.seller.consumer_id)

    assert signer.get().status == 200


def test_registering_a_consumer_again_retires_its_client(
    marketplace: Marketplace, caller: TokenCaller
) -> None:
    old = caller.seller
    new = marketplace.register_seller(
        old.private_key, consumer_id=old.consumer_id, channel_type=old.channel_type
    )

    assert (caller.ask().status, TokenCaller(marketplace.url, new).ask().status) == (401, 200)


def test_a_client_secret_belongs_to_a_registered_seller(marketplace: Marketplace) -> None:
    with pytest.raises(KeyError):
        marketplace.change_client_secret("nobody")


# --- Faults of a call for a token -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("fault", "status"),
    [
        (Fault.EMPTY_SUCCESS, 200),
        (Fault.MAINTENANCE_PAGE, 200),
        (Fault.REDIRECT, 307),
        (Fault.UNAUTHORIZED, 401),
        (Fault.FORBIDDEN, 403),
        (Fault.METHOD_NOT_ALLOWED, 405),
        (Fault.NOT_ACCEPTABLE, 406),
        (Fault.UNSUPPORTED_MEDIA_TYPE, 415),
        (Fault.THROTTLED, 429),
        (Fault.INTERNAL_ERROR, 500),
        (Fault.SERVICE_UNAVAILABLE, 503),
        (Fault.UNKNOWN_ERROR, 520),
    ],
)
def test_a_call_for_a_token_can_meet_a_refusal_or_a_page_from_elsewhere(
    marketplace: Marketplace, caller: TokenCaller, fault: Fault, status: int
) -> None:
    marketplace.fail_all(fault, action="token")

    met = caller.ask()

    assert (met.status, b"access_token" in met.body) == (status, False)
    assert marketplace.tokens_issued == 0
    assert [(call.fault, call.status) for call in marketplace.calls] == [(fault, status)]
    assert caller.ask().status == 200


@pytest.mark.parametrize(
    ("fault", "issued"), [(Fault.RESET_BEFORE_APPLYING, 0), (Fault.RESET_AFTER_APPLYING, 1)]
)
def test_a_call_for_a_token_can_meet_a_reset(
    marketplace: Marketplace, caller: TokenCaller, fault: Fault, issued: int
) -> None:
    marketplace.fail_all(fault, action="token")

    with pytest.raises(ConnectionResetError):
        caller.ask()

    assert marketplace.tokens_issued == issued


@in_an_odd_way
def test_a_token_can_come_as_it_should_in_an_odd_way(
    marketplace: Marketplace, caller: TokenCaller, fault: Fault, details: dict[str, Any]
) -> None:
    marketplace.fail_all(fault, action="token", **details)

    assert caller.get().status == 200
    assert marketplace.calls[0].fault is fault


def test_a_token_can_break_off(marketplace: Marketplace, caller: TokenCaller) -> None:
    marketplace.fail_all(Fault.BROKEN_JSON, action="token")

    answer = caller.ask()

    assert (answer.status, b"access_token" in answer.body) == (200, True)
    with pytest.raises(ValueError, match="Unterminated string"):
        answer.json()


def test_a_fault_for_every_call_strikes_none_for_a_token(
    marketplace: Marketplace, caller: TokenCaller
) -> None:
    marketplace.fail_all(Fault.SERVICE_UNAVAILABLE)

    assert [caller.ask().status, caller.get().status, caller.get().status] == [200, 503, 200]


def test_a_fault_for_tokens_strikes_nothing_else(
    marketplace: Marketplace, caller: TokenCaller, signer: Caller
) -> None:
    caller.get()
    marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, action="token")

    assert [caller.get().status, signer.get().status, caller.ask().status] == [200, 200, 503]


def test_a_fault_for_tokens_can_last_until_recovery(marketplace: Marketplace, caller: TokenCaller) -> None:
    marketplace.fail_all(Fault.SERVICE_UNAVAILABLE, times=None, action="token")
    during = [caller.ask().status for _ in range(3)]

    marketplace.recover_all()

    assert (during, caller.ask().status) == ([503, 503, 503], 200)


def test_a_fault_is_not_used_up_by_a_wrong_client(marketplace: Marketplace, caller: TokenCaller) -> None:
    marketplace.fail_all(Fault.INTERNAL_ERROR, action="token")

    assert [caller.ask({"Authorization": ""}).status, caller.ask().status] == [401, 500]


@pytest.mark.parametrize(
    "fault",
    [
        Fault.OUTAGE_AS_BAD_REQUEST,
        Fault.HEADER_BLAMED,
        Fault.NOT_FOUND,
        Fault.REQUEST_TIMEOUT,
        Fault.CONFLICT,
        Fault.GONE,
        Fault.UNPROCESSABLE,
        Fault.LOCKED,
        Fault.GATEWAY_TIMEOUT,
        Fault.FOREIGN_SUCCESS,
        Fault.ECHO_CREATED,
        Fault.BROKEN_XML,
        Fault.BARE_CURSOR,
        Fault.ENDLESS_CURSOR,
        Fault.MISSING_CURSOR,
        Fault.REPEATED_ORDER,
        Fault.INCOMPLETE_ORDER,
        Fault.HOSTILE_ORDER_ID,
    ],
)
def test_what_only_the_order_service_does_is_planned_for_no_token(
    marketplace: Marketplace, fault: Fault
) -> None:
    with pytest.raises(ValueError, match=f"action of {fault.name} is one of"):
        marketplace.fail_all(fault, action="token")


def test_a_fault_for_tokens_is_no_orders_own(marketplace: Marketplace) -> None:
    with pytest.raises(ValueError, match="fail_all"):
        marketplace.fail(ORDER, Fault.DELAY, action="token")


def test_another_process_can_plan_faults_for_tokens_and_read_by_which_door_calls_came(
    private_key: str,
) -> None:
    with Marketplace(control=True) as marketplace:
        caller = TokenCaller(marketplace.url, marketplace.register_seller(private_key))
        fault = {"fault": "throttled", "action": "token"}

        planned, _ = control(marketplace.url, "POST", "/control/faults", fault)
        met = caller.ask().status
        [call] = control(marketplace.url, "GET", "/control/calls")[1]["calls"]

    assert (planned, met) == (201, 429)
    assert (call["door"], call["action"], call["purchaseOrderId"]) == ("token", "token", None)


# --- Quota ------------------------------------------------------------------------------------------------


def test_tokens_have_a_bucket_of_their_own(clock: Clock, private_key: str) -> None:
    with Marketplace(clock=clock, tokens_per_minute=2) as marketplace:
        marketplace.add_order(ORDER)
        caller = TokenCaller(marketplace.url, marketplace.register_seller(private_key))

        answers = [caller.ask() for _ in range(3)]
        clock.now += 30

        assert [told(answer) for answer in answers] == [
            (200, "1", milliseconds(NOW + 30)),
            (200, "0", milliseconds(NOW + 30)),
            (429, "0", milliseconds(NOW + 30)),
        ]
        assert told(caller.get()) == (200, None, None)
