"""The context that Lambda passes to a function."""

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """The context of an invocation with as many seconds left as `left_s` returns."""

    def __init__(self, left_s: Callable[[], float]) -> None:
        self._aws_request_id = "invocation-1"
        self._left_s = left_s

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools declares it static
        """Return the time left in milliseconds."""
        return int(self._left_s() * 1000)
