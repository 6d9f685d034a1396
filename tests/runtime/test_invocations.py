"""The built functions as Lambda runs them: one process for many invocations, its limits, and its errors."""

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from tests.local.aws import Build, LocalAws
from tests.local.marketplace import Fault, Marketplace
from tests.runtime import Environment, TimedOut
from tests.runtime.harness import (
    SECRET_STORE,
    Surroundings,
    order_event,
    takes_the_call_and_says_nothing,
)
from tests.support.printed import records_of
from tests.support.raw_server import RawServer

ORDER, ANOTHER = "7400000000001", "7400000000002"
HUGE = "7" * 5_900_000
"""Nearly the six megabytes that Lambda takes."""
LARGEST_RECORD = 2_000
"""Characters; one with every member has some 500."""


@dataclass(frozen=True)
class Warm:
    """An environment that several tests invoke one after the other, for their answers alone."""

    surroundings: Surroundings
    environment: Environment
    lines_before: int

    def printed(self) -> list[dict[str, Any]]:
        """What this test's invocations printed."""
        return self.environment.output()[self.lines_before :]


@pytest.fixture(scope="module")
def surroundings_of_several(build: Build, local_aws: LocalAws, private_key: str) -> Iterator[Surroundings]:
    with Marketplace() as marketplace:
        marketplace.add_order(ORDER)
        yield Surroundings(build, local_aws, marketplace, private_key)


@pytest.fixture(scope="module")
def environment_of_several(surroundings_of_several: Surroundings) -> Iterator[Environment]:
    with surroundings_of_several.environment() as environment:
        yield environment


@pytest.fixture
def warm(surroundings_of_several: Surroundings, environment_of_several: Environment) -> Warm:
    surroundings_of_several.marketplace.set_status(ORDER, "Created")
    return Warm(
        surroundings_of_several, environment_of_several, lines_before=len(environment_of_several.output())
    )


def test_a_batch_is_acknowledged_answered_and_recorded_once(surroundings: Surroundings) -> None:
    surroundings.marketplace.add_order(ORDER)
    surroundings.send(ORDER)

    with surroundings.environment() as environment:
        answer = surroundings.deliver(environment, surroundings.receive())
        (record,) = records_of(environment.output())

    assert answer == {"batchItemFailures": []}
    assert surroundings.statuses(ORDER) == {"Acknowledged"}
    assert surroundings.waiting() == 0
    assert (record["purchase_order_id"], record["outcome"], record["origin"]) == (
        ORDER,
        "acknowledged",
        "queue",
    )


def test_a_schedules_event_is_answered_with_the_sweep_record_and_its_orders_are_published(
    surroundings: Surroundings,
) -> None:
    surroundings.marketplace.add_order(ORDER, order_date=datetime.now(UTC) - timedelta(hours=1))
    function = surroundings.function("SweepFunction", EventBusName=surroundings.make_bus())

    with surroundings.environment(function) as environment:
        answer = environment.invoke({"source": "aws.scheduler"})
        (record,) = [line for line in environment.output() if line.get("message") == "sweep outcome"]

    (message,) = surroundings.receive()
    assert json.loads(message["Body"])["detail"]["purchaseOrderId"] == ORDER
    assert (answer["outcome"], answer["orders_published"]) == ("completed", 1)
    assert answer["orders_published"] == record["orders_published"]


def test_a_warm_process_keeps_its_secret_and_its_connection(surroundings: Surroundings) -> None:
    surroundings.marketplace.add_order(ORDER)
    surroundings.marketplace.add_order(ANOTHER)

    with surroundings.environment() as environment:
        first = environment.invoke(order_event(ORDER))
        # A good one as well, so that only its version tells whether it was read.
        stored = surroundings.store_secret(f" {surroundings.seller.secret()}")
        second = environment.invoke(order_event(ANOTHER))

    assert (first["outcome"], second["outcome"]) == ("acknowledged", "acknowledged")
    assert first["secret_version_id"] == second["secret_version_id"] != stored
    assert len({call.connection for call in surroundings.marketplace.calls}) == 1


def test_a_process_that_was_frozen_while_its_connection_was_closed_acknowledges_the_next_order(
    surroundings: Surroundings,
) -> None:
    surroundings.marketplace.add_order(ORDER)
    surroundings.marketplace.add_order(ANOTHER)
    surroundings.marketplace.fail(ORDER, Fault.CLOSE_WHEN_IDLE)

    with surroundings.environment() as environment:
        environment.invoke(order_event(ORDER))
        environment.freeze()
        time.sleep(0.5)
        environment.thaw()
        answer = environment.invoke(order_event(ANOTHER))

    assert answer["outcome"] == "acknowledged"
    assert surroundings.actions(ANOTHER) == ["acknowledge"]


def test_an_invocation_that_lambda_cuts_off_is_made_up_for_when_its_message_comes_again(
    surroundings: Surroundings,
) -> None:
    surroundings.marketplace.add_order(ORDER)
    surroundings.send(ORDER)

    # Less than the function waits for a secret store that hangs.
    with (
        RawServer(takes_the_call_and_says_nothing) as secret_store,
        surroundings.environment(
            surroundings.function().with_timeout(1), {SECRET_STORE: secret_store.url}
        ) as environment,
        pytest.raises(TimedOut, match=r"Task timed out after 1\.00 seconds"),
    ):
        surroundings.deliver(environment, surroundings.receive(hidden_for_s=1))
    assert (surroundings.waiting(), surroundings.marketplace.calls) == (1, [])
    with surroundings.environment() as environment:
        answer = surroundings.deliver(environment, surroundings.receive())

    assert answer == {"batchItemFailures": []}
    assert surroundings.actions(ORDER) == ["get", "acknowledge"]
    assert surroundings.statuses(ORDER) == {"Acknowledged"}
    assert surroundings.waiting() == 0


