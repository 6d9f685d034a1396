"""The built functions, with queues and a secret of the local AWS and a local marketplace."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.local.aws import Build, LocalAws
from tests.local.marketplace import Marketplace
from tests.runtime import BuiltFunction, Environment
from tests.support.batches import record_of
from tests.support.raw_server import Connection
from tests.support.services import Services

if TYPE_CHECKING:
    from mypy_boto3_sqs.type_defs import MessageTypeDef

SECRET_STORE = "AWS_ENDPOINT_URL_SECRETS_MANAGER"
"""The variable that gives a function another Secrets Manager than the local AWS's."""
FOREVER_S = 3600.0


class RuntimeHarness(Services):
    """The services that a function calls; they stay when an execution environment ends."""

    def __init__(self, build: Build, aws: LocalAws, marketplace: Marketplace, private_key: str) -> None:
        super().__init__(aws, marketplace, marketplace.register_seller(private_key))
        self._build = build

    def function(self, name: str = "AcknowledgeFunction", **parameters: str) -> BuiltFunction:
        """A function as the template configures it, with these services."""
        resources = {
            "OrderQueue": self.order_queue.url,
            "OrderDeadLetterQueue": self.dead_letter_queue.url,
        }
        return BuiltFunction.of(
            self._build,
            name,
            resources,
            CredentialsSecretArn=self.secret_arn,
            MarketplaceUrl=self.marketplace.url,
            RequestsPerMinute="6000",
            **parameters,
        )

    def environment(
        self, function: BuiltFunction | None = None, variables: Mapping[str, str] | None = None
    ) -> Environment:
        """A new execution environment, by default for AcknowledgeFunction, with some variables changed."""
        return Environment(
            function or self.function(), aws_endpoint_url=self.aws.endpoint_url, variables=variables
        )

    def deliver(self, environment: Environment, count: int = 1) -> Any:  # noqa: ANN401 - Lambda's answer
        """Receive a batch, invoke, and delete what did not fail, as the event source mapping does."""
        messages = self.receive(count)
        answer = environment.invoke(batch_of(messages))
        if "batchItemFailures" in answer:
            self.delete(messages, answer)
        return answer


def batch_of(messages: "list[MessageTypeDef]") -> dict[str, Any]:
    """The event with which Lambda invokes the function for messages."""
    return {"Records": [record_of(message) for message in messages]}


def never_answers(connection: Connection) -> None:
    """Read a request, and never answer."""
    connection.read_request()
    connection.wait(FOREVER_S)
