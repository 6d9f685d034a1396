"""The built functions as Lambda runs them: one process for many invocations, its limits and its errors."""

import json
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from tests.local.marketplace import Fault
from tests.runtime import Environment, TimedOut
from tests.runtime.harness import SECRET_STORE, RuntimeHarness, never_answers
from tests.support.batches import order_event
from tests.support.printed import records_of
from tests.support.raw_server import RawServer
from tests.support.waiting import eventually

ORDER, ANOTHER = "7400000000001", "7400000000002"
HUGE = "7" * 5_900_000
"""Nearly the six megabytes that Lambda accepts."""
LARGEST_RECORD = 2_000
"""In characters; a record with every member has about 500."""


def test_a_batch_is_acknowledged_answered_and_recorded_once(harness: RuntimeHarness) -> None:
    harness.place(ORDER)

    with harness.environment() as environment:
        answer = harness.deliver(environment)
        (record,) = records_of(environment.output())

    assert answer == {"batchItemFailures": []}
    assert harness.statuses(ORDER) == {"Acknowledged"}
    assert harness.queued() == 0
    assert (record["purchase_order_id"], record["outcome"], record["origin"]) == (
        ORDER,
        "acknowledged",
        "queue",
    )


def test_a_scheduled_event_runs_a_sweep_and_publishes_its_orders(
    harness: RuntimeHarness,
) -> None:
    harness.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - timedelta(hours=1))
    function = harness.function("SweepFunction", EventBusName=harness.bus())

    with harness.environment(function) as environment:
        answer = environment.invoke({"source": "aws.scheduler"})
        (record,) = [line for line in environment.output() if line.get("message") == "sweep outcome"]

    (message,) = harness.receive()
    assert json.loads(message["Body"])["detail"]["purchaseOrderId"] == ORDER
    assert (answer["outcome"], answer["orders_published"]) == ("completed", 1)
    assert answer["orders_published"] == record["orders_published"]


def test_a_warm_process_keeps_its_secret_and_its_connection(
    harness: RuntimeHarness,
) -> None:
    orders = [ORDER, ANOTHER, "7400000000003"]
    for order in orders:
        harness.marketplace.add_order(order)
    harness.marketplace.fail(ANOTHER, Fault.CLOSE_WHEN_IDLE)

    with harness.environment() as environment:
        answers = [environment.invoke(order_event(ORDER))]
        # A good secret as well, so that only its version shows whether it was read.
        stored = harness.store_secret(f" {harness.seller.secret()}")
        answers.append(environment.invoke(order_event(ANOTHER)))
        processes = list(environment.processes())
        environment.freeze()
        eventually(lambda: states(processes) == {"T"})
        time.sleep(0.5)  # in which the connection is closed
        environment.thaw()
        answers.append(environment.invoke(order_event(orders[2])))

    assert [answer["outcome"] for answer in answers] == ["acknowledged"] * 3
    assert len({answer["secret_version_id"] for answer in answers} - {stored}) == 1
    first, second, third = (call.connection for call in harness.marketplace.calls)
    assert first == second != third


def states(processes: list[int]) -> set[str]:
    """The states of the processes, in the letters of `ps`."""
    return {Path(f"/proc/{each}/stat").read_text().rpartition(")")[2].split()[0] for each in processes}


def test_a_message_whose_invocation_timed_out_is_retried(
    harness: RuntimeHarness,
) -> None:
    harness.place(ORDER)

    # The function waits longer for a Secrets Manager that does not answer.
    with (
        RawServer(never_answers) as secret_store,
        harness.environment(
            harness.function().with_timeout(1), {SECRET_STORE: secret_store.url}
        ) as environment,
        pytest.raises(TimedOut, match=r"Task timed out after 1\.00 seconds"),
    ):
        harness.deliver(environment)
    assert (harness.queued(), harness.marketplace.calls) == (1, [])
    with harness.environment() as environment:
        answer = harness.deliver(environment)

    assert answer == {"batchItemFailures": []}
    assert harness.actions(ORDER) == ["get", "acknowledge"]
    assert harness.statuses(ORDER) == {"Acknowledged"}
    assert harness.queued() == 0


