"""AcknowledgeFunction's Lambda entry."""

from contextlib import suppress

from aws_lambda_powertools.utilities.typing import LambdaContext

from acknowledge_orders.composition import acknowledge_function

# Lambda lends a whole processor while it starts the environment, so the function is built then. After an
# error the first invocation builds again: its answer names the error, and a message stays in the queue.
with suppress(Exception):
    acknowledge_function()


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Handle a batch of the order queue, or one bare order event. See `AcknowledgeFunction`."""
    return acknowledge_function()(event, context)
