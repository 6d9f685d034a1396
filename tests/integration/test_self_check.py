"""The self-check: it names the first thing that is wrong, says what to do, and touches no order."""

import json
from typing import Any

import pytest

from acknowledge_orders.records import CHECKS
from tests.integration.harness import Context, World, through_both_doors
from tests.local.marketplace import Fault
from tests.support.documents import as_json
from tests.support.paths import ROOT
from tests.support.raw_server import RawServer, answer, answers

EVENT = json.loads((ROOT / "events" / "self-check.json").read_text())


def self_check(world: World, **environment: str) -> dict[str, Any]:
    return world.function(**environment)(EVENT, Context())


def failed_first(answer: dict[str, Any], check: str) -> None:
    """The answer names this check, those before it passed, and none after it was reached."""
    place = CHECKS.index(check)
    assert (answer["self_check"], answer["failed"]) == ("failed", check)
    assert list(answer["checks"].items()) == [
        *((each, "passed") for each in CHECKS[:place]),
        (check, "failed"),
        *((each, "not reached") for each in CHECKS[place + 1 :]),
    ]
    assert answer["what_to_do"]


@through_both_doors
def test_a_good_set_up_passes_every_check_and_touches_no_order(world: World) -> None:
    world.marketplace.add_order("7400000000001")

    answer = self_check(world)

    assert (answer["self_check"], answer["failed"], answer["what_to_do"]) == ("passed", None, None)
    assert answer["checks"] == dict.fromkeys(CHECKS, "passed")
    assert world.actions() == ["released"]
    assert {call.refusal for call in world.marketplace.calls} == {None}
    assert world.statuses("7400000000001") == {"Created"}
    assert EVENT["case"]["then"]["invoked"]["selfCheck"] == answer["self_check"]


def test_what_it_found_is_logged_and_counted_as_no_outcome(world: World) -> None:
    answer = self_check(world)

    (line,) = world.output()
    assert (line["message"], line["level"], line["self_check"]) == ("self-check", "INFO", "passed")
    assert line["correlation_id"] == answer["correlation_id"]
    assert line["secret_version_id"] == answer["secret_version_id"]


@pytest.mark.parametrize("door", ["token"])
def test_a_client_secret_that_walmart_does_not_know(world: World) -> None:
    world.marketplace.change_client_secret(world.seller.consumer_id)

    answer = self_check(world)

    failed_first(answer, "credentials_accepted")
    assert (answer["reason"], answer["http_status"]) == ("UNAUTHORIZED", 401)
    assert "clientId" in answer["what_to_do"]


@pytest.mark.parametrize("door", ["token"])
@pytest.mark.parametrize("member", ["clientId", "clientSecret"])
def test_a_member_that_a_token_secret_lacks(world: World, member: str) -> None:
    secret = json.loads(world.secret())
    del secret[member]
    world.store_secret(json.dumps(secret))

    answer = self_check(world)

    failed_first(answer, "credentials_usable")
    assert answer["reason"] == f"secret.{member}: missing"


def test_a_failure_is_logged_as_an_error(world: World) -> None:
    world.delete_secret()

    self_check(world)

    assert [line["level"] for line in world.output()] == ["ERROR"]


def test_a_secret_that_is_not_there(world: World) -> None:
    world.delete_secret()

    answer = self_check(world)

    failed_first(answer, "secret_readable")
    assert "check CredentialsSecretArn" in answer["reason"]


def test_a_secrets_manager_that_does_not_answer(world: World) -> None:
    world.break_secrets_manager()

    failed_first(self_check(world), "secret_readable")


@pytest.mark.parametrize("member", ["consumerId", "channelType", "privateKey"])
def test_a_member_that_the_secret_lacks(world: World, member: str) -> None:
    secret = json.loads(world.seller.secret())
    del secret[member]
    world.store_secret(json.dumps(secret))

    answer = self_check(world)

    failed_first(answer, "credentials_usable")
    assert answer["reason"] == f"secret.{member}: missing"


