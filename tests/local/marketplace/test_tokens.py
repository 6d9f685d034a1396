"""The Global API: tokens for clients, and calls with a token."""

import base64
from collections.abc import Callable
from dataclasses import replace
from typing import Literal

import pytest

from tests.local.marketplace import Marketplace, Seller
from tests.local.marketplace.caller import (
    NOW,
    ORDER,
    Caller,
    Response,
    TokenCaller,
    basic,
    order_calls,
    statuses,
)

UNAUTHORIZED = (401, "UNAUTHORIZED.GMP_GATEWAY_API", "UNAUTHORIZED")


def bad_header(name: str) -> tuple[int, str, str]:
    return 400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", name


def blank_header(name: str) -> tuple[int, str, str]:
    return 400, "INVALID_REQUEST_HEADER.GMP_ORDER_API", name


# --- Requests for a token ---------------------------------------------------------------------------------


def test_a_client_gets_a_new_token_each_time(marketplace: Marketplace, bearer: TokenCaller) -> None:
    responses = [
        bearer.request_token(),
        bearer.request_token({"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}),
    ]

    documents = [response.json() for response in responses]
    tokens = [document["access_token"] for document in documents]
    assert [(document["token_type"], document["expires_in"]) for document in documents] == [
        ("Bearer", 900)
    ] * 2
    assert len(set(tokens)) == marketplace.tokens_issued == 2
    assert [bearer.get({"WM_SEC.ACCESS_TOKEN": token}).status for token in tokens] == [200, 200]


@pytest.mark.parametrize(
    ("authorization", "reason"),
    [
        (lambda _: "", "missing or not Basic"),
        (lambda seller: f"Bearer {seller.client_secret}", "not Basic"),
        (lambda seller: f"Basic {seller.client_id}:{seller.client_secret}", "not base64"),
        (lambda _: f"Basic {base64.b64encode(b'\xff:\xff').decode()}", "not base64"),
        (lambda seller: f"Basic {base64.b64encode(seller.client_id.encode()).decode()}", "not base64"),
        (lambda seller: basic("unknown", seller.client_secret), "id is unknown"),
        (lambda seller: basic(seller.consumer_id, seller.client_secret), "id is unknown"),
        (lambda seller: basic(seller.client_id, "guessed"), "secret is wrong"),
        (lambda seller: basic(seller.client_id, ""), "secret is wrong"),
    ],
)
def test_an_unknown_client_gets_no_token_and_the_log_a_reason(
    marketplace: Marketplace, bearer: TokenCaller, authorization: Callable[[Seller], str], reason: str
) -> None:
    response = bearer.request_token({"Authorization": authorization(bearer.seller), "WM_MARKET": ""}, body="")

    assert response.refusal() == UNAUTHORIZED
    assert reason in str(marketplace.calls[0].refusal)
    assert reason.encode() not in response.body
    assert marketplace.tokens_issued == 0


@pytest.mark.parametrize(
    ("header", "value", "refused"),
    [
        ("WM_MARKET", "", bad_header("Authorization")),  # it stands for the United States
        ("WM_MARKET", "us", bad_header("Authorization")),
        ("WM_MARKET", "CA", bad_header("WM_MARKET")),
        ("WM_SVC.NAME", "", blank_header("WM_SVC.NAME")),
        ("WM_QOS.CORRELATION_ID", "", blank_header("WM_QOS.CORRELATION_ID")),
        ("Content-Type", "", bad_header("Content-Type")),
        ("Content-Type", "application/json", bad_header("Content-Type")),
    ],
)
def test_a_call_for_a_token_needs_every_header(
    bearer: TokenCaller, header: str, value: str, refused: tuple[int, str, str]
) -> None:
    assert bearer.request_token({header: value}).refusal() == refused
    assert value or bearer.request_token(without=header).refusal() == refused


@pytest.mark.parametrize(
    "body", ["", "grant_type=password", "grant_type=client_credentials&scope=all", "grant_type"]
)
def test_only_the_grant_client_credentials_is_accepted(bearer: TokenCaller, body: str) -> None:
    refused = (400, "INVALID_REQUEST_PARAM.GMP_GATEWAY_API", "grant_type")

    assert bearer.request_token(body=body).refusal() == refused


def test_a_new_client_secret_replaces_only_the_old_one(marketplace: Marketplace, bearer: TokenCaller) -> None:
    bearer.get()

    changed = marketplace.change_client_secret(bearer.seller.consumer_id)

    assert changed == replace(bearer.seller, client_secret=changed.client_secret)
    old, new = bearer.request_token(), TokenCaller(marketplace.url, changed).request_token()
    assert (old.status, new.status) == (401, 200)
    assert (bearer.get().status, Caller(marketplace.url, changed).get().status) == (200, 200)


# --- How long a token is valid ----------------------------------------------------------------------------


def test_a_token_expires_after_its_time(private_key: str) -> None:
    now = [NOW]
    with Marketplace(clock=lambda: now[0]) as marketplace:
        caller = TokenCaller(marketplace.url, marketplace.register_seller(private_key))
        caller.get()

        now[0] = NOW + 899.75
        before = caller.get().status
        now[0] = NOW + 900

        assert (before, caller.get().refusal()) == (404, UNAUTHORIZED)
        assert marketplace.calls[-1].refusal == "token has expired"


@pytest.mark.parametrize(
    ("status", "refused"),
    [(401, UNAUTHORIZED), (400, (400, "INVALID_TOKEN.GMP_GATEWAY_API", "INVALID_TOKEN"))],
)
def test_tokens_can_expire_early_with_status_400_or_401(
    marketplace: Marketplace, bearer: TokenCaller, status: Literal[400, 401], refused: tuple[int, str, str]
) -> None:
    bearer.get()
    marketplace.expired_tokens_as(status)

    marketplace.expire_tokens()

    assert (bearer.get().refusal(), bearer.get(bearer.bad_credentials).refusal()) == (refused, UNAUTHORIZED)
    assert TokenCaller(marketplace.url, bearer.seller).get().status == 200


# --- Calls with a token -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("instead", "reason"),
    [
        ({"WM_SEC.ACCESS_TOKEN": "unknown"}, "token is unknown"),
        ({}, "is missing"),
        ({"Authorization": "Bearer {token}"}, "Authorization is the wrong header for a token"),
        ({"WM_SEC.AUTH_SIGNATURE": "c2lnbmF0dXJl"}, "a signature is not accepted here"),
    ],
)
def test_a_call_without_a_token_is_refused_for_a_logged_reason(
    marketplace: Marketplace, bearer: TokenCaller, instead: dict[str, str], reason: str
) -> None:
    token = bearer.request_token().json()["access_token"]
    headers = {name: value.format(token=token) for name, value in instead.items()}

    response = bearer.acknowledge({"WM_SEC.ACCESS_TOKEN": "", **headers})

    assert response.refusal() == UNAUTHORIZED
    assert str(order_calls(marketplace)[0].refusal).endswith(reason)
    assert statuses(marketplace) == ["Created", "Created"]


@pytest.mark.parametrize(
    ("header", "value", "refused"),
    [
        ("WM_MARKET", "", bad_header("WM_MARKET")),
        ("WM_MARKET", "us", bad_header("WM_MARKET")),
        ("WM_MARKET", "CA", bad_header("WM_MARKET")),
        ("WM_GLOBAL_VERSION", "", bad_header("WM_GLOBAL_VERSION")),
        ("WM_SVC.NAME", "", blank_header("WM_SVC.NAME")),
        ("WM_QOS.CORRELATION_ID", "", blank_header("WM_QOS.CORRELATION_ID")),
    ],
)
def test_a_call_with_a_token_needs_every_header(
    bearer: TokenCaller, header: str, value: str, refused: tuple[int, str, str]
) -> None:
    assert bearer.acknowledge({header: value}).refusal() == refused
    assert value or bearer.acknowledge(without=header).refusal() == refused


def test_token_market_and_version_are_checked_in_this_order(bearer: TokenCaller) -> None:
    checked = ["WM_SEC.ACCESS_TOKEN", "WM_MARKET", "WM_GLOBAL_VERSION"]

    fields = [bearer.get(dict.fromkeys(checked[number:], "")).refusal()[2] for number in range(3)]

    assert fields == ["UNAUTHORIZED", "WM_MARKET", "WM_GLOBAL_VERSION"]


# --- Both schemes -----------------------------------------------------------------------------------------


def test_the_credentials_of_the_other_scheme_are_refused(bearer: TokenCaller, signer: Caller) -> None:
    by_token = bearer.call("GET", f"{Caller.orders}/{ORDER}")
    signed = signer.call("GET", f"{TokenCaller.orders}/{ORDER}")

    assert by_token.refusal() == bad_header("WM_CONSUMER.CHANNEL.TYPE")
    assert signed.refusal() == UNAUTHORIZED


def test_both_schemes_share_orders_and_the_log_names_the_scheme(
    marketplace: Marketplace, bearer: TokenCaller, signer: Caller
) -> None:
    assert bearer.acknowledge().status == 200

    assert signer.get().json() == bearer.get().json()
    assert statuses(marketplace) == ["Acknowledged", "Acknowledged"]
    assert [(call.scheme, call.action, call.purchase_order_id) for call in marketplace.calls] == [
        ("token", "token", None),
        ("token", "acknowledge", ORDER),
        ("signature", "get", ORDER),
        ("token", "get", ORDER),
    ]


def test_every_response_to_calls_with_a_token_is_json(marketplace: Marketplace, bearer: TokenCaller) -> None:
    marketplace.answer_as("xml")
    in_xml = {"Accept": "application/xml"}
    responses = [
        bearer.request_token(in_xml),
        bearer.request_token({**in_xml, "WM_SVC.NAME": ""}),
        bearer.list("?createdStartDate=2026-01-01", "xml"),
        bearer.acknowledge(in_xml),
        bearer.get(in_xml, order="7400000000404"),
        bearer.get({**in_xml, **bearer.bad_credentials}),
    ]

    assert [(response.status, response.form) for response in responses] == [
        (status, "json") for status in (200, 400, 200, 200, 404, 401)
    ]


@pytest.mark.parametrize("withdrawn", [Caller, TokenCaller])
def test_a_withdrawn_api_serves_nothing_and_the_other_works(
    marketplace: Marketplace, seller: Seller, withdrawn: type[Caller]
) -> None:
    callers = {"signature": Caller(marketplace.url, seller), "token": TokenCaller(marketplace.url, seller)}
    scheme: Literal["signature", "token"] = "signature" if withdrawn is Caller else "token"
    affected = callers.pop(scheme)
    [other] = callers.values()
    assert (affected.get().status, other.get().status) == (200, 200)

    marketplace.withdraw_api(scheme)
    responses: list[Response] = [affected.acknowledge(), affected.get(), affected.list("")]
    if isinstance(affected, TokenCaller):
        responses.append(affected.request_token())
    calls = marketplace.calls[-len(responses) :]

    assert {(response.status, response.json()["error"][0]["code"]) for response in responses} == {
        (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API")
    }
    assert {(call.scheme, call.action, call.status) for call in calls} == {(scheme, None, 404)}
    assert other.acknowledge().status == 200
    marketplace.restore_api(scheme)
    assert affected.acknowledge().status == 200
