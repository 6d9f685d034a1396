"""Recognizes the other formats that arrive in place of an order event, so that an error can name them."""

from typing import Final

_INSTEAD: Final = "publish an order event with detail.purchaseOrderId instead"


def name_foreign(value: object) -> str | None:
    """Return what a value is in place of an order event or its detail, and what to do; None when unknown.

    The text is constant: it shows nothing of the value.
    """
    named = None
    match value:
        case str() if value.lstrip().startswith(("{", "[")):
            named = "is JSON text: must be the JSON object itself, so encode it once only"
        case {"Message": _, "Type": _} | {"Message": _, "TopicArn": _}:
            named = (
                "is an SNS notification: turn on raw message delivery, so that the order event itself arrives"
            )
        case {"specversion": _}:
            named = f"is a CloudEvent: {_INSTEAD}"
        case {"payload": {}, "source": {}} | {"payload": {"subEventType": _} | {"order": _}}:
            named = f"is a webhook notification of Walmart: {_INSTEAD}"
        case {"requestContext": _, "body": _}:
            named = f"is an HTTP request: {_INSTEAD}"
        case {"Records": _}:
            named = f"is a batch of records, such as a notification of S3: {_INSTEAD}"
        case {"Detail": _}:
            named = "is an entry for PutEvents: send it to EventBridge, which makes the order event from it"
        case {"list": {"elements": _}}:
            named = f"is a list of orders: for each order, {_INSTEAD}"
        case {"order": {} | [*_]} | {"purchaseOrderId": _}:
            named = f"is an order, not an order event: {_INSTEAD}"
        case _:
            pass
    return named
