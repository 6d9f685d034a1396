"""AWS clients with the methods that the functions call, and botocore's errors."""

import json
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.simulation.faults import SystemFault
from tests.simulation.outcome_checks import SOURCE
from tests.simulation.queue import NotInFlightError
from tests.support.sqs_limits import refusal

if TYPE_CHECKING:
    from tests.simulation.environment import Environment

type _Attributes = dict[str, dict[str, str]]

_DELAY_S: Final = (0.003, 0.03)
_URL: Final = "https://aws.example"


class SecretVersions:
    """The versions of the secret and their staging labels.

    Attributes:
        denied: Whether the functions may not read the secret.
        labeled: The labeled versions, as Secrets Manager returns them.
    """

    def __init__(self) -> None:
        self.denied = False
        self.labeled: dict[str, dict[str, str]] = {}
        self._stored = 0

    def store(self, text: str) -> None:
        """Store a new current version, and label the old one as previous."""
        self._stored += 1
        self._make_current({"SecretString": text, "VersionId": f"version-{self._stored}"})

    def deny(self) -> None:
        self.denied = True

    def allow(self) -> None:
        self.denied = False

    def roll_back(self) -> None:
        """Swap the current and the previous version."""
        if "AWSPREVIOUS" in self.labeled:
            self._make_current(self.labeled["AWSPREVIOUS"])

    def _make_current(self, version: dict[str, str]) -> None:
        if "AWSCURRENT" in self.labeled:
            self.labeled["AWSPREVIOUS"] = self.labeled["AWSCURRENT"]
        self.labeled["AWSCURRENT"] = version


class Aws:
    """The clients of Secrets Manager, SQS, EventBridge and DynamoDB for one execution environment."""

    def __init__(self, environment: "Environment") -> None:
        self._environment = environment
        self._simulation = environment.simulation
        self._faults = environment.simulation.faults

    def close(self) -> None:
        """Do nothing: there are no connections."""

    def get_secret_value(self, *, VersionStage: str, **_: str) -> dict[str, str]:  # noqa: N803 - boto3's name
        rng = self._simulation.rng
        self._environment.checkpoint()
        if self._faults.occurs(SystemFault.SECRETS_UNAVAILABLE):
            self._environment.spend(rng.uniform(0.1, 6.0))
            raise EndpointConnectionError(endpoint_url=_URL)
        self._environment.spend(rng.uniform(*_DELAY_S))
        if self._simulation.secret.denied:
            raise _refusal("AccessDeniedException", "GetSecretValue")
        if VersionStage not in self._simulation.secret.labeled:
            raise _refusal("ResourceNotFoundException", "GetSecretValue")
        return self._simulation.secret.labeled[VersionStage]

    def change_message_visibility(self, *, QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803 - boto3's names
        if not isinstance(VisibilityTimeout, int) or not 0 <= VisibilityTimeout <= 43_200:
            raise _refusal("InvalidParameterValue", "ChangeMessageVisibility")

        def hide() -> None:
            try:
                self._simulation.queues[QueueUrl].postpone(ReceiptHandle, VisibilityTimeout)
            except NotInFlightError:
                self._note_failure()
                raise _refusal("MessageNotInflight", "ChangeMessageVisibility") from None

        self._do(hide)

    def send_message(self, *, QueueUrl: str, MessageBody: str, MessageAttributes: _Attributes) -> None:  # noqa: N803 - boto3's names
        attributes = {name: value["StringValue"] for name, value in MessageAttributes.items()}
        if code := refusal(MessageBody, attributes):
            raise _refusal(code, "SendMessage")

        def send() -> None:
            self._simulation.invariants.check_parking(self._environment, MessageBody, attributes)
            self._simulation.queues[QueueUrl].send(MessageBody, attributes)

        self._do(send)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        counted: dict[str, str] = dict.fromkeys(AttributeNames, "0")

        def count() -> None:
            length = len(self._simulation.queues[QueueUrl]) + self._simulation.queued_by_others
            counted["ApproximateNumberOfMessages"] = str(length)

        self._do(count)
        return {"Attributes": counted}

    def _do(self, what: Callable[[], None]) -> None:
        environment, faults = self._environment, self._faults
        environment.checkpoint()
        environment.spend(faults.rng.uniform(*_DELAY_S))
        if self._simulation.queue_down or faults.occurs(SystemFault.QUEUE_REFUSES):
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

    def put_events(self, *, Entries: list[dict[str, str]]) -> dict[str, Any]:  # noqa: N803 - boto3's name
        environment, faults = self._environment, self._faults
        if len(Entries) > 10:
            raise _refusal("ValidationException", "PutEvents")
        environment.checkpoint()
        environment.spend(faults.rng.uniform(*_DELAY_S))
        outcomes = [entry["Source"] == SOURCE for entry in Entries]
        accepted: list[tuple[str, dict[str, Any]]] = []
        if all(outcomes) and environment.invocation:
            environment.invocation.outcome_calls.append(accepted)
        results: list[dict[str, str]] = []
        for entry, is_outcome in zip(Entries, outcomes, strict=True):
            if faults.occurs(SystemFault.BUS_REFUSES):
                results.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"})
                self._note_refused_outcome()
                continue
            if is_outcome:
                detail = json.loads(entry["Detail"])
                accepted.append((entry["DetailType"], detail))
                self._simulation.invariants.announced.add(detail["purchase_order_id"])
            else:
                self._publish_order_event(entry["Detail"])
            results.append({"EventId": "simulated"})
        environment.checkpoint()
        if faults.occurs(SystemFault.BUS_RESPONSE_LOST):
            self._note_refused_outcome()
            environment.spend(5.0)
            raise ReadTimeoutError(endpoint_url=_URL)
        return {"Entries": results}

    def _publish_order_event(self, detail: str) -> None:
        body = self._simulation.bus.publish(detail)
        if self._environment.invocation:
            self._simulation.invariants.check_publication(self._environment.invocation, body)

    def _note_refused_outcome(self) -> None:
        if self._environment.invocation:
            self._environment.invocation.outcomes_refused = True

    def update_item(
        self,
        *,
        Key: _Attributes,  # noqa: N803 - boto3's name
        ExpressionAttributeValues: dict[str, Any],  # noqa: N803 - boto3's name
        **_: str,
    ) -> None:
        """Add an order to the item of a day, if it is not in it and there is room."""
        self._environment.checkpoint()
        self._environment.spend(self._faults.rng.uniform(*_DELAY_S))
        if self._faults.occurs(SystemFault.BUS_REFUSES):
            raise _refusal("ProvisionedThroughputExceededException", "UpdateItem")
        order, notified = (
            ExpressionAttributeValues[":order"]["S"],
            self._simulation.notified[Key["utc_day"]["S"]],
        )
        if order in notified or len(notified) >= int(ExpressionAttributeValues[":most"]["N"]):
            raise _refusal("ConditionalCheckFailedException", "UpdateItem")
        notified.add(order)
        if self._environment.invocation:
            self._environment.invocation.admitted.append(order)
        self._environment.checkpoint()


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "simulated"}}, operation)
