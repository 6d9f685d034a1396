"""The self-check names the first thing that is wrong, says what to do, and touches no order."""

import json
from collections.abc import Callable
from typing import Any, Final

import pytest

from acknowledge_orders.records import CHECKS
from tests.integration.harness import Harness, both_schemes
from tests.local.marketplace import Fault
from tests.support.context import Context
from tests.support.documents import as_json
from tests.support.paths import ROOT
from tests.support.raw_server import RawServer, http_response, respond_with

EVENT: Final = json.loads((ROOT / "events" / "self-check.json").read_text())

type Problem = Callable[[Harness], object]


def self_check(harness: Harness, **environment: str) -> dict[str, Any]:
    return harness.function(**environment)(EVENT, Context())


def failed_first(answer: dict[str, Any], check: str, reason: str, advice: str) -> None:
    """Check that those before this check passed, and none after it was reached."""
    place = CHECKS.index(check)
    assert (answer["self_check"], answer["failed"]) == ("failed", check)
    assert list(answer["checks"].items()) == [
        *((each, "passed") for each in CHECKS[:place]),
        (check, "failed"),
        *((each, "not reached") for each in CHECKS[place + 1 :]),
    ]
    assert reason in answer["reason"]
    assert answer["what_to_do"]
    assert advice in answer["what_to_do"]


def stored(**members: str | None) -> Problem:
    """Change members of the secret, or remove those that are None."""

    def store(harness: Harness) -> None:
        changed = {**json.loads(harness.secret()), **members}
        harness.store_secret(
            json.dumps({name: value for name, value in changed.items() if value is not None})
        )

    return store


def other_key(harness: Harness) -> None:
    stored(privateKey=harness.marketplace.register_seller().private_key)(harness)


def change_client_secret(harness: Harness) -> None:
    harness.marketplace.change_client_secret(harness.seller.consumer_id)


def fails(fault: Fault) -> Problem:
    """Let every call have the fault."""
    return lambda harness: harness.marketplace.fail_all(fault, times=None)


def ahead(seconds: float) -> Problem:
    def set_clock(harness: Harness) -> None:
        harness.clock_offset_s = seconds

    return set_clock


ACCEPTED: Final = "credentials_accepted"
WRONG: Final[list[tuple[str, Problem, str, str, str]]] = [
    ("signature", Harness.delete_secret, "secret_readable", "check CredentialsSecretArn", ""),
    ("signature", Harness.break_secrets_manager, "secret_readable", "", "wait a minute"),
    ("signature", stored(privateKey="hunter2"), "credentials_usable", "secret.privateKey: must be", ""),
    ("token", stored(clientSecret=None), "credentials_usable", "secret.clientSecret: missing", ""),
    ("signature", fails(Fault.RESET_BEFORE_APPLYING), "host_reachable", "", ""),
    # Before the 401 that a wrong clock causes.
    ("signature", ahead(-7200.0), "clock_right", "s behind Walmart's", ""),
    ("signature", ahead(120.0), "clock_right", "s ahead of Walmart's", ""),
    ("signature", other_key, ACCEPTED, "UNAUTHORIZED", "compare consumerId and channelType, or clientId"),
    ("token", change_client_secret, ACCEPTED, "UNAUTHORIZED", "clientId"),
    ("signature", stored(channelType="foreign"), ACCEPTED, "", "WM_CONSUMER.CHANNEL.TYPE: check channelType"),
    ("signature", fails(Fault.REDIRECT), ACCEPTED, "", "MarketplaceUrl"),
    # An outage says nothing about the credentials.
    ("signature", fails(Fault.SERVICE_UNAVAILABLE), ACCEPTED, "", "check again later"),
    ("signature", fails(Fault.MAINTENANCE_PAGE), ACCEPTED, "", "check again later"),
]


@pytest.mark.parametrize(("scheme", "problem", "check", "reason", "advice"), WRONG)
def test_the_first_failed_check_says_what_to_do_and_no_secret(
    harness: Harness, problem: Problem, check: str, reason: str, advice: str
) -> None:
    problem(harness)

    found = self_check(harness)

    failed_first(found, check, reason, advice)
    output = harness.output()
    assert [line["level"] for line in output] == ["ERROR"]
    assert "hunter2" not in json.dumps([found, output])


