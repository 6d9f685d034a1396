"""The commands for a marketplace that runs, and what they say when they cannot do what they are told."""

import json
import subprocess
import sys
from collections.abc import Iterator

import pytest

from tests.local.marketplace.caller import ORDER, Caller, statuses
from tests.local.marketplace.commands import URL_VARIABLE, main
from tests.local.marketplace.control import ControlledMarketplace
from tests.support.paths import ROOT


@pytest.fixture
def marketplace(monkeypatch: pytest.MonkeyPatch) -> Iterator[ControlledMarketplace]:
    with ControlledMarketplace() as running:
        monkeypatch.setenv(URL_VARIABLE, running.url)
        yield running


def run(*words: str) -> int:
    return main(list(words))


def test_an_order_is_placed_shipped_and_cancelled(
    marketplace: ControlledMarketplace, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run("place", ORDER, "--status", "Created", "Cancelled", "--minutes-ago", "30") == 0
    seen = [statuses(marketplace)]
    for change in ("ship", "cancel"):
        assert run(change, ORDER) == 0
        seen.append(statuses(marketplace))
    run("list")

    assert seen == [["Created", "Cancelled"], ["Shipped"] * 2, ["Cancelled"] * 2]
    assert capsys.readouterr().out.splitlines()[-1].endswith("Cancelled, Cancelled")


def test_a_placed_order_comes_with_the_command_that_publishes_its_event(
    marketplace: ControlledMarketplace, capsys: pytest.CaptureFixture[str]
) -> None:
    run("place")

    (order,) = marketplace.all_orders()
    command = capsys.readouterr().out.splitlines()[-1]
    (entry,) = json.loads(command.removeprefix("aws events put-events --entries ").strip("'"))
    assert (entry["Source"], entry["DetailType"]) == ("walmart.ca.orders", "Order Created")
    assert json.loads(entry["Detail"])["purchaseOrderId"] == order.purchase_order_id
    assert order.purchase_order_id.isdecimal()


def test_faults_are_planned_and_forgotten(marketplace: ControlledMarketplace, private_key: str) -> None:
    signer = Caller(marketplace.url, marketplace.register_seller(private_key))
    run("place", ORDER)

    run("fail", ORDER, "edge-page", "status=418", "kind=text")
    run("fail", "any", "conflict", "--times", "2", "--action", "acknowledge")
    run("fail", "any", "gone", "--times", "0")
    met = [signer.acknowledge().status for _ in range(4)]
    run("recover")

    assert (met, signer.acknowledge().status) == ([418, 409, 409, 410], 200)


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (["fail", ORDER, "unheard_of"], "there is no fault unheard_of; there are bare_cursor, broken_json,"),
        (["fail", ORDER, "delay", "second=1"], "the details of DELAY are: seconds"),
        (["fail", ORDER, "delay", "seconds"], "seconds is not name=value"),
        (["fail", "any", "gone", "--action", "ship"], "the action of GONE is one of acknowledge, get,"),
        (["ship", "1"], "there is no order 1"),
        (["place", "abc"], "abc is not an order id: Walmart's have digits only, such as 7600"),
        (["fail", "abc", "gone"], "abc is not an order id"),
        (["place", "--status", "Created", "7600"], "write the order before --status"),
        (["place", ORDER, "--event"], "--event needs the local AWS: paste what `make sandbox` prints"),
    ],
)
def test_an_error_is_one_line_that_says_what_is_possible(
    marketplace: ControlledMarketplace,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    words: list[str],
    said: str,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "https://events.ca-central-1.amazonaws.com")

    code, error = run(*words), capsys.readouterr().err

    assert (code, error.count("\n")) == (1, 1)
    assert error.startswith(f"marketplace: {said}")
    assert marketplace.all_orders() == []


@pytest.mark.parametrize(
    ("url", "said"),
    [
        (None, "LOCAL_MARKETPLACE_URL is not set: paste what"),
        ("http://127.0.0.1:1", "no marketplace answers at http://127.0.0.1:1: start one with `make sandbox`"),
    ],
)
def test_without_a_marketplace_the_error_says_how_to_start_one(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], url: str | None, said: str
) -> None:
    monkeypatch.delenv(URL_VARIABLE, raising=False)
    if url:
        monkeypatch.setenv(URL_VARIABLE, url)

    assert run("list") == 1
    assert capsys.readouterr().err.startswith(f"marketplace: {said}")


@pytest.mark.parametrize("program", ["demo", "marketplace"])
def test_a_negative_number_of_orders_is_refused(program: str) -> None:
    words = [sys.executable, "-m", f"tests.local.{program}", "--orders", "-1"]

    done = subprocess.run(words, cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 2
    assert done.stderr.endswith("argument --orders: '-1' is not a number from 0\n")
