"""Why a sweep did not complete, with the outcomes and reasons of the outcome records."""

from shared.orders.outcome import Outcome, outcome_of
from shared.walmart.caller import NotCalled
from walmart_ca import WalmartError

type Problem = tuple[Outcome, str]
"""An outcome, and a reason of one word or sentence."""


def problem_of(failure: WalmartError | NotCalled) -> Problem:
    """Return why a page was not read. Reading changes nothing, so its outcome is never unknown."""
    outcome, reason = outcome_of(failure)
    return Outcome.UNAVAILABLE if outcome is Outcome.OUTCOME_UNKNOWN else outcome, reason