def test_a_key_that_is_none_is_named_and_not_shown(world: World) -> None:
    world.store_secret(json.dumps({**json.loads(world.seller.secret()), "privateKey": "hunter2"}))

    answer = self_check(world)

    failed_first(answer, "credentials_usable")
    assert answer["reason"].startswith("secret.privateKey: must be an RSA private key")
    assert "hunter2" not in json.dumps([answer, world.output()])


def test_a_url_that_is_not_https(world: World) -> None:
    answer = self_check(world, MARKETPLACE_URL="http://marketplace.example")

    failed_first(answer, "settings_usable")
    assert answer["reason"].startswith("MARKETPLACE_URL must be https")


@through_both_doors
@pytest.mark.parametrize(
    ("url", "reason"),
    [("http://127.0.0.1:1", "connect"), ("https://marketplace.invalid", "name_resolution")],
)
def test_a_host_that_cannot_be_reached(world: World, url: str, reason: str) -> None:
    answer = self_check(world, MARKETPLACE_URL=url)

    failed_first(answer, "host_reachable")
    assert answer["reason"].removeprefix("token_") == reason
    assert "MarketplaceUrl" in answer["what_to_do"]


def test_a_host_that_takes_the_call_and_does_not_answer(world: World) -> None:
    world.marketplace.fail_all(Fault.RESET_BEFORE_APPLYING)

    failed_first(self_check(world), "host_reachable")


@pytest.mark.parametrize(("ahead_s", "side"), [(7200.0, "ahead of"), (-7200.0, "behind"), (90.0, "ahead of")])
def test_a_clock_that_is_wrong_is_found_before_the_401_that_comes_of_it(
    world: World, ahead_s: float, side: str
) -> None:
    world.ahead_s = ahead_s

    answer = self_check(world)

    failed_first(answer, "clock_right")
    assert answer["clock_ahead_s"] == pytest.approx(ahead_s, abs=5)
    assert f"s {side} Walmart's" in answer["reason"]


def test_a_key_that_is_not_this_consumers(world: World) -> None:
    other = world.marketplace.register_seller()
    secret = {**json.loads(world.seller.secret()), "privateKey": other.private_key}
    world.store_secret(json.dumps(secret))

    answer = self_check(world)

    failed_first(answer, "credentials_accepted")
    assert (answer["reason"], answer["http_status"]) == ("UNAUTHORIZED", 401)
    assert "compare consumerId and channelType, or clientId" in answer["what_to_do"]


def test_a_channel_type_that_walmart_does_not_know(world: World) -> None:
    world.store_secret(json.dumps({**json.loads(world.seller.secret()), "channelType": "somebody-elses"}))

    answer = self_check(world)

    failed_first(answer, "credentials_accepted")
    assert "WM_CONSUMER.CHANNEL.TYPE" in answer["what_to_do"]
    assert "channelType" in answer["what_to_do"]


def test_a_host_without_walmarts_api(world: World) -> None:
    world.marketplace.fail_all(Fault.REDIRECT)

    answer = self_check(world)

    failed_first(answer, "credentials_accepted")
    assert "MarketplaceUrl" in answer["what_to_do"]


@pytest.mark.parametrize("body", [b"", b"<html>Not Found</html>", b"{}"])
def test_a_host_that_is_not_walmarts(world: World, body: bytes) -> None:
    with RawServer(answers(answer(body, 404))) as server:
        found = self_check(world, MARKETPLACE_URL=server.url)

    failed_first(found, "credentials_accepted")
    assert (found["reason"], found["http_status"]) == ("http_404", 404)
    assert "MarketplaceUrl" in found["what_to_do"]


@pytest.mark.parametrize("fault", [Fault.SERVICE_UNAVAILABLE, Fault.THROTTLED, Fault.MAINTENANCE_PAGE])
def test_a_walmart_in_trouble_judges_no_credentials(world: World, fault: Fault) -> None:
    world.marketplace.fail_all(fault, times=None)

    answer = self_check(world)

    failed_first(answer, "credentials_accepted")
    assert "check again later" in answer["what_to_do"]


