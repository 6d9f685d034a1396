"""AWS as a function meets it: clients with the methods that it calls, and the errors of botocore."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Final

from botocore.exceptions import ClientError, EndpointConnectionError, ReadTimeoutError

from tests.simulation.queue import NotInFlightError, Queue
from tests.simulation.weather import Mishap
from tests.support.sqs_limits import refusal

if TYPE_CHECKING:
    from tests.simulation.environment import Environment

_TAKES_S: Final = (0.003, 0.03)
_URL: Final = "https://aws.example"


@dataclass(slots=True)
class SecretVersions:
    """The versions of the secret, by their staging labels."""

    _texts: list[str] = field(default_factory=list)
    _labels: dict[str, int] = field(default_factory=dict)
    denied: bool = False

    def store(self, text: str) -> None:
        """Store a new current version; the one before becomes the previous."""
        self._texts.append(text)
        self._move(len(self._texts) - 1)

    def roll_back(self) -> None:
        """Make the previous version the current one, and the current one the previous."""
        if "AWSPREVIOUS" in self._labels:
            self._move(self._labels["AWSPREVIOUS"])

    def deny(self, *, denied: bool = True) -> None:
        """Take the permission to read it away, or give it back."""
        self.denied = denied

    def _move(self, number: int) -> None:
        if "AWSCURRENT" in self._labels:
            self._labels["AWSPREVIOUS"] = self._labels["AWSCURRENT"]
        self._labels["AWSCURRENT"] = number

    def read(self, stage: str) -> tuple[str, str]:
        """Return text and id of the version with a label; a `LookupError` when there is none."""
        number = self._labels[stage]
        return self._texts[number], f"version-{number}"


class SecretsManager:
    def __init__(self, environment: "Environment") -> None:
        self._environment = environment

    def get_secret_value(self, *, SecretId: str, VersionStage: str) -> dict[str, str]:  # noqa: N803 - boto3's names
        del SecretId
        world = self._environment.world
        self._environment.touch()
        if world.weather.strikes(Mishap.SECRETS_UNAVAILABLE):
            self._environment.spend(world.chance.uniform(0.1, 6.0))
            raise EndpointConnectionError(endpoint_url=_URL)
        self._environment.spend(world.chance.uniform(*_TAKES_S))
        if world.secret.denied:
            raise _refusal("AccessDeniedException", "GetSecretValue")
        try:
            text, version_id = world.secret.read(VersionStage)
        except LookupError:
            raise _refusal("ResourceNotFoundException", "GetSecretValue") from None
        return {"SecretString": text, "VersionId": version_id}


class Sqs:
    """The client of SQS in one execution environment."""

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
            self._environment.world.promise.watch_parking(self._environment, MessageBody, attributes)
            self._queue(QueueUrl).send(MessageBody, attributes)

        self._do(send)

    def get_queue_attributes(self, *, QueueUrl: str, AttributeNames: list[str]) -> dict[str, Any]:  # noqa: N803 - boto3's names
        counted: dict[str, str] = dict.fromkeys(AttributeNames, "0")

        def count() -> None:
            messages = self._queue(QueueUrl).messages
            counted["ApproximateNumberOfMessages"] = str(
                len(messages) + self._environment.world.queued_by_others
            )

        self._do(count)
        return {"Attributes": counted}

    def close(self) -> None:
        """Have no connections."""

    def _queue(self, name: str) -> Queue:
        return self._environment.world.queues[name]

    def _do(self, what: Callable[[], None]) -> None:
        environment, weather = self._environment, self._environment.world.weather
        environment.touch()
        environment.spend(weather.chance.uniform(*_TAKES_S))
        if environment.world.queue_down or weather.strikes(Mishap.QUEUE_REFUSES):
            self._note_failure()
            raise _refusal("InternalError", "SQS")
        what()
        environment.touch()
        if weather.strikes(Mishap.QUEUE_MUTE):
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
        environment, weather = self._environment, self._environment.world.weather
        if len(Entries) > 10:
            raise _refusal("ValidationException", "PutEvents")
        environment.touch()
        environment.spend(weather.chance.uniform(*_TAKES_S))
        answers: list[dict[str, str]] = []
        for entry in Entries:
            if weather.strikes(Mishap.BUS_REFUSES):
                answers.append({"ErrorCode": "ThrottlingException", "ErrorMessage": "slow down"})
            else:
                body = environment.world.bus.publish(entry["Detail"])
                if environment.invocation:
                    environment.world.promise.watch_publication(environment.invocation, body)
                answers.append({"EventId": "simulated"})
        environment.touch()
        if weather.strikes(Mishap.BUS_MUTE):
            environment.spend(5.0)
            raise ReadTimeoutError(endpoint_url=_URL)
        return {"Entries": answers}

    def close(self) -> None:
        """Have no connections."""


def _refusal(code: str, operation: str) -> ClientError:
    return ClientError({"Error": {"Code": code, "Message": "simulated"}}, operation)
