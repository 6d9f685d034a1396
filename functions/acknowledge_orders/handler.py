"""AcknowledgeFunction's Lambda entry."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from acknowledge_orders.composition import acknowledge_function


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Handle a batch of the order queue, or one bare order event. See `AcknowledgeFunction`."""
    return acknowledge_function()(event, context)
