"""Pacers for tests of other things than the pace."""

from collections.abc import Callable

from shared.pacing import Pacer


def unhurried_pacer(clock: Callable[[], float]) -> Pacer:
    """Return a pacer that lets a billion calls go out in a minute, so that none waits for its turn."""
    return Pacer(requests_per_minute=1e9, sharers=1, clock=clock, monotonic=clock, sleep=_never_wait)


async def _never_wait(seconds: float) -> None:
    raise AssertionError(seconds)
