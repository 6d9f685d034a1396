"""SweepFunction's Lambda entry."""

from aws_lambda_powertools.utilities.typing import LambdaContext

from sweep_orders.composition import sweep_function


def lambda_handler(event: object, context: LambdaContext) -> dict[str, object]:
    """Sweep once, whatever the event says. See `SweepFunction`."""
    return sweep_function()(event, context)