@pytest.mark.parametrize("fault", [Fault.CONFLICT, Fault.UNPROCESSABLE])
def test_a_refusal_by_the_order_service_is_a_credentials_accepted(world: World, fault: Fault) -> None:
    world.marketplace.fail_all(fault)

    assert self_check(world)["self_check"] == "passed"


def test_a_new_secret_is_checked_at_once(world: World) -> None:
    function = world.function()
    function(EVENT, Context())
    world.store_secret("{}")

    assert function(EVENT, Context())["failed"] == "credentials_usable"


@pytest.mark.parametrize("asked", ["yes", 1, None, False])
def test_only_true_asks_for_it(world: World, asked: object) -> None:
    answer = world.function()({"detail": {"selfCheck": asked}}, Context())

    assert answer["outcome"] == "invalid_event"


def test_from_the_queue_it_is_no_order_event_and_is_parked(world: World) -> None:
    world.send(json.dumps(EVENT))

    world.deliver(world.function())

    (parked,) = world.parked()
    assert parked["MessageAttributes"]["outcome"]["StringValue"] == "invalid_event"


GONE = as_json(
    {
        "error": [
            {"code": "CONTENT_NOT_FOUND.GMP_GATEWAY_API", "description": "No static resource v3/ca/orders."}
        ]
    }
)


def checked_against(world: World, *answers_in_turn: bytes) -> dict[str, Any]:
    with RawServer(answers(*answers_in_turn)) as server:
        return self_check(world, MARKETPLACE_URL=server.url)


def test_a_withdrawn_api_fails_and_the_advice_is_to_move_to_tokens(world: World) -> None:
    found = checked_against(world, answer(GONE, 404))

    failed_first(found, "credentials_accepted")
    assert (found["reason"], found["http_status"]) == ("CONTENT_NOT_FOUND", 404)
    assert "move to tokens" in found["what_to_do"]
    assert "clientSecret" in found["what_to_do"]


@pytest.mark.parametrize("status", [500, 503, 520])
def test_where_the_list_of_released_orders_fails_the_one_of_all_orders_is_asked(
    world: World, status: int
) -> None:
    empty = as_json({"list": {"meta": {"totalCount": 0}, "elements": {"order": []}}})

    assert checked_against(world, answer(b"", status), answer(empty))["self_check"] == "passed"


def test_a_firewall_fails_the_check_and_the_advice_is_to_keep_the_credentials(world: World) -> None:
    page = b"<html><title>Access Denied</title>Reference #18.example</html>"

    found = checked_against(world, answer(page, 403, content_type="text/html"))

    failed_first(found, "host_reachable")
    assert found["reason"] == "blocked_by_firewall"
    assert "keep them" in found["what_to_do"]


TOKEN = as_json({"access_token": "t", "token_type": "Bearer", "expires_in": 900})
FORBIDDEN = as_json({"error": [{"code": "FORBIDDEN.GMP_GATEWAY_API"}]})


@pytest.mark.parametrize(("channel_type", "named"), [(None, True), ("7b2c8dab", False)])
def test_without_a_channel_type_a_forbidden_client_is_told_of_it(
    world: World, channel_type: str | None, named: bool
) -> None:
    secret = json.loads(world.seller.token_secret()) | ({"channelType": channel_type} if channel_type else {})
    world.store_secret(json.dumps(secret))

    found = checked_against(world, answer(TOKEN), answer(FORBIDDEN, 403))

    failed_first(found, "credentials_accepted")
    assert ("channelType: add that member" in found["what_to_do"]) is named


@pytest.mark.parametrize(
    "refusal",
    [
        {"error": [{"code": "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", "field": "Authorization"}]},
        {"error": [{"code": "INVALID_REQUEST_HEADER.GMP_GATEWAY_API"}]},
        {"error": "invalid_client"},
    ],
    ids=repr,
)
def test_a_client_that_is_refused_with_400_is_told_of_the_market_too(
    world: World, refusal: dict[str, object]
) -> None:
    world.store_secret(world.seller.token_secret())

    found = checked_against(world, answer(as_json(refusal), 400))

    failed_first(found, "credentials_accepted")
    assert "check the member market" in found["what_to_do"].lower()
