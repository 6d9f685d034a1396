"""What the targets find things by finds them: each oracle fails where it must."""

import asyncio
import contextlib
import itertools
import json

import pytest

from tests.fuzz.oracles import printed, refusals, says_nothing_of_it, shows_none, strict_json
from tests.fuzz.world import MOST_CALLS, NOW, Clock, Sender, acknowledge
from walmart_ca import Request
from walmart_ca.answers import Answer
from walmart_ca.transport import ONE_ORDER

HARMLESS = frozenset({"value must be a number"})


def refusal(text: str, *, because: str = "") -> Exception:
    """An error that was raised; with another one as its cause, where there is one."""
    with pytest.raises(ValueError, match=text) as raised:
        raise ValueError(text) from (KeyError(because) if because else None)
    return raised.value


def test_a_text_that_harmless_input_leads_to_says_nothing() -> None:
    says_nothing_of_it(refusal("value must be a number"), HARMLESS)


def test_a_text_that_quotes_what_was_read_is_found() -> None:
    with pytest.raises(AssertionError, match="said of nothing harmless"):
        says_nothing_of_it(refusal("value must be a number, not hunter2"), HARMLESS)


def test_an_error_shown_beside_another_is_found() -> None:
    with pytest.raises(AssertionError, match="shows its cause"):
        says_nothing_of_it(refusal("value must be a number", because="hunter2"), HARMLESS)


@pytest.mark.parametrize("hidden", [True, False], ids=["from None", "not from None"])
def test_an_error_raised_while_another_was_handled_is_found_unless_it_hides_it(hidden: bool) -> None:
    error = refusal("value must be a number")
    error.__context__, error.__suppress_context__ = KeyError("hunter2"), hidden

    expected = contextlib.nullcontext() if hidden else pytest.raises(AssertionError, match="its context")

    with expected:
        says_nothing_of_it(error, HARMLESS)


def test_what_is_printed_of_an_error_has_the_chain_before_it() -> None:
    with pytest.raises(AssertionError, match="hunter2"):
        shows_none(printed(refusal("no", because="hunter2")), ["hunter2"])


def test_only_what_is_refused_is_said() -> None:
    assert refusals(int, ["1", "x"], ValueError) == {"invalid literal for int() with base 10: 'x'"}


@pytest.mark.parametrize("text", ["NaN", "[Infinity]", '{"a": -Infinity}'])
def test_what_only_python_takes_for_json_is_found(text: str) -> None:
    with pytest.raises(AssertionError, match="is no JSON"):
        strict_json(text)


def test_time_passes_by_sleeping_alone() -> None:
    clock = Clock()

    asyncio.run(clock.sleep(1.5))

    assert clock() == NOW + 1.5


def test_calls_without_end_are_found() -> None:
    sender = Sender(itertools.repeat(Answer(200, {}, b"")))
    request = Request("GET", "https://host/", {}, "correlation-id")

    for _ in range(MOST_CALLS):
        sender.send(request, 1.0, ONE_ORDER)

    with pytest.raises(AssertionError, match="calls without end"):
        sender.send(request, 1.0, ONE_ORDER)


def test_an_invocation_in_memory_ends_as_one_at_walmart_does() -> None:
    created = {"lineNumber": "1", "orderLineStatuses": {"orderLineStatus": [{"status": "Created"}]}}
    order = {"purchaseOrderId": "7", "orderLines": {"orderLine": [created]}}
    acknowledged = Answer(200, {}, json.dumps({"order": order}).encode())

    seen = acknowledge({"detail": {"purchaseOrderId": "7"}}, [acknowledged, acknowledged])

    assert seen.result["outcome"] == "acknowledged"
    assert [request.method for request in seen.requests] == ["GET", "POST"]
    assert [record["outcome"] for record in seen.outcomes] == ["acknowledged"]