NO_MODULE = "Unable to import module 'acknowledge_orders.handler': No module named "


@pytest.mark.parametrize(
    ("forgotten", "variables", "error"),
    [
        (
            {"variable": "CREDENTIALS_SECRET_ARN"},
            {},
            "SettingsError: CREDENTIALS_SECRET_ARN is missing from the function's environment",
        ),
        ({}, {"BACKOFF_BASE_SECONDS": "hunter2"}, "SettingsError: BACKOFF_BASE_SECONDS must be a number"),
        (
            {"layer": "DependenciesLayer"},
            {},
            f"Runtime.ImportModuleError: {NO_MODULE}'aws_lambda_powertools'",
        ),
        ({"layer": "WalmartCaLayer"}, {}, f"Runtime.ImportModuleError: {NO_MODULE}'walmart_ca'"),
    ],
)
def test_what_a_deployment_lacks_is_named_and_the_message_kept(
    harness: RuntimeHarness, forgotten: dict[str, str], variables: dict[str, str], error: str
) -> None:
    harness.place(ORDER)

    function = harness.function().without(**forgotten)
    with harness.environment(function, variables) as environment:
        answer = harness.deliver(environment)
        printed = environment.output()

    assert f"{answer['errorType']}: {answer['errorMessage']}".startswith(error)
    assert "hunter2" not in json.dumps([answer, printed])
    assert (harness.queued(), harness.parked()) == (1, [])


def test_records_are_small_however_large_events_and_answers_are(harness: RuntimeHarness) -> None:
    harness.marketplace.add_order(ORDER)

    with harness.environment() as environment:
        for event, outcome in EVENTS:
            assert environment.invoke(event)["outcome"] == outcome
        for fault, details, outcome in ANSWERS:
            harness.marketplace.set_status(ORDER, "Created")
            harness.marketplace.fail(ORDER, fault, action="acknowledge", **details)
            assert environment.invoke(order_event(ORDER))["outcome"] == outcome
        batch_answer = answer_about_large_messages(harness, environment)
        printed = environment.output()

    assert len(records_of(printed)) == len(EVENTS) + len(ANSWERS) + 10
    assert max(len(json.dumps(document)) for document in [batch_answer, *printed]) < LARGEST_RECORD


def answer_about_large_messages(harness: RuntimeHarness, environment: Environment) -> Any:  # noqa: ANN401 - Lambda's answer
    """Return the function's answer to a batch whose messages are all retried."""
    unknown = [f"74000000001{number:02}" for number in range(10)]
    harness.send(*(order_event(order, unknown="7" * 250_000) for order in unknown))
    answer = harness.deliver(environment, 10)
    assert len(answer["batchItemFailures"]) == 10
    return answer


EVENTS: list[tuple[dict[str, Any], str]] = [
    ({"detail": HUGE}, "invalid_event"),
    ({"detail": {"purchaseOrderId": HUGE}}, "invalid_event"),
    ({"id": HUGE, "detail": {"purchaseOrderId": ORDER}}, "acknowledged"),
    ({"detail": {"purchaseOrderId": ORDER, "orderDate": HUGE}}, "already_acknowledged"),
    ({"detail": {"purchaseOrderId": ORDER, "origin": HUGE}}, "already_acknowledged"),
]
ANSWERS: list[tuple[Fault, dict[str, Any], str]] = [
    (Fault.HUGE, {}, "acknowledged"),
    (Fault.HEADER_BLAMED, {"field": "x" * 500_000}, "misconfigured"),
    (Fault.REDIRECT, {"location": f"https://{'x' * 60_000}.example/"}, "misconfigured"),
    (Fault.FOREIGN_SUCCESS, {"other": "7" * 500_000}, "outcome_unknown"),
]
