"""SweepFunction's Lambda entry."""

from contextlib import suppress

from aws_lambda_powertools.utilities.typing import LambdaContext

from sweep_orders.composition import sweep_function

# Lambda lends a whole processor while it starts the environment, so the function is built then. After an
# error the first invocation builds again: its answer names the error, and a message stays in the queue.
with suppress(Exception):
    sweep_function()


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Sweep once, whatever the event says. See `SweepFunction`."""
    return sweep_function()(event, context)
