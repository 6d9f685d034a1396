"""The context that Lambda passes to a function."""

from collections.abc import Callable

from aws_lambda_powertools.utilities.typing import LambdaContext


class Context(LambdaContext):
    """An invocation with so many seconds left."""

    def __init__(self, left_s: Callable[[], float] = lambda: 60.0) -> None:
        self._aws_request_id = "invocation-1"
        self._left_s = left_s

    def get_remaining_time_in_millis(self) -> int:  # type: ignore[override]  # Powertools declares it static
        return int(self._left_s() * 1000)
