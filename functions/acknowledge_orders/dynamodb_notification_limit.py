"""The limit for notifications about parked orders, in a DynamoDB table.

The table has one item a day, with the set of the orders that a notification was sent for. So one conditional
update decides, however many execution environments ask at the same time.
"""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Final

from botocore.exceptions import BotoCoreError, ClientError

from acknowledge_orders.ports import NotificationLimitError

if TYPE_CHECKING:
    from mypy_boto3_dynamodb import DynamoDBClient

    from shared.lazy_client import LazyClient

NOTIFICATIONS_A_DAY: Final = 10
"""For a stack and a day in UTC. A person who got ten reads the dead-letter queue."""
_KEPT_FOR: Final = timedelta(days=2)
_UPDATE: Final = "ADD orders :orders SET expires_at = :expires_at"
_CONDITION: Final = "attribute_not_exists(orders) OR (size(orders) < :most AND NOT contains(orders, :order))"


class DynamoDbNotificationLimit:
    """Implements `ports.NotificationLimit`, which describes its members."""

    def __init__(self, client: "LazyClient[DynamoDBClient]", table: str, now: Callable[[], datetime]) -> None:
        """Keep the orders of a day in this table.

        Args:
            client: Of DynamoDB.
            table: Its key is the text `utc_day`; `expires_at` is its time to live.
            now: Returns the time, aware.
        """
        self._client = client
        self._table = table
        self._now = now

    def admit(self, order: str) -> bool:
        """Return whether a notification may be sent, and count it."""
        now = self._now()
        try:
            self._client.get().update_item(
                TableName=self._table,
                Key={"utc_day": {"S": f"{now:%Y-%m-%d}"}},
                UpdateExpression=_UPDATE,
                ConditionExpression=_CONDITION,
                ExpressionAttributeValues={
                    ":order": {"S": order},
                    ":orders": {"SS": [order]},
                    ":most": {"N": str(NOTIFICATIONS_A_DAY)},
                    ":expires_at": {"N": str(int((now + _KEPT_FOR).timestamp()))},
                },
            )
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code == "ConditionalCheckFailedException":
                return False
            raise NotificationLimitError(code) from error
        except BotoCoreError as error:
            raise NotificationLimitError(type(error).__name__) from error
        return True
