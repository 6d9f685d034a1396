"""What keeps a sweep from completing, by the words of the outcome records."""

from shared.calling import NotTried
from shared.outcomes import Outcome, outcome_of
from walmart_ca import WalmartError

type Problem = tuple[Outcome, str]
"""An outcome, and one word or sentence that says more."""


def problem_of(failure: WalmartError | NotTried) -> Problem:
    """Say why a page was not read. Reading applies nothing, so that no outcome of it is unknown."""
    outcome, reason = outcome_of(failure)
    return Outcome.UNAVAILABLE if outcome is Outcome.OUTCOME_UNKNOWN else outcome, reason