@both_schemes
@pytest.mark.parametrize(
    ("url", "check", "reason", "advice"),
    [
        ("http://marketplace.example", "settings_usable", "MARKETPLACE_URL must be https", ""),
        ("http://127.0.0.1:1", "host_reachable", "connect", "MarketplaceUrl"),
        ("https://marketplace.invalid", "host_reachable", "name_resolution", "MarketplaceUrl"),
    ],
)
def test_a_wrong_url_is_found(harness: Harness, url: str, check: str, reason: str, advice: str) -> None:
    failed_first(self_check(harness, MARKETPLACE_URL=url), check, reason, advice)


def refused(status: int, code: str, **members: str) -> bytes:
    return http_response(as_json({"error": [{"code": code, **members}]}), status)


GONE: Final = refused(
    404, "CONTENT_NOT_FOUND.GMP_GATEWAY_API", description="No static resource v3/ca/orders."
)
FIREWALL: Final = http_response(
    b"<html><title>Access Denied</title>Reference #18.example</html>", 403, content_type="text/html"
)
TOKEN: Final = http_response(as_json({"access_token": "t", "token_type": "Bearer", "expires_in": 900}))
FORBIDDEN: Final = refused(403, "FORBIDDEN.GMP_GATEWAY_API")
BLAMED: Final = refused(400, "INVALID_REQUEST_HEADER.GMP_GATEWAY_API", field="Authorization")
INVALID_CLIENT: Final = http_response(as_json({"error": "invalid_client"}), 400)


@pytest.mark.parametrize(
    ("scheme", "raw", "check", "reason", "advice"),
    [
        ("signature", [http_response(b"", 404)], ACCEPTED, "http_404", "MarketplaceUrl"),
        ("signature", [GONE], ACCEPTED, "CONTENT_NOT_FOUND", "move to tokens"),
        ("signature", [FIREWALL], "host_reachable", "blocked_by_firewall", "keep them"),
        ("token", [TOKEN, FORBIDDEN], ACCEPTED, "FORBIDDEN", "channelType: add that member"),
        ("token", [BLAMED], ACCEPTED, "", "Check the member market"),
        ("token", [INVALID_CLIENT], ACCEPTED, "", "Check the member market"),
    ],
)
def test_an_answer_that_good_credentials_do_not_get_is_explained(
    harness: Harness, raw: list[bytes], check: str, reason: str, advice: str
) -> None:
    with RawServer(respond_with(*raw)) as server:
        found = self_check(harness, MARKETPLACE_URL=server.url)

    failed_first(found, check, reason, advice)


@pytest.mark.parametrize("scheme", ["token"])
def test_no_channel_type_is_asked_for_where_the_secret_has_one(harness: Harness) -> None:
    stored(channelType="7b2c8dab")(harness)

    with RawServer(respond_with(TOKEN, FORBIDDEN)) as server:
        found = self_check(harness, MARKETPLACE_URL=server.url)

    assert found["failed"] == "credentials_accepted"
    assert "channelType: add that member" not in found["what_to_do"]


@both_schemes
def test_a_good_set_up_passes_every_check_and_touches_no_order(harness: Harness) -> None:
    harness.marketplace.add_order("7400000000001")

    found = self_check(harness)

    assert (found["self_check"], found["failed"], found["what_to_do"]) == ("passed", None, None)
    assert found["checks"] == dict.fromkeys(CHECKS, "passed")
    assert abs(found["clock_ahead_s"]) < 60
    assert harness.actions() == ["released"]
    assert {call.refusal for call in harness.marketplace.calls} == {None}
    assert harness.statuses("7400000000001") == {"Created"}
    assert EVENT["case"]["then"]["invoked"]["self_check"] == found["self_check"]
    # Only one line, so no metric counts an outcome.
    (line,) = harness.output()
    assert (line["message"], line["level"], line["self_check"]) == ("self-check", "INFO", "passed")
    assert line["correlation_id"] == found["correlation_id"]
    assert line["secret_version_id"] == found["secret_version_id"]


def test_a_refusal_by_the_order_service_passes_the_check(harness: Harness) -> None:
    harness.marketplace.fail_all(Fault.CONFLICT)

    assert self_check(harness)["self_check"] == "passed"


def test_where_the_released_orders_fail_the_check_lists_all_orders(harness: Harness) -> None:
    empty = as_json({"list": {"meta": {"totalCount": 0}, "elements": {"order": []}}})

    with RawServer(respond_with(http_response(b"", 520), http_response(empty))) as server:
        assert self_check(harness, MARKETPLACE_URL=server.url)["self_check"] == "passed"


def test_a_new_secret_is_checked_at_once(harness: Harness) -> None:
    function = harness.function()
    function(EVENT, Context())
    harness.store_secret("{}")

    assert function(EVENT, Context())["failed"] == "credentials_usable"
