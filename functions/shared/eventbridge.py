"""Publishes events on EventBridge."""

from typing import TYPE_CHECKING

from botocore.exceptions import BotoCoreError, ClientError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from mypy_boto3_events import EventBridgeClient
    from mypy_boto3_events.type_defs import PutEventsRequestEntryTypeDef


class PutEventsError(Exception):
    """A call failed as a whole, and some of its events may have been published. The text is one word."""


def put_events(
    events: "EventBridgeClient", entries: "Sequence[PutEventsRequestEntryTypeDef]"
) -> list[str | None]:
    """Publish ten events at most, in one call; return for each None, or the code of its refusal.

    Raises:
        PutEventsError: The call failed.
    """
    try:
        response = events.put_events(Entries=entries)
        # The response has its entries in the order of the request.
        return [entry.get("ErrorCode") for _, entry in zip(entries, response["Entries"], strict=True)]
    except ClientError as error:
        raise PutEventsError(error.response["Error"]["Code"]) from error
    except BotoCoreError as error:
        raise PutEventsError(type(error).__name__) from error
    except (KeyError, TypeError, ValueError) as error:
        raise PutEventsError("unreadable_response") from error
