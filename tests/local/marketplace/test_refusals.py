"""The gateways refuse a wrong call like Walmart, and only the call log says why."""

import base64
from collections.abc import Callable

import pytest

from tests.local.marketplace import Marketplace, Seller
from tests.local.marketplace.caller import ORDER, Caller, Changes, TokenCaller, basic, order_calls, statuses

type Refused = tuple[int, str, str]

UNAUTHORIZED: Refused = (401, "UNAUTHORIZED.GMP_GATEWAY_API", "UNAUTHORIZED")
GRANT_REFUSED: Refused = (400, "INVALID_REQUEST_PARAM.GMP_GATEWAY_API", "grant_type")


def by_gateway(header: str) -> Refused:
    return 400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", header


def by_service(header: str) -> Refused:
    return 400, "INVALID_REQUEST_HEADER.GMP_ORDER_API", header


CHANNEL, SIGNATURE, TOKEN = "WM_CONSUMER.CHANNEL.TYPE", "WM_SEC.AUTH_SIGNATURE", "WM_SEC.ACCESS_TOKEN"
CALLS: list[tuple[type[Caller], Changes, Refused, str]] = [
    *(
        (Caller, {name: value}, by_service(name), f"{name} is missing or blank")
        for value in (None, " ")
        for name in ("WM_CONSUMER.ID", "WM_SVC.NAME", "WM_QOS.CORRELATION_ID", "WM_SEC.TIMESTAMP", SIGNATURE)
    ),
    (Caller, {CHANNEL: None}, by_gateway(CHANNEL), "missing"),
    (Caller, {CHANNEL: "unknown", "WM_SVC.NAME": ""}, by_gateway(CHANNEL), "no registered seller's"),
    (Caller, {CHANNEL: "another"}, UNAUTHORIZED, "channel type is another seller's"),
    (Caller, {"WM_CONSUMER.ID": "unknown"}, UNAUTHORIZED, "consumer id is unknown"),
    (Caller, {SIGNATURE: "not/base64!"}, UNAUTHORIZED, "not base64 on one line"),
    (Caller, {SIGNATURE: "bm9uZQ=="}, UNAUTHORIZED, "does not match the signed string"),
    (TokenCaller, {TOKEN: "unknown"}, UNAUTHORIZED, "token is unknown"),
    (TokenCaller, {TOKEN: None, "WM_MARKET": ""}, UNAUTHORIZED, "is missing"),
    (TokenCaller, {"WM_MARKET": None, "WM_GLOBAL_VERSION": ""}, by_gateway("WM_MARKET"), "missing"),
    (TokenCaller, {"WM_MARKET": "us"}, by_gateway("WM_MARKET"), "not the seller's"),
    (TokenCaller, {"WM_MARKET": "CA"}, by_gateway("WM_MARKET"), "not the seller's"),
    (TokenCaller, {"WM_GLOBAL_VERSION": ""}, by_gateway("WM_GLOBAL_VERSION"), "missing or blank"),
    (TokenCaller, {"WM_SVC.NAME": None}, by_service("WM_SVC.NAME"), "missing or blank"),
    (TokenCaller, {"WM_QOS.CORRELATION_ID": ""}, by_service("WM_QOS.CORRELATION_ID"), "missing or blank"),
]


@pytest.mark.parametrize(("caller", "changed", "refused", "reason"), CALLS, indirect=["caller"])
def test_a_call_with_a_wrong_header_is_refused(
    marketplace: Marketplace, caller: Caller, changed: Changes, refused: Refused, reason: str
) -> None:
    marketplace.register_seller(caller.seller.private_key, channel_type="another")

    response = caller.acknowledge(changed)

    assert response.refusal() == refused
    [call] = order_calls(marketplace)
    assert reason in str(call.refusal)
    assert str(call.refusal) not in response.body.decode()
    assert statuses(marketplace) == ["Created", "Created"]


@pytest.mark.parametrize(
    ("changed", "refused", "reason"),
    [
        (lambda _: {"Authorization": None, "WM_MARKET": ""}, UNAUTHORIZED, "missing or not Basic"),
        (lambda seller: {"Authorization": f"Bearer {seller.client_secret}"}, UNAUTHORIZED, "not Basic"),
        (lambda seller: {"Authorization": f"Basic {seller.client_id}:x"}, UNAUTHORIZED, "not base64"),
        (
            lambda _: {"Authorization": f"Basic {base64.b64encode(b'\xff:\xff').decode()}"},
            UNAUTHORIZED,
            "base64",
        ),
        (lambda _: {"Authorization": f"Basic {base64.b64encode(b'colon').decode()}"}, UNAUTHORIZED, "base64"),
        (
            lambda seller: {"Authorization": basic(seller.consumer_id, seller.client_secret)},
            UNAUTHORIZED,
            "id is unknown",
        ),
        (lambda seller: {"Authorization": basic(seller.client_id, "guess")}, UNAUTHORIZED, "secret is wrong"),
        (lambda _: {"WM_MARKET": None}, by_gateway("Authorization"), "not us"),  # which no header stands for
        (lambda _: {"WM_MARKET": "us"}, by_gateway("Authorization"), "not us"),
        (lambda _: {"WM_MARKET": "CA"}, by_gateway("WM_MARKET"), "no market"),
        (lambda _: {"WM_SVC.NAME": ""}, by_service("WM_SVC.NAME"), "missing or blank"),
        (lambda _: {"WM_QOS.CORRELATION_ID": None}, by_service("WM_QOS.CORRELATION_ID"), "missing or blank"),
        (lambda _: {"Content-Type": None}, by_gateway("Content-Type"), "is not application/x-www-form"),
        (lambda _: {"Content-Type": "application/json"}, by_gateway("Content-Type"), "is not application/x-"),
    ],
)
def test_a_wrong_request_gets_no_token(
    marketplace: Marketplace,
    bearer: TokenCaller,
    changed: Callable[[Seller], Changes],
    refused: Refused,
    reason: str,
) -> None:
    response = bearer.request_token(changed(bearer.seller))

    assert response.refusal() == refused
    assert reason in str(marketplace.calls[0].refusal)
    assert (marketplace.tokens_issued, reason.encode() in response.body) == (0, False)


@pytest.mark.parametrize("body", ["", "grant_type=password", "grant_type=client_credentials&scope=all"])
def test_only_the_grant_client_credentials_is_accepted(bearer: TokenCaller, body: str) -> None:
    assert bearer.request_token(body=body).refusal() == GRANT_REFUSED


def test_a_post_needs_a_content_type_and_a_get_does_not(marketplace: Marketplace, caller: Caller) -> None:
    assert caller.acknowledge({"Content-Type": None}).refusal()[:2] == (500, "SYSTEM_ERROR.GMP_GATEWAY_API")
    assert statuses(marketplace) == ["Created", "Created"]
    assert caller.get({"Content-Type": None}).status == 200


def test_the_credentials_of_the_other_scheme_are_refused(bearer: TokenCaller, signer: Caller) -> None:
    by_token = bearer.call("GET", f"{Caller.orders}/{ORDER}")
    signed = signer.call("GET", f"{TokenCaller.orders}/{ORDER}")

    assert by_token.refusal() == by_gateway("WM_CONSUMER.CHANNEL.TYPE")
    assert signed.refusal() == UNAUTHORIZED