def test_a_setting_that_is_missing_is_named_and_the_message_stays(surroundings: Surroundings) -> None:
    surroundings.send(ORDER)
    function = surroundings.function().without(variable="CREDENTIALS_SECRET_ARN")

    with surroundings.environment(function) as environment:
        answer = surroundings.deliver(environment, surroundings.receive())

    assert answer["errorType"] == "SettingsError"
    assert answer["errorMessage"] == "CREDENTIALS_SECRET_ARN is missing from the function's environment"
    assert (surroundings.waiting(), surroundings.parked()) == (1, 0)


def test_a_setting_that_is_unusable_is_named_and_not_shown(surroundings: Surroundings) -> None:
    surroundings.send(ORDER)

    with surroundings.environment(variables={"BACKOFF_BASE_SECONDS": "hunter2"}) as environment:
        answer = surroundings.deliver(environment, surroundings.receive())
        printed = environment.output()

    assert answer["errorType"] == "SettingsError"
    assert answer["errorMessage"].startswith("BACKOFF_BASE_SECONDS must be a number")
    assert "hunter2" not in json.dumps([answer, printed])
    assert (surroundings.waiting(), surroundings.parked()) == (1, 0)


@pytest.mark.parametrize(
    ("layer", "missing"), [("DependenciesLayer", "aws_lambda_powertools"), ("WalmartCaLayer", "walmart_ca")]
)
def test_without_a_layer_nothing_is_imported_and_the_message_stays(
    surroundings: Surroundings, layer: str, missing: str
) -> None:
    surroundings.send(ORDER)

    with surroundings.environment(surroundings.function().without(layer=layer)) as environment:
        answer = surroundings.deliver(environment, surroundings.receive())

    assert answer["errorType"] == "Runtime.ImportModuleError"
    assert answer["errorMessage"] == (
        f"Unable to import module 'acknowledge_orders.handler': No module named '{missing}'"
    )
    assert (surroundings.waiting(), surroundings.parked()) == (1, 0)


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        ({"detail": HUGE}, "invalid_event"),
        ({"detail": {"purchaseOrderId": HUGE}}, "invalid_event"),
        ({"detail": {HUGE: ORDER}}, "invalid_event"),
        ({"detail": {"purchaseOrderId": ORDER, "dryRun": HUGE}}, "invalid_event"),
        ({"id": HUGE, "detail": {"purchaseOrderId": ORDER}}, "acknowledged"),
        ({"time": HUGE, "detail": {"purchaseOrderId": ORDER}}, "acknowledged"),
        ({"detail": {"purchaseOrderId": ORDER, "orderDate": HUGE}}, "acknowledged"),
        ({"detail": {"purchaseOrderId": ORDER, "origin": HUGE}}, "acknowledged"),
        ({"detail": {"purchaseOrderId": ORDER, "unknown": HUGE}}, "acknowledged"),
    ],
    ids=range(9),
)
def test_however_large_an_event_is_its_record_is_small(
    warm: Warm, event: dict[str, Any], outcome: str
) -> None:
    answer = warm.environment.invoke(event)

    assert answer["outcome"] == outcome
    assert_small(answer, *warm.printed())


@pytest.mark.parametrize(
    ("fault", "details", "outcome"),
    [
        (Fault.HUGE, {}, "acknowledged"),
        (Fault.HEADER_BLAMED, {"field": "x" * 500_000}, "misconfigured"),
        (Fault.REDIRECT, {"location": f"https://{'x' * 60_000}.example/"}, "misconfigured"),
        (Fault.FOREIGN_SUCCESS, {"other": "7" * 500_000}, "outcome_unknown"),
    ],
    ids=lambda value: value.value if isinstance(value, Fault) else "",
)
def test_however_large_an_answer_of_walmarts_is_the_record_is_small(
    warm: Warm, fault: Fault, details: dict[str, Any], outcome: str
) -> None:
    warm.surroundings.marketplace.fail(ORDER, fault, action="acknowledge", **details)

    answer = warm.environment.invoke(order_event(ORDER))

    assert answer["outcome"] == outcome
    assert_small(answer, *warm.printed())


def test_a_batch_of_large_messages_that_all_fail_is_answered_with_their_ids_alone(warm: Warm) -> None:
    unknown = [f"74000000001{number:02}" for number in range(10)]
    warm.surroundings.send(*unknown, unknown="7" * 250_000)
    messages = warm.surroundings.receive(10)

    answer = warm.surroundings.deliver(warm.environment, messages)

    assert sorted(failure["itemIdentifier"] for failure in answer["batchItemFailures"]) == sorted(
        message["MessageId"] for message in messages
    )
    assert_small(answer, *warm.printed())


def assert_small(*documents: object) -> None:
    assert max(len(json.dumps(document)) for document in documents) < LARGEST_RECORD
