"""The program, broken on purpose: each break is a mistake that somebody could make, and must be found."""

from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Break:
    """One mistake.

    Attributes:
        name: What is done wrong.
        file: In which file.
        right: What stands there.
        wrong: What stands there instead.
        found_as: What the promise's watch says of it.
    """

    name: str
    file: str
    right: str
    wrong: str
    found_as: str


_APPLICATION: Final = "functions/acknowledge_orders/application.py"
_FUNCTION: Final = "functions/acknowledge_orders/function.py"
_POLICY: Final = "functions/acknowledge_orders/policy.py"
_QUEUE: Final = "functions/acknowledge_orders/order_queue.py"
_PACING: Final = "functions/shared/pacing.py"

BREAKS: Final = (
    Break(
        "the look before posting is skipped",
        _POLICY,
        "return tried_before or event.swept or old",
        "return False",
        "posted although it was seen to be beyond acknowledging",
    ),
    Break(
        "an order beyond acknowledging may be posted",
        _POLICY,
        "return state_of(seen) in {OrderState.CREATED, OrderState.UNSEEN}",
        "return True",
        "posted although it was seen to be beyond acknowledging",
    ),
    Break(
        "a message is deleted before its order is recorded",
        _APPLICATION,
        "        self._record(attempted, decision, message)\n        return decision.disposition",
        "        return decision.disposition",
        "outcome records",
    ),
    Break(
        "a message that is to come again is deleted",
        _FUNCTION,
        "            if not done:\n                raise _ComesAgainError\n",
        "",
        "is gone",
    ),
    Break(
        "a lost answer counts as an acknowledgement",
        _POLICY,
        "    Outcome.OUTCOME_UNKNOWN: Consequence.BACK_OFF,",
        "    Outcome.OUTCOME_UNKNOWN: Consequence.DONE,",
        "is gone",
    ),
    Break(
        "an order whose credentials are refused is given up",
        _POLICY,
        "    Outcome.CREDENTIALS_REFUSED: Consequence.HOLD,",
        "    Outcome.CREDENTIALS_REFUSED: Consequence.DONE,",
        "is gone",
    ),
    Break(
        "what could not be parked is deleted",
        _APPLICATION,
        "            return Decision(decision.outcome, decision.reason, Disposition.LATER)\n",
        "            return decision\n",
        "is gone",
    ),
    Break(
        "a parked body is tidied up",
        _QUEUE,
        "MessageBody=message.body,",
        "MessageBody=message.body.strip(),",
        "is gone",
    ),
    Break(
        "jitter is drawn from a wrong base",
        _POLICY,
        "min(waiting.cap_s, waiting.base_s + waited_s)",
        "waiting.cap_s * waiting.base_s",
        "is not acknowledged",
    ),
    Break(
        "nobody waits for a turn",
        _PACING,
        "        now = self._clock()\n        full_at",
        "        return True\n        now = self._clock()\n        full_at",
        "bucket refused",
    ),
    Break(
        "every new environment sends a burst of its own",
        _PACING,
        "self._full_at = clock() + (self._burst - 1) * self._interval_s",
        "self._full_at = clock()",
        "bucket refused",
    ),
    Break(
        "an outcome is counted twice",
        "functions/acknowledge_orders/recorder.py",
        "        self.count_outcome(record.outcome)\n",
        "        self.count_outcome(record.outcome)\n        self.count_outcome(record.outcome)\n",
        "the metrics count",
    ),
    Break(
        "a record shows the secret",
        "functions/shared/credentials.py",
        "return Access(self._connect(read_credentials(secret.text)), secret.version_id)",
        "return Access(self._connect(read_credentials(secret.text)), secret.text)",
        "the output tells",
    ),
    Break(
        "the sweep publishes nothing",
        "functions/sweep_orders/selection.py",
        "    return sorted(found, key=urgency)",
        "    return sorted(found, key=urgency)[:0]",
        "is not acknowledged",
    ),
)
