"""The Global API: tokens for clients, and calls with a token."""

from collections.abc import Iterator
from dataclasses import replace
from typing import Literal

import pytest

from tests.local.marketplace import Marketplace, Scheme
from tests.local.marketplace.caller import (
    NOW,
    ORDER,
    SINCE,
    Caller,
    TokenCaller,
)

UNAUTHORIZED = (401, "UNAUTHORIZED.GMP_GATEWAY_API", "UNAUTHORIZED")
NOT_SERVED = (404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API", None)


def test_a_client_gets_a_new_token_each_time(marketplace: Marketplace, bearer: TokenCaller) -> None:
    with_charset = {"Content-Type": "application/x-www-form-urlencoded; charset=UTF-8"}
    documents = [bearer.request_token().json(), bearer.request_token(with_charset).json()]

    tokens = {document["access_token"] for document in documents}
    assert [(each["token_type"], each["expires_in"]) for each in documents] == [("Bearer", 900)] * 2
    assert len(tokens) == marketplace.tokens_issued == 2
    assert [bearer.get({"WM_SEC.ACCESS_TOKEN": token}).status for token in tokens] == [200, 200]


def test_a_new_client_secret_replaces_only_the_old_one(marketplace: Marketplace, bearer: TokenCaller) -> None:
    bearer.get()

    changed = marketplace.change_client_secret(bearer.seller.consumer_id)

    assert changed == replace(bearer.seller, client_secret=changed.client_secret)
    old, new = bearer.request_token(), TokenCaller(marketplace.url, changed).request_token()
    assert (old.status, new.status) == (401, 200)
    assert (bearer.get().status, Caller(marketplace.url, changed).get().status) == (200, 200)


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
    marketplace.variants.expired_token_status = status

    marketplace.expire_tokens()

    assert (bearer.get().refusal(), bearer.get(bearer.bad_credentials).refusal()) == (refused, UNAUTHORIZED)
    assert TokenCaller(marketplace.url, bearer.seller).get().status == 200


def test_both_schemes_share_orders_and_the_log_names_the_scheme(
    marketplace: Marketplace, bearer: TokenCaller, signer: Caller
) -> None:
    assert bearer.acknowledge().status == 200

    assert signer.get().json() == bearer.get().json()
    assert [(call.scheme, call.action, call.purchase_order_id) for call in marketplace.calls] == [
        ("token", "token", None),
        ("token", "acknowledge", ORDER),
        ("signature", "get", ORDER),
        ("token", "get", ORDER),
    ]


def test_every_response_to_calls_with_a_token_is_json(bearer: TokenCaller) -> None:
    in_xml = {"Accept": "application/xml"}
    responses = [
        bearer.request_token(in_xml),
        bearer.list(SINCE, "xml"),
        bearer.acknowledge(in_xml),
        bearer.get(in_xml, order="7400000000404"),
        bearer.get({**in_xml, **bearer.bad_credentials}),
    ]

    assert [(response.status, response.form) for response in responses] == [
        (status, "json") for status in (200, 200, 200, 404, 401)
    ]


@pytest.mark.parametrize("scheme", ["signature", "token"])
def test_a_withdrawn_api_serves_nothing_and_the_other_works(
    marketplace: Marketplace, signer: Caller, bearer: TokenCaller, scheme: Scheme
) -> None:
    affected, other = (signer, bearer) if scheme == "signature" else (bearer, signer)
    assert affected.get().status == 200

    marketplace.withdraw_api(scheme)
    refusals = {affected.acknowledge().refusal(), affected.get().refusal(), affected.list().refusal()}

    assert refusals == {NOT_SERVED}
    assert (marketplace.calls[-1].scheme, marketplace.calls[-1].action) == (scheme, None)
    assert (bearer.request_token().status, other.acknowledge().status) == (
        200 if other is bearer else 404,
        200,
    )
    marketplace.restore_api(scheme)
    assert affected.acknowledge().status == 200


@pytest.fixture
def american(private_key: str) -> Iterator[TokenCaller]:
    """A caller with a token of a marketplace whose sellers are American."""
    with Marketplace(market="us") as marketplace:
        marketplace.add_order(ORDER)
        yield TokenCaller(marketplace.url, marketplace.register_seller(private_key))


@pytest.mark.parametrize("left_out", [[], ["WM_MARKET"], ["WM_MARKET", "WM_GLOBAL_VERSION"]])
def test_an_american_call_needs_neither_market_nor_version(
    american: TokenCaller, left_out: list[str]
) -> None:
    without = dict.fromkeys(left_out)
    american.token = american.request_token(without).json()["access_token"]

    assert american.acknowledge(without).status == 200


def test_an_american_seller_is_refused_in_canada(american: TokenCaller) -> None:
    canada = {"WM_MARKET": "ca"}
    path = f"{Caller.orders}/{ORDER}/acknowledge"
    signer = Caller(american.url, american.seller)

    responses = [
        american.request_token(canada),
        american.acknowledge(canada),
        american.call("POST", path),
        signer.acknowledge(),
    ]

    assert [response.refusal() for response in responses] == [
        (400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", header)
        for header in ("Authorization", "WM_MARKET", "WM_CONSUMER.CHANNEL.TYPE", "WM_CONSUMER.CHANNEL.TYPE")
    ]
