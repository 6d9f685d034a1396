"""AWS clients with the methods that the functions call, and botocore's errors."""

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.simulation.faults import SystemFault
from tests.simulation.queue import NotInFlightError, Queue
from tests.support.sqs_limits import refusal

if TYPE_CHECKING:
    from tests.simulation.environment import Environment

_DELAY_S: Final = (0.003, 0.03)
_URL: Final = "https://aws.example"
OUTCOMES: Final = "walmart.ca.order-outcomes"
"""The source of outcome events, as the reference page says."""


@dataclass(slots=True)
class SecretVersions:
    """The versions of the secret and their staging labels."""

    _texts: list[str] = field(default_factory=list)
    _labels: dict[str, int] = field(default_factory=dict)
    denied: bool = False

    def store(self, text: str) -> None:
        """Store a new current version, and label the old one as previous."""
        self._texts.append(text)
        self._move(len(self._texts) - 1)

    def roll_back(self) -> None:
        """Swap the current and the previous version."""
        if "AWSPREVIOUS" in self._labels:
            self._move(self._labels["AWSPREVIOUS"])

    def deny(self, *, denied: bool = True) -> None:
        self.denied = denied

    def _move(self, number: int) -> None:
        if "AWSCURRENT" in self._labels:
            self._labels["AWSPREVIOUS"] = self._labels["AWSCURRENT"]
        self._labels["AWSCURRENT"] = number

    def read(self, stage: str) -> tuple[str, str]:
        """Return the text and the id of the version with a label, or raise a `LookupError`."""
        number = self._labels[stage]
        return self._texts[number], f"version-{number}"


class SecretsManager:
    def __init__(self, environment: "Environment") -> None:
        self._environment = environment

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:  # noqa: N803 - boto3's names
        del SecretId
        simulation = self._environment.simulation
        self._environment.checkpoint()
        if simulation.faults.occurs(SystemFault.SECRETS_UNAVAILABLE):
            self._environment.spend(simulation.rng.uniform(0.1, 6.0))
            raise EndpointConnectionError(endpoint_url=_URL)
        self._environment.spend(simulation.rng.uniform(*_DELAY_S))
        if simulation.secret.denied:
            raise _refusal("AccessDeniedException", "GetSecretValue")
        try:
            text, version_id = simulation.secret.read(VersionStage)
        except LookupError:
            raise _refusal("ResourceNotFoundException", "GetSecretValue") from None
        return {"SecretString": text, "VersionId": version_id}


class Sqs:
    def __init__(self, environment: "Environment") -> None:
        self._environment = environment

    def change_message_visibility(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto3's name
        ReceiptHandle: str,  # noqa: N803 - boto3's name
        VisibilityTimeout: int,  # noqa: N803 - boto3's name
    ) -> None:
        if not isinstance(VisibilityTimeout, int) or not 0 <= VisibilityTimeout <= 43_200:
            raise _refusal("InvalidParameterValue", "ChangeMessageVisibility")

        def hide() -> None:
            try:
                self._queue(QueueUrl).postpone(ReceiptHandle, VisibilityTimeout)
            except NotInFlightError:
                self._note_failure()
                raise _refusal("MessageNotInflight", "ChangeMessageVisibility") from None

        self._do(hide)

    def send_message(
        self,
        *,
        QueueUrl: str,  # noqa: N803 - boto3's name
        MessageBody: str,  # noqa: N803 - boto3's name
        MessageAttributes: dict[str, Any],  # noqa: N803 - boto3's name
    ) -> None:
        attributes = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        if code := refusal(MessageBody, attributes):
            raise _refusal(code, "SendMessage")

        def send() -> None:
            self._environment.simulation.invariants.check_parking(self._environment, MessageBody, attributes)
            self._queue(QueueUrl).send(MessageBody, attributes)

        self._do(send)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        counted: dict[str, str] = dict.fromkeys(AttributeNames, "0")

        def count() -> None:
            messages = self._queue(QueueUrl).messages
            counted["ApproximateNumberOfMessages"] = str(
                len(messages) + self._environment.simulation.queued_by_others
            )

        self._do(count)
        return {"Attributes": counted}

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def _queue(self, name: str) -> Queue:
        return self._environment.simulation.queues[name]

    def _do(self, what: Callable[[], None]) -> None:
        environment, faults = self._environment, self._environment.simulation.faults
        environment.checkpoint()
        environment.spend(faults.rng.uniform(*_DELAY_S))
        if environment.simulation.queue_down or faults.occurs(SystemFault.QUEUE_REFUSES):
            self._note_failure()
            raise _refusal("InternalError", "SQS")
        what()
        environment.checkpoint()
        if faults.occurs(SystemFault.QUEUE_RESPONSE_LOST):
            self._note_failure()
            environment.spend(3.0)
            raise ReadTimeoutError(endpoint_url=_URL)

    def _note_failure(self) -> None:
        if self._environment.invocation:
            self._environment.invocation.queue_failed = True


class Events:
    def __init__(self, environment: "Environment") -> None:
        self._environment = environment

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        environment, faults = self._environment, self._environment.simulation.faults
        if len(Entries) > 10:
            raise _refusal("ValidationException", "PutEvents")
        environment.checkpoint()
        environment.spend(faults.rng.uniform(*_DELAY_S))
        results: list[dict[str, str]] = []
        for entry in Entries:
            if faults.occurs(SystemFault.BUS_REFUSES):
                results.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"})
            else:
                self._publish(entry)
                results.append({"EventId": "simulated"})
        environment.checkpoint()
        if faults.occurs(SystemFault.BUS_RESPONSE_LOST):
            environment.spend(5.0)
            raise ReadTimeoutError(endpoint_url=_URL)
        return {"Entries": results}

    def _publish(self, entry: dict[str, str]) -> None:
        invocation, simulation = self._environment.invocation, self._environment.simulation
        if entry["Source"] == OUTCOMES:
            if invocation:
                invocation.outcomes.append((entry["DetailType"], json.loads(entry["Detail"])))
            return
        body = simulation.bus.publish(entry["Detail"])
        if invocation:
            simulation.invariants.check_publication(invocation, body)

    def close(self) -> None:
        """Do nothing: there are no connections."""


class DynamoDb:
    """A table with one item a day, whose set of orders has ten members at most."""

    def __init__(self, environment: "Environment") -> None:
        self._environment = environment

    def update_item(
        self,
        *,
        Key: dict[str, dict[str, str]],  # noqa: N803 - boto3's name
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803 - boto3's name
        **_expressions: str,
    ) -> None:
        environment, faults = self._environment, self._environment.simulation.faults
        environment.checkpoint()
        environment.spend(faults.rng.uniform(*_DELAY_S))
        if faults.occurs(SystemFault.BUS_REFUSES):
            raise _refusal("ProvisionedThroughputExceededException", "UpdateItem")
        order = ExpressionAttributeValues[":order"]["S"]
        notified = environment.simulation.notified.setdefault(Key["utc_day"]["S"], set())
        if order in notified or len(notified) >= int(ExpressionAttributeValues[":most"]["N"]):
            raise _refusal("ConditionalCheckFailedException", "UpdateItem")
        notified.add(order)
        environment.checkpoint()

    def close(self) -> None:
        """Do nothing: there are no connections."""


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "simulated"}}, operation)
